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
#[derive(Debug, Default)]
pub struct Sync {
    /// The height each connected peer says it has committed.
    claims: BTreeMap<PublicKey, u64>,
    /// Since when some peer has been ahead.
    behind_since: Option<u64>,
}

impl Sync {
    /// A connected peer claims to have committed `height`.
    pub fn claim(&mut self, peer: PublicKey, height: u64) {
        let claim = self.claims.entry(peer).or_default();
        *claim = height.max(*claim);
    }

    /// A peer is gone.
    pub fn gone(&mut self, peer: &PublicKey) {
        self.claims.remove(peer);
    }

    /// A peer has not what it claims to have.
    pub fn disown(&mut self, peer: &PublicKey) {
        self.claims.remove(peer);
    }

    /// What each connected peer claims.
    pub const fn heights(&self) -> &BTreeMap<PublicKey, u64> {
        &self.claims
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

    /// Whether it is time to ask for the blocks after `height`.
    pub fn is_time(&mut self, height: u64, now: u64) -> bool {
        let best = self.best();
        if best <= height {
            self.behind_since = None;
            return false;
        }
        let since = *self.behind_since.get_or_insert(now);
        best >= height.saturating_add(2) || now >= since + PATIENCE_MS
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
        assert!(!sync.is_time(10, 1_000));
        assert!(!sync.is_time(10, 1_000 + PATIENCE_MS - 1));
        assert!(sync.is_time(10, 1_000 + PATIENCE_MS));
        sync.progressed();
        assert!(!sync.is_time(11, 1_400));
        sync.claim(B, 13);
        assert!(sync.is_time(11, 1_401));
        sync.disown(&B);
        assert!(!sync.is_time(11, 9_000));
    }
}
