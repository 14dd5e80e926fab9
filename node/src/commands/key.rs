//! `key show` and `key generate`.

use std::path::Path;

use crate::keyfile::{self, KeyFile};
use serde_json::json;

use super::{Failure, Output};
use crate::cli::{KeyCommand, PassphraseArgs};

pub fn run(command: &KeyCommand, output: Output) -> Result<u8, Failure> {
    match command {
        KeyCommand::Show { file, passphrase } => show(file, passphrase, output),
        KeyCommand::Generate { file, plaintext, passphrase } => {
            generate(file, *plaintext, passphrase, output)
        }
    }
}

fn show(path: &Path, passphrase: &PassphraseArgs, output: Output) -> Result<u8, Failure> {
    let file = KeyFile::read(path)?;
    let encrypted = file.is_encrypted();
    let passphrase = match encrypted {
        true => Some(passphrase.source().read(&format!("passphrase of {}", path.display()))?),
        false => None,
    };
    // Only the public key leaves, so a plaintext key may be shown for any chain.
    let public = file.open(true, passphrase.as_ref())?.public().to_string();
    output.answer(&public, json!({ "public_key": public, "encrypted": encrypted }));
    Ok(0)
}

fn generate(
    path: &Path,
    plaintext: bool,
    passphrase: &PassphraseArgs,
    output: Output,
) -> Result<u8, Failure> {
    if path.exists() {
        return Err(keyfile::KeyFileError::Exists(path.to_owned()).into());
    }
    let key = keyfile::generate()?;
    if plaintext {
        keyfile::write_plaintext(path, &key)?;
    } else {
        let passphrase = passphrase.source().read_new("new passphrase")?;
        keyfile::write_encrypted(path, &key, &passphrase)?;
    }
    let public = key.public().to_string();
    output.answer(&public, json!({ "public_key": public, "encrypted": !plaintext }));
    Ok(0)
}
