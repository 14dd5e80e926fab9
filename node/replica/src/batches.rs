//! Batches that are here, durable and not yet committed: what this validator may propose, and
//! what it must hold before it votes for a block that names them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ballast_primitives::block::{BATCHES_MAX, Load};
use ballast_primitives::{BatchRef, Hash, PublicKey};
use ballast_runtime::admission;
use ballast_runtime::tx::VerifiedTx;

/// A batch with its transactions verified.
#[derive(Clone, Debug)]
pub struct Held {
    pub author: PublicKey,
    pub txs: Arc<Vec<VerifiedTx>>,
    pub bytes: usize,
    /// Of its transactions.
    pub signatures: usize,
    /// After this time no transaction of it can commit.
    pub expires: u64,
    /// Holds a transaction of lane 0.
    pub protective: bool,
}

impl Held {
    /// A batch of `author` whose encoding has `bytes` bytes.
    pub fn new(author: PublicKey, txs: Vec<VerifiedTx>, bytes: usize) -> Self {
        Self {
            author,
            expires: txs.iter().map(|tx| tx.body().valid_until).max().unwrap_or(0),
            protective: txs.iter().any(|tx| admission::is_lane0(tx.tx())),
            signatures: txs.iter().map(|tx| tx.tx().signatures()).sum(),
            txs: Arc::new(txs),
            bytes,
        }
    }

    /// How a block names it.
    pub fn named(&self, digest: Hash) -> BatchRef {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (bytes, txs) = (count(self.bytes), count(self.txs.len()));
        BatchRef { digest, bytes, txs, signatures: count(self.signatures) }
    }
}

/// Something named by a proposal and not here yet.
#[derive(Clone, Copy, Debug)]
struct Want {
    /// The latest proposal that names it: its round, and who proposes, and so has it.
    round: u32,
    proposer: PublicKey,
    asked_at: u64,
    times: u32,
}

/// A wanted batch that it is time to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub digest: Hash,
    /// Who has it, or says so.
    pub proposer: PublicKey,
    /// How often it was asked for before.
    pub times: u32,
}

/// The most batches that one proposer's proposals have asked for: two blocks' worth.
pub const WANTED_OF_ONE_MAX: usize = 2 * BATCHES_MAX;
/// How many committed batches to remember.
const COMMITTED_KEPT: usize = 8_192;

#[derive(Debug, Default)]
pub struct Batches {
    held: BTreeMap<Hash, Held>,
    /// Each author's uncommitted batches, oldest first, protective ones in front.
    queues: BTreeMap<PublicKey, VecDeque<Hash>>,
    author_bytes: BTreeMap<PublicKey, usize>,
    wanted: BTreeMap<Hash, Want>,
    /// The newest committed batches, so that one pushed late is not ordered again.
    committed: VecDeque<Hash>,
    committed_set: BTreeSet<Hash>,
}

impl Batches {
    pub fn get(&self, digest: &Hash) -> Option<&Held> {
        self.held.get(digest)
    }

