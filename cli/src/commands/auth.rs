//! Permits and payment authorisations: signed here, off the chain, and relayed by somebody else.

use std::path::PathBuf;

use ballast_client::statements::Statement;
use ballast_primitives::{Address, Hash};
use ballast_runtime::Op;
use ballast_runtime::authorisation::{PayAuthBody, PermitBody};
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::cancel_auth::CancelAuth;
use ballast_runtime::ops::pay_auth::PayAuth;
use ballast_runtime::ops::permit::Permit;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{amount, hash, moment};
use crate::commands::allowance::current;
use crate::commands::pay::{TravelArg, check_amount, memo};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::keystore::random;
use crate::offline::Draft;
use crate::output::fields;
use crate::send::{Request, SendArgs, send};
use crate::view;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast auth pay dev:3 20 --ref INV-17 --until +1d --out pay.json --from dev:1
  ballast auth relay pay.json --from dev:2 --wait            # anyone, or only --executor
  ballast auth permit dev:2 500 --allowance-until +30d --out permit.json --from dev:1
  ballast auth cancel --file pay.json --from dev:1 --wait

An account of several keys: each holder adds a signature with `ballast auth sign FILE --with KEY`.")]
pub enum Command {
    /// Sign an allowance that somebody else will relay
    Permit(PermitArgs),
    /// Sign a payment that somebody else will relay
    Pay(PayArgs),
    /// Add a signature to a file
    Sign(SignArgs),
    /// Send what somebody else signed
    Relay(RelayArgs),
    /// Make one of your authorisations unusable
    Cancel(CancelArgs),
}

/// When an authorisation may be relayed, and by whom.
#[derive(Args, Debug)]
struct Bounds {
    /// Usable until: 2026-10-01T00:00:00Z, or +1d from now; at most 30 days ahead
    #[arg(long = "until", value_name = "TIME", value_parser = moment, default_value = "+1d")]
    deadline: u64,
    /// Usable from then on [default: at once]
    #[arg(long = "not-before", value_name = "TIME", value_parser = moment)]
    not_before: Option<u64>,
    /// Only this account may relay it [default: anyone]
    #[arg(long, value_name = "ADDR")]
    executor: Option<String>,
    /// Write the signed authorisation there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args, Debug)]
pub struct PermitArgs {
    /// Who may spend
    #[arg(value_name = "ADDR")]
    spender: String,
    /// Dollars it may spend from then on
    #[arg(value_parser = amount)]
    amount: u64,
    /// When the allowance ends
    #[arg(long, value_name = "TIME", value_parser = moment, default_value = "+30d")]
    allowance_until: u64,
    /// The allowance there will be when it is relayed [default: what the chain says now]
    #[arg(long, value_parser = amount)]
    expected: Option<u64>,
    #[command(flatten)]
    bounds: Bounds,
}

#[derive(Args, Debug)]
pub struct PayArgs {
    /// Who is paid
    #[arg(value_name = "ADDR")]
    to: String,
    #[arg(value_parser = amount)]
    amount: u64,
    /// Reference for the recipient, at most 32 bytes
    #[arg(long = "ref", value_name = "MEMO")]
    memo: Option<String>,
    #[command(flatten)]
    bounds: Bounds,
}

#[derive(Args, Debug)]
pub struct SignArgs {
    file: PathBuf,
    /// Keys, by comma
    #[arg(long = "with", value_name = "KEY", value_delimiter = ',', required = true)]
    with: Vec<String>,
    /// Write the signed copy there [default: into the file itself]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct RelayArgs {
    /// The file and signed copies of it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    travel: TravelArg,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct CancelArgs {
    /// The authorisation
    #[arg(long, value_name = "FILE", required_unless_present = "auth_nonce")]
    file: Option<PathBuf>,
    /// Its nonce
    #[arg(
        long, value_name = "HEX", value_parser = hash, conflicts_with = "file", requires = "deadline"
    )]
    auth_nonce: Option<Hash>,
    /// Its deadline, or later: until then the chain remembers that it is cancelled
    #[arg(long = "until", value_name = "TIME", value_parser = moment, conflicts_with = "file")]
    deadline: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Permit(args) => permit(ctx, args).await,
        Command::Pay(args) => pay(ctx, args).await,
        Command::Sign(args) => {
            let mut draft = Draft::read(&args.file)?;
            super::council::sign_draft(ctx, &mut draft, &args.with).await?;
            super::council::finish_signing(ctx, &draft, &args.file, args.out.as_deref())
        }
        Command::Relay(args) => relay(ctx, args).await,
        Command::Cancel(args) => cancel(ctx, args).await,
    }
}

