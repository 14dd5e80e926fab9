//! Payment URIs: made by a payee, read by a payer.

use ballast_primitives::{Address, Network};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::amount;
use crate::commands::pay::memo;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::fields;
use crate::uri::PaymentUri;
use crate::view::dollars;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast uri make dev:1 --amount 12.50 --ref INV-17
  ballast uri parse 'ballast:dbal1…?amount=12.50&ref=INV-17'
  ballast pay 'ballast:dbal1…?amount=12.50&ref=INV-17' --wait")]
pub enum Command {
    /// What to give to who is to pay
    Make(MakeArgs),
    /// What a URI asks for, offline
    Parse { uri: String },
}

#[derive(Args, Debug)]
pub struct MakeArgs {
    /// Who is to be paid [default: who would sign]
    #[arg(value_name = "ADDR")]
    to: Option<String>,
    /// Dollars, with at most six decimal places
    #[arg(long, value_parser = amount)]
    amount: Option<u64>,
    /// Reference for the payer to give, at most 32 bytes
    #[arg(long = "ref", value_name = "MEMO")]
    memo: Option<String>,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Make(args) => make(ctx, args).await,
        Command::Parse { uri } => parse(ctx, &uri),
    }
}

async fn make(ctx: &Context, args: MakeArgs) -> Result<(), Failure> {
    memo(args.memo.clone())?;
    let to = ctx.address_or_own(args.to.as_deref()).await?;
    let address = ctx.shown(&to).await?;
    let uri = PaymentUri { address, amount: args.amount, memo: args.memo };
    let text = uri.to_string();
    ctx.out.answer(json!({ "uri": text, "address": uri.address }), &text);
    Ok(())
}

/// Reads a URI; the address must be one of some network.
pub fn read(text: &str) -> Result<(PaymentUri, Network), Failure> {
    let bad = |problem: String| {
        Failure::new(Exit::Usage, "BAD_URI", format!("this is no payment URI: {problem}"))
            .next("ask the payee for another one")
    };
    let uri = PaymentUri::parse(text).map_err(bad)?;
    let of = |network: &Network| Address::parse(&uri.address, *network).is_ok();
    match Network::ALL.into_iter().find(of) {
        Some(network) => Ok((uri, network)),
        None => Err(bad(format!("\"{}\" is no address", uri.address))),
    }
}

fn parse(ctx: &Context, text: &str) -> Result<(), Failure> {
    let (uri, network) = read(text)?;
    let data = json!({
        "address": uri.address,
        "network": network.to_string(),
        "amount": uri.amount.map(dollars),
        "amount_micros": uri.amount,
        "ref": uri.memo,
    });
    let mut rows = vec![("pay to", uri.address), ("network", network.to_string())];
    rows.extend(uri.amount.map(|amount| ("amount", dollars(amount))));
    rows.extend(uri.memo.map(|memo| ("reference", memo)));
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}
