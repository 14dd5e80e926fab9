//! Minters: what each may still mint.

use ballast_proto::v1;
use ballast_runtime::ops::resume_minter::ResumeMinter;
use ballast_runtime::ops::set_minter_allowance::SetMinterAllowance;
use ballast_runtime::ops::set_minter_limits::SetMinterLimits;
use ballast_runtime::ops::suspend_minter::SuspendMinter;
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::amount;
use crate::commands::allowance::unexpected;
use crate::commands::council::{CouncilArgs, act};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::table;
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast minter list
  ballast minter allowance dev:minter 5000000 --expected 250000 --wait
  ballast minter suspend dev:minter --sign-with alice,bob --wait
  ballast minter limits dev:minter --per-tx 1000000 --window 5000000")]
pub enum Command {
    /// Set what a minter may still mint (signed by a mint controller)
    Allowance(AllowanceArgs),
    /// Stop a minter (council, class A)
    Suspend(OfMinter),
    /// Let a suspended minter go on (council, class B)
    Resume(OfMinter),
    /// Set a minter's limits (council, class B when none is higher, else C)
    Limits(LimitsArgs),
    /// All who are or were minters
    List,
}

#[derive(Args, Debug)]
pub struct AllowanceArgs {
    /// The minter's address, or dev:minter
    minter: String,
    /// Dollars it may mint from now on
    #[arg(value_parser = amount)]
    new: u64,
    /// The allowance that you believe it has now: refused on chain when that has changed meanwhile.
    /// Needed unless the new one is 0
    #[arg(long, value_parser = amount)]
    expected: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct OfMinter {
    minter: String,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct LimitsArgs {
    minter: String,
    /// The most dollars of one mint [default: as it is]
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    per_tx: Option<u64>,
    /// The most dollars in 24 hours [default: as it is]
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    window: Option<u64>,
    #[command(flatten)]
    council: CouncilArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Allowance(args) => allowance(ctx, args).await,
        Command::Suspend(args) => {
            let minter = ctx.address(&args.minter).await?;
            act(ctx, vec![CouncilOp::SuspendMinter(SuspendMinter { minter })], &args.council).await
        }
        Command::Resume(args) => {
            let minter = ctx.address(&args.minter).await?;
            act(ctx, vec![CouncilOp::ResumeMinter(ResumeMinter { minter })], &args.council).await
        }
        Command::Limits(args) => limits(ctx, args).await,
        Command::List => list(ctx).await,
    }
}

async fn known(ctx: &Context, minter: &str) -> Result<v1::Minter, Failure> {
    let address = ctx.address(minter).await?;
    let not_minter = || {
        Failure::new(Exit::Refused, "ROLE_NOT_HELD", "this account never was a minter")
            .next("the council grants the role: `ballast role grant minter ADDR`")
    };
    ctx.client().await?.account(&address).await?.minter.ok_or_else(not_minter)
}

async fn allowance(ctx: &Context, args: AllowanceArgs) -> Result<(), Failure> {
    let minter = ctx.address(&args.minter).await?;
    let expected = match args.expected {
        Some(expected) => expected,
        None => {
            let current = known(ctx, &args.minter).await?.allowance_micros;
            unexpected(current, args.new == 0, "allowance")?
        }
    };
    let new = args.new;
    let what = format!(
        "Set the allowance of {} from {} to {} dollars",
        ctx.shown(&minter).await?,
        dollars(expected),
        dollars(new)
    );
    let op = Op::SetMinterAllowance(SetMinterAllowance { minter, expected, new });
    send(ctx, Request::new(op, what), &args.send).await
}

async fn limits(ctx: &Context, args: LimitsArgs) -> Result<(), Failure> {
    if args.per_tx.is_none() && args.window.is_none() {
        return Err(Failure::usage("give --per-tx, --window or both"));
    }
    let known = known(ctx, &args.minter).await?;
    let op = SetMinterLimits {
        minter: ctx.address(&args.minter).await?,
        per_tx: args.per_tx.unwrap_or(known.per_tx_micros),
        window_cap: args.window.unwrap_or(known.window_cap_micros),
    };
    act(ctx, vec![CouncilOp::SetMinterLimits(op)], &args.council).await
}

async fn list(ctx: &Context) -> Result<(), Failure> {
    let request = v1::ListMintersRequest { page_size: 1_000, ..Default::default() };
    let records = pages!(ctx, list_minters, request, minters, usize::MAX);
    let row = |record: &v1::MinterRecord| {
        let minter = record.minter.clone().unwrap_or_default();
        let state = match (minter.suspended, record.active) {
            (true, _) => "suspended",
            (false, true) => "active",
            (false, false) => "holds no role",
        };
        vec![
            record.holder.clone(),
            dollars(minter.allowance_micros),
            dollars(minter.per_tx_micros),
            format!(
                "{}/{}",
                view::total(&record.window_used_micros),
                dollars(minter.window_cap_micros)
            ),
            state.to_owned(),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<_> = records.iter().map(|r| message::json("MinterRecord", r)).collect();
    let heading = ["minter", "may still mint", "at once", "minted in 24 h", "state"];
    ctx.out.answer(json!({ "minters": json }), &table(&heading, &rows));
    Ok(())
}
