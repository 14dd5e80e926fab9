//! Pauses, freezes, holds, seizures, and the log of every use of power.

use ballast_primitives::Hash;
use ballast_proto::convert::EVENT_NAMES;
use ballast_proto::v1;
use ballast_runtime::limits::{PAUSE_MS_MAX, SHORT_PAUSE_MS_MAX};
use ballast_runtime::object::Scope;
use ballast_runtime::ops::confirm_freeze::ConfirmFreeze;
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::pause::Pause;
use ballast_runtime::ops::seize::Seize;
use ballast_runtime::ops::set_hold::SetHold;
use ballast_runtime::ops::unfreeze::Unfreeze;
use ballast_runtime::ops::unpause::Unpause;
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{amount, digest, duration_ms};
use crate::commands::allowance::unexpected;
use crate::commands::council::{CouncilArgs, act};
use crate::commands::pages;
use crate::context::{Context, parse_name};
use crate::exit::Failure;
use crate::message;
use crate::output::table;
use crate::send::{Request, now_ms, send};
use crate::view::{self, dollars, moment};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast control pause transfer --for 2h --sign-with alice,bob --wait
  ballast control unpause transfer --from alice
  ballast control freeze dev:3 --order @order.pdf --wait              # an officer: 72 hours
  ballast control confirm dev:3 --order @judgment.pdf --from alice    # the council: for good
  ballast control hold dev:3 250 --order @order.pdf --wait
  ballast control seize dev:3 250 --to dev:4 --order @judgment.pdf --from alice
  ballast control log")]
pub enum Command {
    /// Stop kinds of operations for a time (council, class A up to 72 hours, else B)
    Pause(PauseArgs),
    /// End pauses (council, class B)
    Unpause(UnpauseArgs),
    /// Stop what goes in or out of an account (compliance officer; --council: for good, class B)
    Freeze(FreezeArgs),
    /// Lift a freeze (council, class B)
    Unfreeze(UnfreezeArgs),
    /// Make an officer's freeze permanent (council, class B)
    Confirm(ConfirmArgs),
    /// Set the lien on an account (compliance officer, only upwards; --council: any, class B)
    Hold(HoldArgs),
    /// Take money from a frozen account, or burn it (council, class C)
    Seize(SeizeArgs),
    /// What is paused
    Status,
    /// Every use of power, oldest first
    Log(LogArgs),
}

