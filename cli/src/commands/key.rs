//! Keys on this machine.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use ballast_primitives::{Network, SecretKey};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::exit::Failure;
use crate::keystore::{self, Entry, Keystore, PassphraseSource};
use crate::output::{fields, table};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast key new alice --default
  ballast key list
  ballast key import bob --file bob.secret
  ballast key export alice --yes > alice.key")]
pub enum Command {
    /// Make a key, encrypted under a passphrase
    New {
        name: String,
        /// Sign with it when nothing else is said
        #[arg(long)]
        default: bool,
    },
    /// Store a key that exists: 64 hex digits, or an exported line
    Import(ImportArgs),
    /// All keys
    List,
    /// A key's public side and its addresses
    Show { name: String },
    /// Sign with this key when nothing else is said
    Use { name: String },
    /// Print the key, encrypted as it is stored; needs --yes
    Export {
        name: String,
        /// Print the secret itself, 64 hex digits; whoever reads it owns the money
        #[arg(long)]
        plaintext: bool,
    },
}

#[derive(Args, Debug)]
pub struct ImportArgs {
    name: String,
    /// Where it is; others must not be able to read it [default: standard input]
    #[arg(long)]
    file: Option<PathBuf>,
    /// Sign with it when nothing else is said
    #[arg(long)]
    default: bool,
}

pub fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    let store = Keystore::open_default()?;
    match command {
        Command::New { name, default } => new(ctx, &store, &name, default),
        Command::Import(args) => import(ctx, &store, &args),
        Command::List => list(ctx, &store),
        Command::Show { name } => show(ctx, &store, &name),
        Command::Use { name } => choose(ctx, &store, &name),
        Command::Export { name, plaintext } => export(ctx, &store, &name, plaintext),
    }
}

fn new(ctx: &Context, store: &Keystore, name: &str, default: bool) -> Result<(), Failure> {
    store.check_free(name)?;
    let passphrase = ctx.passphrase_source().read_new(&format!("new passphrase for {name}"))?;
    let entry = store.store(name, &keystore::generate()?, &passphrase)?;
    stored(ctx, store, &entry, default, "made")
}

fn import(ctx: &Context, store: &Keystore, args: &ImportArgs) -> Result<(), Failure> {
    store.check_free(&args.name)?;
    let text = read_secret(ctx, args)?;
    let text = text.trim();
    let entry = match text.starts_with("ballast-key-v1 ") {
        true => import_line(ctx, store, &args.name, text)?,
        false => {
            let key = read_hex(text)?;
            let what = format!("new passphrase for {}", args.name);
            let passphrase = ctx.passphrase_source().read_new(&what)?;
            store.store(&args.name, &key, &passphrase)?
        }
    };
    stored(ctx, store, &entry, args.default, "imported")
}

/// An exported line is stored as it is, once its passphrase has opened it.
fn import_line(ctx: &Context, store: &Keystore, name: &str, line: &str) -> Result<Entry, Failure> {
    let passphrase = ctx.passphrase_source().read("passphrase of the imported key")?;
    let key = keystore::unseal(line, &passphrase)
        .map_err(|error| error.at(&PathBuf::from("the imported key")))?;
    store.write(name, line, key.public())
}

fn read_secret(ctx: &Context, args: &ImportArgs) -> Result<Zeroizing<String>, Failure> {
    if let Some(path) = &args.file {
        return keystore::read_private(path);
    }
    if std::io::stdin().is_terminal() && !ctx.globals.no_input {
        let secret = PassphraseSource::Terminal.read("secret key (64 hex digits)")?;
        let text = String::from_utf8_lossy(&secret).into_owned();
        return Ok(Zeroizing::new(text));
    }
    const LIMIT: u64 = 4_096;
    let mut text = Zeroizing::new(String::with_capacity(LIMIT as usize));
    std::io::stdin()
        .take(LIMIT)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("standard input does not read: {error}")))?;
    Ok(text)
}

fn read_hex(text: &str) -> Result<SecretKey, Failure> {
    // The message never repeats what was given.
    let malformed =
        || Failure::usage("this is neither 64 hex digits nor a line that `key export` wrote");
    if text.len() != 64 {
        return Err(malformed());
    }
    const_hex::decode_to_array(text).map(SecretKey::from_seed).map_err(|_| malformed())
}

