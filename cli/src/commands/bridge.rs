//! Bridges to other chains.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::ops::bridge_in::BridgeIn;
use ballast_runtime::ops::bridge_out::BridgeOut;
use ballast_runtime::ops::set_bridge::SetBridge;
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{amount, hash};
use crate::commands::council::{CouncilArgs, act};
use crate::commands::pages;
use crate::commands::pay::check_amount;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::table;
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast bridge set 1 --name 'Other chain' --day-cap 1000000 --open true
  ballast bridge out 1 250 0x00112233 --from dev:1 --wait
  ballast bridge in 1 250 dev:1 --remote-tx HEX --wait
  ballast bridge list")]
pub enum Command {
    /// Create a bridge, or change it (council, class B when it only tightens, else C)
    Set(SetArgs),
    /// Lock money for release on the other chain
    Out(OutArgs),
    /// Release what came back (signed by the bridge's operator)
    In(InArgs),
    /// All bridges
    List,
}

#[derive(Args, Debug)]
pub struct SetArgs {
    #[arg(value_name = "N")]
    bridge: u32,
    /// 1 to 64 bytes [default: as it is]
    #[arg(long)]
    name: Option<String>,
    /// The most dollars each way in 24 hours [default: as it is]
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    day_cap: Option<u64>,
    /// Whether it is open [default: as it is; a new one is closed]
    #[arg(long, value_name = "BOOL")]
    open: Option<bool>,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct OutArgs {
    #[arg(value_name = "N")]
    bridge: u32,
    #[arg(value_parser = amount)]
    amount: u64,
    /// On the other chain: text, or hex behind 0x, 1 to 64 bytes
    recipient: String,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct InArgs {
    #[arg(value_name = "N")]
    bridge: u32,
    #[arg(value_parser = amount)]
    amount: u64,
    /// Who gets it
    #[arg(value_name = "ADDR")]
    to: String,
    /// The other chain's transaction
    #[arg(long, value_name = "HEX", value_parser = hash)]
    remote_tx: Hash,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Set(args) => set(ctx, args).await,
        Command::Out(args) => out(ctx, args).await,
        Command::In(args) => bring_in(ctx, args).await,
        Command::List => list(ctx).await,
    }
}

async fn all(ctx: &Context) -> Result<Vec<v1::BridgeRecord>, Failure> {
    let request = v1::ListBridgesRequest { page_size: 1_000, ..Default::default() };
    let mut records = pages!(ctx, list_bridges, request, bridges, usize::MAX);
    records.sort_unstable_by_key(|record| record.number);
    Ok(records)
}

async fn set(ctx: &Context, args: SetArgs) -> Result<(), Failure> {
    let known = all(ctx).await?.into_iter().find(|record| record.number == args.bridge);
    let known = known.and_then(|record| record.bridge);
    let name = args.name.or_else(|| known.as_ref().map(|bridge| bridge.name.clone()));
    let cap = args.day_cap.or_else(|| known.as_ref().map(|bridge| bridge.day_cap_micros));
    let (Some(name), Some(day_cap)) = (name, cap) else {
        return Err(Failure::usage("a new bridge needs --name and --day-cap"));
    };
    let open = args.open.unwrap_or_else(|| known.is_some_and(|bridge| bridge.open));
    let op = CouncilOp::SetBridge(SetBridge { bridge: args.bridge, name, day_cap, open });
    act(ctx, vec![op], &args.council).await
}

async fn out(ctx: &Context, args: OutArgs) -> Result<(), Failure> {
    check_amount(args.amount)?;
    let recipient = message::read_words(&args.recipient)
        .map_err(|problem| Failure::new(Exit::Usage, "USAGE", format!("recipient: {problem}")))?;
    let (bridge, amount) = (args.bridge, args.amount);
    let what = format!("Send {} dollars over bridge {bridge}", dollars(amount));
    let op = Op::BridgeOut(BridgeOut { bridge, amount, recipient });
    send(ctx, Request::new(op, what), &args.send).await
}

async fn bring_in(ctx: &Context, args: InArgs) -> Result<(), Failure> {
    check_amount(args.amount)?;
    let to = ctx.address(&args.to).await?;
    let (bridge, amount, remote_tx) = (args.bridge, args.amount, args.remote_tx);
    let shown = ctx.shown(&to).await?;
    let what = format!("Release {} dollars of bridge {bridge} to {shown}", dollars(amount));
    let op = Op::BridgeIn(BridgeIn { bridge, remote_tx, to, amount });
    send(ctx, Request::new(op, what), &args.send).await
}

async fn list(ctx: &Context) -> Result<(), Failure> {
    let records = all(ctx).await?;
    let row = |record: &v1::BridgeRecord| {
        let bridge = record.bridge.clone().unwrap_or_default();
        vec![
            record.number.to_string(),
            view::harmless(&bridge.name),
            view::total(&bridge.escrow_micros),
            dollars(bridge.day_cap_micros),
            if bridge.open { "open" } else { "closed" }.to_owned(),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<_> = records.iter().map(|r| message::json("BridgeRecord", r)).collect();
    let text = match rows.is_empty() {
        true => "there are no bridges".to_owned(),
        false => table(&["number", "name", "in escrow", "most in 24 h", "state"], &rows),
    };
    ctx.out.answer(json!({ "bridges": json }), &text);
    Ok(())
}
