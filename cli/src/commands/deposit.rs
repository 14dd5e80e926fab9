//! Deposits at the bank.

use ballast_runtime::Op;
use ballast_runtime::object::Role;
use ballast_runtime::ops::deposit_confirm::{DepositConfirm, deposit_id};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::amount;
use crate::context::Context;
use crate::exit::Failure;
use crate::send::{Request, SendArgs, send};
use crate::view::dollars;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast deposit confirm --bank-ref WIRE-1 --amount 1000 --to dev:1 --wait")]
pub enum Command {
    /// State that dollars have arrived for a beneficiary (signed by a custodian)
    Confirm(ConfirmArgs),
}

#[derive(Args, Debug)]
pub struct ConfirmArgs {
    /// The bank's reference, 1 to 64 bytes, never used before
    #[arg(long, value_name = "REF")]
    bank_ref: String,
    /// Dollars, with at most six decimal places
    #[arg(long, value_parser = amount)]
    amount: u64,
    /// Who it may be minted to
    #[arg(long = "to", value_name = "ADDR")]
    beneficiary: String,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    let Command::Confirm(args) = command;
    let beneficiary = ctx.address(&args.beneficiary).await?;
    // The id follows from the custodian and its reference: known before anything is sent.
    let custodian = ctx.own_address(Some(Role::Custodian)).await?;
    let id = deposit_id(&custodian, &args.bank_ref);
    ctx.out.progress(&format!("deposit {id}"));
    let shown = beneficiary.display(ctx.chain().await?.network);
    let amount = args.amount;
    let request = Request {
        op: Op::DepositConfirm(DepositConfirm { bank_ref: args.bank_ref, amount, beneficiary }),
        memo: None,
        role: Some(Role::Custodian),
        what: &format!("Confirm a deposit of {} dollars for {shown}", dollars(amount)),
        data: json!({
            "deposit_id": id.to_string(), "beneficiary": shown,
            "amount": dollars(amount), "amount_micros": amount,
        }),
    };
    send(ctx, request, &args.send).await
}
