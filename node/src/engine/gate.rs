//! Whom to let in under load: a submission that would wait for long behind others is refused at
//! once, before anything is spent on it, and so those that are let in are served soon.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Nobody is let in while the oldest submission without an answer has waited for longer.
pub const WAIT_MAX: Duration = Duration::from_secs(1);

/// The submissions that have no answer yet.
#[derive(Default)]
pub struct Gate(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

/// One submission, until it is answered or its client has gone.
pub struct Pass<'a> {
    gate: &'a Gate,
    number: u64,
}

impl Gate {
    /// None when others wait for too long already.
    pub fn enter(&self, now: Instant) -> Option<Pass<'_>> {
        let mut waiting = self.0.lock();
        let oldest = waiting.since.first_key_value().map(|(_, since)| *since);
        if oldest.is_some_and(|since| now.saturating_duration_since(since) > WAIT_MAX) {
            return None;
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.since.insert(number, now);
        Some(Pass { gate: self, number })
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.0.lock().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_enters_while_one_has_waited_for_too_long() {
        let gate = Gate::default();
        let start = Instant::now();
        let later = |ms| start + Duration::from_millis(ms);
        let first = gate.enter(start).unwrap();
        let second = gate.enter(later(1_000)).unwrap();
        assert!(gate.enter(later(1_001)).is_none());
        drop(first);
        let third = gate.enter(later(2_000)).unwrap();
        assert!(gate.enter(later(2_001)).is_none());
        drop((second, third));
        assert!(gate.enter(later(60_000)).is_some());
    }
}
