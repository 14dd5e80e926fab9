//! What answering a peer may cost: one answer at a time, and of a core no more than a share. Who asks
//! for everything again and again waits; who catches up has a second's work at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};

use crate::net::PeerKey;

/// A peer has a tenth of a core.
const SHARE: u32 = 10;
/// What it may have saved up, in time until it would have it all again.
const BURST: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Answers(Mutex<BTreeMap<PeerKey, Arc<Turn>>>);

/// One peer's; held while it is answered. When it will have all its share again.
pub type Turn = tokio::sync::Mutex<Option<Instant>>;

impl Answers {
    pub fn of(&self, peer: PeerKey) -> Arc<Turn> {
        Arc::clone(self.0.lock().entry(peer).or_default())
    }

    /// Forgets peers that are not listed any more.
    pub fn keep(&self, listed: impl Fn(&PeerKey) -> bool) {
        self.0.lock().retain(|peer, _| listed(peer));
    }
}

/// Time that this thread has spent on a processor: what else goes on is not the peer's to pay for.
pub fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// How long the peer must wait for its next answer.
pub fn wait(full_at: Option<Instant>, now: Instant) -> Duration {
    let owed = full_at.map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
    owed.saturating_sub(BURST)
}

/// An answer is ready, and took so long.
pub fn charge(full_at: &mut Option<Instant>, now: Instant, took: Duration) {
    let from = full_at.map_or(now, |full| full.max(now));
    *full_at = from.checked_add(took.saturating_mul(SHARE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_second_of_work_at_once_and_then_its_share() {
        let (mut now, mut full_at) = (Instant::now(), None);
        let took = Duration::from_millis(50);
        let mut answered = 0;
        let end = now + Duration::from_secs(20);
        while now < end {
            now += wait(full_at, now);
            charge(&mut full_at, now, took);
            now += took;
            answered += 1;
        }
        // A second of 50 ms each, and a tenth of the time.
        assert!((58..=64).contains(&answered), "{answered}");
        assert_eq!(wait(full_at, now + Duration::from_secs(20)), Duration::ZERO);
    }

    #[test]
    fn each_peer_has_a_turn_of_its_own_and_is_forgotten_with_its_place() {
        let answers = Answers::default();
        let (one, other) = (PeerKey([1; 32]), PeerKey([2; 32]));
        let turn = answers.of(one);
        assert!(Arc::ptr_eq(&turn, &answers.of(one)));
        assert!(!Arc::ptr_eq(&turn, &answers.of(other)));
        answers.keep(|peer| *peer == other);
        assert!(!Arc::ptr_eq(&turn, &answers.of(one)));
    }
}
