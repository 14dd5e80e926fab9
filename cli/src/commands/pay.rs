//! Payments.

use ballast_runtime::Op;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::tx::MEMO_BYTES_MAX;
use clap::Args;
use serde_json::json;

use crate::cli::amount;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::send::{Request, SendArgs, send};
use crate::view::dollars;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast pay dbal1… 12.50 --wait
  ballast pay dev:1 5 --ref INV-17 --from alice
  ballast pay dev:1 5 --out payment.tx && ballast tx submit payment.tx --wait")]
pub struct PayArgs {
    /// Who is paid: an address, or dev:N on a dev network
    #[arg(value_name = "ADDR")]
    to: String,
    /// Dollars, with at most six decimal places
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: u64,
    /// Reference for the recipient, at most 32 bytes
    #[arg(long = "ref", value_name = "MEMO")]
    memo: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, args: PayArgs) -> Result<(), Failure> {
    let amount = args.amount;
    if amount == 0 {
        return Err(Failure::new(Exit::Refused, "ZERO_AMOUNT", "the amount is zero"));
    }
    let memo = args.memo.map(String::into_bytes);
    if let Some(memo) = memo.as_ref().filter(|memo| memo.len() > MEMO_BYTES_MAX) {
        return Err(Failure::usage(format!(
            "the reference has {} bytes, more than {MEMO_BYTES_MAX}",
            memo.len()
        )));
    }
    let to = ctx.address(&args.to).await?;
    if ctx.own_address(None).await? == to {
        let message = "sender and recipient are the same account";
        return Err(Failure::new(Exit::Refused, "SELF_TRANSFER", message));
    }
    let shown = to.display(ctx.chain().await?.network);
    let request = Request {
        op: Op::Transfer(Transfer { to, amount }),
        memo,
        role: None,
        what: &format!("Pay {} dollars to {shown}", dollars(amount)),
        data: json!({ "to": shown, "amount": dollars(amount), "amount_micros": amount }),
    };
    send(ctx, request, &args.send).await
}
