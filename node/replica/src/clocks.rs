//! What peers' clocks say, next to one's own. Nothing is decided by it but what an operator is told,
//! and when a validator that is passed over takes itself for well.

use std::collections::BTreeMap;

use ballast_primitives::{Committee, PublicKey};

use crate::block::CLOCK_SKEW_MS_MAX;
use crate::replica::Now;

/// The clocks of connected peers when each last told its own, and the one here, all by how far they
/// are ahead of the monotonic clock here: so that a jump of the own clock shows at once.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    ours: i128,
    theirs: BTreeMap<PublicKey, i128>,
}

impl Clocks {
    /// What the time is here.
    pub fn see(&mut self, now: Now) {
        self.ours = i128::from(now.wall_ms) - i128::from(now.mono_ms);
    }

    /// What `peer` takes for the time.
    pub fn told(&mut self, peer: PublicKey, theirs_ms: u64, now: Now) {
        let ahead = i128::from(theirs_ms) - i128::from(now.mono_ms);
        self.theirs.insert(peer, ahead);
    }

    pub fn gone(&mut self, peer: &PublicKey) {
        self.theirs.remove(peer);
    }

    pub fn len(&self) -> usize {
        self.theirs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.theirs.is_empty()
    }

    /// How far each clock is ahead of the one here, in milliseconds.
    pub fn offsets(&self) -> impl Iterator<Item = (&PublicKey, i64)> {
        let bound = i128::from(i64::MAX);
        let ahead = move |at: i128| i64::try_from(at.clamp(-bound, bound)).unwrap_or(0);
        self.theirs.iter().map(move |(peer, theirs)| (peer, ahead(theirs - self.ours)))
    }

    /// By how much the clock here is ahead (negative: behind), at least, when validators with more
    /// than half of the power say that it is wrong.
    pub fn own_skew(&self, set: &Committee) -> Option<i64> {
        let bound = i64::try_from(CLOCK_SKEW_MS_MAX).unwrap_or(i64::MAX);
        let skewed = |wrong: &dyn Fn(i64) -> bool| {
            let theirs = self.offsets().filter(|(_, ahead)| wrong(*ahead));
            let members = theirs.filter_map(|(peer, ahead)| Some((set.get(peer)?, ahead)));
            let (powers, aheads): (Vec<_>, Vec<_>) =
                members.map(|(validator, ahead)| (u128::from(validator.power), -ahead)).unzip();
            let most = 2 * powers.iter().sum::<u128>() > set.total_power();
            aheads.into_iter().filter(|_| most).min_by_key(|skew| skew.unsigned_abs())
        };
        skewed(&|ahead| ahead < -bound).or_else(|| skewed(&|ahead| ahead > bound))
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{SecretKey, Validator};

    use super::*;

    #[test]
    fn a_clock_is_wrong_when_most_of_the_power_says_so() {
        let key = |n: usize| SecretKey::dev("clocks", &n.to_string()).public();
        let validator =
            |n: usize| Validator { key: key(n), peer: key(n + 10), power: 1, name: n.to_string() };
        let set = Committee::new((0..4).map(validator).collect()).unwrap();
        let mut clocks = Clocks::default();
        let now = 1_000_000;
        let at = |wall_ms| Now { wall_ms, mono_ms: 5_000 };
        clocks.see(at(now));
        for (n, theirs, expected) in [
            (1, now - 501, None),
            (2, now - 900, None),
            (3, now - 700, Some(501)),
            (2, now, None),
            (1, now + 600, None),
            (2, now + 800, None),
            (3, u64::MAX, Some(-600)),
        ] {
            clocks.told(key(n), theirs, at(now));
            assert_eq!(clocks.own_skew(&set), expected, "{n} at {theirs}");
        }
        clocks.gone(&key(1));
        clocks.told(key(7), now + 900, at(now));
        assert_eq!((clocks.own_skew(&set), clocks.len()), (None, 3), "a stranger does not count");
        clocks.told(key(1), now, at(now));
        clocks.told(key(2), now, at(now));
        clocks.told(key(3), now, at(now));
        // Two seconds later, and the clock here has gone on by twelve.
        clocks.see(Now { wall_ms: now + 12_000, mono_ms: 7_000 });
        assert_eq!(clocks.own_skew(&set), Some(10_000));
    }
}
