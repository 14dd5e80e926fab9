//! Many seeds, one thread each, as many at a time as there are cores. What comes out does not
//! depend on how many.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use super::checkers::Violation;
use super::coverage::Coverage;
use super::plan::Plan;
use super::{Outcome, run};

/// What seeds came to, all together.
#[derive(Default)]
pub struct Tally {
    pub seeds: u64,
    pub failed: Vec<(u64, Violation)>,
    pub events: u64,
    pub heights: u64,
    pub coverage: Coverage,
}

/// Runs the plans of `seeds`, and tells `each` of every outcome in the order of seeds.
pub fn run_seeds(
    seeds: Range<u64>,
    threads: usize,
    mut each: impl FnMut(u64, &Outcome, &Tally),
) -> Tally {
    let next = AtomicU64::new(seeds.start);
    let (sender, outcomes) = mpsc::channel();
    let mut tally = Tally::default();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (sender, next, end) = (sender.clone(), &next, seeds.end);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listening means that the campaign is over.
                    if seed >= end || sender.send((seed, run(&Plan::draw(seed), None))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // Those that came before their turn.
        let mut early = BTreeMap::new();
        let mut turn = seeds.start;
        for (seed, outcome) in outcomes {
            early.insert(seed, outcome);
            while let Some(outcome) = early.remove(&turn) {
                tally.add(turn, &outcome);
                each(turn, &outcome, &tally);
                turn += 1;
            }
        }
    });
    tally
}

impl Tally {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.events += outcome.events;
        self.heights += outcome.heights;
        self.coverage.merge(&outcome.coverage);
        self.failed.extend(outcome.violation.clone().map(|violation| (seed, violation)));
    }
}
