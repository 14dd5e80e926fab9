//! Payments.

use std::path::PathBuf;

use ballast_proto::v1;
use ballast_runtime::Op;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::tx::MEMO_BYTES_MAX;
use clap::Args;

use crate::cli::amount;
use crate::commands::uri;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::offline::read_travel;
use crate::send::{Request, SendArgs, now_ms, send};
use crate::sent::Paid;
use crate::uri::{PaymentUri, SCHEME};
use crate::view::dollars;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast pay dbal1… 12.50 --wait
  ballast pay dev:1 5 --ref INV-17 --from alice
  ballast pay dbal1… 25000 --travel travel.json --wait     # between institutions
  ballast pay 'ballast:dbal1…?amount=12.50&ref=INV-17' --wait
  ballast pay dev:1 5 --out payment.tx && ballast tx submit payment.tx --wait
  ballast pay dev:1 5 --sender ADDR --build payment.json   # for several to sign: ballast tx sign")]
pub struct PayArgs {
    /// Who is paid: an address, a payment URI, or dev:N on a dev network
    #[arg(value_name = "ADDR")]
    to: String,
    /// Dollars, with at most six decimal places; may be left out where a URI says it
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: Option<u64>,
    /// Reference for the recipient, at most 32 bytes
    #[arg(long = "ref", value_name = "MEMO")]
    memo: Option<String>,
    /// Pay what a URI asks for though it was paid from here before
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    travel: TravelArg,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct TravelArg {
    /// Travel data that the beneficiary's institution signed: `ballast institution travel`
    #[arg(long = "travel", value_name = "FILE")]
    file: Option<PathBuf>,
}

type Travel = Option<Box<ballast_runtime::authorisation::TravelData>>;

impl TravelArg {
    pub async fn read(&self, ctx: &Context) -> Result<Travel, Failure> {
        let wire = ctx.client().await?.wire().await?;
        let read = |path: &PathBuf| read_travel(&wire, path).map(Box::new);
        self.file.as_ref().map(read).transpose()
    }
}

/// A reference as bytes, if it is not too long.
pub fn memo(text: Option<String>) -> Result<Option<Vec<u8>>, Failure> {
    let memo = text.map(String::into_bytes);
    match memo.as_ref().filter(|memo| memo.len() > MEMO_BYTES_MAX) {
        Some(memo) => Err(Failure::usage(format!(
            "the reference has {} bytes, more than {MEMO_BYTES_MAX}",
            memo.len()
        ))),
        None => Ok(memo),
    }
}

pub fn check_amount(amount: u64) -> Result<(), Failure> {
    match amount {
        0 => Err(Failure::new(Exit::Refused, "ZERO_AMOUNT", "the amount is zero")),
        _ => Ok(()),
    }
}

/// What is asked for, by the command line or by a URI; where both say something, they must agree.
fn asked(to: String, amount: Option<u64>, memo: Option<String>) -> Result<PaymentUri, Failure> {
    if !to.starts_with(SCHEME) {
        return Ok(PaymentUri { address: to, amount, memo });
    }
    let (uri, _) = uri::read(&to)?;
    let differs = (amount.is_some() && uri.amount.is_some() && amount != uri.amount)
        || (memo.is_some() && uri.memo.is_some() && memo != uri.memo);
    if differs {
        let message = "the amount or the reference is not the one that the URI asks for";
        return Err(Failure::new(Exit::Refused, "URI_DIFFERS", message)
            .next("leave it out, or give the address alone"));
    }
    Ok(PaymentUri { amount: amount.or(uri.amount), memo: memo.or(uri.memo), ..uri })
}

pub async fn run(ctx: &Context, args: PayArgs) -> Result<(), Failure> {
    let is_uri = args.to.starts_with(SCHEME);
    let asked = asked(args.to, args.amount, args.memo)?;
    let missing = || Failure::usage("it is not said how much to pay").next("add the amount");
    let amount = asked.amount.ok_or_else(missing)?;
    check_amount(amount)?;
    let memo = memo(asked.memo)?;
    let to = ctx.address(&asked.address).await?;
    if ctx.own_address(By::Anyone).await? == to {
        let message = "sender and recipient are the same account";
        return Err(Failure::new(Exit::Refused, "SELF_TRANSFER", message));
    }
    let mut send_args = args.send;
    if let (true, Some(memo)) = (is_uri, &memo) {
        let from = ctx.own_address(By::Anyone).await?;
        send_args.paid = Paid::of(&ctx.chain().await?, &from, &to, memo);
        if let Some(paid) = send_args.paid.as_ref().filter(|_| !args.again) {
            check_unpaid(ctx, paid).await?;
        }
    }
    let travel = args.travel.read(ctx).await?;
    let what = format!("Pay {} dollars to {}", dollars(amount), ctx.shown(&to).await?);
    let op = Op::Transfer(Transfer { to, amount, travel });
    send(ctx, Request::new(op, what).memo(memo), &send_args).await
}

/// That what a URI asks for is not paid, nor on its way: one request, one payment.
async fn check_unpaid(ctx: &Context, paid: &Paid) -> Result<(), Failure> {
    let Some((id, until)) = paid.before() else { return Ok(()) };
    let found = ctx.client().await?.tx(id).await;
    let is_dead = match &found {
        Ok(found) => matches!(
            found.state(),
            v1::TxState::Failed | v1::TxState::Expired | v1::TxState::Replaced
        ),
        Err(_) => now_ms() >= until,
    };
    if is_dead {
        return Ok(());
    }
    let message = format!("this request was paid before: transaction {id}");
    Err(Failure::safety("PAID_ALREADY", message).next(format!(
        "see what became of it: ballast tx show {id}; to pay once more, add --again"
    )))
}
