//! Redemptions: dollars on the chain for dollars at the bank.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::object::{RedemptionStatus, Terms};
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::redeem_accept::RedeemAccept;
use ballast_runtime::ops::redeem_cancel::RedeemCancel;
use ballast_runtime::ops::redeem_expire::RedeemExpire;
use ballast_runtime::ops::redeem_reject::RedeemReject;
use ballast_runtime::ops::redeem_request::{RedeemRequest, redemption_id};
use ballast_runtime::ops::redeem_settle::RedeemSettle;
use ballast_runtime::redemption::fee;
use ballast_runtime::{Op, TxBody};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{amount, digest, hash};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::{fields, table, time};
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast redeem request 1000 --beneficiary @bank-details.txt --from dev:1 --wait
  ballast redeem list --open
  ballast redeem accept ID --wait          # a redeemer: the bank pays
  ballast payout confirm ID --bank-ref WIRE-OUT-1 --wait
  ballast redeem settle ID --wait          # a redeemer: the net amount is burned
  ballast redeem cancel ID --from dev:1 --wait")]
pub enum Command {
    /// Ask for dollars at your bank; the amount goes into escrow
    Request(RequestArgs),
    /// Accept a redemption: the bank pays (signed by a redeemer)
    Accept(OfRedemption),
    /// Close a redemption that was paid (signed by a redeemer)
    Settle(OfRedemption),
    /// Reject a redemption that is not accepted; its owner is refunded (signed by a redeemer)
    Reject(RejectArgs),
    /// Take back your redemption while it is not accepted
    Cancel(OfRedemption),
    /// Close a redemption that nobody accepted in time; its owner is refunded (anyone may)
    Expire(OfRedemption),
    /// A redemption with its payout
    Show {
        #[arg(value_parser = hash)]
        id: Hash,
    },
    /// Redemptions, newest first
    List(ListArgs),
}

