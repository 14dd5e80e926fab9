//! Transactions: submit a signed one, wait for it, show it, decode it.

use std::io::Read;
use std::path::{Path, PathBuf};

use ballast_primitives::{Hash, Network};
use ballast_proto::{Wire, v1};
use ballast_runtime::tx::TX_BYTES_MAX;
use ballast_runtime::{Code, SignedTx, VerifiedTx};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::hash;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{fields, time};
use crate::{message, send, view};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast pay dev:1 5 --out payment.tx
  ballast tx decode payment.tx
  ballast tx submit payment.tx --wait
  ballast tx wait ID --valid-until MS
  ballast tx show ID --json")]
pub enum Command {
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
pub struct SubmitArgs {
    /// The signed transaction, raw or hex; - for standard input
    file: PathBuf,
    /// Wait until it is committed and executed
    #[arg(long)]
    wait: bool,
    /// How long to wait before the outcome counts as unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

#[derive(Args, Debug)]
pub struct WaitArgs {
    #[arg(value_parser = hash)]
    id: Hash,
    /// The transaction's end of validity (milliseconds since 1970), so that any validator can say
    /// that it expired
    #[arg(long, value_name = "MS", default_value_t = 0)]
    valid_until: u64,
    /// How long to wait before the outcome counts as unknown
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

#[derive(Args, Debug)]
pub struct DecodeArgs {
    /// The signed transaction, raw or hex; - for standard input
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
        Command::Submit(args) => {
            let tx = read_tx(&args.file)?;
            let wait = args.wait.then_some(args.timeout);
            send::submit(ctx, &tx, json!({}), wait).await
        }
        Command::Wait(args) => {
            send::finish(ctx, args.id, args.valid_until, args.timeout, json!({})).await
        }
        Command::Show { id } => show(ctx, id).await,
        Command::Decode(args) => decode(ctx, &args),
    }
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
            .next(send::wait_command(id, 0)),
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

/// Reads a signed transaction, raw or as hex.
fn read_tx(path: &Path) -> Result<SignedTx, Failure> {
    // Hex doubles it; one byte more shows that it is too long.
    let limit = 2 * TX_BYTES_MAX as u64 + 2;
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(limit).read_to_end(&mut bytes),
        false => {
            std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| Failure::file(path, &error))?;
    decode_tx(&bytes)
}

fn decode_tx(bytes: &[u8]) -> Result<SignedTx, Failure> {
    let hex = std::str::from_utf8(bytes).ok().and_then(|text| const_hex::decode(text.trim()).ok());
    SignedTx::decode(hex.as_deref().unwrap_or(bytes)).map_err(|error| {
        let message = format!("this is not a signed transaction: {error}");
        Failure::new(Exit::Refused, Code::Decode.name(), message)
    })
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Address, SecretKey};
    use ballast_runtime::ops::transfer::Transfer;
    use ballast_runtime::{Op, TxBody};

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
