//! The supply, minting and burning.

use ballast_primitives::Hash;
use ballast_runtime::Op;
use ballast_runtime::object::Role;
use ballast_runtime::ops::burn::Burn;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::set_minter_allowance::SetMinterAllowance;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{amount, hash};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::fields;
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast supply show
  ballast deposit confirm --bank-ref WIRE-1 --amount 1000 --to dev:1 --wait
  ballast supply mint 1000 --deposit DEPOSIT_ID --wait
  ballast supply burn 10 --wait
  ballast supply allowance dev:minter 5000000 --wait")]
pub enum Command {
    /// The supply and what it is made of
    Show,
    /// Mint against a confirmed deposit, to its beneficiary (signed by a minter)
    Mint(MintArgs),
    /// Burn from the minter's own balance (signed by a minter)
    Burn(BurnArgs),
    /// Set what a minter may still mint (signed by a mint controller)
    Allowance(AllowanceArgs),
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
pub struct AllowanceArgs {
    /// The minter's address, or dev:minter
    minter: String,
    /// Dollars it may mint from now on
    #[arg(value_parser = amount)]
    new: u64,
    /// The allowance it has now; refused on chain when that has changed meanwhile
    /// [default: what the chain says]
    #[arg(long, value_parser = amount)]
    expected: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(ctx).await,
        Command::Mint(args) => mint(ctx, args).await,
        Command::Burn(args) => burn(ctx, args).await,
        Command::Allowance(args) => allowance(ctx, args).await,
    }
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.supply().await?;
    let supply = answer.supply.unwrap_or_default();
    let mut data = view::supply(&supply);
    if let Value::Object(data) = &mut data {
        data.insert("height".to_owned(), json!(answer.height));
        data.insert("block_time_ms".to_owned(), json!(answer.block_time_ms));
    }
    let mut rows = view::supply_rows(&supply);
    rows.push(("as of height", answer.height.to_string()));
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}

async fn mint(ctx: &Context, args: MintArgs) -> Result<(), Failure> {
    let (deposit, amount) = (args.deposit, args.amount);
    let request = Request {
        op: Op::Mint(Mint { deposit, amount }),
        memo: None,
        role: Some(Role::Minter),
        what: &format!("Mint {} dollars against deposit {deposit}", dollars(amount)),
        data: json!({
            "deposit_id": deposit.to_string(),
            "amount": dollars(amount), "amount_micros": amount,
        }),
    };
    send(ctx, request, &args.send).await
}

async fn burn(ctx: &Context, args: BurnArgs) -> Result<(), Failure> {
    let amount = args.amount;
    let request = Request {
        op: Op::Burn(Burn { amount }),
        memo: None,
        role: Some(Role::Minter),
        what: &format!("Burn {} dollars", dollars(amount)),
        data: json!({ "amount": dollars(amount), "amount_micros": amount }),
    };
    send(ctx, request, &args.send).await
}

async fn allowance(ctx: &Context, args: AllowanceArgs) -> Result<(), Failure> {
    let minter = ctx.address(&args.minter).await?;
    let expected = match args.expected {
        Some(expected) => expected,
        None => {
            let account = ctx.client().await?.account(&minter).await?;
            let not_minter = || {
                Failure::new(Exit::Refused, "ROLE_NOT_HELD", "this account never was a minter")
                    .next("the council grants the role: `ballast role grant minter ADDR`")
            };
            account.minter.ok_or_else(not_minter)?.allowance_micros
        }
    };
    let (new, shown) = (args.new, minter.display(ctx.chain().await?.network));
    let (before, after) = (dollars(expected), dollars(new));
    let request = Request {
        op: Op::SetMinterAllowance(SetMinterAllowance { minter, expected, new }),
        memo: None,
        role: Some(Role::MintController),
        what: &format!("Set the allowance of {shown} from {before} to {after} dollars"),
        data: json!({ "minter": shown, "expected": before, "new": after }),
    };
    send(ctx, request, &args.send).await
}
