//! Transactions that were admitted and are not committed yet, and the batch being packed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ballast_primitives::codec;
use ballast_primitives::{Hash, PublicKey};
use ballast_runtime::admission;
use ballast_runtime::tx::{TxBody, VerifiedTx};

use crate::batches::Held;
use crate::types::{BATCH_BYTES_MAX, BATCH_SIGNATURES_MAX, BATCH_TXS_MAX, Batch};

/// A transaction whose signatures the shell has verified, and the bytes it came in.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub tx: VerifiedTx,
    pub bytes: Vec<u8>,
}

/// A batch just packed.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub digest: Hash,
    pub bytes: Arc<Vec<u8>>,
    pub held: Held,
}

/// A batch without transactions: its author, its number, a count.
const EMPTY_BYTES: usize = 32 + 8 + 4;
/// Before each transaction stands its length.
const LENGTH_BYTES: usize = 4;

#[derive(Debug)]
pub struct Pool {
    author: PublicKey,
    sequence: u64,
    open: Vec<Candidate>,
    /// Of its encoding.
    open_bytes: usize,
    open_signatures: usize,
    open_protective: bool,
    /// Every transaction in the open batch or in a held one, with its `valid_until` and whose
    /// batch that is: our own, if it is in one of ours.
    pending: BTreeMap<Hash, (u64, PublicKey)>,
    /// How many of them are our own.
    own: usize,
}

impl Pool {
    /// `first_sequence` must be above every sequence this author used before.
    pub const fn new(author: PublicKey, first_sequence: u64) -> Self {
        Self {
            author,
            sequence: first_sequence,
            open: Vec::new(),
            open_bytes: EMPTY_BYTES,
            open_signatures: 0,
            open_protective: false,
            pending: BTreeMap::new(),
            own: 0,
        }
    }

    /// Number of transactions admitted and not committed.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The `valid_until` of a transaction that waits here.
    pub fn pending(&self, id: &Hash) -> Option<u64> {
        self.pending.get(id).map(|(valid_until, _)| *valid_until)
    }

    /// Whether a transaction waits in a batch of `author`, as far as is known.
    pub fn is_of(&self, id: &Hash, author: &PublicKey) -> bool {
        self.pending.get(id).is_some_and(|(_, other)| other == author)
    }

    /// Number of transactions that were admitted here.
    pub const fn own(&self) -> usize {
        self.own
    }

    /// Transactions of the open batch.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Their bytes.
    pub const fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    pub fn open_is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the open batch can hold this transaction too.
    pub fn fits(&self, candidate: &Candidate) -> bool {
        let signatures = candidate.tx.tx().signatures();
        self.open.len() < BATCH_TXS_MAX
            && self.open_bytes + LENGTH_BYTES + candidate.bytes.len() <= BATCH_BYTES_MAX
            && self.open_signatures + signatures <= BATCH_SIGNATURES_MAX
    }

    /// Whether the open batch should be sealed without waiting.
    pub fn should_seal(&self, batch_bytes: usize) -> bool {
        self.open_protective || self.open_bytes >= batch_bytes || self.open.len() >= BATCH_TXS_MAX
    }

    /// Adds an admitted transaction to the open batch.
    pub fn add(&mut self, candidate: Candidate) {
        self.note(candidate.tx.id(), candidate.tx.tx().body.valid_until, self.author);
        self.open_bytes += LENGTH_BYTES + candidate.bytes.len();
        self.open_signatures += candidate.tx.tx().signatures();
        self.open_protective |= admission::is_lane0(candidate.tx.tx());
        self.open.push(candidate);
    }

    /// Notes a transaction that waits in a batch of `author`.
    pub fn note(&mut self, id: Hash, valid_until: u64, author: PublicKey) {
        if self.is_of(&id, &self.author) {
            return;
        }
        self.own += usize::from(author == self.author);
        self.pending.insert(id, (valid_until, author));
    }

    /// Forgets transactions that were committed, or whose batch is gone.
    pub fn forget<'a>(&mut self, ids: impl IntoIterator<Item = &'a Hash>) {
        for id in ids {
            let waited = self.pending.remove(id);
            let own = waited.is_some_and(|(_, author)| author == self.author);
            self.own = self.own.saturating_sub(usize::from(own));
        }
    }

    /// Takes out of the open batch what can never be included any more. (What is in a sealed batch
    /// stays until that is committed, and is left out then.)
    pub fn drop_open(&mut self, is_dead: impl Fn(&TxBody) -> bool) {
        let candidates = std::mem::take(&mut self.open);
        (self.open_bytes, self.open_signatures, self.open_protective) = (EMPTY_BYTES, 0, false);
        for candidate in candidates {
            if is_dead(candidate.tx.body()) {
                self.pending.remove(&candidate.tx.id());
            } else {
                self.add(candidate);
            }
        }
    }

    /// Packs the open batch; none when it is empty.
    pub fn seal(&mut self) -> Option<Sealed> {
        if self.open.is_empty() {
            return None;
        }
        let (bytes, txs): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.open).into_iter().map(|c| (c.bytes, c.tx)).unzip();
        self.open_protective = false;
        self.open_bytes = EMPTY_BYTES;
        self.open_signatures = 0;
        self.sequence += 1;
        let batch = Batch { author: self.author, sequence: self.sequence, txs: bytes };
        let bytes = codec::encode(&batch);
        let held = Held::new(self.author, txs, bytes.len());
        Some(Sealed { digest: Batch::digest_of_bytes(&bytes), bytes: Arc::new(bytes), held })
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Address, SecretKey};
    use ballast_runtime::Op;
    use ballast_runtime::ops::transfer::Transfer;

    use super::*;

    fn candidate(nonce: u64) -> Candidate {
        let to = Address([3; 32]);
        let body = TxBody {
            genesis: Hash([1; 32]),
            chain_id: 7,
            sender: Address([2; 32]),
            nonce,
            valid_until: 9,
            sponsor: None,
            memo: None,
            ops: vec![Op::Transfer(Transfer { to, amount: 5, travel: None })],
        };
        let tx = body.sign(&[&SecretKey::dev("pool", "a")]);
        let bytes = tx.encode();
        Candidate { tx: VerifiedTx::verify(tx).unwrap(), bytes }
    }

    #[test]
    fn what_is_dead_leaves_the_open_batch_and_its_room() {
        let mut pool = Pool::new(PublicKey([9; 32]), 0);
        let mut without = Pool::new(PublicKey([9; 32]), 0);
        for nonce in 1..=3 {
            pool.add(candidate(nonce));
        }
        without.add(candidate(1));
        without.add(candidate(3));
        pool.drop_open(|body| body.nonce == 2);
        assert_eq!(pool.len(), 2);
        assert_eq!(pool.pending(&candidate(2).tx.id()), None);
        assert_eq!((pool.open_bytes, pool.open_signatures), (without.open_bytes, 2));
        assert_eq!(pool.seal().unwrap().bytes, without.seal().unwrap().bytes);
        pool.drop_open(|_| true);
        assert!(pool.seal().is_none());
    }
}
