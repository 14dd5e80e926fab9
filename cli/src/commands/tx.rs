//! Transactions: built, signed by several, combined, sent, waited for, shown, read, tried.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ballast_client::statements::Statement;
use ballast_primitives::{Hash, Network};
use ballast_proto::{Wire, v1};
use ballast_runtime::limits::HOUR_MS;
use ballast_runtime::op::Signer as By;
use ballast_runtime::tx::TX_BYTES_MAX;
use ballast_runtime::{Code, Op, SignedTx, TxBody, VerifiedTx};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::hash;
use crate::commands::council::{finish_signing, sign_draft};
use crate::commands::pay::memo;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::fate::{self, Awaited};
use crate::offline::{Draft, malformed, read_value};
use crate::output::{fields, time};
use crate::send::SendArgs;
use crate::view::dollars;
use crate::{message, send, sent, view};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast pay dev:1 5 --out payment.tx
  ballast tx decode payment.tx
  ballast tx submit payment.tx --wait
  ballast tx wait ID --valid-until MS
  ballast tx show ID --json
  ballast tx simulate payment.json

An account with several keys:
  ballast pay dev:1 5 --sender ADDR --build payment.json
  ballast tx sign payment.json --with alice --out alice.json    # offline
  ballast tx sign payment.json --with bob --out bob.json        # offline, elsewhere
  ballast tx combine alice.json bob.json --out signed.json
  ballast tx submit signed.json --wait")]
pub enum Command {
    /// Write a transaction of several operations, from a file that lists them, for `tx sign`
    Build(BuildArgs),
    /// Show what a built transaction does, and sign it, offline
    Sign(SignArgs),
    /// Gather the signatures of several copies, offline
    Combine(CombineArgs),
    /// What a transaction, signed or not, would do if it were sent now
    Simulate {
        /// A built or signed transaction
        file: PathBuf,
    },
    /// Send a signed transaction; sending it again is safe, it executes once
    Submit(SubmitArgs),
    /// Wait for what becomes of a transaction
    Wait(WaitArgs),
    /// A transaction, its state and its receipt
    Show {
        #[arg(value_parser = hash)]
        id: Hash,
    },
    /// Read a signed transaction and check its signatures, offline
    Decode(DecodeArgs),
}

#[derive(Args, Debug)]
pub struct BuildArgs {
    /// A JSON list of operations, each as `tx decode --json` shows it
    operations: PathBuf,
    /// Reference for the recipients, at most 32 bytes
    #[arg(long = "ref", value_name = "MEMO")]
    memo: Option<String>,
    /// A new file for the transaction
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// It can commit only within this time
    #[arg(long, value_name = "SECONDS", default_value_t = HOUR_MS / 1000)]
    valid_for: u64,
    /// Any unused nonce of the account's window [default: the next one]
    #[arg(long)]
    nonce: Option<u64>,
}

#[derive(Args, Debug)]
pub struct SignArgs {
    /// A transaction that --build or `tx build` wrote
    file: PathBuf,
    /// Names of the keys that sign, by comma
    #[arg(long, value_name = "NAME", value_delimiter = ',', required = true)]
    with: Vec<String>,
    /// A new file for the signed copy [default: the file itself]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct CombineArgs {
    /// Copies of one transaction, signed by different keys
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A new file with the signatures of all
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args, Debug)]
pub struct SubmitArgs {
    /// The signed transaction, raw, hex or as `tx sign` writes it; - for standard input
    file: PathBuf,
    /// Wait until it is committed and executed
    #[arg(long)]
    wait: bool,
    /// How long to wait before the outcome counts as unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Send it though it would fail now
    #[arg(long)]
    force: bool,
}