#[derive(Args, Debug)]
pub struct RequestArgs {
    /// Dollars to redeem, the fee included
    #[arg(value_parser = amount)]
    amount: u64,
    /// Digest of the bank details that the issuer has, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    beneficiary: Hash,
    /// The most fee to accept [default: what the terms say now]
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    fee_max: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct OfRedemption {
    /// Id of the redemption
    #[arg(value_parser = hash)]
    id: Hash,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct RejectArgs {
    /// Id of the redemption
    #[arg(value_parser = hash)]
    id: Hash,
    /// Digest of the reason, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those that are requested or being paid
    #[arg(long)]
    open: bool,
    /// Only of this owner
    #[arg(long, value_name = "ADDR")]
    owner: Option<String>,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    let (op, what, args) = match command {
        Command::Request(args) => return request(ctx, args).await,
        Command::Show { id } => return show(ctx, id).await,
        Command::List(args) => return list(ctx, args).await,
        Command::Accept(args) => {
            (Op::RedeemAccept(RedeemAccept { redemption: args.id }), "Accept", args)
        }
        Command::Settle(args) => {
            (Op::RedeemSettle(RedeemSettle { redemption: args.id }), "Settle", args)
        }
        Command::Cancel(args) => {
            (Op::RedeemCancel(RedeemCancel { redemption: args.id }), "Cancel", args)
        }
        Command::Expire(args) => {
            (Op::RedeemExpire(RedeemExpire { redemption: args.id }), "Expire", args)
        }
        Command::Reject(RejectArgs { id, document, send }) => (
            Op::RedeemReject(RedeemReject { redemption: id, document }),
            "Reject",
            OfRedemption { id, send },
        ),
    };
    send(ctx, Request::new(op, format!("{what} the redemption {}", args.id)), &args.send).await
}

async fn request(ctx: &Context, args: RequestArgs) -> Result<(), Failure> {
    let client = ctx.client().await?;
    let answer = client.get_terms(v1::GetTermsRequest {}).await?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    let terms: Terms = client.wire().await?.read("terms", &answer.terms).map_err(bad)?;
    let fee = fee(&terms, args.amount);
    let fee_max = args.fee_max.unwrap_or(fee);
    let owner = ctx.shown(&ctx.own_address(By::Anyone).await?).await?;
    let what = format!(
        "Redeem {} dollars of {owner} for a fee of {} under terms version {}",
        dollars(args.amount),
        dollars(fee),
        terms.version
    );
    let (amount, beneficiary) = (args.amount, args.beneficiary);
    let op = Op::RedeemRequest(RedeemRequest { amount, fee_max, beneficiary });
    let id = |body: &TxBody| redemption_id(&body.sender, body.nonce, 0);
    send(ctx, Request::new(op, what).with_id("redemption_id", id), &args.send).await
}

/// A redemption, and its record.
pub async fn fetch(
    ctx: &Context,
    id: Hash,
) -> Result<(v1::Redemption, v1::RedemptionRecord), Failure> {
    let request = v1::GetRedemptionRequest { redemption_id: id.to_string() };
    let answer = ctx.client().await?.get_redemption(request).await?;
    let record = answer.redemption.unwrap_or_default();
    Ok((record.redemption.clone().unwrap_or_default(), record))
}

fn status(record: &v1::RedemptionRecord) -> String {
    let status = record.redemption.as_ref().map_or(0, |redemption| redemption.status);
    let name = message::name_of("RedemptionStatus", status);
    if record.overdue { format!("{name}, overdue") } else { name }
}

async fn show(ctx: &Context, id: Hash) -> Result<(), Failure> {
    let (redemption, record) = fetch(ctx, id).await?;
    let mut rows = vec![
        ("redemption", record.redemption_id.clone()),
        ("status", status(&record)),
        ("owner", redemption.owner.clone()),
        ("gross", dollars(redemption.gross_micros)),
        ("fee", dollars(redemption.fee_micros)),
        ("net", dollars(redemption.net_micros)),
        ("bank details", redemption.beneficiary.clone()),
        ("terms", format!("version {}", redemption.terms)),
        ("requested", time(redemption.requested_at_ms)),
        ("due", time(redemption.due_at_ms)),
    ];
    if let Some(payout) = &record.payout {
        let failed = if payout.failed { ", failed" } else { "" };
        let reference = view::harmless(&payout.bank_ref);
        rows.push(("paid", format!("{}, {reference}{failed}", dollars(payout.net_micros))));
        rows.push(("paid by", payout.custodian.clone()));
    }
    ctx.out.answer(message::json("RedemptionRecord", &record), &fields(&rows));
    Ok(())
}

async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let wire = ctx.client().await?.wire().await?;
    let open = vec![RedemptionStatus::Requested, RedemptionStatus::Processing];
    let owner = match &args.owner {
        Some(text) => ctx.shown(&ctx.address(text).await?).await?,
        None => String::new(),
    };
    let request = v1::ListRedemptionsRequest {
        owner,
        statuses: if args.open { wire.show(&open) } else { Vec::new() },
        page_size: 1_000,
        page_token: String::new(),
    };
    let records = pages!(ctx, list_redemptions, request, redemptions, args.limit);
    let row = |record: &v1::RedemptionRecord| {
        let redemption = record.redemption.clone().unwrap_or_default();
        vec![
            time(redemption.requested_at_ms),
            dollars(redemption.gross_micros),
            dollars(redemption.net_micros),
            status(record),
            time(redemption.due_at_ms),
            redemption.owner,
            record.redemption_id.clone(),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<_> = records.iter().map(|r| message::json("RedemptionRecord", r)).collect();
    let heading = ["requested", "gross", "net", "status", "due", "owner", "redemption"];
    let text = match rows.is_empty() {
        true => "there are no such redemptions".to_owned(),
        false => table(&heading, &rows),
    };
    ctx.out.answer(json!({ "redemptions": json }), &text);
    Ok(())
}
