//! What a command works with: the chain it talks to, who signs, and the local testnet if there is
//! one.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use ballast_client::{Chain, Client, ClientIdentity, ClientOptions};
use ballast_primitives::{Address, KeyPolicy, Network, SecretKey};
use ballast_runtime::dev;
use ballast_runtime::object::Role;
use ballast_runtime::op::Signer as By;
use clap::Args;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::exit::{Exit, Failure};
use crate::keystore::{Keystore, PassphraseSource};
use crate::output::Output;

const TESTNET: &str = "ballast-testnet";
const DEFAULT_DIR: &str = "./.ballast-testnet";

#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// One JSON object on standard output, errors too; NDJSON for streams
    #[arg(long, global = true)]
    pub json: bool,
    /// A validator, e.g. http://127.0.0.1:9001; several, by comma or by repeating, stand in for
    /// each other [default: the local testnet's]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "BALLAST_ENDPOINT",
        value_delimiter = ','
    )]
    pub endpoint: Vec<String>,
    /// Folder of the local testnet
    #[arg(long, global = true, value_name = "FOLDER", default_value = DEFAULT_DIR, env = "BALLAST_DIR")]
    pub dir: PathBuf,
    /// A set of these options under a name, of config.toml beside the keys: [profiles.NAME]
    #[arg(long, global = true, value_name = "NAME", env = "BALLAST_PROFILE")]
    pub profile: Option<String>,
    /// The genesis hash of the chain that is meant: any other is refused
    #[arg(long, global = true, value_name = "HASH", env = "BALLAST_CHAIN", value_parser = crate::cli::hash)]
    pub chain: Option<ballast_primitives::Hash>,
    /// Who signs: a key of the keystore, or on a dev network dev:0 … dev:9, dev:minter …,
    /// dev:council-0 … dev:council-4
    #[arg(long, global = true, value_name = "NAME", env = "BALLAST_FROM")]
    pub from: Option<String>,
    /// The account that sends, where it is not the one that the key opened: after a change of keys,
    /// or with several keys at --from, by comma
    #[arg(long, global = true, value_name = "ADDR")]
    pub sender: Option<String>,
    /// Seed of the dev network's keys [default: the local testnet's]
    #[arg(
        long,
        global = true,
        value_name = "SEED",
        env = "BALLAST_DEV_SEED",
        hide_env_values = true
    )]
    pub dev_seed: Option<String>,
    /// Certificates (PEM) that an https:// endpoint must lead to
    #[arg(long, global = true, value_name = "FILE", env = "BALLAST_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// Certificate (PEM) to show a validator that asks who calls
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "BALLAST_CLIENT_CERT",
        requires = "client_key"
    )]
    pub client_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "BALLAST_CLIENT_KEY",
        requires = "client_cert"
    )]
    pub client_key: Option<PathBuf>,
    /// Read the key's passphrase from an open descriptor
    #[arg(long, global = true, value_name = "N", conflicts_with = "passphrase_file")]
    pub passphrase_fd: Option<u32>,
    /// Read the key's passphrase from a file
    #[arg(long, global = true, value_name = "FILE", env = "BALLAST_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Ask before more dollars than this leave the account, and not before less
    /// [default: always ask; on a dev network never]
    #[arg(
        long,
        global = true,
        value_name = "DOLLARS",
        env = "BALLAST_ASK_ABOVE",
        value_parser = crate::cli::amount
    )]
    pub ask_above: Option<u64>,
    /// Do without asking
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,
    /// Never ask: fail instead
    #[arg(long, global = true)]
    pub no_input: bool,
    /// No progress on standard error
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// What the local testnet says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Testnet {
    pub endpoints: Vec<String>,
    pub dev_seed: Option<String>,
    pub genesis_hash: Option<String>,
}

/// Who signs, and with what.
pub struct Signer {
    pub name: String,
    pub address: Address,
    keys: Vec<SecretKey>,
}

impl Signer {
    pub fn keys(&self) -> Vec<&SecretKey> {
        self.keys.iter().collect()
    }
}

pub struct Context {
    pub out: Output,
    pub globals: Globals,
    client: OnceCell<Client>,
    testnet: OnceCell<Option<Testnet>>,
}

impl Context {
    pub fn new(globals: Globals) -> Self {
        let out = Output::new(globals.json, globals.quiet);
        Self { out, globals, client: OnceCell::new(), testnet: OnceCell::new() }
    }

    /// The client of the chain; nothing is asked yet.
    pub async fn client(&self) -> Result<&Client, Failure> {
        self.client.get_or_try_init(|| self.make_client()).await
    }