#[derive(Args, Debug)]
pub struct WaitArgs {
    /// Its id, or a file that holds it: with the whole transaction any validator can say that it
    /// expired or was replaced. What was sent from this machine is known whole
    #[arg(value_name = "ID|FILE")]
    what: String,
    /// The transaction's end of validity (milliseconds since 1970): refused where it is another
    #[arg(long, value_name = "MS", default_value_t = 0)]
    valid_until: u64,
    /// How long to wait before the outcome counts as unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

#[derive(Args, Debug)]
pub struct DecodeArgs {
    /// The signed transaction, raw, hex or as `tx sign` writes it; - for standard input
    file: PathBuf,
    /// Whose addresses to show: mainnet, testnet, devnet
    #[arg(long, default_value = "devnet", value_parser = network)]
    network: Network,
}

fn network(text: &str) -> Result<Network, String> {
    let found = Network::ALL.into_iter().find(|network| network.to_string() == text);
    found.ok_or_else(|| "networks are mainnet, testnet, devnet".to_owned())
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Build(args) => build(ctx, args).await,
        Command::Sign(args) => sign(ctx, &args).await,
        Command::Combine(args) => combine(ctx, &args),
        Command::Simulate { file } => simulate(ctx, &file).await,
        Command::Submit(args) => {
            let tx = read_tx(&args.file)?;
            let SubmitArgs { wait, timeout, force, .. } = args;
            let args = SendArgs { wait, timeout, force, ..SendArgs::default() };
            send::submit(ctx, &tx, json!({}), &args).await
        }
        Command::Wait(args) => {
            let awaited = awaited(&args)?;
            fate::finish(ctx, &awaited, args.timeout).await
        }
        Command::Show { id } => show(ctx, id).await,
        Command::Decode(args) => decode(ctx, &args),
    }
}

/// The transaction that is meant, whole where it is at hand.
fn awaited(args: &WaitArgs) -> Result<Awaited, Failure> {
    let body = match hash(&args.what) {
        Ok(id) => match sent::find(&id) {
            Some(tx) => tx.body,
            None => return Ok(Awaited { id, until: args.valid_until, body: None }),
        },
        Err(_) => read_any_tx(Path::new(&args.what))?.body,
    };
    let awaited = Awaited::of(&body);
    if args.valid_until != 0 && args.valid_until != awaited.until {
        let message = format!("the transaction is valid until {}", awaited.until);
        return Err(Failure::usage(message));
    }
    Ok(awaited)
}

async fn build(ctx: &Context, args: BuildArgs) -> Result<(), Failure> {
    let wire = ctx.client().await?.wire().await?;
    let listed = read_value(&args.operations)?;
    let bad = |problem: String| malformed(&args.operations, &problem);
    let listed = listed.as_array().ok_or_else(|| bad("it is no list".to_owned()))?;
    let ops = listed.iter().map(|value| {
        let shown: v1::Operation = message::read("Operation", value)?;
        wire.read::<Op, _>("operation", &shown).map_err(|error| error.to_string())
    });
    let ops = ops.collect::<Result<Vec<_>, _>>().map_err(bad)?;
    let sender = ctx.own_address(By::Anyone).await?;
    let send = SendArgs { valid_for: args.valid_for, nonce: args.nonce, ..SendArgs::default() };
    let body = send::build(ctx, sender, ops, memo(args.memo)?, &send).await?;
    send::write_unsigned(ctx, body, &args.out).await
}

async fn sign(ctx: &Context, args: &SignArgs) -> Result<(), Failure> {
    let mut draft = Draft::read(&args.file)?;
    transaction(&draft)?;
    sign_draft(ctx, &mut draft, &args.with).await?;
    finish_signing(ctx, &draft, &args.file, args.out.as_deref())
}

