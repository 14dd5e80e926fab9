//! The folder of a network: the genesis, and a home for each validator as `ballast-node` reads it.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ballast_primitives::{SecretKey, Validator};
use ballast_runtime::Genesis;
use ballast_runtime::dev::{self, DevSpec};

use crate::failure::Failure;
use crate::manifest::{Entry, Manifest, SCHEMA};
use crate::ports;

/// Often enough that a fresh or restarted validator soon sees a commit.
const HEARTBEAT_MS: u32 = 1_000;
const PORTS_EACH: usize = 3;
pub const GENESIS_FILE: &str = "genesis.bin";
const CONFIG_FILE: &str = "config.toml";

/// What `up` was asked for.
#[derive(Clone, Debug)]
pub struct Spec {
    pub validators: usize,
    pub accounts: u32,
    /// What each account gets, micro-dollars.
    pub balance: u64,
    pub base_port: Option<u16>,
    pub chain_id: u32,
    pub seed: String,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            validators: 4,
            accounts: 10,
            // A million dollars.
            balance: 1_000_000_000_000,
            base_port: None,
            chain_id: 1337,
            seed: "ballast dev".to_owned(),
        }
    }
}

pub fn consensus_key(seed: &str, n: usize) -> SecretKey {
    SecretKey::dev(seed, &format!("validator {n} consensus"))
}

pub fn peer_key(seed: &str, n: usize) -> SecretKey {
    SecretKey::dev(seed, &format!("validator {n} peer"))
}

pub fn home(dir: &Path, name: &str) -> PathBuf {
    dir.join(name)
}

/// Writes everything but what `ballast-node init` makes. `dir` exists and is empty.
pub fn write(dir: &Path, spec: &Spec) -> Result<Manifest, Failure> {
    let count = spec.validators * PORTS_EACH;
    let ports = match spec.base_port {
        Some(base) => ports::from_base(base, count)?,
        None => ports::free(count)?,
    };
    let genesis = genesis(spec)?;
    let entries = (0..spec.validators).zip(ports.chunks_exact(PORTS_EACH));
    let validators = entries.map(|(n, ports)| entry(&spec.seed, n, ports)).collect();
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        chain_id: spec.chain_id,
        genesis_hash: genesis.hash().to_string(),
        dev_seed: spec.seed.clone(),
        accounts: spec.accounts,
        balance_micros: spec.balance,
        validators,
    };
    // First, so that whatever follows is known to be a network's folder.
    manifest.write(dir)?;
    let bytes = genesis.encode();
    new_file(&dir.join(GENESIS_FILE), &bytes, 0o644)?;
    for (n, entry) in manifest.validators.iter().enumerate() {
        let home = home(dir, &entry.name);
        let keys = (consensus_key(&spec.seed, n), peer_key(&spec.seed, n));
        write_home(&home, &config(&manifest, entry), &bytes, &keys.0, &keys.1)?;
    }
    Ok(manifest)
}

/// Adds a node that was not there at genesis to `manifest`, and writes its home; its number. Every
/// other node's file lists it from the node's next start on: its address, and that it may follow.
pub fn add(dir: &Path, manifest: &mut Manifest) -> Result<usize, Failure> {
    let n = manifest.validators.len();
    let seed = &manifest.dev_seed;
    let keys = (consensus_key(seed, n), peer_key(seed, n));
    let entry = Entry { joined: true, ..entry(seed, n, &ports::free(PORTS_EACH)?) };
    let path = dir.join(GENESIS_FILE);
    let genesis = fs::read(&path).map_err(Failure::at(&path))?;
    write_home(&home(dir, &entry.name), &config(manifest, &entry), &genesis, &keys.0, &keys.1)?;
    manifest.validators.push(entry);
    for other in manifest.validators.iter().take(n) {
        let path = home(dir, &other.name).join(CONFIG_FILE);
        fs::write(&path, config(manifest, other)).map_err(Failure::at(&path))?;
    }
    Ok(n)
}

