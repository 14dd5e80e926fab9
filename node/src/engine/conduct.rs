//! How peers behave: what they send wrong adds up, is logged within bounds, and in the end cuts them
//! off for a time.
//!
//! Only what a peer itself is to blame for counts: what does not decode, what it signed and cannot be
//! valid, answers to other questions than asked. Wanting too much is refused and logged; being slow, absent or behind is no offence, and what
//! honest validators pass on of others is checked before they do. So an honest peer is never cut off,
//! and of the votes of one that is, the others still pass on what is valid.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ballast_primitives::PublicKey;
use ballast_replica::Offence;

/// Offences beyond which a peer is cut off; one is forgiven each second.
const OFFENCES_MAX: u32 = 64;
const FORGIVEN_EACH: Duration = Duration::from_secs(1);
/// For how long at first; twice as long each time.
const CUT_MIN: Duration = Duration::from_secs(2);
const CUT_MAX: Duration = Duration::from_secs(60);
/// After this long without being cut off, the time begins again.
const CLEAN: Duration = Duration::from_secs(600);
/// One line in the log for each peer in this time; the rest is counted.
const LOG_EACH: Duration = Duration::from_secs(10);

/// What follows from an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// To be logged, with how many were not since the last line.
    pub log: Option<u64>,
    /// To be cut off for so long.
    pub cut: Option<Duration>,
}

#[derive(Default)]
pub struct Conduct(BTreeMap<PublicKey, Record>);

struct Record {
    offences: u32,
    counted_at: Instant,
    logged_at: Option<Instant>,
    unlogged: u64,
    last_cut: Option<(Instant, Duration)>,
}

impl Conduct {
    pub fn offence(&mut self, peer: PublicKey, offence: Offence, now: Instant) -> Verdict {
        let record = self.0.entry(peer).or_insert_with(|| Record::new(now));
        record.forgive(now);
        // Under load an honest validator may want more than its share, too.
        let to_blame = offence != Offence::Greed;
        record.offences = record.offences.saturating_add(u32::from(to_blame));
        let log = record.log(now);
        let cut = (record.offences > OFFENCES_MAX).then(|| record.cut(now));
        Verdict { log, cut }
    }

    /// Forgets peers that are not listed any more.
    pub fn keep(&mut self, listed: impl Fn(&PublicKey) -> bool) {
        self.0.retain(|peer, _| listed(peer));
    }
}

impl Record {
    const fn new(now: Instant) -> Self {
        Self { offences: 0, counted_at: now, logged_at: None, unlogged: 0, last_cut: None }
    }

    fn forgive(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.counted_at).as_secs();
        let forgiven = seconds / FORGIVEN_EACH.as_secs();
        if forgiven > 0 {
            self.offences =
                self.offences.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
            self.counted_at = now;
        }
    }

    fn log(&mut self, now: Instant) -> Option<u64> {
        let quiet = |at: Instant| now.saturating_duration_since(at) >= LOG_EACH;
        if !self.logged_at.is_none_or(quiet) {
            self.unlogged = self.unlogged.saturating_add(1);
            return None;
        }
        self.logged_at = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }

    fn cut(&mut self, now: Instant) -> Duration {
        let recent = self.last_cut.filter(|(at, _)| now.saturating_duration_since(*at) < CLEAN);
        let time = recent.map_or(CUT_MIN, |(_, last)| last.saturating_mul(2).min(CUT_MAX));
        self.last_cut = Some((now, time));
        self.offences = 0;
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PublicKey = PublicKey([1; 32]);

    fn cut_by(conduct: &mut Conduct, now: Instant) -> Duration {
        (0..=OFFENCES_MAX).find_map(|_| conduct.offence(PEER, Offence::Forgery, now).cut).unwrap()
    }

    #[test]
    fn offences_add_up_and_each_cut_is_twice_as_long_until_a_clean_time() {
        let (mut conduct, start) = (Conduct::default(), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        assert!(
            (0..OFFENCES_MAX).all(|_| conduct.offence(PEER, Offence::Forgery, start).cut.is_none())
        );
        assert_eq!(conduct.offence(PEER, Offence::Forgery, start).cut, Some(CUT_MIN));
        for (s, seconds) in [(10, 4), (20, 8), (30, 16), (40, 32), (50, 60), (60, 60)] {
            assert_eq!(cut_by(&mut conduct, at(s)).as_secs(), seconds);
        }
        assert_eq!(cut_by(&mut conduct, at(60 + CLEAN.as_secs())), CUT_MIN);
    }

    #[test]
    fn one_offence_a_second_is_forgiven_for_ever() {
        let (mut conduct, start) = (Conduct::default(), Instant::now());
        for second in 0..1_000 {
            let verdict =
                conduct.offence(PEER, Offence::Forgery, start + Duration::from_secs(second));
            assert_eq!(verdict.cut, None);
        }
    }

    #[test]
    fn who_wants_too_much_is_logged_and_not_cut_off() {
        let (mut conduct, now) = (Conduct::default(), Instant::now());
        let verdicts: Vec<_> =
            (0..1_000).map(|_| conduct.offence(PEER, Offence::Greed, now)).collect();
        assert!(verdicts.iter().all(|verdict| verdict.cut.is_none()));
        assert_eq!(verdicts.iter().filter(|verdict| verdict.log.is_some()).count(), 1);
    }

    #[test]
    fn a_flood_is_one_line_in_ten_seconds_with_the_count_of_the_rest() {
        let (mut conduct, start) = (Conduct::default(), Instant::now());
        let logged: Vec<_> =
            (0..1_000).filter_map(|_| conduct.offence(PEER, Offence::Forgery, start).log).collect();
        assert_eq!(logged, [0]);
        assert_eq!(conduct.offence(PEER, Offence::Forgery, start + LOG_EACH).log, Some(999));
    }
}
