//! Batches of which less than half could commit as the state is: not stored, not ordered, not kept
//! for long. The state may only be behind (an account is used as soon as it is there, and that
//! somewhere else first), so they are looked at again after each block.

use std::collections::BTreeMap;
use std::sync::Arc;

use ballast_primitives::{Hash, PublicKey};

use crate::batches::{Held, charge};

/// The most bytes that are kept of one author, as they are charged.
pub const BYTES_MAX: usize = 1024 * 1024;
/// The most transactions.
pub const TXS_MAX: usize = 1_024;
/// After how many blocks one is forgotten.
const LOOKS_MAX: u32 = 16;

#[derive(Debug)]
pub struct Doubt {
    pub digest: Hash,
    pub bytes: Arc<Vec<u8>>,
    pub held: Held,
    looks: u32,
}

#[derive(Debug, Default)]
pub struct Doubtful(BTreeMap<PublicKey, Vec<Doubt>>);

fn charge_of(doubts: &[Doubt]) -> usize {
    doubts.iter().map(|doubt| charge(doubt.bytes.len())).sum()
}

impl Doubtful {
    /// Bytes of the author that has most here, as they are charged.
    pub fn bytes_of_largest(&self) -> usize {
        self.0.values().map(|doubts| charge_of(doubts)).max().unwrap_or(0)
    }

    /// Keeps a batch if there is room for it.
    pub fn keep(&mut self, digest: Hash, bytes: Arc<Vec<u8>>, held: Held) {
        self.put(Doubt { digest, bytes, held, looks: 0 });
    }

    fn put(&mut self, doubt: Doubt) {
        let of_author = self.0.entry(doubt.held.author).or_default();
        let bytes = charge_of(of_author);
        let txs: usize = of_author.iter().map(|other| other.held.txs.len()).sum();
        let fits = bytes.saturating_add(charge(doubt.bytes.len())) <= BYTES_MAX
            && txs.saturating_add(doubt.held.txs.len()) <= TXS_MAX;
        if fits && of_author.iter().all(|other| other.digest != doubt.digest) {
            of_author.push(doubt);
        }
        self.0.retain(|_, doubts| !doubts.is_empty());
    }

    /// Takes a batch out, if it is here.
    pub fn take(&mut self, digest: &Hash) -> Option<Doubt> {
        for doubts in self.0.values_mut() {
            if let Some(at) = doubts.iter().position(|doubt| doubt.digest == *digest) {
                return Some(doubts.swap_remove(at));
            }
        }
        None
    }

    /// Takes all of them out, to be looked at after a block.
    pub fn take_all(&mut self) -> Vec<Doubt> {
        std::mem::take(&mut self.0).into_values().flatten().collect()
    }

    /// Puts one back that is still doubtful, unless that has been for too long.
    pub fn put_back(&mut self, doubt: Doubt) {
        let looks = doubt.looks + 1;
        if looks < LOOKS_MAX {
            self.put(Doubt { looks, ..doubt });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(doubtful: &mut Doubtful, author: u8, n: u16, bytes: usize) {
        let digest = Hash([n.to_be_bytes(); 16].concat().try_into().unwrap());
        let held = Held::new(PublicKey([author; 32]), Vec::new(), bytes);
        doubtful.keep(digest, Arc::new(vec![0; bytes]), held);
    }

    #[test]
    fn each_author_has_its_room_and_tiny_batches_are_charged_as_larger_ones() {
        let mut doubtful = Doubtful::default();
        for n in 0..2_000 {
            keep(&mut doubtful, 1, n, 1);
        }
        keep(&mut doubtful, 2, 5_000, BYTES_MAX + 1);
        keep(&mut doubtful, 2, 5_001, BYTES_MAX);
        keep(&mut doubtful, 2, 5_002, 1);
        assert_eq!(doubtful.bytes_of_largest(), BYTES_MAX);
        assert_eq!(doubtful.take_all().len(), BYTES_MAX / charge(1) + 1);
    }

    #[test]
    fn after_some_blocks_one_is_forgotten() {
        let mut doubtful = Doubtful::default();
        keep(&mut doubtful, 1, 1, 10);
        for _ in 0..LOOKS_MAX {
            assert_eq!(doubtful.0.len(), 1);
            for doubt in doubtful.take_all() {
                doubtful.put_back(doubt);
            }
        }
        assert!(doubtful.0.is_empty());
    }
}
