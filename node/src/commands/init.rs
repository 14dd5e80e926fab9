//! `init`: makes a home ready to start, once.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::config::Config;
use crate::journal::SignState;
use crate::keyfile;
use crate::setup::Home;
use serde_json::{Map, Value, json};

use super::{Failure, Output, home};
use crate::cli::InitArgs;

pub fn run(args: &InitArgs, output: Output) -> Result<u8, Failure> {
    let home = args.home.home();
    refuse_second_time(&home)?;
    let mut done = Done::default();
    if args.new_keys {
        new_keys(&home, args, &mut done)?;
    }
    if !home.config().exists() {
        create_folder(home.path())?;
        fs::write(home.config(), Config::default_toml()).map_err(io_failure(&home.config()))?;
        done.note("config", &home.config().display().to_string());
    }
    if home.genesis().exists() {
        data(&home, args, &mut done)?;
        let home = home.path().display();
        done.text.push_str(&format!("ready: ballast-node start --home {home}\n"));
    } else {
        done.text.push_str(&format!(
            "next: put the chain's genesis file at {} and run init again\n",
            home.genesis().display()
        ));
    }
    output.answer(&done.text, Value::Object(done.object));
    Ok(0)
}

/// Data without a sign-state is what is left of a validator that may have signed.
fn refuse_second_time(home: &Home) -> Result<(), Failure> {
    let (sign_state, data) = (home.sign_state(), home.data());
    match (sign_state.exists(), data.exists()) {
        (true, true) => Err(Failure::safety(format!(
            "{} exists: this home is initialised already, and what it has signed must not be \
             forgotten",
            sign_state.display()
        ))),
        (false, true) => Err(Failure::safety(format!(
            "{} exists but {} does not. {}",
            data.display(),
            sign_state.display(),
            home.sign_state_advice()
        ))),
        _ => Ok(()),
    }
}

fn new_keys(home: &Home, args: &InitArgs, done: &mut Done) -> Result<(), Failure> {
    let files = [("consensus_key", home.consensus_key()), ("peer_key", home.peer_key())];
    for (_, file) in &files {
        if file.exists() {
            return Err(keyfile::KeyFileError::Exists(file.clone()).into());
        }
    }
    create_folder(&home.keys())?;
    let passphrase = args.passphrase.source().read_new("new passphrase for this node's keys")?;
    for (name, file) in files {
        let key = keyfile::generate()?;
        if file == home.consensus_key() {
            // A key that was never seen without a sign-state never signed without one.
            SignState::create(&home.sign_state(), key.public().0).map_err(Failure::safety)?;
        }
        keyfile::write_encrypted(&file, &key, &passphrase)?;
        done.note(name, &key.public().to_string());
    }
    Ok(())
}

/// Checks genesis and keys against each other, then makes what only a first start may make.
fn data(home: &Home, args: &InitArgs, done: &mut Done) -> Result<(), Failure> {
    let genesis = home::checked_genesis(&home.genesis())?;
    let ask = || args.passphrase.source().read("passphrase of this node's keys");
    let keys = home::keys(home, genesis.network, ask)?;
    done.note("role", &home::place_in_chain(&genesis, &keys).text);
    done.note("genesis_hash", &genesis.hash().to_string());
    // The sign-state first: data without one is taken for a lost one.
    sign_state(home, args, keys.consensus.public().0)?;
    create_folder(&home.data())
}

/// Whatever is not known never to have signed gets no sign-state that says so.
fn sign_state(home: &Home, args: &InitArgs, key: [u8; 32]) -> Result<(), Failure> {
    let path = home.sign_state();
    if !path.exists() {
        if !args.key_never_signed {
            let (path, advice) = (path.display(), home.sign_state_advice());
            return Err(Failure::safety(format!("there is no {path}. {advice}")));
        }
        return SignState::create(&path, key).map(drop).map_err(Failure::safety);
    }
    let known = SignState::identify(&path).map_err(Failure::safety)?;
    if known.key != key {
        return Err(Failure::safety(format!("{} is of another key", path.display())));
    }
    Ok(())
}

/// Creates a folder, and those above it, that only its owner may enter.
pub(super) fn create_folder(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_failure(path))
}

fn io_failure(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::internal(format!("{}: {error}", path.display()))
}

/// What was done, in both of its forms.
#[derive(Default)]
struct Done {
    text: String,
    object: Map<String, Value>,
}

impl Done {
    fn note(&mut self, name: &str, value: &str) {
        self.text.push_str(&format!("{name} {value}\n"));
        self.object.insert(name.to_owned(), json!(value));
    }
}
