//! Proofs: fetched from any validator, verified without any.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ballast_client::proof::{self, Proven};
use ballast_primitives::proof::{PROOF_FILE_BYTES_MAX, Proof};
use ballast_primitives::{Address, Hash, codec};
use ballast_proto::Wire;
use ballast_proto::v1;
use ballast_proto::v1::get_proof_request::Target;
use ballast_runtime::{Genesis, Key, Object};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::hash;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{fields, time};
use crate::{message, view};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast proof get account dev:1 --out balance.proof
  ballast proof get supply --out supply.proof
  ballast proof verify balance.proof --genesis genesis.bin")]
pub enum Command {
    /// Fetch a proof into a file
    #[command(subcommand)]
    Get(Get),
    /// Verify a proof offline, from the genesis file alone (exit 4 when it does not hold)
    Verify(VerifyArgs),
}

#[derive(Subcommand, Debug)]
pub enum Get {
    /// Of an account
    Account {
        /// An address, or dev:N [default: who would sign]
        #[arg(value_name = "ADDR")]
        address: Option<String>,
        #[command(flatten)]
        to: OutArgs,
    },
    /// Of the supply
    Supply {
        #[command(flatten)]
        to: OutArgs,
    },
    /// Of a reserve report
    Report {
        /// Its number
        #[arg(value_name = "N")]
        number: u64,
        #[command(flatten)]
        to: OutArgs,
    },
    /// Of a transaction's receipt
    Tx {
        #[arg(value_parser = hash)]
        id: Hash,
        #[command(flatten)]
        to: OutArgs,
    },
}

#[derive(Args, Debug)]
pub struct OutArgs {
    /// A new file for the proof
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    file: PathBuf,
    /// The chain's genesis file: the one thing that is trusted
    #[arg(long, value_name = "GENESIS_FILE")]
    genesis: PathBuf,
    /// Also: it must be of this account
    #[arg(long, value_name = "ADDR")]
    account: Option<String>,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Get(get) => fetch(ctx, get).await,
        Command::Verify(args) => verify(ctx, &args),
    }
}

async fn fetch(ctx: &Context, get: Get) -> Result<(), Failure> {
    let (target, to) = match get {
        Get::Account { address, to } => {
            let address = ctx.address_or_own(address.as_deref()).await?;
            (Target::Account(address.display(ctx.chain().await?.network)), to)
        }
        Get::Supply { to } => (Target::Supply(v1::SupplyTarget {}), to),
        Get::Report { number, to } => (Target::Report(number), to),
        Get::Tx { id, to } => (Target::TxId(id.to_string()), to),
    };
    let (proof, answer) = ctx.client().await?.proof_file(target).await?;
    let height = answer.proven_height;
    let what = match &proof.proof {
        Proof::State(_) => format!("the state after height {height}"),
        Proof::Receipt(_) => format!("a receipt of height {height}"),
    };
    let bytes = codec::encode(&proof);
    write_new(&to.out, &bytes)?;
    let file = to.out.display().to_string();
    let data = json!({
        "file": file,
        "bytes": bytes.len(),
        "proven_height": height,
        "anchor_height": proof.proof.anchor().header.height,
        "validator_set_changes": proof.changes.len(),
    });
    let text = format!(
        "{file}: {} bytes, proves {what}\nverify it with: ballast proof verify {file} --genesis GENESIS_FILE",
        bytes.len()
    );
    ctx.out.answer(data, &text);
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let open = OpenOptions::new().write(true).create_new(true).open(path);
    open.and_then(|mut file| file.write_all(bytes)).map_err(|error| Failure::file(path, &error))
}