    pub fn contains(&self, digest: &Hash) -> bool {
        self.held.contains_key(digest)
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_wanted(&self, digest: &Hash) -> bool {
        self.wanted.contains_key(digest)
    }

    /// Bytes of all that is held.
    pub fn bytes(&self) -> usize {
        self.author_bytes.values().sum()
    }

    /// The most bytes that any author has here.
    pub fn bytes_of_largest(&self) -> usize {
        self.author_bytes.values().max().copied().unwrap_or(0)
    }

    /// Transactions of all that is held.
    pub fn txs(&self) -> usize {
        self.held.values().map(|held| held.txs.len()).sum()
    }

    /// How many batches are wanted.
    pub fn wanted(&self) -> usize {
        self.wanted.len()
    }

    pub fn bytes_of(&self, author: &PublicKey) -> usize {
        self.author_bytes.get(author).copied().unwrap_or(0)
    }

    /// Whether the batch is here, or was committed lately.
    pub fn is_known(&self, digest: &Hash) -> bool {
        self.held.contains_key(digest) || self.committed_set.contains(digest)
    }

    /// Forgets a batch because a block committed it.
    pub fn commit(&mut self, digest: &Hash) {
        self.remove(digest);
        if self.committed_set.insert(*digest) {
            self.committed.push_back(*digest);
        }
        if self.committed.len() > COMMITTED_KEPT
            && let Some(oldest) = self.committed.pop_front()
        {
            self.committed_set.remove(&oldest);
        }
    }

    /// Adds a durable batch; false when it is here already.
    pub fn insert(&mut self, digest: Hash, held: Held) -> bool {
        if self.held.contains_key(&digest) {
            return false;
        }
        self.wanted.remove(&digest);
        let queue = self.queues.entry(held.author).or_default();
        match held.protective {
            true => queue.push_front(digest),
            false => queue.push_back(digest),
        }
        *self.author_bytes.entry(held.author).or_default() += held.bytes;
        self.held.insert(digest, held);
        true
    }

    /// Forgets a batch that was committed or has expired.
    pub fn remove(&mut self, digest: &Hash) -> Option<Held> {
        self.wanted.remove(digest);
        let held = self.held.remove(digest)?;
        if let Some(queue) = self.queues.get_mut(&held.author) {
            queue.retain(|other| other != digest);
            if queue.is_empty() {
                self.queues.remove(&held.author);
            }
        }
        if let Some(bytes) = self.author_bytes.get_mut(&held.author) {
            *bytes = bytes.saturating_sub(held.bytes);
            if *bytes == 0 {
                self.author_bytes.remove(&held.author);
            }
        }
        Some(held)
    }

    /// The batches of the next block: protective ones first, then one of each author in turn,
    /// starting with the `first`-th author, up to the limits of a block and `txs_max`.
    pub fn choose(&self, first: u64, txs_max: u64, most: &Load) -> Vec<BatchRef> {
        let authors = self.queues.len();
        if authors == 0 {
            return Vec::new();
        }
        let skip = usize::try_from(first % authors as u64).unwrap_or(0);
        let longest = self.queues.values().map(VecDeque::len).max().unwrap_or(0);
        let in_turn = (0..longest).flat_map(|depth| {
            let turn = self.queues.values().cycle().skip(skip).take(authors);
            turn.filter_map(move |queue| queue.get(depth))
        });
        let ordered: Vec<_> =
            in_turn.filter_map(|digest| Some((digest, self.held.get(digest)?))).collect();
        let protective = ordered.iter().filter(|(_, held)| held.protective);
        let rest = ordered.iter().filter(|(_, held)| !held.protective);
        let mut chosen = Vec::new();
        let mut load = Load::default();
        for (digest, held) in protective.chain(rest) {
            let named = held.named(**digest);
            let over = !chosen.is_empty() && load.txs.saturating_add(named.txs.into()) > txs_max;
            if over || load.add_within(&named, most).is_err() {
                break;
            }
            chosen.push(named);
        }
        chosen
    }

    /// Batches of which nothing can commit at `time` any more.
    pub fn expired(&self, time: u64) -> Vec<Hash> {
        self.held
            .iter()
            .filter(|(_, held)| held.expires <= time)
            .map(|(digest, _)| *digest)
            .collect()
    }

    /// Notes that the proposal of `round` names `digest` and it is not here. A later round's
    /// proposer is asked without delay, whoever was asked before: an earlier one may be gone, or
    /// keep its batches to itself.
    pub fn want(&mut self, digest: Hash, round: u32, proposer: PublicKey, now: u64, grace: u64) {
        let fresh = Want { round, proposer, asked_at: now, times: 0 };
        let want = self.wanted.entry(digest).or_insert(fresh);
        if round > want.round {
            *want = Want { asked_at: now.saturating_sub(grace), ..fresh };
        }
    }

    /// Makes room for `count` more that a proposer names, by no longer wanting what its earliest
    /// rounds name: what one proposer names takes no room from others.
    pub fn make_room(&mut self, proposer: &PublicKey, count: usize) {
        let of_one = self.wanted.iter().filter(|(_, want)| want.proposer == *proposer);
        let mut of_one: Vec<_> = of_one.map(|(digest, want)| (want.round, *digest)).collect();
        let over = of_one.len().saturating_add(count).saturating_sub(WANTED_OF_ONE_MAX);
        of_one.sort_unstable();
        for (_, digest) in of_one.into_iter().take(over) {
            self.wanted.remove(&digest);
        }
    }

    /// Nothing is wanted any more: the height is over.
    pub fn stop_wanting(&mut self) {
        self.wanted.clear();
    }

    /// Wanted batches to ask for now: `grace` after they were first missed (a push may be on its
    /// way), then every `again`.
    pub fn to_request(&mut self, now: u64, grace: u64, again: u64) -> Vec<Due> {
        let mut due = Vec::new();
        for (digest, want) in &mut self.wanted {
            let wait = if want.times == 0 { grace } else { again };
            if now >= want.asked_at + wait {
                let Want { proposer, times, .. } = *want;
                due.push(Due { digest: *digest, proposer, times });
                want.asked_at = now;
                want.times += 1;
            }
        }
        due
    }

    pub fn has_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::Payload;
    use ballast_primitives::block::{BLOCK_BYTES_MAX, BLOCK_SIGNATURES_MAX};

    use super::*;

    fn held(author: u8, protective: bool) -> Held {
        let author = PublicKey([author; 32]);
        let txs = Arc::new(vec![]);
        Held { author, txs, bytes: 10, signatures: 0, expires: 100, protective }
    }

    fn digest(n: u8) -> Hash {
        Hash([n; 32])
    }

    #[test]
    fn a_later_rounds_proposer_is_asked_at_once_for_what_is_missing() {
        let (first, second) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let due = |proposer, times| vec![Due { digest: digest(1), proposer, times }];
        let mut batches = Batches::default();
        batches.want(digest(1), 0, first, 0, 100);
        assert_eq!(batches.to_request(99, 100, 500), []);
        assert_eq!(batches.to_request(100, 100, 500), due(first, 0));
        assert_eq!(batches.to_request(150, 100, 500), []);
        batches.want(digest(1), 1, second, 150, 100);
        assert_eq!(batches.to_request(150, 100, 500), due(second, 0));
        batches.want(digest(1), 0, first, 160, 100);
        assert_eq!(batches.to_request(650, 100, 500), due(second, 1));
    }

    #[test]
    fn authors_take_turns_and_protective_batches_go_first() {
        let mut batches = Batches::default();
        for n in 0..4 {
            batches.insert(digest(n), held(1, false));
        }
        batches.insert(digest(10), held(2, false));
        batches.insert(digest(11), held(2, true));
        let order = |first, txs_max| {
            let chosen = batches.choose(first, txs_max, &Load::MOST);
            chosen.iter().map(|batch| batch.digest.0[0]).collect::<Vec<_>>()
        };
        assert_eq!(order(0, 10), [11, 0, 1, 10, 2, 3]);
        assert_eq!(order(1, 10), [11, 0, 10, 1, 2, 3]);
        assert_eq!(batches.bytes_of(&PublicKey([1; 32])), 40);
        assert!(!batches.insert(digest(0), held(1, false)));
        assert!(batches.remove(&digest(0)).is_some());
        assert!(batches.remove(&digest(0)).is_none());
        assert_eq!(batches.bytes_of(&PublicKey([1; 32])), 30);
        assert_eq!(batches.expired(99), []);
        assert_eq!(batches.expired(100).len(), 5);
    }

    #[test]
    fn a_block_is_filled_up_to_what_a_judge_allows() {
        let large = |bytes: usize, signatures: usize| Held { bytes, signatures, ..held(1, false) };
        let chosen = |sizes: &[(usize, usize)]| {
            let mut batches = Batches::default();
            for (n, (bytes, signatures)) in (0..).zip(sizes) {
                batches.insert(digest(n), large(*bytes, *signatures));
            }
            let batches = batches.choose(0, u64::MAX, &Load::MOST);
            assert_eq!(Payload { batches: batches.clone(), returns: vec![] }.check(), Ok(()));
            batches.len()
        };
        let (bytes, signatures) = (BLOCK_BYTES_MAX as usize, BLOCK_SIGNATURES_MAX as usize);
        assert_eq!(chosen(&[(bytes / 2, 1), (bytes / 2, 1), (1, 1)]), 2);
        assert_eq!(chosen(&[(bytes / 2, 1), (bytes / 2 + 1, 1), (1, 1)]), 1);
        assert_eq!(chosen(&[(1, signatures), (1, 1)]), 1);
        assert_eq!(chosen(&[(1, signatures - 1), (1, 1)]), 2);
    }

    #[test]
    fn a_missing_batch_is_asked_for_after_a_grace_and_then_again() {
        let mut batches = Batches::default();
        let (first, second) = (PublicKey([8; 32]), PublicKey([9; 32]));
        let due = |proposer, times| [Due { digest: digest(1), proposer, times }];
        batches.want(digest(1), 0, first, 1_000, 30);
        batches.want(digest(1), 0, first, 1_020, 30);
        assert_eq!(batches.to_request(1_029, 30, 200), []);
        assert_eq!(batches.to_request(1_030, 30, 200), due(first, 0));
        assert_eq!(batches.to_request(1_229, 30, 200), []);
        assert_eq!(batches.to_request(1_230, 30, 200), due(first, 1));
        batches.want(digest(1), 1, second, 1_240, 30);
        batches.want(digest(1), 0, first, 1_241, 30);
        assert_eq!(batches.to_request(1_241, 30, 200), due(second, 0));
        batches.insert(digest(1), held(1, false));
        assert!(!batches.has_wanted());
    }
}
