//! Institutions: whose customers an account's holder is, and their word on travel data.

use std::path::PathBuf;

use ballast_client::statements::Payment;
use ballast_primitives::{Hash, PublicKey, Signature};
use ballast_proto::v1;
use ballast_runtime::Op;
use ballast_runtime::authorisation::TravelData;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::set_institution::SetInstitution;
use ballast_runtime::tx::Witness;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{amount, digest, moment, public_key};
use crate::commands::auth::fresh_nonce;
use crate::commands::pages;
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::offline::write_message;
use crate::output::table;
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast institution set 7 --name 'Example Bank' --key HEX --wait
  ballast institution list
  ballast institution travel --payer ADDR --to ADDR --amount 25000 --data @travel.json \\
      --out signed.json --from example-bank
  ballast pay ADDR 25000 --travel signed.json --wait")]
pub enum Command {
    /// Name an institution, or change it (signed by a registrar)
    Set(SetArgs),
    /// All institutions
    List,
    /// Sign that the travel data of one payment has arrived (by the beneficiary's institution)
    Travel(TravelArgs),
}

#[derive(Args, Debug)]
pub struct SetArgs {
    /// Its number, not 0
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    institution: u32,
    /// 1 to 64 bytes
    #[arg(long)]
    name: String,
    /// Signs travel data for payments to its customers, hex
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    key: PublicKey,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct TravelArgs {
    #[arg(long, value_name = "ADDR")]
    payer: String,
    /// The beneficiary
    #[arg(long = "to", value_name = "ADDR")]
    payee: String,
    #[arg(long, value_parser = amount)]
    amount: u64,
    /// Digest of the data that the institutions exchanged, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    data: Hash,
    /// Usable until: 2026-10-01T00:00:00Z, or +1d from now
    #[arg(long, value_name = "TIME", value_parser = moment, default_value = "+1d")]
    until: u64,
    /// Write the signed data there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Set(args) => {
            let SetArgs { institution, name, key, send: args } = args;
            let what = format!("Name institution {institution} \"{}\"", view::harmless(&name));
            let op = Op::SetInstitution(SetInstitution { institution, name, key });
            send(ctx, Request::new(op, what), &args).await
        }
        Command::List => list(ctx).await,
        Command::Travel(args) => travel(ctx, args).await,
    }
}

async fn list(ctx: &Context) -> Result<(), Failure> {
    let request = v1::ListInstitutionsRequest { page_size: 1_000, ..Default::default() };
    let mut records = pages!(ctx, list_institutions, request, institutions, usize::MAX);
    records.sort_unstable_by_key(|record| record.number);
    let row = |record: &v1::InstitutionRecord| {
        let known = record.institution.clone().unwrap_or_default();
        vec![record.number.to_string(), view::harmless(&known.name), known.public_key]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<_> = records.iter().map(|r| message::json("InstitutionRecord", r)).collect();
    let text = match rows.is_empty() {
        true => "there are no institutions".to_owned(),
        false => table(&["number", "name", "key"], &rows),
    };
    ctx.out.answer(json!({ "institutions": json }), &text);
    Ok(())
}

async fn travel(ctx: &Context, args: TravelArgs) -> Result<(), Failure> {
    let (payer, payee) = (ctx.address(&args.payer).await?, ctx.address(&args.payee).await?);
    let signer = ctx.signer(By::Anyone).await?;
    let what = format!(
        "Sign that the travel data of {} dollars from {} to {} has arrived",
        dollars(args.amount),
        ctx.shown(&payer).await?,
        ctx.shown(&payee).await?
    );
    ctx.confirm(&format!("{what} as {}", signer.name)).await?;
    let keys = signer.keys();
    let key = keys.first().ok_or_else(|| Failure::usage("there is no key to sign with"))?;
    let unsigned = Witness { key: key.public(), signature: Signature([0; 64]) };
    let (data, nonce, expires) = (args.data, fresh_nonce()?, args.until);
    let data = TravelData { data, nonce, expires, witness: unsigned };
    let payment = Payment { payer, payee, amount: args.amount };
    let signed = payment.sign(&ctx.chain().await?, data, key);
    let shown: v1::TravelData = ctx.client().await?.wire().await?.show(&signed);
    write_message(&args.out, "TravelData", &shown)?;
    let file = args.out.display().to_string();
    let text = format!("signed: {file}\nthe payer adds --travel {file} to its payment");
    let data = view::with(message::json("TravelData", &shown), [("file", json!(file))]);
    ctx.out.answer(data, &text);
    Ok(())
}
