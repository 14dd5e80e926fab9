//! A ration of something for each peer: so many at once, and so many a second.

use std::collections::BTreeMap;

use ballast_primitives::PublicKey;

/// More peers than this are only remembered while they have used something up.
const REMEMBERED: usize = 256;

#[derive(Debug)]
pub struct Ration {
    burst: u64,
    per_second: u64,
    /// What each peer has left, in thousandths, and when that was so.
    left: BTreeMap<PublicKey, (u64, u64)>,
}

impl Ration {
    pub const fn new(burst: u64, per_second: u64) -> Self {
        Self { burst, per_second, left: BTreeMap::new() }
    }

    /// Uses up one of a peer's; false when it has none left.
    pub fn take(&mut self, peer: PublicKey, now_ms: u64) -> bool {
        let (full, per_second) = (self.burst.saturating_mul(1_000), self.per_second);
        let at_now = |(left, at): (u64, u64)| {
            let gained = now_ms.saturating_sub(at).saturating_mul(per_second);
            left.saturating_add(gained).min(full)
        };
        if self.left.len() > REMEMBERED {
            self.left.retain(|_, was| at_now(*was) < full);
        }
        let left = self.left.get(&peer).map_or(full, |was| at_now(*was));
        let rest = left.checked_sub(1_000);
        self.left.insert(peer, (rest.unwrap_or(left), now_ms));
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_its_burst_then_its_rate_and_takes_nothing_from_others() {
        let (a, b) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let mut ration = Ration::new(3, 2);
        let mut taken = |peer, now, tries| (0..tries).filter(|_| ration.take(peer, now)).count();
        assert_eq!(taken(a, 0, 10), 3);
        assert_eq!(taken(a, 499, 10), 0);
        assert_eq!(taken(b, 499, 10), 3);
        assert_eq!(taken(a, 1_000, 10), 2);
        assert_eq!(taken(a, u64::MAX, 10), 3);
    }

    #[test]
    fn peers_that_used_nothing_are_not_remembered() {
        let mut ration = Ration::new(1, 1);
        for n in 0..2_000u64 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_be_bytes());
            ration.take(PublicKey(key), n * 1_000);
        }
        assert!(ration.left.len() <= REMEMBERED + 1);
    }
}
