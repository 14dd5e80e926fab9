//! Blocks that votes name and no proposal has shown: of whom to ask for them, and when.

use std::collections::BTreeMap;

use ballast_primitives::{Hash, PublicKey};

/// The most blocks that one validator's votes may have looked for. An honest one names a block a
/// round.
pub const OF_ONE_MAX: usize = 4;

#[derive(Debug)]
struct Named {
    /// Who voted for it, and in which round last.
    voters: BTreeMap<PublicKey, u32>,
    ask_at: u64,
    times: usize,
}

#[derive(Debug, Default)]
pub struct Unseen(BTreeMap<Hash, Named>);

/// A block to ask for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub block: Hash,
    pub voter: PublicKey,
    pub round: u32,
}

impl Unseen {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A verified vote of `round` names a block; it may be asked for from `ask_at` on. A voter's
    /// later rounds take the place of its earlier ones.
    pub fn note(&mut self, block: Hash, voter: PublicKey, round: u32, ask_at: u64) {
        if let Some(last) = self.0.get_mut(&block).and_then(|named| named.voters.get_mut(&voter)) {
            *last = round.max(*last);
            return;
        }
        let of_voter = self.0.iter().filter_map(|(b, n)| Some((*n.voters.get(&voter)?, *b)));
        let of_voter: Vec<_> = of_voter.collect();
        if of_voter.len() >= OF_ONE_MAX {
            match of_voter.into_iter().min() {
                Some((oldest, other)) if oldest < round => self.forget_voter(&other, &voter),
                _ => return,
            }
        }
        let fresh = || Named { voters: BTreeMap::new(), ask_at, times: 0 };
        self.0.entry(block).or_insert_with(fresh).voters.insert(voter, round);
    }

    fn forget_voter(&mut self, block: &Hash, voter: &PublicKey) {
        let Some(named) = self.0.get_mut(block) else { return };
        named.voters.remove(voter);
        if named.voters.is_empty() {
            self.0.remove(block);
        }
    }

    /// It was shown.
    pub fn remove(&mut self, block: &Hash) {
        self.0.remove(block);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What to ask for now, each of its voters in turn; the next is asked after `again`.
    pub fn due(&mut self, now: u64, again: u64) -> Vec<Due> {
        let mut due = Vec::new();
        for (block, named) in &mut self.0 {
            if now < named.ask_at {
                continue;
            }
            let turn = named.times % named.voters.len().max(1);
            if let Some((voter, round)) = named.voters.iter().nth(turn) {
                due.push(Due { block: *block, voter: *voter, round: *round });
            }
            named.ask_at = now.saturating_add(again);
            named.times = named.times.wrapping_add(1);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HONEST: PublicKey = PublicKey([1; 32]);
    const LIAR: PublicKey = PublicKey([2; 32]);

    fn block(n: u8) -> Hash {
        Hash([n; 32])
    }

    #[test]
    fn what_one_validator_names_takes_no_room_from_others_and_its_newest_counts() {
        let mut unseen = Unseen::default();
        for n in 0..100 {
            unseen.note(block(n), LIAR, u32::from(n), 0);
        }
        assert_eq!(unseen.len(), OF_ONE_MAX);
        unseen.note(block(200), LIAR, 0, 0);
        unseen.note(block(201), HONEST, 0, 0);
        let asked: Vec<_> = unseen.due(0, 10).iter().map(|due| due.block.0[0]).collect();
        assert_eq!(asked, [96, 97, 98, 99, 201]);
    }

    #[test]
    fn each_of_its_voters_is_asked_in_turn() {
        let mut unseen = Unseen::default();
        unseen.note(block(1), LIAR, 3, 100);
        unseen.note(block(1), HONEST, 2, 500);
        let due = |voter, round| vec![Due { block: block(1), voter, round }];
        assert_eq!(unseen.due(99, 50), []);
        assert_eq!(unseen.due(100, 50), due(HONEST, 2));
        assert_eq!(unseen.due(149, 50), []);
        assert_eq!(unseen.due(150, 50), due(LIAR, 3));
        assert_eq!(unseen.due(200, 50), due(HONEST, 2));
        unseen.remove(&block(1));
        assert!(unseen.is_empty());
    }

    #[test]
    fn a_block_is_forgotten_with_the_last_who_named_it() {
        let mut unseen = Unseen::default();
        unseen.note(block(1), LIAR, 0, 0);
        unseen.note(block(1), HONEST, 0, 0);
        for n in 2..6 {
            unseen.note(block(n), LIAR, u32::from(n), 0);
        }
        assert_eq!(unseen.due(0, 1).len(), 5);
        for n in 6..10 {
            unseen.note(block(n), HONEST, u32::from(n), 0);
        }
        assert!(unseen.due(1, 1).iter().all(|due| due.block != block(1)));
    }
}
