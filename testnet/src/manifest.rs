//! `network.json`: what a network's folder says of itself.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::process::Process;

const FILE: &str = "network.json";
pub const SCHEMA: &str = "ballast/v1";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema: String,
    pub chain_id: u32,
    /// Hex.
    pub genesis_hash: String,
    /// Every key of the network follows from it.
    pub dev_seed: String,
    /// Funded accounts.
    pub accounts: u32,
    /// What each of them got.
    pub balance_micros: u64,
    pub validators: Vec<Entry>,
}

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    /// Consensus key, hex.
    pub key: String,
    /// Key of its network identity, hex.
    pub peer: String,
    pub peer_port: u16,
    pub grpc_port: u16,
    pub operator_port: u16,
    /// Made after genesis: a validator only once the chain says so, an observer until then.
    #[serde(default)]
    pub joined: bool,
    /// The last process started, which may be dead; none when it was stopped.
    pub process: Option<Process>,
}

impl Entry {
    /// The process, if it lives.
    pub fn alive(&self) -> Option<Process> {
        self.process.filter(|process| process.is_alive())
    }

    pub fn grpc(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc_port)
    }

    pub fn operator(&self) -> String {
        format!("http://127.0.0.1:{}", self.operator_port)
    }
}

impl Manifest {
    pub fn path(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    pub fn read(dir: &Path) -> Result<Self, Failure> {
        let path = Self::path(dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let dir = dir.display();
                return Err(Failure::not_found(format!(
                    "there is no network in {dir}; start one with: ballast testnet up --dir {dir}"
                )));
            }
            Err(error) => return Err(Failure::at(&path)(error)),
        };
        serde_json::from_str(&text)
            .map_err(|error| Failure::internal(format!("{}: {error}", path.display())))
    }

    /// Replaces the file in one step.
    pub fn write(&self, dir: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        let path = Self::path(dir);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map(drop).map_err(Failure::at(&path))
    }

    pub fn entry(&self, n: usize) -> Result<&Entry, Failure> {
        self.validators.get(n).ok_or_else(|| {
            let count = self.validators.len();
            Failure::not_found(format!("there is no validator {n}, only 0 to {}", count - 1))
        })
    }
}