#[derive(Args, Debug)]
pub struct PauseArgs {
    /// transfer, mint, redeem-new, bridge; several by comma
    #[arg(required = true, value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// For how long, e.g. 90s, 15m, 24h, 30d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration_ms)]
    duration_ms: u64,
    /// As class B even when it is short: no 7 days without a short pause follow
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct UnpauseArgs {
    /// transfer, mint, redeem-new, bridge; several by comma
    #[arg(required = true, value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct FreezeArgs {
    /// The account
    #[arg(value_name = "ADDR")]
    account: String,
    /// Only what comes in
    #[arg(long, conflicts_with = "outbound")]
    inbound: bool,
    /// Only what goes out
    #[arg(long)]
    outbound: bool,
    /// Digest of the order behind it, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    order: Option<Hash>,
    /// By the council: for good
    #[arg(long = "council")]
    by_council: bool,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct UnfreezeArgs {
    /// The account
    #[arg(value_name = "ADDR")]
    account: String,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct ConfirmArgs {
    /// The account
    #[arg(value_name = "ADDR")]
    account: String,
    /// Digest of the council's order, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    order: Hash,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct HoldArgs {
    /// The account
    #[arg(value_name = "ADDR")]
    account: String,
    /// Dollars that it may not spend; may exceed its balance
    #[arg(value_parser = amount)]
    hold: u64,
    /// The hold that you believe it has now: refused on chain when that has changed meanwhile. Needed
    /// where it has one
    #[arg(long, value_parser = amount)]
    expected: Option<u64>,
    /// Digest of the order behind it, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    order: Option<Hash>,
    /// By the council: it may lower the hold
    #[arg(long = "council")]
    by_council: bool,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct SeizeArgs {
    /// The account; it must be frozen for good, or have a hold of the amount
    #[arg(value_name = "ADDR")]
    account: String,
    #[arg(value_parser = amount)]
    amount: u64,
    /// Who gets it
    #[arg(long, value_name = "ADDR", required_unless_present = "burn")]
    to: Option<String>,
    /// Burn it
    #[arg(long, conflicts_with = "to")]
    burn: bool,
    /// Digest of the order, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    order: Hash,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct LogArgs {
    /// Only what concerns this account
    #[arg(long, value_name = "ADDR")]
    account: Option<String>,
    /// Only events of these names, e.g. Frozen
    #[arg(long = "name", value_name = "NAME", value_delimiter = ',', value_parser = EVENT_NAMES.to_vec())]
    names: Vec<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

fn scope(text: &str) -> Result<Scope, String> {
    parse_name(text, &Scope::ALL, Scope::name)
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Pause(args) => pause(ctx, args).await,
        Command::Unpause(args) => {
            let scopes = ascending(args.scopes);
            act(ctx, vec![CouncilOp::Unpause(Unpause { scopes })], &args.council).await
        }
        Command::Freeze(args) => freeze(ctx, args).await,
        Command::Unfreeze(args) => {
            let account = ctx.address(&args.account).await?;
            act(ctx, vec![CouncilOp::Unfreeze(Unfreeze { account })], &args.council).await
        }
        Command::Confirm(args) => {
            let (account, order) = (ctx.address(&args.account).await?, args.order);
            let op = CouncilOp::ConfirmFreeze(ConfirmFreeze { account, order });
            act(ctx, vec![op], &args.council).await
        }
        Command::Hold(args) => hold(ctx, args).await,
        Command::Seize(args) => seize(ctx, args).await,
        Command::Status => status(ctx).await,
        Command::Log(args) => log(ctx, args).await,
    }
}

/// Strictly ascending, as the chain wants them.
fn ascending(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

async fn pause(ctx: &Context, args: PauseArgs) -> Result<(), Failure> {
    if args.duration_ms > PAUSE_MS_MAX {
        return Err(Failure::usage("a pause lasts at most 30 days"));
    }
    let short = args.duration_ms <= SHORT_PAUSE_MS_MAX && !args.long;
    let (scopes, until) = (ascending(args.scopes), now_ms().saturating_add(args.duration_ms));
    act(ctx, vec![CouncilOp::Pause(Pause { scopes, until, short })], &args.council).await
}

async fn freeze(ctx: &Context, args: FreezeArgs) -> Result<(), Failure> {
    let account = ctx.address(&args.account).await?;
    let (inbound, outbound) = (!args.outbound, !args.inbound);
    let order = args.order.unwrap_or_default();
    let freeze = Freeze { account, inbound, outbound, order };
    if is_for_council(args.by_council, &args.council) {
        return act(ctx, vec![CouncilOp::Freeze(freeze)], &args.council).await;
    }
    let what = format!("Freeze {} for 72 hours", ctx.shown(&account).await?);
    send(ctx, Request::new(Op::Freeze(freeze), what), &args.council.send).await
}

/// Whoever signs for the council means it.
fn is_for_council(said: bool, args: &CouncilArgs) -> bool {
    said || !args.sign_with.is_empty() || args.draft.is_some()
}

async fn hold(ctx: &Context, args: HoldArgs) -> Result<(), Failure> {
    let account = ctx.address(&args.account).await?;
    let expected = match args.expected {
        Some(expected) => expected,
        None => {
            let answer = ctx.client().await?.account(&account).await?;
            let current = answer.account.map_or(0, |account| account.hold_micros);
            unexpected(current, current == 0, "hold")?
        }
    };
    let order = args.order.unwrap_or_default();
    let hold = SetHold { account, expected, hold: args.hold, order };
    if is_for_council(args.by_council, &args.council) {
        return act(ctx, vec![CouncilOp::SetHold(hold)], &args.council).await;
    }
    let what = format!(
        "Set the hold on {} from {} to {} dollars",
        ctx.shown(&account).await?,
        dollars(expected),
        dollars(args.hold)
    );
    send(ctx, Request::new(Op::SetHold(hold), what), &args.council.send).await
}

async fn seize(ctx: &Context, args: SeizeArgs) -> Result<(), Failure> {
    let from = ctx.address(&args.account).await?;
    let to = match &args.to {
        Some(text) => Some(ctx.address(text).await?),
        None => None,
    };
    let (amount, order) = (args.amount, args.order);
    let op = CouncilOp::Seize(Seize { from, amount, to, order });
    act(ctx, vec![op], &args.council).await
}

async fn status(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.list_pauses(v1::ListPausesRequest {}).await?;
    let row = |record: &v1::PauseRecord| {
        let state = record.state.unwrap_or_default();
        let scope = message::name_of("PauseScope", record.scope);
        let until = if record.paused { moment(state.until_ms) } else { String::new() };
        let paused = if record.paused { "paused until" } else { "runs" };
        vec![scope, paused.to_owned(), until]
    };
    let rows: Vec<_> = answer.pauses.iter().map(row).collect();
    let text = table(&["scope", "state", ""], &rows);
    ctx.out.answer(message::json("ListPausesResponse", &answer), &text);
    Ok(())
}

async fn log(ctx: &Context, args: LogArgs) -> Result<(), Failure> {
    let mut accounts = Vec::new();
    if let Some(account) = &args.account {
        accounts.push(ctx.shown(&ctx.address(account).await?).await?);
    }
    let filter = Some(v1::EventFilter { accounts, names: args.names });
    let page_size = u32::try_from(args.limit.clamp(1, 1_000)).unwrap_or(1_000);
    let request = v1::ListControlEventsRequest { filter, page_size, page_token: String::new() };
    let mut newest = pages!(ctx, list_control_events, request, events, args.limit);
    // People read a log downwards.
    newest.reverse();
    let data = json!({ "events": newest.iter().map(view::event_record).collect::<Vec<_>>() });
    let lines: Vec<_> = newest.iter().map(view::event_record_line).collect();
    let text = if lines.is_empty() { "no power was used yet".to_owned() } else { lines.join("\n") };
    ctx.out.answer(data, &text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_put_in_the_chains_order_once_each() {
        let given = ["mint", "TRANSFER", "Mint"].map(|text| scope(text).unwrap()).to_vec();
        assert_eq!(ascending(given), [Scope::Transfer, Scope::Mint]);
        assert!(scope("everything").unwrap_err().contains("redeem-new"));
    }
}
