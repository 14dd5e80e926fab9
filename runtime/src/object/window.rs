//! Amounts over a sliding day.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::HOUR_MS;

/// Hours that a window remembers: the running one and the 24 before it, so that whatever 24 hours
/// one looks at, all of them are counted.
pub const HOURS: usize = 25;

/// Sums of the last day by hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Window {
    /// The hour of the last write, counted from the Unix epoch.
    pub hour: u64,
    /// Micro-dollars of each hour `h` of the last 25, in place `h % 25`.
    pub used: [u64; HOURS],
}

impl Window {
    /// The sum over the running hour and the 24 before it.
    pub fn total(&self, now: u64) -> u128 {
        self.at(now).used.iter().map(|used| u128::from(*used)).sum()
    }

    /// From when on nothing is left in it.
    pub const fn end(&self) -> u64 {
        self.hour.saturating_add(HOURS as u64).saturating_mul(HOUR_MS)
    }

    /// Whether the sum may grow by `amount` without going above `cap`.
    pub fn has_room(&self, cap: u64, now: u64, amount: u64) -> bool {
        self.total(now).saturating_add(u128::from(amount)) <= u128::from(cap)
    }

    /// The window with `amount` added to the running hour; none when its sum leaves 64 bits.
    #[must_use]
    pub fn with(&self, now: u64, amount: u64) -> Option<Self> {
        let mut window = self.at(now);
        let place = place(window.hour);
        let used = window.used.get_mut(place)?;
        *used = used.checked_add(amount)?;
        Some(window)
    }

    /// The window as it stands in the hour of `now`: hours that are too old are forgotten.
    fn at(&self, now: u64) -> Self {
        let hour = now / HOUR_MS;
        let mut window = *self;
        let passed = hour.saturating_sub(self.hour).min(HOURS as u64);
        for back in 0..passed {
            if let Some(used) = window.used.get_mut(place(hour.saturating_sub(back))) {
                *used = 0;
            }
        }
        window.hour = hour.max(self.hour);
        window
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a remainder of 25")]
const fn place(hour: u64) -> usize {
    const PLACES: u64 = HOURS as u64;
    (hour % PLACES) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_hour_is_counted_until_the_25th_after_it_begins() {
        let start = 1_000 * HOUR_MS + 17;
        let window = Window::default().with(start, 5).unwrap();
        assert_eq!(window.total(start), 5);
        let later = window.with(start + 3 * HOUR_MS, 7).unwrap();
        assert_eq!(later.total(start + 3 * HOUR_MS), 12);
        let edge = 1_000 * HOUR_MS + 25 * HOUR_MS;
        assert_eq!(later.total(edge - 1), 12);
        assert_eq!(later.total(edge), 7);
        assert_eq!((window.end(), later.end()), (edge, edge + 3 * HOUR_MS));
        assert_eq!(later.total(edge + 3 * HOUR_MS), 0);
        assert_eq!(later.total(u64::MAX), 0);
        assert_eq!(later.with(edge + 500 * HOUR_MS, 1).unwrap().total(edge + 500 * HOUR_MS), 1);
        assert_eq!(window.with(start, u64::MAX), None);
    }

    #[test]
    fn there_is_room_up_to_the_cap_and_no_further() {
        let window = Window::default().with(0, 5).unwrap().with(HOUR_MS, 7).unwrap();
        assert!(window.has_room(12, HOUR_MS, 0) && window.has_room(13, HOUR_MS, 1));
        assert!(!window.has_room(11, HOUR_MS, 0) && !window.has_room(12, HOUR_MS, 1));
        let full = window.with(2 * HOUR_MS, u64::MAX).unwrap();
        assert!(!full.has_room(u64::MAX, 2 * HOUR_MS, u64::MAX), "wider than 64 bits");
    }

    proptest! {
        /// Against the plain meaning of the rule: every amount with its hour, summed up.
        #[test]
        fn a_window_is_the_sum_over_the_running_hour_and_the_24_before_it(
            steps in prop::collection::vec((0..40 * HOUR_MS, 0..1_000u64), 0..60),
            after in 0..60 * HOUR_MS,
        ) {
            let (mut now, mut window, mut all) = (0, Window::default(), Vec::new());
            let total = |all: &[(u64, u64)], now: u64| -> u64 {
                let lately = |hour: u64| hour <= now / HOUR_MS && hour + 24 >= now / HOUR_MS;
                all.iter().filter(|(hour, _)| lately(*hour)).map(|(_, amount)| amount).sum()
            };
            for (wait, amount) in steps {
                now += wait;
                prop_assert_eq!(window.total(now), u128::from(total(&all, now)));
                window = window.with(now, amount).unwrap();
                all.push((now / HOUR_MS, amount));
                prop_assert_eq!(window.total(now), u128::from(total(&all, now)));
                prop_assert_eq!(window.hour, now / HOUR_MS);
                let stored: u64 = window.used.iter().sum();
                prop_assert_eq!(stored, total(&all, now), "what falls out is set to 0");
            }
            prop_assert_eq!(window.total(now + after), u128::from(total(&all, now + after)));
        }
    }
}
