//! Accounts: what they hold, what moved, and opening them.

use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey};
use ballast_proto::v1;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::recover_key::RecoverKey;
use ballast_runtime::ops::register_account::RegisterAccount;
use ballast_runtime::ops::rotate_key::RotateKey;
use ballast_runtime::ops::set_kyc::SetKyc;
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{digest, public_key};
use crate::commands::council::{CouncilArgs, act};
use crate::commands::{OLDER_ELSEWHERE, is_end_of_held};
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
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
  ballast account register --key HEX --class 0 --days 365 --wait
  ballast account kyc ADDR --days 365 --wait
  ballast account rotate-key --key HEX --from alice --wait
  ballast account recover ADDR --key HEX --document @proof.pdf     # by the council"
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
    /// Renew, change or end a registration (signed by a registrar)
    Kyc(KycArgs),
    /// Replace your own keys; the address stays
    RotateKey(RotateArgs),
    /// Give an account whose keys are lost new ones (council, class C)
    Recover(RecoverArgs),
}

/// One key, or several of which some must sign.
#[derive(Args, Debug)]
struct Keys {
    /// Public key, hex; several for an account that needs --threshold of them
    #[arg(long = "key", value_name = "HEX", required = true, value_parser = public_key)]
    keys: Vec<PublicKey>,
    /// How many of the keys must sign [default: the only one]
    #[arg(long, value_name = "K")]
    threshold: Option<u8>,
}