    async fn make_client(&self) -> Result<Client, Failure> {
        let endpoints = self.endpoints().await?;
        let read = |path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| Failure::config(format!("{}: {error}", path.display())))
        };
        let ca_pem = self.globals.ca_file.as_ref().map(read).transpose()?;
        let identity = match (&self.globals.client_cert, &self.globals.client_key) {
            (Some(certificate), Some(key)) => {
                Some(ClientIdentity { certificate_pem: read(certificate)?, key_pem: read(key)? })
            }
            _ => None,
        };
        let genesis = self.globals.chain;
        let options = ClientOptions { ca_pem, identity, genesis, ..ClientOptions::default() };
        Ok(Client::new(&endpoints, options)?)
    }

    /// `--endpoint`, `BALLAST_ENDPOINT`, else those of the testnet in the folder.
    async fn endpoints(&self) -> Result<Vec<String>, Failure> {
        let given = self.globals.endpoint.iter().map(|url| url.trim().to_owned());
        let given: Vec<_> = given.filter(|url| !url.is_empty()).collect();
        if !given.is_empty() {
            return Ok(given);
        }
        let testnet = self.testnet().await?.map(|testnet| testnet.endpoints.clone());
        testnet.filter(|endpoints| !endpoints.is_empty()).ok_or_else(|| {
            let dir = self.globals.dir.display();
            Failure::config(format!("no endpoint is given, and {dir} holds no testnet"))
                .next("give --endpoint URL, set BALLAST_ENDPOINT, or run `ballast testnet up`")
        })
    }

    /// The testnet in the folder, if there is one.
    pub async fn testnet(&self) -> Result<Option<&Testnet>, Failure> {
        let read = || async { read_testnet(&self.globals.dir) };
        Ok(self.testnet.get_or_try_init(read).await?.as_ref())
    }

    pub async fn chain(&self) -> Result<Chain, Failure> {
        Ok(self.client().await?.chain().await?)
    }

    /// Reads an address: of this chain's network, or `dev:3`, `dev:minter` on a dev network.
    pub async fn address(&self, text: &str) -> Result<Address, Failure> {
        if let Some(who) = text.strip_prefix("dev:") {
            return Ok(dev_signer(&self.dev_seed().await?, who)?.address);
        }
        let network = self.chain().await?.network;
        Address::parse(text, network).map_err(|error| {
            Failure::new(Exit::Usage, "BAD_ADDRESS", error).next("check the address with its owner")
        })
    }

    /// The address given, else that of who would sign.
    pub async fn address_or_own(&self, text: Option<&str>) -> Result<Address, Failure> {
        match text {
            Some(text) => self.address(text).await,
            None => self.own_address(By::Anyone).await,
        }
    }

    /// The address of who would sign; asks for no passphrase.
    pub async fn own_address(&self, by: By) -> Result<Address, Failure> {
        if let Some(account) = &self.globals.sender {
            return self.address(account).await;
        }
        let name = self.signer_name(by).await?;
        if name.contains(',') {
            return Err(several_keys());
        }
        match name.strip_prefix("dev:") {
            Some(_) => self.address(&name).await,
            None => Ok(Keystore::open_default()?.find(&name)?.address()),
        }
    }

    /// An address as this chain's network writes it.
    pub async fn shown(&self, address: &Address) -> Result<String, Failure> {
        Ok(address.display(self.chain().await?.network))
    }

    /// Who signs: `--from`, else the keystore's default, else on a dev network the holder of the
    /// role, the first member of the council, or `dev:0`.
    pub async fn signer(&self, by: By) -> Result<Signer, Failure> {
        let name = self.signer_name(by).await?;
        let chain = self.chain().await?;
        let address = self.own_address(by).await?;
        let mut keys = Vec::new();
        for name in name.split(',') {
            keys.extend(self.signer_named(name, &chain).await?.keys);
        }
        Ok(Signer { name, address, keys })
    }

    /// The key of a name on a chain, which need not be reachable.
    pub async fn signer_named(&self, name: &str, chain: &Chain) -> Result<Signer, Failure> {
        if let Some(who) = name.strip_prefix("dev:") {
            return dev_signer(&self.dev_seed_of(chain).await?, who);
        }
        let keystore = Keystore::open_default()?;
        let address = keystore.find(name)?.address();
        let passphrase = self.passphrase_source().read(&format!("passphrase of {name}"))?;
        let key = keystore.unlock(name, &passphrase)?;
        Ok(Signer { name: name.to_owned(), address, keys: vec![key] })
    }

    async fn signer_name(&self, by: By) -> Result<String, Failure> {
        if let Some(name) = &self.globals.from {
            return Ok(name.clone());
        }
        if let Some(name) = Keystore::open_default().ok().and_then(|store| store.default_name()) {
            return Ok(name);
        }
        match self.chain().await?.network {
            Network::Dev => Ok(dev_name(by)),
            _ => Err(Failure::usage("it is not said who signs")
                .next("give --from NAME, or choose a default with `ballast key use NAME`")),
        }
    }

    /// The seed of the dev keys, once the chain is known to be a dev network.
    pub async fn dev_seed(&self) -> Result<String, Failure> {
        let chain = self.chain().await?;
        self.dev_seed_of(&chain).await
    }

    async fn dev_seed_of(&self, chain: &Chain) -> Result<String, Failure> {
        if chain.network != Network::Dev {
            let message = format!(
                "dev keys are known to everyone and sign only on a dev network; this is {}",
                chain.network
            );
            return Err(Failure::safety("DEV_KEY_REFUSED", message)
                .next("give --from a key of your keystore"));
        }
        if let Some(seed) = &self.globals.dev_seed {
            return Ok(seed.clone());
        }
        let unknown = || {
            let dir = self.globals.dir.display();
            Failure::config(format!(
                "the seed of this dev network's keys is not known: {dir} is not its folder"
            ))
            .next("give --dir FOLDER of the testnet, or --dev-seed SEED")
        };
        let testnet = self.testnet().await?.ok_or_else(unknown)?;
        let genesis = chain.genesis.to_string();
        let same = testnet.genesis_hash.as_ref().is_none_or(|hash| *hash == genesis);
        testnet.dev_seed.clone().filter(|_| same).ok_or_else(unknown)
    }

    /// Members of the council by the names that sign for them; none but on a dev network whose seed
    /// is known.
    pub async fn member_names(&self) -> Vec<(String, String)> {
        let (Ok(chain), Ok(seed)) = (self.chain().await, self.dev_seed().await) else {
            return Vec::new();
        };
        let named = |(n, address): (usize, Address)| {
            (format!("dev:council-{n}"), address.display(chain.network))
        };
        dev::council_addresses(&seed).into_iter().enumerate().map(named).collect()
    }

    pub fn passphrase_source(&self) -> PassphraseSource {
        let globals = &self.globals;
        match (globals.passphrase_fd, &globals.passphrase_file) {
            (Some(number), _) => PassphraseSource::Descriptor(number),
            (None, Some(path)) => PassphraseSource::File(path.clone()),
            (None, None) if globals.no_input => PassphraseSource::Nowhere,
            (None, None) => PassphraseSource::Terminal,
        }
    }

    /// Asks before something that cannot be undone; never on a dev network.
    pub async fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.chain().await?.network == Network::Dev {
            return Ok(());
        }
        self.insist(what)
    }

    /// As [`Self::confirm`], before dollars may leave: with a limit set, only above it, and then on
    /// every network.
    pub async fn confirm_amount(&self, what: &str, amount: Option<u64>) -> Result<(), Failure> {
        match (self.globals.ask_above, amount) {
            (Some(limit), Some(amount)) if amount > limit => self.insist(what),
            (Some(_), Some(_)) => Ok(()),
            _ => self.confirm(what).await,
        }
    }

    /// Asks, on every network.
    pub fn insist(&self, what: &str) -> Result<(), Failure> {
        if self.globals.yes {
            return Ok(());
        }
        if self.globals.no_input || !io::stdin().is_terminal() {
            let message = format!("{what}: this needs a yes, and nobody can be asked");
            return Err(Failure::safety("CONFIRMATION_NEEDED", message).next("add --yes"));
        }
        let mut answer = String::new();
        let mut out = io::stderr();
        let asked = write!(out, "{what}? [y/N] ").and_then(|()| out.flush());
        let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        match read {
            Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
            _ => Err(Failure::new(Exit::Refused, "DECLINED", "nothing was sent")),
        }
    }
}