fn entry(seed: &str, n: usize, ports: &[u16]) -> Entry {
    Entry {
        name: name(n),
        key: consensus_key(seed, n).public().to_string(),
        peer: peer_key(seed, n).public().to_string(),
        peer_port: ports[0],
        grpc_port: ports[1],
        operator_port: ports[2],
        joined: false,
        process: None,
    }
}

fn name(n: usize) -> String {
    format!("validator-{n}")
}

fn genesis(spec: &Spec) -> Result<Genesis, Failure> {
    let validator = |n| Validator {
        key: consensus_key(&spec.seed, n).public(),
        peer: peer_key(&spec.seed, n).public(),
        power: 1,
        name: name(n),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let spec = DevSpec {
        chain_id: spec.chain_id,
        time: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        validators: (0..spec.validators).map(validator).collect(),
        accounts: spec.accounts,
        balance: spec.balance,
        seed: spec.seed.clone(),
    };
    dev::genesis(&spec).map_err(Failure::usage)
}

/// A home that `ballast-node init` accepts.
pub fn write_home(
    home: &Path,
    config: &str,
    genesis: &[u8],
    consensus: &SecretKey,
    peer: &SecretKey,
) -> Result<(), Failure> {
    let keys = home.join("keys");
    DirBuilder::new().recursive(true).mode(0o700).create(&keys).map_err(Failure::at(&keys))?;
    new_file(&home.join(CONFIG_FILE), config.as_bytes(), 0o644)?;
    new_file(&home.join(GENESIS_FILE), genesis, 0o644)?;
    for (file, key) in [("consensus.key", consensus), ("peer.key", peer)] {
        let line = format!("ballast-key-v1 plaintext {}\n", const_hex::encode(key.expose()));
        new_file(&keys.join(file), line.as_bytes(), 0o600)?;
    }
    Ok(())
}

/// The `config.toml` of one validator; its peers are the other ones, and those of them that came
/// after genesis may follow it.
pub fn config(manifest: &Manifest, entry: &Entry) -> String {
    let mut text = format!(
        "[node]\nname = \"{}\"\n\n[rpc]\nlisten = \"127.0.0.1:{}\"\n\n[operator]\nlisten = \
         \"127.0.0.1:{}\"\n\n[consensus]\nheartbeat_ms = {HEARTBEAT_MS}\n\n[log]\nformat = \
         \"json\"\n\n[network]\nlisten = \"127.0.0.1:{}\"\npeers = [\n",
        entry.name, entry.grpc_port, entry.operator_port, entry.peer_port
    );
    let others = || manifest.validators.iter().filter(|other| other.peer != entry.peer);
    for other in others() {
        let (key, port) = (&other.peer, other.peer_port);
        let _ = writeln!(text, "  {{ key = \"{key}\", address = \"127.0.0.1:{port}\" }},");
    }
    text.push_str("]\nobservers = [\n");
    for other in others().filter(|other| other.joined) {
        let (peer, key) = (&other.peer, &other.key);
        let _ = writeln!(text, "  {{ key = \"{peer}\", consensus_key = \"{key}\" }},");
    }
    text.push_str("]\n");
    text
}

fn new_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(Failure::at(path))
}

/// Whether `dir` may become a network: absent, or empty.
pub fn check_unused(dir: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    if Manifest::path(dir).exists() {
        return Err(Failure::safety(format!(
            "{shown} already holds a network. To go on with it: ballast testnet restart --dir \
             {shown}. To stop and delete it: ballast testnet reset --dir {shown}"
        )));
    }
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Failure::at(dir))?,
    };
    if entries.count() == 0 {
        return Ok(());
    }
    Err(Failure::safety(format!(
        "{shown} is not empty and holds no network; name another --dir (ballast testnet reset \
         deletes only networks)"
    )))
}
