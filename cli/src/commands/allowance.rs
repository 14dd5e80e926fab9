//! Allowances: what others may move for an account.

use ballast_primitives::Address;
use ballast_proto::v1;
use ballast_runtime::Op;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::approve::Approve;
use ballast_runtime::ops::transfer_from::TransferFrom;
use clap::{Args, Subcommand};

use crate::cli::{amount, moment};
use crate::commands::pay::{TravelArg, check_amount, memo};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::{fields, time};
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast allowance approve dev:2 500 --expected 0 --until +30d --from dev:1 --wait
  ballast allowance show dev:1 dev:2
  ballast allowance spend dev:1 dev:3 20 --from dev:2 --wait
  ballast allowance approve dev:2 0 --from dev:1 --wait        # take it back")]
pub enum Command {
    /// Let an account move your money, up to an amount
    Approve(ApproveArgs),
    /// What a spender may still move for an owner
    Show(ShowArgs),
    /// Move money of an owner, within your allowance
    Spend(SpendArgs),
}

#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// Who may spend
    #[arg(value_name = "ADDR")]
    spender: String,
    /// Dollars from now on; 0 takes it back
    #[arg(value_parser = amount)]
    amount: u64,
    /// When it ends: 2026-10-01T00:00:00Z, or +30d from now
    #[arg(long, value_name = "TIME", value_parser = moment, default_value = "+30d")]
    until: u64,
    /// The allowance that you believe it has now: refused on chain when that has changed meanwhile.
    /// Needed unless this one takes it back: 0 for the first
    #[arg(long, value_parser = amount)]
    expected: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    #[arg(value_name = "OWNER")]
    owner: String,
    #[arg(value_name = "SPENDER")]
    spender: String,
}

#[derive(Args, Debug)]
pub struct SpendArgs {
    /// Whose money it is
    #[arg(value_name = "OWNER")]
    owner: String,
    /// Who is paid
    #[arg(value_name = "ADDR")]
    to: String,
    #[arg(value_parser = amount)]
    amount: u64,
    /// Reference for the recipient, at most 32 bytes
    #[arg(long = "ref", value_name = "MEMO")]
    memo: Option<String>,
    #[command(flatten)]
    travel: TravelArg,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Approve(args) => approve(ctx, args).await,
        Command::Show(args) => show(ctx, args).await,
        Command::Spend(args) => spend(ctx, args).await,
    }
}

/// The allowance as the chain has it now.
pub async fn current(
    ctx: &Context,
    owner: &Address,
    spender: &Address,
) -> Result<v1::GetAllowanceResponse, Failure> {
    let (owner, spender) = (ctx.shown(owner).await?, ctx.shown(spender).await?);
    Ok(ctx.client().await?.get_allowance(v1::GetAllowanceRequest { owner, spender }).await?)
}

/// The present value, when it is safe to take it for what the caller expects. Otherwise the caller
/// says so: what was spent since they last looked would be granted anew.
pub fn unexpected(current: u64, is_safe: bool, what: &str) -> Result<u64, Failure> {
    if is_safe {
        return Ok(current);
    }
    let current = dollars(current);
    let message = format!("the {what} is {current} dollars now; nothing was sent");
    Err(Failure::new(Exit::Refused, "EXPECTED_NEEDED", message)
        .next(format!("if that is what you expect, add --expected {current}")))
}

async fn approve(ctx: &Context, args: ApproveArgs) -> Result<(), Failure> {
    let spender = ctx.address(&args.spender).await?;
    let owner = ctx.own_address(By::Anyone).await?;
    let expected = match args.expected {
        Some(expected) => expected,
        None => {
            let known = current(ctx, &owner, &spender).await?;
            unexpected(known.current_micros, args.amount == 0, "allowance")?
        }
    };
    let (amount, expires) = (args.amount, args.until);
    let what = format!(
        "Let {} spend {} dollars until {}",
        ctx.shown(&spender).await?,
        dollars(amount),
        time(expires)
    );
    let op = Op::Approve(Approve { spender, expected, amount, expires });
    send(ctx, Request::new(op, what), &args.send).await
}

async fn show(ctx: &Context, args: ShowArgs) -> Result<(), Failure> {
    let (owner, spender) = (ctx.address(&args.owner).await?, ctx.address(&args.spender).await?);
    let answer = current(ctx, &owner, &spender).await?;
    let stored = answer.allowance.unwrap_or_default();
    let expired = stored.amount_micros > 0 && stored.expires_ms <= answer.block_time_ms;
    let mut rows = vec![("may spend", dollars(answer.current_micros))];
    if stored.amount_micros > 0 {
        let left = if expired { "expired" } else { "until" };
        rows.push((left, view::moment(stored.expires_ms)));
    }
    rows.push(("as of height", answer.height.to_string()));
    ctx.out.answer(message::json("GetAllowanceResponse", &answer), &fields(&rows));
    Ok(())
}

async fn spend(ctx: &Context, args: SpendArgs) -> Result<(), Failure> {
    check_amount(args.amount)?;
    let (owner, to) = (ctx.address(&args.owner).await?, ctx.address(&args.to).await?);
    let travel = args.travel.read(ctx).await?;
    let what = format!(
        "Pay {} dollars of {} to {}",
        dollars(args.amount),
        ctx.shown(&owner).await?,
        ctx.shown(&to).await?
    );
    let op = Op::TransferFrom(TransferFrom { owner, to, amount: args.amount, travel });
    send(ctx, Request::new(op, what).memo(memo(args.memo)?), &args.send).await
}
