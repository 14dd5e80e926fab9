//! Catching up: who is ahead, and whether to ask now.
//!
//! Heights that peers claim are hints: whoever claims one may be asked for blocks, and a block is
//! adopted only with a certificate of its height's validator set, so a liar costs a request and
//! nothing else. How far the chain is, is believed of members of the set, and only as far as so
//! many of them say so that one is honest.

use std::collections::BTreeMap;

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Committee, PublicKey};

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
    fn best(&self) -> u64 {
        self.claims.values().max().copied().unwrap_or(0)
    }

    /// The greatest height that an honest member of `committee` has, as far as is known: members
    /// who claim at least that much hold so much power that one of them is honest.
    pub fn believed(&self, committee: &Committee) -> u64 {
        let claim = |v: &ballast_primitives::Validator| Some((*self.claims.get(&v.key)?, v.power));
        let mut claims: Vec<_> = committee.validators().iter().filter_map(claim).collect();
        claims.sort_unstable_by(|one, other| other.cmp(one));
        let mut power = 0u128;
        for (height, of_one) in claims {
            power += u128::from(of_one);
            if committee.has_honest(power) || planted(Bug::OneClaimBelieved) {
                return height;
            }
        }
        0
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

    /// Members 1 to n, each with the power at its place.
    fn committee(powers: &[u64]) -> Committee {
        let member = |(n, power): (u8, &u64)| ballast_primitives::Validator {
            key: ballast_primitives::SecretKey::dev("sync", &format!("{n}")).public(),
            peer: ballast_primitives::SecretKey::dev("sync", &format!("peer {n}")).public(),
            power: *power,
            name: format!("v{n}"),
        };
        Committee::new((1..).zip(powers).map(member).collect()).unwrap()
    }

    #[test]
    fn a_height_is_believed_when_so_many_claim_it_that_one_of_them_is_honest() {
        let set = committee(&[1, 1, 1, 1]);
        let keys: Vec<_> = set.validators().iter().map(|v| v.key).collect();
        let mut sync = Sync::default();
        sync.claim(keys[0], u64::MAX);
        sync.claim(A, u64::MAX);
        assert_eq!(sync.believed(&set), 0, "one of four, and one who is no member");
        assert_eq!(sync.best(), u64::MAX, "whom to ask is another matter");
        sync.claim(keys[1], 20);
        sync.claim(keys[2], 10);
        assert_eq!(sync.believed(&set), 20);
        sync.gone(&keys[1]);
        assert_eq!(sync.believed(&set), 10);
    }

    #[test]
    fn claims_are_weighed_by_power_and_a_third_is_enough() {
        for (powers, believed) in
            [(&[5, 5, 5][..], 30), (&[4, 4, 4, 1], 20), (&[1, 2, 3, 4], 10), (&[9], 30)]
        {
            let set = committee(powers);
            let mut by_power: Vec<_> = set.validators().iter().map(|v| (v.power, v.key)).collect();
            by_power.sort();
            let mut sync = Sync::default();
            for ((_, key), height) in by_power.into_iter().zip([30, 20, 10]) {
                sync.claim(key, height);
            }
            assert_eq!(sync.believed(&set), believed, "{powers:?}");
        }
    }

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