fn several_keys() -> Failure {
    Failure::usage("it is not said which account several keys sign for").next("add --sender ADDR")
}

/// The name of who signs on a dev network.
fn dev_name(by: By) -> String {
    match by {
        By::Anyone => "dev:0".to_owned(),
        By::Role(role) => format!("dev:{}", role_word(role)),
        By::Member => "dev:council-0".to_owned(),
    }
}

/// A role as it is typed: `mint-controller`.
pub fn role_word(role: Role) -> String {
    role.name().to_lowercase().replace('_', "-")
}

/// Reads a role, as it is typed or as the chain names it.
pub fn parse_role(text: &str) -> Result<Role, String> {
    parse_name(text, &Role::ALL, Role::name)
}

/// Reads one of several things by its name, as it is typed or as the chain has it.
pub fn parse_name<T: Copy>(
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    let word = |name: &str| name.to_lowercase().replace('_', "-");
    let found = all.iter().copied().find(|thing| word(name(*thing)) == word(text));
    let names = || all.iter().map(|thing| word(name(*thing))).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("it is none of {}", names()))
}

fn dev_signer(seed: &str, who: &str) -> Result<Signer, Failure> {
    let name = format!("dev:{who}");
    let Some(key) = dev_key(seed, who) else {
        let roles = Role::ALL.map(role_word).join(", ");
        return Err(Failure::usage(format!(
            "\"{name}\" is neither a funded account (dev:0 …), a member of the council (council-0 … \
             council-4), an officer (ceo, cfo), fees, nor a role ({roles})"
        )));
    };
    let address = Address::of(&KeyPolicy::Single(key.public()));
    Ok(Signer { name, address, keys: vec![key] })
}