#[derive(Args, Debug)]
struct KycArgs {
    #[arg(value_name = "ADDR")]
    account: String,
    /// Account class [default: as it is]
    #[arg(long, value_name = "N")]
    class: Option<u8>,
    /// How long the registration is live from now on; 0 ends it [default: as it is]
    #[arg(long, value_name = "DAYS")]
    days: Option<u64>,
    /// Institution that the holder belongs to, 0 for none [default: as it is]
    #[arg(long, value_name = "N")]
    institution: Option<u32>,
    /// Whether payments to it need a memo [default: as it is]
    #[arg(long, value_name = "BOOL")]
    memo_required: Option<bool>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
struct RotateArgs {
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
struct RecoverArgs {
    #[arg(value_name = "ADDR")]
    account: String,
    #[command(flatten)]
    keys: Keys,
    /// Digest of the proof of ownership, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
struct RegisterArgs {
    #[command(flatten)]
    keys: Keys,
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
        Some(AccountCommand::Kyc(args)) => kyc(ctx, args).await,
        Some(AccountCommand::RotateKey(args)) => rotate(ctx, args).await,
        Some(AccountCommand::Recover(args)) => recover(ctx, args).await,
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
        data.insert(
            "minter".to_owned(),
            answer.minter.as_ref().map_or(Value::Null, |minter| message::json("Minter", minter)),
        );
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

async fn fetch(ctx: &Context, address: Option<&str>) -> Result<v1::GetAccountResponse, Failure> {
    let address = ctx.address_or_own(address).await?;
    let network = ctx.chain().await?.network;
    let named = |error: ballast_client::Error| name_account(error, &address.display(network));
    ctx.client().await?.account(&address).await.map_err(named)
}

/// Says which account it was that is not registered.
fn name_account(error: impl Into<Failure>, address: &str) -> Failure {
    let failure = error.into();
    if failure.reason != "ACCOUNT_NOT_FOUND" {
        return failure;
    }
    Failure { message: format!("no account is registered at {address}"), ..failure }
        .next("a registrar opens it with `ballast account register --key HEX --class N`")
}

pub async fn history(ctx: &Context, args: HistoryArgs) -> Result<(), Failure> {
    let address = ctx.address_or_own(args.of.address.as_deref()).await?;
    let shown = address.display(ctx.chain().await?.network);
    let transfers = fetch_history(ctx, &address, args.limit)
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
    ctx: &Context,
    address: &Address,
    limit: u32,
) -> Result<Vec<v1::TransferRecord>, Failure> {
    let client = ctx.client().await?;
    let limit = limit as usize;
    let (mut transfers, mut token) = (Vec::new(), String::new());
    loop {
        let left = limit.saturating_sub(transfers.len());
        let size = u32::try_from(left).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let page = match client.transfers(address, size, &token).await {
            Err(error) if is_end_of_held(&error, &token) => {
                ctx.out.notice(OLDER_ELSEWHERE);
                return Ok(transfers);
            }
            answer => answer?,
        };
        transfers.extend(page.transfers);
        token = page.next_page_token;
        if token.is_empty() || transfers.len() >= limit {
            transfers.truncate(limit);
            return Ok(transfers);
        }
    }
}

fn transfer_json(transfer: &v1::TransferRecord) -> Value {
    let party = |address: &String| json!(Some(address).filter(|address| !address.is_empty()));
    let parties = [("from", party(&transfer.from)), ("to", party(&transfer.to))];
    view::with(message::json("TransferRecord", transfer), parties)
}

fn transfer_row(transfer: &v1::TransferRecord, own: &str) -> Vec<String> {
    let goes_out = transfer.from == own;
    let other = if goes_out { &transfer.to } else { &transfer.from };
    let kind = message::name_of("TransferKind", transfer.kind);
    let with = match (kind.as_str(), other.is_empty()) {
        ("TRANSFER", _) => other.clone(),
        (_, true) => kind,
        (_, false) => format!("{kind} {other}"),
    };
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
    let policy = args.keys.policy()?;
    let address = ctx.shown(&Address::of(&policy)).await?;
    let registration = RegisterAccount {
        policy,
        kyc_class: args.class,
        kyc_until: now_ms().saturating_add(args.days.saturating_mul(DAY_MS)),
        institution: args.institution,
        memo_required: args.memo_required,
    };
    let what = format!("Register {address} until {}", time(registration.kyc_until));
    let request = Request::new(Op::RegisterAccount(registration), what).with("address", address);
    send(ctx, request, &args.send).await
}

async fn kyc(ctx: &Context, args: KycArgs) -> Result<(), Failure> {
    let account = ctx.address(&args.account).await?;
    let known = fetch(ctx, Some(&args.account)).await?.account.unwrap_or_default();
    let class = u8::try_from(known.kyc_class).unwrap_or(u8::MAX);
    let until = |days: u64| now_ms().saturating_add(days.saturating_mul(DAY_MS));
    let kyc = SetKyc {
        account,
        kyc_class: args.class.unwrap_or(class),
        kyc_until: args.days.map_or(known.kyc_until_ms, until),
        institution: args.institution.unwrap_or(known.institution),
        memo_required: args.memo_required.unwrap_or(known.memo_required),
    };
    let what = format!(
        "Register {} as class {} until {}",
        ctx.shown(&account).await?,
        kyc.kyc_class,
        time(kyc.kyc_until)
    );
    send(ctx, Request::new(Op::SetKyc(kyc), what), &args.send).await
}

async fn rotate(ctx: &Context, args: RotateArgs) -> Result<(), Failure> {
    let policy = args.keys.policy()?;
    let address = ctx.shown(&ctx.own_address(By::Anyone).await?).await?;
    let what = format!("Replace the keys of {address}");
    let request = Request::new(Op::RotateKey(RotateKey { policy }), what).with("address", address);
    send(ctx, request, &args.send).await
}

async fn recover(ctx: &Context, args: RecoverArgs) -> Result<(), Failure> {
    let account = ctx.address(&args.account).await?;
    let (policy, document) = (args.keys.policy()?, args.document);
    let op = CouncilOp::RecoverKey(RecoverKey { account, policy, document });
    act(ctx, vec![op], &args.council).await
}

impl Keys {
    fn policy(self) -> Result<KeyPolicy, Failure> {
        policy_of(self.keys, self.threshold)
    }
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