fn verify(ctx: &Context, args: &VerifyArgs) -> Result<(), Failure> {
    let genesis = read_genesis(&args.genesis)?;
    let bytes = read_at_most(&args.file, PROOF_FILE_BYTES_MAX)?;
    let (proven, sets) = proof::verify_with_sets(&bytes, &genesis)?;
    if let Some(expected) = &args.account {
        check_account(&proven, expected, &genesis)?;
    }
    let (mut data, mut rows) = shown(&proven, &genesis);
    let anchor = proven.anchor();
    let (since, set) = sets.at(anchor.height);
    if let Value::Object(data) = &mut data {
        data.insert("verified".to_owned(), json!(true));
        data.insert("height".to_owned(), json!(proven.height()));
        data.insert("block_id".to_owned(), json!(proven.block().to_string()));
        data.insert("block_height".to_owned(), json!(anchor.height));
        data.insert("block_time_ms".to_owned(), json!(anchor.time));
        data.insert("validators".to_owned(), json!(set.len()));
        data.insert("validators_since".to_owned(), json!(since));
        data.insert("validator_set_changes".to_owned(), json!(sets.changes()));
        data.insert("genesis_hash".to_owned(), json!(genesis.hash().to_string()));
        data.insert("chain_id".to_owned(), json!(genesis.chain_id));
    }
    let attested = format!("block {} of {}, {}", anchor.height, time(anchor.time), proven.block());
    rows.push(("attested by", attested));
    let changes = match sets.changes() {
        0 => "the set of genesis".to_owned(),
        1 => format!("the set since height {since}, one change after genesis"),
        count => format!("the set since height {since}, {count} changes after genesis"),
    };
    rows.push(("validators", format!("{}, {changes}", set.len())));
    rows.push(("chain", format!("{} (genesis {})", genesis.chain_id, genesis.hash())));
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}

fn check_account(proven: &Proven, expected: &str, genesis: &Genesis) -> Result<(), Failure> {
    let expected = Address::parse(expected, genesis.network)
        .map_err(|error| Failure::new(Exit::Usage, "BAD_ADDRESS", error))?;
    match proven {
        Proven::Object(proven) if proven.key == Key::Account(expected) => Ok(()),
        _ => {
            Err(Failure::new(Exit::Refused, "PROOF_OF_ANOTHER", "the proof is not of this account"))
        }
    }
}

/// What the proof proves. Only what was verified: nothing comes from a validator's word.
fn shown(proven: &Proven, genesis: &Genesis) -> (Value, Vec<(&'static str, String)>) {
    let wire = Wire::new(genesis.network);
    let object = match proven {
        Proven::Receipt(proven) => return shown_receipt(&wire.receipt(&proven.receipt)),
        Proven::Object(proven) => proven,
    };
    let at = ("proven", format!("the state after height {}", object.height));
    match (&object.key, &object.object) {
        (Key::Account(address), Object::Account(account)) => {
            let account = wire.account(address, account);
            let mut rows = vec![at];
            rows.extend(view::account_rows(&account, object.anchor.time));
            (view::account(&account), rows)
        }
        (Key::Supply, Object::Supply(supply)) => {
            let supply: v1::Supply = wire.show(&**supply);
            let mut rows = vec![at];
            rows.extend(view::supply_rows(&supply));
            (json!({ "supply": view::supply(&supply) }), rows)
        }
        (Key::Report(number), Object::Report(report)) => {
            let shown = message::json("Report", &wire.show::<_, v1::Report>(&**report));
            let mut rows = vec![at, ("report", number.to_string())];
            rows.push(("says", view::one_line(&shown)));
            (json!({ "number": number, "report": shown }), rows)
        }
        (key, object) => {
            let text = format!("{object:?}");
            (json!({ "key": format!("{key:?}"), "object": text }), vec![at, ("object", text)])
        }
    }
}

fn shown_receipt(receipt: &v1::Receipt) -> (Value, Vec<(&'static str, String)>) {
    let outcome = receipt
        .failure
        .as_ref()
        .map_or_else(|| "success".to_owned(), |failure| format!("failed: {}", failure.reason));
    let mut rows = vec![
        ("proven", format!("a receipt of height {}", receipt.height)),
        ("transaction", receipt.tx_id.clone()),
        ("sender", receipt.sender.clone()),
        ("outcome", outcome),
    ];
    rows.extend(receipt.events.iter().map(|event| ("event", view::one_line(&view::event(event)))));
    (json!({ "receipt": view::receipt(receipt) }), rows)
}

fn read_genesis(path: &Path) -> Result<Genesis, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    let bad = |error| {
        Failure::config(format!("{}: {error}", path.display()))
            .next("get the genesis file from someone you trust; compare its hash")
    };
    let genesis = Genesis::decode(&bytes).map_err(bad)?;
    genesis.check().map_err(bad)?;
    Ok(genesis)
}

/// One byte over the limit is read, so that it shows.
fn read_at_most(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let open = std::fs::File::open(path);
    open.and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file(path, &error))?;
    Ok(bytes)
}
