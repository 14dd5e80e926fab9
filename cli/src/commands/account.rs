//! Accounts: what they hold, what moved, and opening them.

use ballast_client::{Client, Error};
use ballast_primitives::{Address, KeyPolicy, PublicKey};
use ballast_proto::v1;
use ballast_runtime::Op;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::object::Role;
use ballast_runtime::ops::register_account::RegisterAccount;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::public_key;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{fields, table, time};
use crate::send::{Request, SendArgs, now_ms, send};
use crate::view;

const PAGE_MAX: u32 = 500;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast balance
  ballast balance dev:1 --json | jq -r .balance")]
pub struct OfAccount {
    /// An address, or dev:N on a dev network [default: who would sign]
    #[arg(value_name = "ADDR")]
    address: Option<String>,
}

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  ballast account dev:1
  ballast account register --key HEX --class 0 --days 365 --wait"
)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: Option<AccountCommand>,
    #[command(flatten)]
    of: OfAccount,
}

#[derive(Subcommand, Debug)]
enum AccountCommand {
    /// Open an account (signed by a registrar)
    Register(RegisterArgs),
}

#[derive(Args, Debug)]
struct RegisterArgs {
    /// Public key, hex; several for an account that needs --threshold of them
    #[arg(long = "key", value_name = "HEX", required = true, value_parser = public_key)]
    keys: Vec<PublicKey>,
    /// How many of the keys must sign [default: the only one]
    #[arg(long, value_name = "K")]
    threshold: Option<u8>,
    /// Account class; decides the quota (on a dev network 0 retail, 1 institution, 2 operator)
    #[arg(long, value_name = "N")]
    class: u8,
    /// How long the registration is live
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    days: u64,
    /// Institution that the holder belongs to
    #[arg(long, value_name = "N", default_value_t = 0)]
    institution: u32,
    /// Payments to it need a memo
    #[arg(long)]
    memo_required: bool,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast history
  ballast history dev:1 --limit 10")]
pub struct HistoryArgs {
    #[command(flatten)]
    of: OfAccount,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

pub async fn balance(ctx: &Context, args: OfAccount) -> Result<(), Failure> {
    let answer = fetch(ctx, args.address.as_deref()).await?;
    let account = answer.account.unwrap_or_default();
    let data = json!({
        "address": account.address,
        "balance": view::dollars(account.balance_micros),
        "balance_micros": account.balance_micros,
        "available": view::dollars(account.available_micros),
        "available_micros": account.available_micros,
        "height": answer.height,
    });
    let mut text = view::dollars(account.balance_micros);
    if account.available_micros != account.balance_micros {
        text = format!("{text} (available {})", view::dollars(account.available_micros));
    }
    ctx.out.answer(data, &text);
    Ok(())
}

pub async fn run(ctx: &Context, args: AccountArgs) -> Result<(), Failure> {
    match args.command {
        Some(AccountCommand::Register(args)) => register(ctx, args).await,
        None => show(ctx, args.of).await,
    }
}

async fn show(ctx: &Context, args: OfAccount) -> Result<(), Failure> {
    let answer = fetch(ctx, args.address.as_deref()).await?;
    let account = answer.account.unwrap_or_default();
    let mut data = view::account(&account);
    if let Value::Object(data) = &mut data {
        data.insert("height".to_owned(), json!(answer.height));
        data.insert("roles".to_owned(), answer.roles.iter().map(super::role::json_of).collect());
        data.insert("minter".to_owned(), answer.minter.as_ref().map_or(Value::Null, minter));
    }
    let mut rows = view::account_rows(&account, answer.block_time_ms);
    rows.extend(answer.roles.iter().map(|grant| ("role", super::role::text_of(grant))));
    if let Some(minter) = &answer.minter {
        rows.push(("may mint", view::dollars(minter.allowance_micros)));
        rows.push(("at once", view::dollars(minter.per_tx_micros)));
    }
    rows.push(("as of height", answer.height.to_string()));
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}

fn minter(minter: &v1::Minter) -> Value {
    json!({
        "allowance": view::dollars(minter.allowance_micros),
        "allowance_micros": minter.allowance_micros,
        "per_tx": view::dollars(minter.per_tx_micros),
        "per_tx_micros": minter.per_tx_micros,
        "suspended": minter.suspended,
    })
}

async fn fetch(ctx: &Context, address: Option<&str>) -> Result<v1::GetAccountResponse, Failure> {
    let address = ctx.address_or_own(address).await?;
    let network = ctx.chain().await?.network;
    let named = |error: Error| name_account(error, &address.display(network));
    ctx.client().await?.account(&address).await.map_err(named)
}

/// Says which account it was that is not registered.
fn name_account(error: Error, address: &str) -> Failure {
    let failure = Failure::from(error);
    if failure.reason != "ACCOUNT_NOT_FOUND" {
        return failure;
    }
    Failure { message: format!("no account is registered at {address}"), ..failure }
        .next("a registrar opens it with `ballast account register --key HEX --class N`")
}

pub async fn history(ctx: &Context, args: HistoryArgs) -> Result<(), Failure> {
    let address = ctx.address_or_own(args.of.address.as_deref()).await?;
    let shown = address.display(ctx.chain().await?.network);
    let transfers = fetch_history(ctx.client().await?, &address, args.limit)
        .await
        .map_err(|error| name_account(error, &shown))?;
    let data = json!({
        "address": shown,
        "transfers": transfers.iter().map(transfer_json).collect::<Vec<_>>(),
    });
    let rows: Vec<_> = transfers.iter().map(|transfer| transfer_row(transfer, &shown)).collect();
    let text = match rows.is_empty() {
        true => format!("nothing has moved yet at {shown}"),
        false => table(&["time", "change", "with", "ref", "transaction"], &rows),
    };
    ctx.out.answer(data, &text);
    Ok(())
}

async fn fetch_history(
    client: &Client,
    address: &Address,
    limit: u32,
) -> Result<Vec<v1::TransferRecord>, Error> {
    let limit = limit as usize;
    let (mut transfers, mut token) = (Vec::new(), String::new());
    loop {
        let left = limit.saturating_sub(transfers.len());
        let size = u32::try_from(left).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let page = client.transfers(address, size, &token).await?;
        transfers.extend(page.transfers);
        token = page.next_page_token;
        if token.is_empty() || transfers.len() >= limit {
            transfers.truncate(limit);
            return Ok(transfers);
        }
    }
}

fn transfer_json(transfer: &v1::TransferRecord) -> Value {
    json!({
        "kind": view::transfer_kind(transfer.kind),
        "from": Some(&transfer.from).filter(|from| !from.is_empty()),
        "to": Some(&transfer.to).filter(|to| !to.is_empty()),
        "amount": view::dollars(transfer.amount_micros),
        "amount_micros": transfer.amount_micros,
        "memo": transfer.memo.as_ref().map(|memo| view::memo_text(memo)),
        "tx_id": transfer.tx_id,
        "height": transfer.height,
        "tx_index": transfer.tx_index,
        "event_index": transfer.event_index,
        "block_time_ms": transfer.block_time_ms,
    })
}

fn transfer_row(transfer: &v1::TransferRecord, own: &str) -> Vec<String> {
    let goes_out = transfer.from == own;
    let other = if goes_out { &transfer.to } else { &transfer.from };
    let with = if other.is_empty() { view::transfer_kind(transfer.kind) } else { other.clone() };
    let sign = if goes_out { '-' } else { '+' };
    vec![
        time(transfer.block_time_ms),
        format!("{sign}{}", view::dollars(transfer.amount_micros)),
        with,
        transfer.memo.as_ref().map(|memo| view::memo_text(memo)).unwrap_or_default(),
        transfer.tx_id.clone(),
    ]
}

async fn register(ctx: &Context, args: RegisterArgs) -> Result<(), Failure> {
    let policy = policy_of(args.keys, args.threshold)?;
    let address = Address::of(&policy).display(ctx.chain().await?.network);
    let registration = RegisterAccount {
        policy,
        kyc_class: args.class,
        kyc_until: now_ms().saturating_add(args.days.saturating_mul(DAY_MS)),
        institution: args.institution,
        memo_required: args.memo_required,
    };
    let until = time(registration.kyc_until);
    ctx.out.progress(&format!("account {address}, registered until {until}"));
    let request = Request {
        op: Op::RegisterAccount(registration),
        memo: None,
        role: Some(Role::Registrar),
        what: &format!("Register the account {address}"),
        data: json!({ "address": address }),
    };
    send(ctx, request, &args.send).await
}

fn policy_of(keys: Vec<PublicKey>, threshold: Option<u8>) -> Result<KeyPolicy, Failure> {
    match (keys.as_slice(), threshold) {
        ([key], None) => {
            let policy = KeyPolicy::Single(*key);
            policy.check().map_err(Failure::usage)?;
            Ok(policy)
        }
        (_, None) => Err(Failure::usage("several keys need --threshold K")),
        (_, Some(k)) => KeyPolicy::threshold(k, keys).map_err(Failure::usage),
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::SecretKey;

    use super::*;

    #[test]
    fn several_keys_need_a_threshold() {
        let keys: Vec<_> =
            (0..3).map(|n| SecretKey::dev("policy", &n.to_string()).public()).collect();
        assert!(policy_of(keys.clone(), None).is_err());
        assert!(policy_of(keys.clone(), Some(4)).is_err());
        assert_eq!(policy_of(keys.clone(), Some(2)).unwrap().required(), 2);
        let single = policy_of(vec![keys[0]], None).unwrap();
        assert_eq!(single, KeyPolicy::Single(keys[0]));
    }
}