fn stored(
    ctx: &Context,
    store: &Keystore,
    entry: &Entry,
    default: bool,
    how: &str,
) -> Result<(), Failure> {
    if default {
        store.set_default(&entry.name)?;
    }
    let path = store.key_path(&entry.name).display().to_string();
    let mut data = json_of(entry, store);
    if let Value::Object(data) = &mut data {
        data.insert("file".to_owned(), json!(path));
    }
    let head =
        format!("{how} {} in {path}; keep the passphrase: nobody can recover it", entry.name);
    ctx.out.answer(data, &format!("{head}\n{}", text_of(entry)));
    Ok(())
}

fn list(ctx: &Context, store: &Keystore) -> Result<(), Failure> {
    let entries = store.list()?;
    let default = store.default_name();
    let data = json!({ "keys": entries.iter().map(|e| json_of(e, store)).collect::<Vec<_>>() });
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let mark = if default.as_ref() == Some(&entry.name) { "*" } else { "" };
            vec![format!("{}{mark}", entry.name), entry.public.to_string()]
        })
        .collect();
    let text = match rows.is_empty() {
        true => "there are no keys yet; make one with: ballast key new NAME".to_owned(),
        false => table(&["name", "public key"], &rows),
    };
    ctx.out.answer(data, &text);
    Ok(())
}

fn show(ctx: &Context, store: &Keystore, name: &str) -> Result<(), Failure> {
    let entry = store.find(name)?;
    ctx.out.answer(json_of(&entry, store), &text_of(&entry));
    Ok(())
}

fn choose(ctx: &Context, store: &Keystore, name: &str) -> Result<(), Failure> {
    store.set_default(name)?;
    ctx.out.answer(json!({ "default": name }), &format!("{name} signs when nothing else is said"));
    Ok(())
}

fn export(ctx: &Context, store: &Keystore, name: &str, plaintext: bool) -> Result<(), Failure> {
    store.find(name)?;
    if !ctx.globals.yes {
        let what = if plaintext { "the secret key itself" } else { "the encrypted key" };
        let message = format!("this prints {what} of \"{name}\" on standard output");
        return Err(Failure::safety("CONFIRMATION_NEEDED", message)
            .next("make sure nobody watches and nothing records, then add --yes"));
    }
    if !plaintext {
        let line = store.line(name)?;
        let line = line.trim_end();
        ctx.out.answer(json!({ "name": name, "key": line }), line);
        return Ok(());
    }
    let passphrase = ctx.passphrase_source().read(&format!("passphrase of {name}"))?;
    let key = store.unlock(name, &passphrase)?;
    let secret = Zeroizing::new(const_hex::encode(key.expose()));
    ctx.out.answer(json!({ "name": name, "secret": secret.as_str() }), &secret);
    Ok(())
}

fn json_of(entry: &Entry, store: &Keystore) -> Value {
    let address = entry.address();
    let addresses = Network::ALL.map(|n| (n.to_string(), json!(address.display(n))));
    json!({
        "name": entry.name,
        "public_key": entry.public.to_string(),
        "addresses": Value::Object(addresses.into_iter().collect()),
        "default": store.default_name().as_ref() == Some(&entry.name),
    })
}

fn text_of(entry: &Entry) -> String {
    let address = entry.address();
    fields(&[
        ("name", entry.name.clone()),
        ("public key", entry.public.to_string()),
        ("mainnet", address.display(Network::Main)),
        ("testnet", address.display(Network::Test)),
        ("devnet", address.display(Network::Dev)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_secret_is_64_hex_digits_and_never_repeated_in_an_error() {
        assert!(read_hex(&"ab".repeat(32)).is_ok());
        for text in ["", "ab", &"zz".repeat(32), &format!("0x{}", "ab".repeat(31))] {
            let Err(failure) = read_hex(text) else { panic!("{text}") };
            assert_eq!(failure.exit, Exit::Usage);
            assert!(text.len() < 8 || !failure.message.contains(text));
        }
    }
}
