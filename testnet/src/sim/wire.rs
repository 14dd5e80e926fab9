//! What is under way between nodes. Bytes are what counts: each receiver gets what decoding them
//! gives. Since decoding and checking are pure, they are done once for all receivers.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use ballast_primitives::{Hash, PublicKey};
use ballast_replica::message::Message;
use ballast_replica::types::Batch;
use ballast_runtime::tx::{SignedTx, VerifiedTx};

use super::{memo, setting};

/// A frame of the consensus lane.
pub struct Frame {
    bytes: Vec<u8>,
    message: OnceCell<Result<Message, String>>,
}

impl Frame {
    pub fn of(message: &Message) -> Rc<Self> {
        Self::raw(message.encode())
    }

    pub fn raw(bytes: Vec<u8>) -> Rc<Self> {
        Rc::new(Self { bytes, message: OnceCell::new() })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a receiver makes of it.
    pub fn message(&self) -> Result<&Message, &str> {
        let decode = || Message::decode(&self.bytes).map_err(|error| error.to_string());
        self.message.get_or_init(decode).as_ref().map_err(String::as_str)
    }
}

/// A batch whose transactions were decoded and verified, as a node does before its replica sees
/// it.
pub struct Checked {
    pub digest: Hash,
    pub author: PublicKey,
    pub bytes: Arc<Vec<u8>>,
    pub txs: Vec<VerifiedTx>,
}

impl Checked {
    pub fn signatures(&self) -> usize {
        self.txs.iter().map(|tx| tx.tx().signatures()).sum()
    }
}

/// Batches under way, each checked once.
#[derive(Default)]
pub struct Batches(BTreeMap<Hash, Rc<Result<Checked, String>>>);

impl Batches {
    pub fn check(&mut self, bytes: &Arc<Vec<u8>>) -> Rc<Result<Checked, String>> {
        let digest = Batch::digest_of_bytes(bytes);
        let checked = self.0.entry(digest).or_insert_with(|| Rc::new(check(digest, bytes)));
        Rc::clone(checked)
    }
}

fn check(digest: Hash, bytes: &Arc<Vec<u8>>) -> Result<Checked, String> {
    let batch = Batch::decode(bytes).map_err(|error| error.to_string())?;
    let mut txs = Vec::with_capacity(batch.txs.len());
    for bytes in &batch.txs {
        let tx =
            setting::program(setting::NEWEST).decode(bytes).map_err(|error| error.to_string())?;
        txs.push(verify(tx)?);
    }
    Ok(Checked { digest, author: batch.author, bytes: Arc::clone(bytes), txs })
}

/// As a node verifies a transaction; each signature once in a run.
pub fn verify(tx: SignedTx) -> Result<VerifiedTx, String> {
    let message = tx.body.signed_bytes();
    for part in tx.parts(&message) {
        for item in part.items() {
            memo::verify(&item.key, item.message, &item.signature)
                .map_err(|error| format!("a transaction's signature: {error}"))?;
        }
    }
    let id = tx.body.id();
    Ok(VerifiedTx::assume_verified(tx, id))
}