fn combine(ctx: &Context, args: &CombineArgs) -> Result<(), Failure> {
    let draft = Draft::gather(&args.files)?;
    let body = transaction(&draft)?;
    let id = body.id().to_string();
    draft.write_new(&args.out)?;
    let file = args.out.display().to_string();
    let signers: Vec<_> = draft.witnesses.iter().map(|witness| witness.key.to_string()).collect();
    let next = format!("ballast tx submit {file} --wait");
    let count = signers.len();
    let data = json!({ "file": file, "tx_id": id, "signed_by": signers, "next": next });
    ctx.out.answer(data, &format!("{file}: {count} signatures\nsend it with: {next}"));
    Ok(())
}

fn transaction(draft: &Draft) -> Result<&TxBody, Failure> {
    match &draft.statement {
        Statement::Transaction(body) => Ok(body),
        _ => Err(Failure::usage("the file is not of a transaction")
            .next("see `ballast auth`, `ballast reserve` or `ballast council`")),
    }
}

/// Exit 4 when it would not be in a block, 5 when it would have no effect there.
async fn simulate(ctx: &Context, file: &Path) -> Result<(), Failure> {
    let tx = read_any_tx(file)?;
    let answer = ctx.client().await?.simulate(&tx).await?;
    let data = message::json("SimulateTxResponse", &answer);
    if let Some(refused) = answer.refused {
        let message = format!("it would be refused: {}", refused.message);
        return Err(Failure::new(Exit::Refused, &refused.reason, message).data(data));
    }
    if let Some(failure) = answer.failure {
        let message = format!("operation {} would fail: {}", failure.op_index, failure.message);
        return Err(Failure::new(Exit::Failed, &failure.reason, message).data(data));
    }
    let mut rows = vec![("transaction", answer.tx_id), ("would", "succeed".to_owned())];
    rows.extend(answer.balance_changes.iter().map(|change| {
        let (before, after) = (dollars(change.before_micros), dollars(change.after_micros));
        ("balance", format!("{}  {before} -> {after}", change.account))
    }));
    rows.extend(answer.events.iter().map(|event| ("event", view::one_line(&view::event(event)))));
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}

async fn show(ctx: &Context, id: Hash) -> Result<(), Failure> {
    let answer = ctx.client().await?.tx(id).await.map_err(|error| {
        let failure = Failure::from(error);
        match failure.exit {
            Exit::NotFound => Failure {
                message: format!(
                    "transaction {id} is neither on chain nor waiting at this validator"
                ),
                ..failure
            }
            .next(fate::wait_command(id, 0)),
            _ => failure,
        }
    })?;
    let state = message::name_of("TxState", answer.state);
    let data = json!({
        "tx_id": answer.tx_id,
        "state": state,
        "height": answer.receipt.as_ref().map(|receipt| receipt.height),
        "block_time_ms": Some(answer.block_time_ms).filter(|ms| *ms > 0),
        "valid_until_ms": answer.valid_until_ms,
        "receipt": answer.receipt.as_ref().map(view::receipt),
        "transaction": answer.transaction.as_ref().map(view::transaction),
        "signed_tx": const_hex::encode(&answer.signed_tx),
        "receipt_bytes": const_hex::encode(&answer.receipt_bytes),
    });
    ctx.out.answer(data, &fields(&rows(&answer, state)));
    Ok(())
}

fn rows(answer: &v1::GetTxResponse, state: String) -> Vec<(&'static str, String)> {
    let mut rows = vec![("transaction", answer.tx_id.clone()), ("state", state)];
    if let Some(receipt) = &answer.receipt {
        let at = format!(
            "{}, receipt {}, {}",
            receipt.height,
            receipt.index,
            time(answer.block_time_ms)
        );
        rows.push(("height", at));
        if let Some(failure) = &receipt.failure {
            let why = format!(
                "{} at operation {}: {}",
                failure.reason, failure.op_index, failure.message
            );
            rows.push(("failed", why));
        }
    }
    if let Some(tx) = &answer.transaction {
        rows.extend(view::transaction_rows(tx));
    }
    let events = answer.receipt.iter().flat_map(|receipt| &receipt.events);
    rows.extend(events.map(|event| ("event", view::one_line(&view::event(event)))));
    rows
}

