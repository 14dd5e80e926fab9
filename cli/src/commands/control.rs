//! Pauses and freezes, and the log of every use of power.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::Op;
use ballast_runtime::limits::PAUSE_MS_MAX;
use ballast_runtime::object::{Role, Scope};
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::pause::Pause;
use ballast_runtime::ops::unfreeze::Unfreeze;
use ballast_runtime::ops::unpause::Unpause;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::{duration_ms, hash};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::time;
use crate::send::{Request, SendArgs, now_ms, send};
use crate::view;

/// The events of the log: every use of a power over others.
const LOGGED: [&str; 8] = [
    "Paused",
    "Unpaused",
    "Frozen",
    "Unfrozen",
    "RoleGranted",
    "RoleRevoked",
    "MinterConfigured",
    "AccountRegistered",
];
const PAGE: u32 = 1_000;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast control pause --scope transfer --for 1h --wait
  ballast control unpause --scope transfer --wait
  ballast control freeze dev:3 --order ORDER_DIGEST --wait
  ballast control unfreeze dev:3 --wait
  ballast control log")]
pub enum Command {
    /// Stop kinds of operations for a time, at most 30 days (signed by the council)
    Pause(PauseArgs),
    /// End a pause (signed by the council)
    Unpause(UnpauseArgs),
    /// Stop what goes in or out of an account (signed by a compliance officer or the council)
    Freeze(FreezeArgs),
    /// Lift a freeze (signed by the council)
    Unfreeze(UnfreezeArgs),
    /// Pauses, freezes, roles, allowances and registrations, oldest first
    Log(LogArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum ScopeArg {
    Transfer,
    Mint,
    RedeemNew,
    Bridge,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Transfer => Self::Transfer,
            ScopeArg::Mint => Self::Mint,
            ScopeArg::RedeemNew => Self::RedeemNew,
            ScopeArg::Bridge => Self::Bridge,
        }
    }
}

#[derive(Args, Debug)]
pub struct PauseArgs {
    /// What to stop; several by comma
    #[arg(long = "scope", value_enum, required = true, value_delimiter = ',')]
    scopes: Vec<ScopeArg>,
    /// For how long, e.g. 90s, 15m, 24h, 30d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration_ms)]
    duration_ms: u64,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct UnpauseArgs {
    /// What to let go on; several by comma
    #[arg(long = "scope", value_enum, required = true, value_delimiter = ',')]
    scopes: Vec<ScopeArg>,
    #[command(flatten)]
    send: SendArgs,
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
    /// Digest of the order behind it, 64 hex digits
    #[arg(long, value_name = "HEX", value_parser = hash)]
    order: Option<Hash>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct UnfreezeArgs {
    /// The account
    #[arg(value_name = "ADDR")]
    account: String,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct LogArgs {
    /// Only what is behind this cursor
    #[arg(long, value_name = "CURSOR", default_value = "")]
    after: String,
    /// Only what concerns this account
    #[arg(long, value_name = "ADDR")]
    account: Option<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Pause(args) => pause(ctx, args).await,
        Command::Unpause(args) => unpause(ctx, args).await,
        Command::Freeze(args) => freeze(ctx, args).await,
        Command::Unfreeze(args) => unfreeze(ctx, args).await,
        Command::Log(args) => log(ctx, args).await,
    }
}

/// Strictly ascending, as the chain wants them.
fn ascending(scopes: Vec<ScopeArg>) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = scopes.into_iter().map(Scope::from).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn names(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.name()).collect()
}

async fn pause(ctx: &Context, args: PauseArgs) -> Result<(), Failure> {
    if args.duration_ms > PAUSE_MS_MAX {
        return Err(Failure::usage("a pause lasts at most 30 days"));
    }
    let scopes = ascending(args.scopes);
    let until = now_ms().saturating_add(args.duration_ms);
    let request = Request {
        what: &format!("Pause {} until {}", names(&scopes).join(", "), time(until)),
        data: json!({ "scopes": names(&scopes), "until_ms": until }),
        op: Op::Pause(Pause { scopes, until }),
        memo: None,
        role: Some(Role::Council),
    };
    send(ctx, request, &args.send).await
}

async fn unpause(ctx: &Context, args: UnpauseArgs) -> Result<(), Failure> {
    let scopes = ascending(args.scopes);
    let request = Request {
        what: &format!("Unpause {}", names(&scopes).join(", ")),
        data: json!({ "scopes": names(&scopes) }),
        op: Op::Unpause(Unpause { scopes }),
        memo: None,
        role: Some(Role::Council),
    };
    send(ctx, request, &args.send).await
}

async fn freeze(ctx: &Context, args: FreezeArgs) -> Result<(), Failure> {
    let account = ctx.address(&args.account).await?;
    let shown = account.display(ctx.chain().await?.network);
    let (inbound, outbound) = (!args.outbound, !args.inbound);
    let order = args.order.unwrap_or_default();
    let request = Request {
        what: &format!("Freeze {shown}"),
        data: json!({ "account": shown, "inbound": inbound, "outbound": outbound }),
        op: Op::Freeze(Freeze { account, inbound, outbound, order }),
        memo: None,
        role: Some(Role::Compliance),
    };
    send(ctx, request, &args.send).await
}

async fn unfreeze(ctx: &Context, args: UnfreezeArgs) -> Result<(), Failure> {
    let account = ctx.address(&args.account).await?;
    let shown = account.display(ctx.chain().await?.network);
    let request = Request {
        what: &format!("Unfreeze {shown}"),
        data: json!({ "account": shown }),
        op: Op::Unfreeze(Unfreeze { account }),
        memo: None,
        role: Some(Role::Council),
    };
    send(ctx, request, &args.send).await
}

async fn log(ctx: &Context, args: LogArgs) -> Result<(), Failure> {
    let mut accounts = Vec::new();
    if let Some(account) = &args.account {
        accounts.push(ctx.address(account).await?.display(ctx.chain().await?.network));
    }
    let names = LOGGED.map(str::to_owned).to_vec();
    let filter = Some(v1::EventFilter { accounts, names });
    let (mut events, mut after) = (Vec::new(), args.after);
    loop {
        let request = v1::ListEventsRequest { after, filter: filter.clone(), page_size: PAGE };
        let page = ctx.client().await?.list_events(request).await?;
        events.extend(page.events);
        after = page.next_cursor;
        if page.at_head {
            break;
        }
    }
    let newest = events.split_off(events.len().saturating_sub(args.limit));
    let data = json!({
        "events": newest.iter().map(view::event_record).collect::<Vec<_>>(),
        "next_cursor": after,
    });
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
        let given = vec![ScopeArg::Mint, ScopeArg::Transfer, ScopeArg::Mint];
        assert_eq!(ascending(given), [Scope::Transfer, Scope::Mint]);
    }

    #[test]
    fn everything_logged_is_an_event_of_the_chain() {
        for name in LOGGED {
            assert!(ballast_proto::convert::EVENT_NAMES.contains(&name), "{name}");
        }
    }
}
