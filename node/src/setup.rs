//! What the command line hands to the engine, where things lie in a validator's home, and how a
//! run can end.

use std::path::{Path, PathBuf};

use ballast_primitives::{Hash, SecretKey};
use ballast_runtime::{Genesis, Rulebook};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// Everything that a node runs on, checked. No `Debug`: it holds secrets.
pub struct Setup {
    /// The folder that [`Home`] maps.
    pub home: PathBuf,
    pub config: Config,
    pub genesis: Genesis,
    /// Signs votes and proposals. A node whose key is not in the validator set only follows.
    pub consensus_key: SecretKey,
    /// The identity on the peer network; listed beside the consensus key in the validator set.
    pub peer_key: SecretKey,
    /// The versions of the rules that this program executes.
    pub rulebook: Rulebook,
    /// Digest of this program's file; zero when it is not known.
    pub release: Hash,
    /// Cancelled by the first SIGTERM or SIGINT: finish the block in hand, then return. A second
    /// signal ends the process wherever it is.
    pub stop: CancellationToken,
}

/// The map of a validator's home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// The chain's first state, in canonical Borsh: the same bytes on every node.
    pub fn genesis(&self) -> PathBuf {
        self.0.join("genesis.bin")
    }

    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    pub fn consensus_key(&self) -> PathBuf {
        self.keys().join("consensus.key")
    }

    pub fn peer_key(&self) -> PathBuf {
        self.keys().join("peer.key")
    }

    /// What can be fetched again from other validators: the database.
    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("db")
    }

    /// The consensus write-ahead log: with the sign-state, what a validator must not lose.
    pub fn wal(&self) -> PathBuf {
        self.0.join("consensus.wal")
    }

    /// Overrides of blocks: one file each. Beside `data/`, which may be fetched again.
    pub fn overrides(&self) -> PathBuf {
        self.0.join("overrides")
    }

    /// The override of the block at a height.
    pub fn override_at(&self, height: u64) -> PathBuf {
        self.overrides().join(format!("{height}.bin"))
    }

    /// What this validator has signed. Beside `data/`, not inside it: whoever deletes the data to
    /// sync afresh must not delete the memory that keeps the key from signing twice.
    pub fn sign_state(&self) -> PathBuf {
        self.0.join("sign-state")
    }

    /// What to do about a sign-state that cannot be gone on from.
    pub fn sign_state_advice(&self) -> String {
        let home = self.0.display();
        format!(
            "The sign-state remembers what this validator has signed; without it the validator \
             could sign twice. Never run two nodes with one key. Put the file back as it was when \
             the node last stopped. If it is lost, `ballast-node sign-state reset --history-unknown \
             --home {home}` makes one with which the validator follows without signing until \
             nothing that its key may have signed can matter. Only for a key that has never signed: \
             `ballast-node init --key-never-signed --home {home}`"
        )
    }
}

/// Why a run ended, other than by being asked to.
#[derive(Debug, Error)]
pub enum RunError {
    /// To go on could harm the chain or lose what was promised: a missing sign-state, a data folder
    /// that another process holds, a state root that a quorum contradicts.
    #[error("{0}")]
    Safety(String),
    /// What was configured cannot be used, such as an address that cannot be bound.
    #[error("{0}")]
    Config(String),
    /// The chain goes on by rules that this release does not have: it stood still until it was asked
    /// to stop.
    #[error("{0}")]
    Upgrade(String),
    /// The home was written by rules that this release does not have.
    #[error("{0}")]
    Downgrade(String),
    #[error("{0}")]
    Failed(String),
}

impl RunError {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Safety(_) => exit::SAFETY,
            Self::Config(_) => exit::CONFIG,
            Self::Upgrade(_) => exit::UPGRADE,
            Self::Downgrade(_) => exit::DOWNGRADE,
            Self::Failed(_) => exit::INTERNAL,
        }
    }
}

/// The exit codes of the node's commands; they mean the same in the `ballast` CLI.
pub mod exit {
    pub const INTERNAL: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const NOT_FOUND: u8 = 3;
    pub const UNREACHABLE: u8 = 7;
    pub const SAFETY: u8 = 9;
    pub const UPGRADE: u8 = 10;
    pub const DOWNGRADE: u8 = 11;
    pub const CONFIG: u8 = 78;
    pub const INTERRUPTED: u8 = 130;
}
