//! `override`: the way past a decided block that no validator can execute (CO-80). Validators sign
//! one record, someone puts the signatures together, and each gives it to its stopped node.

use std::fs;
use std::path::{Path, PathBuf};

use crate::journal::{DataLock, LockError};
use crate::setup::Home;
use ballast_primitives::Hash;
use ballast_primitives::override_record::{Action, Override, SignedOverride};
use serde_json::json;

use super::{Failure, Output, home, init};
use crate::cli::{OverrideCommand, PassphraseArgs};

pub fn run(command: &OverrideCommand, output: Output) -> Result<u8, Failure> {
    match command {
        OverrideCommand::Create { home, height, block, file } => {
            create(&home.home(), *height, block, file, output)
        }
        OverrideCommand::Sign { home, passphrase, file } => {
            sign(&home.home(), passphrase, file, output)
        }
        OverrideCommand::Assemble { from, file } => assemble(from, file, output),
        OverrideCommand::Apply { home, file } => apply(&home.home(), file, output),
        OverrideCommand::Show { file } => {
            show(&read(file)?, output);
            Ok(0)
        }
    }
}

fn create(
    home: &Home,
    height: u64,
    block: &str,
    file: &Path,
    output: Output,
) -> Result<u8, Failure> {
    let genesis = home::genesis(&home.genesis())?.hash();
    let block: Hash =
        block.parse().map_err(|error| Failure::config(format!("--block: {error}")))?;
    if file.exists() {
        return Err(Failure::config(format!("{} exists already", file.display())));
    }
    let record = Override { genesis, height, block, action: Action::Void };
    write(file, &SignedOverride::unsigned(record), output)
}

fn sign(
    home: &Home,
    passphrase: &PassphraseArgs,
    file: &Path,
    output: Output,
) -> Result<u8, Failure> {
    let mut signed = read(file)?;
    let genesis = check_chain(home, &signed)?;
    let ask = || passphrase.source().read("passphrase of this node's keys");
    let keys = home::keys(home, genesis, ask)?;
    signed.sign(&keys.consensus);
    write(file, &signed, output)
}

fn assemble(from: &[PathBuf], file: &Path, output: Output) -> Result<u8, Failure> {
    let mut copies = from.iter().map(|path| read(path));
    let none = || Failure::config("nothing to put together".to_owned());
    let mut whole = copies.next().ok_or_else(none)??;
    for copy in copies {
        whole.merge(&copy?).map_err(Failure::config)?;
    }
    write(file, &whole, output)
}

/// Whether a quorum signed is asked by the node, which knows the validators of that height.
fn apply(home: &Home, file: &Path, output: Output) -> Result<u8, Failure> {
    let signed = read(file)?;
    check_chain(home, &signed)?;
    let _lock = DataLock::acquire(&home.data()).map_err(|error| match error {
        LockError::Held { .. } => Failure::safety(error),
        LockError::Io { .. } => Failure::config(error),
    })?;
    init::create_folder(&home.overrides())?;
    write(&home.override_at(signed.record.height), &signed, output)
}

fn check_chain(
    home: &Home,
    signed: &SignedOverride,
) -> Result<ballast_primitives::Network, Failure> {
    let genesis = home::genesis(&home.genesis())?;
    if signed.record.genesis != genesis.hash() {
        return Err(Failure::config("the record is of another chain".to_owned()));
    }
    Ok(genesis.network)
}

fn read(path: &Path) -> Result<SignedOverride, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::config(format!("{}: {error}", path.display()));
    let bytes = fs::read(path).map_err(|error| failed(&error))?;
    SignedOverride::decode(&bytes).map_err(|error| failed(&error))
}

fn write(path: &Path, signed: &SignedOverride, output: Output) -> Result<u8, Failure> {
    let failed = |error: std::io::Error| Failure::config(format!("{}: {error}", path.display()));
    fs::write(path, signed.encode()).map_err(failed)?;
    show(signed, output);
    Ok(0)
}

fn show(signed: &SignedOverride, output: Output) {
    let Override { genesis, height, block, action: Action::Void } = signed.record;
    let signers: Vec<_> = signed.signers().map(|key| key.to_string()).collect();
    let text = format!(
        "block {height} of chain {genesis}\nid {block}\nis void: none of it is executed\nsigned by {}\n",
        if signers.is_empty() { "nobody".to_owned() } else { signers.join("\n          ") },
    );
    let object = json!({
        "genesis": genesis.to_string(),
        "height": height,
        "block": block.to_string(),
        "action": "void",
        "signers": signers,
    });
    output.answer(&text, object);
}
