//! A node's clocks: a wall clock that may be off, jump and run at another rate than true time,
//! and a monotonic one that shares its rate.

use ballast_replica::Now;

/// True wall time at the start of a run, milliseconds since the Unix epoch.
pub const START_WALL_MS: u64 = 1_800_000_000_000;
const MILLION: i128 = 1_000_000;

/// Times are microseconds unless named otherwise; `true` time is the simulator's.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The true time at which `mono` and `wall` were right.
    anchor: u64,
    mono: i128,
    /// Since the start of the run, as this clock has it.
    wall: i128,
    /// How much faster than true time it runs, in millionths.
    drift_ppm: i64,
}

impl Clock {
    /// Runs true from the start of the run.
    pub const fn new() -> Self {
        Self { anchor: 0, mono: 0, wall: 0, drift_ppm: 0 }
    }

    pub fn now(&self, at: u64) -> Now {
        let elapsed = self.elapsed(at);
        let millis = |us: i128| u64::try_from(us.max(0) / 1_000).unwrap_or(u64::MAX);
        Now {
            wall_ms: START_WALL_MS.saturating_add(millis(self.wall + elapsed)),
            mono_ms: millis(self.mono + elapsed),
        }
    }

    /// The true time at which the monotonic clock shows `mono_ms`; `at` if it does already.
    pub fn when(&self, mono_ms: u64, at: u64) -> u64 {
        let missing = i128::from(mono_ms) * 1_000 - self.mono;
        if missing <= 0 {
            return at;
        }
        let rate = MILLION + i128::from(self.drift_ppm);
        let wait = (missing * MILLION + rate - 1) / rate;
        self.anchor.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX)).max(at)
    }

    /// A new process: its monotonic clock begins again.
    pub fn reboot(&mut self, at: u64) {
        self.settle(at);
        self.mono = 0;
    }

    /// Moves the wall clock.
    pub fn jump(&mut self, at: u64, by_ms: i64) {
        self.settle(at);
        self.wall += i128::from(by_ms) * 1_000;
    }

    pub fn set_drift(&mut self, at: u64, ppm: i64) {
        self.settle(at);
        self.drift_ppm = ppm;
    }

    /// The clock is set right and runs true. By then wall time has run `ahead_ms` further than the
    /// run's own.
    pub fn correct(&mut self, at: u64, ahead_ms: u64) {
        self.settle(at);
        self.drift_ppm = 0;
        self.wall = i128::from(at) + i128::from(ahead_ms) * 1_000;
    }

    fn elapsed(&self, at: u64) -> i128 {
        let elapsed = i128::from(at.saturating_sub(self.anchor));
        elapsed * (MILLION + i128::from(self.drift_ppm)) / MILLION
    }

    fn settle(&mut self, at: u64) {
        let elapsed = self.elapsed(at);
        self.mono += elapsed;
        self.wall += elapsed;
        self.anchor = at;
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_jumps_and_drifts_and_the_monotonic_clock_only_drifts() {
        let mut clock = Clock::new();
        assert_eq!(clock.now(5_000), Now { wall_ms: START_WALL_MS + 5, mono_ms: 5 });
        clock.jump(5_000, -3_000);
        assert_eq!(clock.now(10_000_000), Now { wall_ms: START_WALL_MS + 7_000, mono_ms: 10_000 });
        clock.set_drift(10_000_000, 100_000);
        assert_eq!(clock.now(20_000_000), Now { wall_ms: START_WALL_MS + 18_000, mono_ms: 21_000 });
        let at = clock.when(21_001, 20_000_000);
        assert_eq!((clock.now(at - 1).mono_ms, clock.now(at).mono_ms), (21_000, 21_001));
        clock.correct(20_000_000, 0);
        assert_eq!(clock.now(20_000_000), Now { wall_ms: START_WALL_MS + 20_000, mono_ms: 21_000 });
        clock.reboot(20_000_000);
        assert_eq!(clock.now(20_001_000).mono_ms, 1);
    }
}
