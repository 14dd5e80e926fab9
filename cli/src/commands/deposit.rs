//! Deposits at the bank.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::Op;
use ballast_runtime::object::Role;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::deposit_confirm::{DepositConfirm, deposit_id};
use ballast_runtime::ops::deposit_reverse::DepositReverse;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{amount, digest, hash};
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
  ballast deposit confirm --bank-ref WIRE-1 --amount 1000 --to dev:1 --wait
  ballast deposit list --open
  ballast deposit show ID
  ballast deposit reverse ID --document @notice.pdf --wait")]
pub enum Command {
    /// State that dollars have arrived for a beneficiary (signed by a custodian)
    Confirm(ConfirmArgs),
    /// State that the bank took a deposit back (signed by its custodian)
    Reverse(ReverseArgs),
    /// A deposit: what of it was minted and can be
    Show {
        #[arg(value_parser = hash)]
        id: Hash,
    },
    /// Deposits, newest first
    List(ListArgs),
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

#[derive(Args, Debug)]
pub struct ReverseArgs {
    /// Id of the deposit
    #[arg(value_parser = hash)]
    id: Hash,
    /// Digest of the bank's notice, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those that can still be minted against
    #[arg(long)]
    open: bool,
    /// Only for this beneficiary
    #[arg(long = "to", value_name = "ADDR")]
    beneficiary: Option<String>,
    /// Only of this custodian
    #[arg(long, value_name = "ADDR")]
    custodian: Option<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Confirm(args) => confirm(ctx, args).await,
        Command::Reverse(args) => reverse(ctx, args).await,
        Command::Show { id } => show(ctx, id).await,
        Command::List(args) => list(ctx, args).await,
    }
}

async fn confirm(ctx: &Context, args: ConfirmArgs) -> Result<(), Failure> {
    let beneficiary = ctx.address(&args.beneficiary).await?;
    // The id follows from the custodian and its reference: known before anything is sent.
    let custodian = ctx.own_address(By::Role(Role::Custodian)).await?;
    let id = deposit_id(&custodian, &args.bank_ref);
    ctx.out.progress(&format!("deposit {id}"));
    let (amount, bank_ref) = (args.amount, args.bank_ref);
    let shown = ctx.shown(&beneficiary).await?;
    let what = format!("Confirm a deposit of {} dollars for {shown}", dollars(amount));
    let op = Op::DepositConfirm(DepositConfirm { bank_ref, amount, beneficiary });
    let request = Request::new(op, what).with("deposit_id", id.to_string());
    send(ctx, request, &args.send).await
}

async fn reverse(ctx: &Context, args: ReverseArgs) -> Result<(), Failure> {
    let (deposit, document) = (args.id, args.document);
    let op = Op::DepositReverse(DepositReverse { deposit, document });
    send(ctx, Request::new(op, format!("Reverse the deposit {deposit}")), &args.send).await
}

async fn show(ctx: &Context, id: Hash) -> Result<(), Failure> {
    let request = v1::GetDepositRequest { deposit_id: id.to_string() };
    let answer = ctx.client().await?.get_deposit(request).await?;
    let record = answer.deposit.unwrap_or_default();
    let deposit = record.deposit.clone().unwrap_or_default();
    let rows = [
        ("deposit", record.deposit_id.clone()),
        ("bank reference", view::harmless(&deposit.bank_ref)),
        ("amount", dollars(deposit.amount_micros)),
        ("beneficiary", deposit.beneficiary.clone()),
        ("custodian", deposit.custodian.clone()),
        ("confirmed", time(deposit.confirmed_at_ms)),
        ("final", time(deposit.final_at_ms)),
        ("minted", dollars(deposit.minted_micros)),
        ("can be minted now", dollars(record.mintable_micros)),
        ("status", status(&record, answer.block_time_ms).to_owned()),
    ];
    ctx.out.answer(message::json("DepositRecord", &record), &fields(&rows));
    Ok(())
}

fn status(record: &v1::DepositRecord, now: u64) -> &'static str {
    let deposit = record.deposit.clone().unwrap_or_default();
    if deposit.reversed {
        "reversed"
    } else if deposit.minted_micros >= deposit.amount_micros {
        "minted"
    } else if now < deposit.final_at_ms {
        "not final yet"
    } else {
        "can be minted"
    }
}

async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let mut shown = [String::new(), String::new()];
    for (shown, given) in shown.iter_mut().zip([&args.beneficiary, &args.custodian]) {
        if let Some(text) = given {
            *shown = ctx.shown(&ctx.address(text).await?).await?;
        }
    }
    let [beneficiary, custodian] = shown;
    let request = v1::ListDepositsRequest {
        beneficiary,
        custodian,
        open_only: args.open,
        page_size: 1_000,
        page_token: String::new(),
    };
    let now = ctx.client().await?.chain_info().await?.time_ms;
    let records = pages!(ctx, list_deposits, request, deposits, args.limit);
    let row = |record: &v1::DepositRecord| {
        let deposit = record.deposit.clone().unwrap_or_default();
        vec![
            time(deposit.confirmed_at_ms),
            dollars(deposit.amount_micros),
            dollars(deposit.minted_micros),
            status(record, now).to_owned(),
            view::harmless(&deposit.bank_ref),
            deposit.beneficiary,
            record.deposit_id.clone(),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<_> = records.iter().map(|r| message::json("DepositRecord", r)).collect();
    let heading =
        ["confirmed", "amount", "minted", "status", "bank reference", "beneficiary", "deposit"];
    let text = match rows.is_empty() {
        true => "there are no such deposits".to_owned(),
        false => table(&heading, &rows),
    };
    ctx.out.answer(json!({ "deposits": json }), &text);
    Ok(())
}
