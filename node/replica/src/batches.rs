//! Batches that are here, durable and not yet committed: what this validator may propose, and
//! what it must hold before it votes for a block that names them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ballast_primitives::block::{BATCHES_MAX, Load};
use ballast_primitives::planted::{Bug, planted};
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
    /// The most bytes that a proposal names it with.
    bytes: usize,
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
/// What a batch is charged with at least, in its author's room and in its turn in a block: one of
/// few bytes costs as much to store, name and fetch.
const CHARGE_MIN: usize = 4 * 1024;
/// How many committed batches to remember.
const COMMITTED_KEPT: usize = 8_192;

/// With how many bytes a batch is charged.
pub fn charge(bytes: usize) -> usize {
    bytes.max(CHARGE_MIN)
}

/// What an author has waiting here.
#[derive(Debug, Default)]
struct Account {
    /// Oldest first, protective ones in front: by whether it is not, and by its number.
    queue: BTreeMap<(bool, u64), Hash>,
    bytes: usize,
    charge: usize,
    txs: usize,
}

#[derive(Debug, Default)]
pub struct Batches {
    /// With the numbers in which they came.
    held: BTreeMap<Hash, (u64, Held)>,
    came: u64,
    accounts: BTreeMap<PublicKey, Account>,
    /// Held only because a proposal of the height under way names them.
    extra: BTreeSet<Hash>,
    wanted: BTreeMap<Hash, Want>,
    /// The newest committed batches, so that one pushed late is not ordered again.
    committed: VecDeque<Hash>,
    committed_set: BTreeSet<Hash>,
}

