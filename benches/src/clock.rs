//! Time on the processor: what others do on the machine at the same time does not count.

use std::time::{Duration, Instant};

/// Time that this thread has spent on a processor; the clock's where the system does not tell.
pub struct ThreadClock(Instant);

impl ThreadClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn now(&self) -> Duration {
        let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = line.and_then(|line| line.split(' ').next()?.parse().ok());
        nanos.map_or_else(|| self.0.elapsed(), Duration::from_nanos)
    }
}

/// Microseconds of this thread's processor time for each of `items` that `work` handles in one
/// call: the median over calls that go on for `wanted`, at least three.
pub fn us_each(wanted: Duration, items: usize, mut work: impl FnMut()) -> f64 {
    let clock = ThreadClock::start();
    let began = Instant::now();
    let mut calls = Vec::new();
    while began.elapsed() < wanted || calls.len() < 3 {
        let start = clock.now();
        work();
        calls.push((clock.now() - start).as_secs_f64() * 1e6 / items.max(1) as f64);
    }
    median(calls)
}

/// The middle one; of an even number the upper of the two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_work() {
        let clock = ThreadClock::start();
        let start = clock.now();
        std::thread::sleep(Duration::from_millis(30));
        assert!(clock.now() - start < Duration::from_millis(30));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![]), 0.0);
    }
}