/// 32 bytes that nobody has used.
pub fn fresh_nonce() -> Result<Hash, Failure> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Ok(Hash(bytes))
}

async fn executor(ctx: &Context, bounds: &Bounds) -> Result<Option<Address>, Failure> {
    match &bounds.executor {
        Some(text) => Ok(Some(ctx.address(text).await?)),
        None => Ok(None),
    }
}

async fn permit(ctx: &Context, args: PermitArgs) -> Result<(), Failure> {
    let owner = ctx.own_address(By::Anyone).await?;
    let spender = ctx.address(&args.spender).await?;
    let expected = match args.expected {
        Some(expected) => expected,
        None => current(ctx, &owner, &spender).await?.current_micros,
    };
    let statement = Statement::Permit(PermitBody {
        owner,
        spender,
        expected,
        amount: args.amount,
        expires: args.allowance_until,
        nonce: fresh_nonce()?,
        not_before: args.bounds.not_before.unwrap_or(0),
        deadline: args.bounds.deadline,
        executor: executor(ctx, &args.bounds).await?,
    });
    write(ctx, statement, &args.bounds).await
}

async fn pay(ctx: &Context, args: PayArgs) -> Result<(), Failure> {
    check_amount(args.amount)?;
    let statement = Statement::PayAuth(PayAuthBody {
        owner: ctx.own_address(By::Anyone).await?,
        to: ctx.address(&args.to).await?,
        amount: args.amount,
        memo: memo(args.memo)?,
        nonce: fresh_nonce()?,
        not_before: args.bounds.not_before.unwrap_or(0),
        deadline: args.bounds.deadline,
        executor: executor(ctx, &args.bounds).await?,
    });
    write(ctx, statement, &args.bounds).await
}

/// Signs and writes; whoever has the file may have it executed.
async fn write(ctx: &Context, statement: Statement, bounds: &Bounds) -> Result<(), Failure> {
    let signer = ctx.signer(By::Anyone).await?;
    let mut draft = Draft::new(ctx.chain().await?, statement);
    ctx.out.progress(&fields(&draft.rows()));
    ctx.confirm(&format!("Sign this as {}", signer.name)).await?;
    for key in signer.keys() {
        draft.sign(key);
    }
    draft.write_new(&bounds.out)?;
    let file = bounds.out.display().to_string();
    let next = format!("ballast auth relay {file} --wait");
    let text = format!("signed, not sent: {file}\nwhoever relays it: {next}");
    let data = view::with(draft.value(), [("file", json!(file)), ("next", json!(next))]);
    ctx.out.answer(data, &text);
    Ok(())
}

async fn relay(ctx: &Context, args: RelayArgs) -> Result<(), Failure> {
    let draft = Draft::gather(&args.files)?;
    if draft.chain != ctx.chain().await? {
        let message = format!("the file is for the chain of genesis {}", draft.chain.genesis);
        return Err(Failure::safety("BAD_CHAIN", message));
    }
    ctx.out.progress(&fields(&draft.rows()));
    let witnesses = draft.witnesses;
    let (op, what) = match draft.statement {
        Statement::Permit(body) => {
            (Op::Permit(Permit { body: Box::new(body), witnesses }), "Relay this permit")
        }
        Statement::PayAuth(body) => {
            let travel = args.travel.read(ctx).await?;
            let op = PayAuth { body: Box::new(body), witnesses, travel };
            (Op::PayAuth(op), "Relay this payment")
        }
        Statement::Report(_) | Statement::Transaction(_) | Statement::Council { .. } => {
            let message = "the file is neither a permit nor a payment authorisation";
            return Err(Failure::new(Exit::Usage, "USAGE", message));
        }
    };
    send(ctx, Request::new(op, what), &args.send).await
}

async fn cancel(ctx: &Context, args: CancelArgs) -> Result<(), Failure> {
    let (nonce, deadline) = match (&args.file, args.auth_nonce.zip(args.deadline)) {
        (_, Some(named)) => named,
        (Some(file), None) => match Draft::read(file)?.statement {
            Statement::Permit(body) => (body.nonce, body.deadline),
            Statement::PayAuth(body) => (body.nonce, body.deadline),
            Statement::Report(_) | Statement::Transaction(_) | Statement::Council { .. } => {
                return Err(Failure::usage("the file is neither a permit nor a payment"));
            }
        },
        (None, None) => return Err(Failure::usage("give --file, or --auth-nonce and --until")),
    };
    let op = Op::CancelAuth(CancelAuth { nonce, deadline });
    send(ctx, Request::new(op, format!("Cancel the authorisation {nonce}")), &args.send).await
}
