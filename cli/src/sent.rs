//! Copies of what was sent, until it is known what became of it: with the whole transaction any
//! validator can tell that, with its id alone only one that has it. All of it is best effort.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ballast_client::Chain;
use ballast_primitives::{Address, Hash};
use ballast_runtime::SignedTx;

use crate::keystore::Keystore;

/// For how long a copy is kept: no transaction is valid for longer than a day.
const KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

fn folder() -> Option<PathBuf> {
    Some(Keystore::open_default().ok()?.home().join("sent"))
}

/// Keeps a copy, and drops those that have become old.
pub fn keep(tx: &SignedTx) {
    let Some(folder) = folder() else { return };
    drop(fs::create_dir_all(&folder));
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        if written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT)) {
            drop(fs::remove_file(entry.path()));
        }
    }
    drop(fs::write(folder.join(tx.body.id().to_string()), tx.encode()));
}

/// The copy of a transaction.
pub fn find(id: &Hash) -> Option<SignedTx> {
    let bytes = fs::read(folder()?.join(id.to_string())).ok()?;
    SignedTx::decode(&bytes).ok().filter(|tx| tx.body.id() == *id)
}

pub fn forget(id: &Hash) {
    if let Some(folder) = folder() {
        drop(fs::remove_file(folder.join(id.to_string())));
    }
}

/// Where it is noted that a request for payment was answered: by which transaction, and until when
/// that may commit.
#[derive(Clone, Debug)]
pub struct Paid(PathBuf);

impl Paid {
    /// The note on one payer, payee and reference.
    pub fn of(chain: &Chain, from: &Address, to: &Address, reference: &[u8]) -> Option<Self> {
        let mut hasher = blake3::Hasher::new();
        for part in [&chain.genesis.0, &from.0, &to.0] {
            hasher.update(part);
        }
        let name = hasher.update(reference).finalize().to_hex();
        Some(Self(Keystore::open_default().ok()?.home().join("paid").join(name.as_str())))
    }

    pub fn before(&self) -> Option<(Hash, u64)> {
        let text = fs::read_to_string(&self.0).ok()?;
        let (id, until) = text.trim().split_once(' ')?;
        Some((crate::cli::hash(id).ok()?, until.parse().ok()?))
    }

    pub fn note(&self, tx: &SignedTx) {
        if let Some(folder) = self.0.parent() {
            drop(fs::create_dir_all(folder));
        }
        drop(fs::write(&self.0, format!("{} {}\n", tx.body.id(), tx.body.valid_until)));
    }

    /// Nobody took it.
    pub fn forget(&self) {
        drop(fs::remove_file(&self.0));
    }
}
