//! Time on the processor: what others do on the machine at the same time does not count.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Time that this thread has spent on a processor.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Microseconds of this thread's processor time for each of `items` that `work` handles in one
/// call: the median over calls that go on for `wanted`, at least three.
pub fn us_each(wanted: Duration, items: usize, mut work: impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut calls = Vec::new();
    while began.elapsed() < wanted || calls.len() < 3 {
        let start = thread_time();
        work();
        calls.push((thread_time() - start).as_secs_f64() * 1e6 / items.max(1) as f64);
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
        let start = thread_time();
        std::thread::sleep(Duration::from_millis(30));
        assert!(thread_time() - start < Duration::from_millis(30));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![]), 0.0);
    }
}
