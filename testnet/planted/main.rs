//! The simulator bites: each bug that is planted is caught within the seeds that CI runs.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use ballast_primitives::planted::{self, Bug};
use ballast_testnet::sim::{Plan, run};

/// The seeds of CI, as in `make test`.
const SEEDS: Range<u64> = 0..2_000;

/// The first seed found, by whichever thread, that catches a bug, and the rule that it breaks.
fn hunt(bug: Bug) -> Option<(u64, String)> {
    let (next, caught) = (AtomicU64::new(SEEDS.start), AtomicBool::new(false));
    let worker = || {
        planted::plant(Some(bug));
        while !caught.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS.end {
                break;
            }
            if let Some(violation) = run(&Plan::draw(seed), None).violation {
                caught.store(true, Ordering::Relaxed);
                return Some((seed, violation.to_string()));
            }
        }
        None
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        let found = threads.into_iter().filter_map(|thread| thread.join().ok().flatten());
        found.min_by_key(|(seed, _)| *seed)
    })
}

#[test]
fn every_planted_bug_is_caught_within_the_seeds_of_ci() {
    assert!(planted::CARRIED && Bug::ALL.len() >= 20);
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        match hunt(*bug) {
            Some((seed, how)) => println!("{:<26} seed {seed:>4}  {how}", bug.name()),
            None => missed.push(bug.name()),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

fn main() {
    println!("a test: cargo test --example planted");
}