fn decode(ctx: &Context, args: &DecodeArgs) -> Result<(), Failure> {
    let tx = read_tx(&args.file)?;
    let shown = Wire::new(args.network).transaction(&tx);
    let verified = VerifiedTx::verify(tx);
    let data = json!({
        "transaction": view::transaction(&shown),
        "signatures_valid": verified.is_ok(),
    });
    let valid = if verified.is_ok() { "all valid" } else { "NOT valid" };
    let mut rows = vec![
        ("transaction", shown.tx_id.clone()),
        ("chain", format!("{} (genesis {})", shown.chain_id, shown.genesis_hash)),
    ];
    rows.extend(view::transaction_rows(&shown));
    rows.push(("signatures", valid.to_owned()));
    match verified {
        Ok(_) => {
            ctx.out.answer(data, &fields(&rows));
            Ok(())
        }
        Err(code) => {
            ctx.out.notice(&fields(&rows));
            Err(Failure::new(Exit::Refused, code.name(), "a signature does not verify").data(data))
        }
    }
}

/// Reads a signed transaction: raw, as hex, or a file that was built and signed.
fn read_tx(path: &Path) -> Result<SignedTx, Failure> {
    let tx = read_any_tx(path)?;
    match tx.check_shape() {
        Ok(()) => Ok(tx),
        Err(problem) => Err(not_signed(&problem)),
    }
}

/// As [`read_tx`], of one that nobody may have signed yet.
fn read_any_tx(path: &Path) -> Result<SignedTx, Failure> {
    if path.as_os_str() != "-" && is_draft(path) {
        let draft = Draft::read(path)?;
        let body = transaction(&draft)?.clone();
        return Ok(SignedTx { body, witnesses: draft.witnesses });
    }
    // Hex doubles it; one byte more shows that it is too long.
    let limit = 2 * TX_BYTES_MAX as u64 + 2;
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(limit).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::file(path, &error))?;
    decode_tx(&bytes)
}

/// A file of text begins otherwise than a transaction's bytes or hex do.
fn is_draft(path: &Path) -> bool {
    let mut first = [0];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *b"{"
}

fn decode_tx(bytes: &[u8]) -> Result<SignedTx, Failure> {
    let hex = std::str::from_utf8(bytes).ok().and_then(|text| const_hex::decode(text.trim()).ok());
    SignedTx::decode(hex.as_deref().unwrap_or(bytes)).map_err(|error| not_signed(&error))
}

fn not_signed(problem: &dyn std::fmt::Display) -> Failure {
    let message = format!("this is not a signed transaction: {problem}");
    Failure::new(Exit::Refused, Code::Decode.name(), message)
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Address, SecretKey};
    use ballast_runtime::ops::transfer::Transfer;

    use super::*;

    #[test]
    fn a_transaction_reads_raw_and_as_hex_and_not_with_anything_behind_it() {
        let tx = TxBody {
            genesis: Hash([1; 32]),
            chain_id: 7,
            sender: Address([2; 32]),
            nonce: 1,
            valid_until: 9,
            sponsor: None,
            memo: None,
            ops: vec![Op::Transfer(Transfer { to: Address([3; 32]), amount: 5, travel: None })],
        }
        .sign(&[&SecretKey::dev("tx", "a")]);
        let bytes = tx.encode();
        assert_eq!(decode_tx(&bytes).unwrap(), tx);
        assert_eq!(decode_tx(format!("{}\n", const_hex::encode(&bytes)).as_bytes()).unwrap(), tx);
        let trailing = [bytes.as_slice(), b"x"].concat();
        for noise in [trailing.as_slice(), b"", &[0; 40_000]] {
            let failure = decode_tx(noise).unwrap_err();
            assert_eq!((failure.reason.as_str(), failure.exit), ("DECODE", Exit::Refused));
        }
    }
}