fn dev_key(seed: &str, who: &str) -> Option<SecretKey> {
    if let Ok(n) = who.parse::<u32>() {
        return Some(dev::account_key(seed, n));
    }
    let [ceo, cfo] = dev::officer_keys(seed);
    match who {
        "ceo" => return Some(ceo),
        "cfo" => return Some(cfo),
        "fees" => return Some(dev::fee_key(seed)),
        _ => {}
    }
    match who.strip_prefix("council-") {
        Some(n) => dev::council_keys(seed).into_iter().nth(n.parse().ok()?),
        None => parse_role(who).ok().map(|role| dev::role_key(seed, role)),
    }
}

/// The sibling of this program that runs local networks.
pub fn testnet_program() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join(TESTNET)));
    beside.filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(TESTNET))
}

/// Asks the testnet program what the folder holds; none when the folder holds nothing.
fn read_testnet(dir: &Path) -> Result<Option<Testnet>, Failure> {
    let manifest = dir.join("network.json");
    if !manifest.exists() {
        return Ok(None);
    }
    let mut command = Command::new(testnet_program());
    let answer = command.arg("env").arg("--dir").arg(dir).arg("--json").output();
    let text = match answer {
        Ok(answer) if answer.status.success() => answer.stdout,
        // Without the program, the folder still says enough.
        _ => std::fs::read(&manifest).map_err(|error| Failure::file(&manifest, &error))?,
    };
    let value = serde_json::from_slice(&text).map_err(|error| {
        Failure::config(format!("{} does not read: {error}", manifest.display()))
    })?;
    Ok(Some(testnet_of(&value)))
}

fn testnet_of(value: &Value) -> Testnet {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let validators = value.get("validators").and_then(Value::as_array);
    Testnet {
        endpoints: validators.into_iter().flatten().filter_map(endpoint_of).collect(),
        dev_seed: text("dev_seed"),
        genesis_hash: text("genesis_hash"),
    }
}

fn endpoint_of(validator: &Value) -> Option<String> {
    let url = ["endpoint", "grpc", "grpc_endpoint", "grpc_url", "url"];
    let url = url.iter().find_map(|name| validator.get(name)?.as_str().map(str::to_owned));
    let port =
        || validator.get("grpc_port")?.as_u64().map(|port| format!("http://127.0.0.1:{port}"));
    url.or_else(port)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_testnet_is_read_from_its_program_or_from_its_folder() {
        let said = json!({
            "dev_seed": "s", "genesis_hash": "ab",
            "validators": [{ "endpoint": "http://127.0.0.1:1" }, { "grpc": "http://127.0.0.1:2" }],
        });
        let expected = Testnet {
            endpoints: vec!["http://127.0.0.1:1".into(), "http://127.0.0.1:2".into()],
            dev_seed: Some("s".into()),
            genesis_hash: Some("ab".into()),
        };
        assert_eq!(testnet_of(&said), expected);
        let stored = json!({ "validators": [{ "grpc_port": 7 }] });
        assert_eq!(testnet_of(&stored).endpoints, ["http://127.0.0.1:7"]);
        assert_eq!(testnet_of(&json!({})), Testnet::default());
    }

    #[test]
    fn roles_are_read_as_typed_and_as_the_chain_names_them() {
        for role in Role::ALL {
            assert_eq!(parse_role(&role_word(role)), Ok(role));
            assert_eq!(parse_role(role.name()), Ok(role));
        }
        assert!(parse_role("king").unwrap_err().contains("mint-controller"));
    }

    #[test]
    fn dev_names_are_accounts_members_officers_and_roles() {
        assert_eq!(dev_signer("seed", "3").unwrap().address, dev::account_address("seed", 3));
        assert_eq!(
            dev_signer("seed", "council-4").unwrap().address,
            dev::council_addresses("seed")[4]
        );
        let minter = dev_signer("seed", "minter").unwrap();
        assert_eq!(minter.address, dev::role_address("seed", Role::Minter));
        let [ceo, _] = dev::officer_keys("seed");
        assert_eq!(dev_signer("seed", "ceo").unwrap().keys()[0].public(), ceo.public());
        for nobody in ["nobody", "council", "council-5", "council-x"] {
            assert_eq!(dev_signer("seed", nobody).err().unwrap().exit, Exit::Usage, "{nobody}");
        }
    }
}
