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
    (hour % HOURS as u64) as usize
}

#[cfg(test)]
mod tests {
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
        assert_eq!(later.total(edge + 3 * HOUR_MS), 0);
        assert_eq!(later.total(u64::MAX), 0);
        assert_eq!(later.with(edge + 500 * HOUR_MS, 1).unwrap().total(edge + 500 * HOUR_MS), 1);
        assert_eq!(window.with(start, u64::MAX), None);
    }
}