impl Batches {
    pub fn get(&self, digest: &Hash) -> Option<&Held> {
        self.held.get(digest).map(|(_, held)| held)
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

    /// With how many bytes a batch is wanted, if it is: no proposal that names it with fewer than
    /// it has can be valid.
    pub fn wanted_bytes(&self, digest: &Hash) -> Option<usize> {
        self.wanted.get(digest).map(|want| want.bytes)
    }

    /// Bytes of all that is held.
    pub fn bytes(&self) -> usize {
        self.accounts.values().map(|account| account.bytes).sum()
    }

    /// The most bytes that any author has here.
    pub fn bytes_of_largest(&self) -> usize {
        self.accounts.values().map(|account| account.bytes).max().unwrap_or(0)
    }

    /// Transactions of all that is held.
    pub fn txs(&self) -> usize {
        self.accounts.values().map(|account| account.txs).sum()
    }

    /// How many batches are wanted.
    pub fn wanted(&self) -> usize {
        self.wanted.len()
    }

    pub fn bytes_of(&self, author: &PublicKey) -> usize {
        self.accounts.get(author).map_or(0, |account| account.bytes)
    }

    /// With how many bytes an author is charged.
    pub fn charge_of(&self, author: &PublicKey) -> usize {
        self.accounts.get(author).map_or(0, |account| account.charge)
    }

    /// How many batches an author has.
    pub fn count_of(&self, author: &PublicKey) -> usize {
        self.accounts.get(author).map_or(0, |account| account.queue.len())
    }

    /// The same of all authors of some kind.
    pub fn charge_where(&self, kind: impl Fn(&PublicKey) -> bool) -> usize {
        let of_kind = self.accounts.iter().filter(|(author, _)| kind(author));
        of_kind.map(|(_, account)| account.charge).sum()
    }

    pub fn txs_of(&self, author: &PublicKey) -> usize {
        self.accounts.get(author).map_or(0, |account| account.txs)
    }

    /// Transactions of all authors but one, of each at most `share`.
    pub fn txs_of_others(&self, than: &PublicKey, share: usize) -> usize {
        let others = self.accounts.iter().filter(|(author, _)| *author != than);
        others.map(|(_, account)| account.txs.min(share)).sum()
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
        self.came += 1;
        let account = self.accounts.entry(held.author).or_default();
        account.queue.insert((!held.protective, self.came), digest);
        account.bytes += held.bytes;
        account.charge += charge(held.bytes);
        account.txs += held.txs.len();
        self.held.insert(digest, (self.came, held));
        true
    }

    /// Notes that a batch is held only because a proposal of the height under way names it.
    pub fn mark_extra(&mut self, digest: Hash) {
        self.extra.insert(digest);
    }

    /// Those that are here, of which the height is over.
    pub fn take_extra(&mut self) -> Vec<Hash> {
        let extra = std::mem::take(&mut self.extra);
        extra.into_iter().filter(|digest| self.held.contains_key(digest)).collect()
    }

    /// Forgets a batch that was committed or has expired.
    pub fn remove(&mut self, digest: &Hash) -> Option<Held> {
        self.wanted.remove(digest);
        let (number, held) = self.held.remove(digest)?;
        if let Some(account) = self.accounts.get_mut(&held.author) {
            account.queue.remove(&(!held.protective, number));
            account.bytes = account.bytes.saturating_sub(held.bytes);
            account.charge = account.charge.saturating_sub(charge(held.bytes));
            account.txs = account.txs.saturating_sub(held.txs.len());
            if account.queue.is_empty() {
                self.accounts.remove(&held.author);
            }
        }
        Some(held)
    }

    /// The batches of the next block, up to the limits of a block and `txs_max`: protective ones
    /// first, then always one of the author who has least in the block, beginning with the
    /// `first`-th. So nobody's share depends on how many batches others have.
    pub fn choose(&self, first: u64, txs_max: u64, most: &Load) -> Vec<BatchRef> {
        let authors = self.accounts.len();
        let skip = first.checked_rem(authors as u64).and_then(|skip| usize::try_from(skip).ok());
        let in_turn = self.accounts.values().cycle().skip(skip.unwrap_or(0)).take(authors);
        let mut queues: Vec<_> = in_turn.map(|account| account.queue.iter().peekable()).collect();
        // Whether the next of it is not protective, what it has in the block, whose turn.
        let starved = planted(Bug::AuthorStarved).then(|| authors.checked_sub(skip.unwrap_or(0)));
        let mut turns: BTreeSet<(bool, usize, usize)> = (0..authors)
            .filter(|turn| starved.flatten().is_none_or(|starved| *turn != starved % authors))
            .filter_map(|turn| {
                let ((ordinary, _), _) = queues.get_mut(turn)?.peek()?;
                Some((*ordinary, 0, turn))
            })
            .collect();
        let (mut chosen, mut load) = (Vec::new(), Load::default());
        while let Some((_, charged, turn)) = turns.pop_first() {
            let Some(queue) = queues.get_mut(turn) else { continue };
            let Some((_, digest)) = queue.next() else { continue };
            let Some(held) = self.get(digest) else { continue };
            let named = held.named(*digest);
            let over = !chosen.is_empty() && load.txs.saturating_add(named.txs.into()) > txs_max;
            // Whose next one does not fit has had its share; others may have smaller ones.
            if over || load.add_within(&named, most).is_err() {
                continue;
            }
            chosen.push(named);
            if let Some(((ordinary, _), _)) = queue.peek() {
                turns.insert((*ordinary, charged.saturating_add(charge(held.bytes)), turn));
            }
        }
        chosen
    }

    /// Batches of which nothing can commit at `time` any more.
    pub fn expired(&self, time: u64) -> Vec<Hash> {
        self.held
            .iter()
            .filter(|(_, (_, held))| held.expires <= time)
            .map(|(digest, _)| *digest)
            .collect()
    }

    /// Notes that the proposal of `round` names `digest` and it is not here. A later round's
    /// proposer is asked without delay, whoever was asked before: an earlier one may be gone, or
    /// keep its batches to itself.
    pub fn want(
        &mut self,
        named: &BatchRef,
        round: u32,
        proposer: PublicKey,
        now: u64,
        grace: u64,
    ) {
        let bytes = named.bytes as usize;
        let fresh = Want { bytes, round, proposer, asked_at: now, times: 0 };
        let want = self.wanted.entry(named.digest).or_insert(fresh);
        let bytes = bytes.max(want.bytes);
        if round > want.round {
            *want = Want { asked_at: now.saturating_sub(grace), ..fresh };
        }
        want.bytes = bytes;
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

    fn named(n: u8) -> BatchRef {
        BatchRef { digest: digest(n), bytes: 10, txs: 1, signatures: 1 }
    }

    #[test]
    fn a_block_has_as_much_of_each_author_whatever_the_sizes_and_number_of_their_batches() {
        let batch = |author, bytes| Held { bytes, ..held(author, false) };
        let mut batches = Batches::default();
        for n in 0..100 {
            batches.insert(digest(n), batch(1, 10));
        }
        for n in 100..110 {
            batches.insert(digest(n), batch(2, 10 * CHARGE_MIN));
        }
        let order = batches.choose(0, 1_000, &Load::MOST);
        let of = |author: u8| move |named: &&BatchRef| (named.digest.0[0] < 100) == (author == 1);
        let first: Vec<_> = order.iter().take(22).collect();
        assert_eq!(first.iter().copied().filter(of(2)).count(), 2);
        assert_eq!(order.iter().filter(of(1)).count(), 100);
        assert_eq!(batches.charge_of(&PublicKey([1; 32])), 100 * CHARGE_MIN);
        assert_eq!(batches.bytes_of(&PublicKey([1; 32])), 1_000);
        (0..100).for_each(|n| drop(batches.remove(&digest(n))));
        assert_eq!(batches.charge_of(&PublicKey([1; 32])), 0);
    }

    #[test]
    fn a_batch_is_wanted_with_the_most_bytes_that_any_proposal_names_it_with() {
        let mut batches = Batches::default();
        let honest = BatchRef { bytes: 700, ..named(1) };
        batches.want(&named(1), 3, PublicKey([1; 32]), 0, 10);
        batches.want(&honest, 0, PublicKey([2; 32]), 0, 10);
        assert_eq!(batches.wanted_bytes(&digest(1)), Some(700));
        batches.want(&named(1), 4, PublicKey([1; 32]), 0, 10);
        assert_eq!(batches.wanted_bytes(&digest(1)), Some(700));
        assert_eq!(batches.wanted_bytes(&digest(2)), None);
    }

    #[test]
    fn a_later_rounds_proposer_is_asked_at_once_for_what_is_missing() {
        let (first, second) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let due = |proposer, times| vec![Due { digest: digest(1), proposer, times }];
        let mut batches = Batches::default();
        batches.want(&named(1), 0, first, 0, 100);
        assert_eq!(batches.to_request(99, 100, 500), []);
        assert_eq!(batches.to_request(100, 100, 500), due(first, 0));
        assert_eq!(batches.to_request(150, 100, 500), []);
        batches.want(&named(1), 1, second, 150, 100);
        assert_eq!(batches.to_request(150, 100, 500), due(second, 0));
        batches.want(&named(1), 0, first, 160, 100);
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
            assert_eq!(Payload { batches: batches.clone(), ..Payload::default() }.check(), Ok(()));
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
        batches.want(&named(1), 0, first, 1_000, 30);
        batches.want(&named(1), 0, first, 1_020, 30);
        assert_eq!(batches.to_request(1_029, 30, 200), []);
        assert_eq!(batches.to_request(1_030, 30, 200), due(first, 0));
        assert_eq!(batches.to_request(1_229, 30, 200), []);
        assert_eq!(batches.to_request(1_230, 30, 200), due(first, 1));
        batches.want(&named(1), 1, second, 1_240, 30);
        batches.want(&named(1), 0, first, 1_241, 30);
        assert_eq!(batches.to_request(1_241, 30, 200), due(second, 0));
        batches.insert(digest(1), held(1, false));
        assert!(!batches.has_wanted());
    }
}
