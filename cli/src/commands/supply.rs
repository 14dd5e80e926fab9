//! The supply, minting and burning.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::ops::burn::Burn;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::set_cap::SetCap;
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{amount, hash, total};
use crate::commands::council::{CouncilArgs, act};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::output::{fields, table, time};
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast supply show
  ballast deposit confirm --bank-ref WIRE-1 --amount 1000 --to dev:1 --wait
  ballast supply mint 1000 --deposit DEPOSIT_ID --wait
  ballast supply burn 10 --wait
  ballast supply points --limit 5
  ballast supply cap 2000000000 --from alice")]
pub enum Command {
    /// The supply and what it is made of
    Show,
    /// Mint against a confirmed deposit, to its beneficiary (signed by a minter)
    Mint(MintArgs),
    /// Burn from the minter's own balance (signed by a minter)
    Burn(BurnArgs),
    /// Supply checkpoints, newest first: what reports and reconciliations refer to
    Points(PointsArgs),
    /// Set the most total supply (council, class B when lower, else C)
    Cap(CapArgs),
}

#[derive(Args, Debug)]
pub struct MintArgs {
    /// Dollars, with at most six decimal places
    #[arg(value_parser = amount)]
    amount: u64,
    /// Id of the deposit, from `deposit confirm`
    #[arg(long, value_name = "ID", value_parser = hash)]
    deposit: Hash,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct BurnArgs {
    /// Dollars, with at most six decimal places
    #[arg(value_parser = amount)]
    amount: u64,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct PointsArgs {
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

#[derive(Args, Debug)]
pub struct CapArgs {
    /// Dollars
    #[arg(value_parser = total)]
    cap: u128,
    #[command(flatten)]
    council: CouncilArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(ctx).await,
        Command::Mint(args) => mint(ctx, args).await,
        Command::Burn(args) => burn(ctx, args).await,
        Command::Points(args) => points(ctx, args).await,
        Command::Cap(args) => {
            let op = CouncilOp::SetCap(SetCap { cap: args.cap });
            act(ctx, vec![op], &args.council).await
        }
    }
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.get_supply(v1::GetSupplyRequest {}).await?;
    let supply = answer.supply.clone().unwrap_or_default();
    let mut data = message::json("GetSupplyResponse", &answer);
    // The totals stand at the top.
    if let (Value::Object(data), Value::Object(totals)) = (&mut data, view::supply(&supply)) {
        data.remove("supply");
        data.extend(totals);
    }
    let mut rows = view::supply_rows(&supply);
    let window = view::total(&answer.window_used_micros);
    let of = dollars(answer.window_cap_micros);
    rows.push(("minted in 24 h", format!("{window} of at most {of}")));
    if let Some(point) = &answer.newest_point {
        let at = format!("{} at {}", view::total(&point.total_micros), time(point.at_ms));
        rows.push(("checkpoint", format!("{at}, height {}", point.height)));
    }
    rows.push(("as of height", answer.height.to_string()));
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}

async fn mint(ctx: &Context, args: MintArgs) -> Result<(), Failure> {
    let (deposit, amount) = (args.deposit, args.amount);
    let what = format!("Mint {} dollars against deposit {deposit}", dollars(amount));
    send(ctx, Request::new(Op::Mint(Mint { deposit, amount }), what), &args.send).await
}

async fn burn(ctx: &Context, args: BurnArgs) -> Result<(), Failure> {
    let amount = args.amount;
    let what = format!("Burn {} dollars", dollars(amount));
    send(ctx, Request::new(Op::Burn(Burn { amount }), what), &args.send).await
}

async fn points(ctx: &Context, args: PointsArgs) -> Result<(), Failure> {
    let page_size = u32::try_from(args.limit.clamp(1, 1_000)).unwrap_or(1_000);
    let request = v1::ListSupplyPointsRequest { page_size, ..Default::default() };
    let points = pages!(ctx, list_supply_points, request, points, args.limit);
    let row = |point: &v1::SupplyPoint| {
        vec![
            time(point.at_ms),
            point.at_ms.to_string(),
            point.height.to_string(),
            view::total(&point.total_micros),
            view::total(&point.deposited_micros),
            view::total(&point.paid_out_micros),
        ]
    };
    let rows: Vec<_> = points.iter().map(row).collect();
    let shown: Vec<_> = points.iter().map(|point| message::json("SupplyPoint", point)).collect();
    let heading = ["time", "as_of_ms", "height", "supply", "deposited", "paid out"];
    ctx.out.answer(json!({ "points": shown }), &table(&heading, &rows));
    Ok(())
}
