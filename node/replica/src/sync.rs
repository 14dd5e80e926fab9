//! Catching up: who is ahead, and whether to ask now.
//!
//! Heights that peers claim are hints. A block is adopted only with a certificate of its height's
//! validator set, so a liar costs a request and nothing else.

use std::collections::BTreeMap;

use ballast_primitives::PublicKey;
use ballast_primitives::planted::{Bug, planted};

/// How long this validator waits, one height behind, before it asks: consensus is likely to
/// deliver the block by itself.
pub const PATIENCE_MS: u64 = 300;
/// After this long without an answer another peer is asked.
pub const ANSWER_MS: u64 = 3_000;

#[derive(Debug, Default)]
pub struct Sync {
    /// The height each connected peer says it has committed.
    claims: BTreeMap<PublicKey, u64>,
    /// Since when some peer has been ahead.
    behind_since: Option<u64>,
    asked: Option<(PublicKey, u64)>,
    turn: usize,
}

impl Sync {
    /// A connected peer claims to have committed `height`.
    pub fn claim(&mut self, peer: PublicKey, height: u64) {
        let claim = self.claims.entry(peer).or_default();
        *claim = height.max(*claim);
    }

    /// A peer is gone; what was asked of it will not be answered.
    pub fn gone(&mut self, peer: &PublicKey) {
        self.claims.remove(peer);
        if self.asked.is_some_and(|(asked, _)| asked == *peer) {
            self.asked = None;
        }
    }

    /// The height was committed here: whoever is ahead is ahead anew.
    pub const fn progressed(&mut self) {
        self.behind_since = None;
    }

    /// The highest height any peer claims.
    pub fn best(&self) -> u64 {
        self.claims.values().max().copied().unwrap_or(0)
    }

    /// Of how many peers a height is known.
    pub fn claims(&self) -> usize {
        self.claims.len()
    }

    /// A peer answered, well or badly; a bad one's claim is dropped.
    pub fn answered(&mut self, peer: &PublicKey, good: bool) {
        self.asked = None;
        if !good {
            self.claims.remove(peer);
        }
    }

    /// The peer to ask for the blocks after `height`, if it is time to.
    pub fn ask(&mut self, height: u64, now: u64) -> Option<PublicKey> {
        if let Some((peer, at)) = self.asked {
            if now < at + ANSWER_MS {
                return None;
            }
            if planted(Bug::SyncGivesUp) {
                return None;
            }
            self.answered(&peer, false);
        }
        let best = self.best();
        if best <= height {
            self.behind_since = None;
            return None;
        }
        let since = *self.behind_since.get_or_insert(now);
        if best < height + 2 && now < since + PATIENCE_MS {
            return None;
        }
        let ahead: Vec<_> = self
            .claims
            .iter()
            .filter(|(_, claim)| **claim > height)
            .map(|(peer, _)| *peer)
            .collect();
        self.turn = self.turn.wrapping_add(1);
        let peer = *ahead.get(self.turn % ahead.len().max(1))?;
        self.asked = Some((peer, now));
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PublicKey = PublicKey([1; 32]);
    const B: PublicKey = PublicKey([2; 32]);

    #[test]
    fn one_height_behind_is_given_time_and_two_are_not() {
        let mut sync = Sync::default();
        sync.claim(A, 11);
        assert_eq!(sync.ask(10, 1_000), None);
        assert_eq!(sync.ask(10, 1_000 + PATIENCE_MS), Some(A));
        sync.answered(&A, true);
        sync.progressed();
        assert_eq!(sync.ask(11, 1_400), None);
        sync.claim(A, 13);
        assert_eq!(sync.ask(11, 1_401), Some(A));
    }

    #[test]
    fn a_silent_peer_is_left_for_another() {
        let mut sync = Sync::default();
        sync.claim(A, 50);
        sync.claim(B, 50);
        let first = sync.ask(10, 0);
        assert!(first.is_some());
        assert_eq!(sync.ask(10, ANSWER_MS - 1), None);
        let second = sync.ask(10, ANSWER_MS);
        assert!(second.is_some() && second != first);
    }
}
