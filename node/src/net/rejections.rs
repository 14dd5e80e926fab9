//! Who was turned away lately, so that a stranger who knocks all day is reported once a minute.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const QUIET: Duration = Duration::from_secs(60);

/// Strangers can make up keys: beyond this many a minute, they are only counted.
const REMEMBERED_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Rejections {
    recent: BTreeMap<String, Instant>,
}

impl Rejections {
    /// Whether to report this one.
    pub fn admit(&mut self, peer: &str, now: Instant) -> bool {
        self.recent.retain(|_, at| now.saturating_duration_since(*at) < QUIET);
        if self.recent.contains_key(peer) || self.recent.len() >= REMEMBERED_MAX {
            return false;
        }
        self.recent.insert(peer.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_reported_once_a_minute_and_a_crowd_within_bounds() {
        let mut rejections = Rejections::default();
        let start = Instant::now();
        assert!(rejections.admit("a", start));
        assert!(!rejections.admit("a", start + QUIET / 2));
        assert!(rejections.admit("a", start + QUIET));
        let crowd = (0..200).filter(|i| rejections.admit(&i.to_string(), start + QUIET)).count();
        assert_eq!(crowd, REMEMBERED_MAX - 1);
    }
}
