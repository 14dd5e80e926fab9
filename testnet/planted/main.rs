//! The simulator bites: each bug that is planted is caught within the seeds that CI runs.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use ballast_primitives::planted::{self, Bug};
use ballast_testnet::sim::{Plan, run};

/// The seeds of CI, as in `make test`, unless the variable says how many.
const SEEDS: Range<u64> = 0..2_000;
const SEEDS_VARIABLE: &str = "BALLAST_SIM_SEEDS";

/// Plants only these, by name.
const ONLY: &str = "BALLAST_PLANTED";

/// What brings some bugs to light, in the words of a plan's summary: seeds with that are tried
/// first.
const TRIGGERS: &[(&str, &str)] = &[
    ("LogEndNotMissed", "flipped log"),
    ("DuplicateSignerCounted", "duplicate signer"),
    ("BatchNamedTwice", "bad batches"),
    ("SyncCertificateUnchecked", "sync liar"),
    ("AheadCertificateUnchecked", "sync liar"),
    ("SyncOverrideUnchecked", "sync liar"),
    ("StaleSyncValue", "stale certificate"),
    ("SyncBatchUnchecked", "sync liar"),
    ("FutureVotesUnbounded", "future flood"),
    ("OneClaimBelieved", "future flood"),
    ("FarRoundsKept", "far rounds"),
    ("AnswersUnrationed", "asker"),
    ("RulesByProgram", "upgrade of the rules"),
    ("RulesOfArrival", "upgrade of the rules"),
    ("JunkKept", "junk batches"),
    ("EarlyProposalsUnbounded", "far rounds"),
    ("OneHurriesAll", "future flood"),
    ("EvidenceUnverified", "slanderer"),
    ("EvidenceNotFiled", "equivocating"),
    ("NamedAgain", "equivocating"),
];

/// CI's seeds, the most promising ones first.
fn seeds(bug: Bug) -> Vec<u64> {
    let end = std::env::var(SEEDS_VARIABLE).map_or(SEEDS.end, |text| text.parse().unwrap());
    let trigger = TRIGGERS.iter().find(|(name, _)| *name == bug.name());
    let without =
        |seed: &u64| trigger.is_some_and(|(_, word)| !Plan::draw(*seed).summary().contains(word));
    let mut seeds: Vec<_> = (SEEDS.start..end).collect();
    seeds.sort_by_cached_key(without);
    seeds
}

/// The first seed found, by whichever thread, that catches a bug, and the rule that it breaks.
fn hunt(bug: Bug) -> Option<(u64, String)> {
    let seeds = seeds(bug);
    let (next, caught) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        planted::plant(Some(bug));
        while !caught.load(Ordering::Relaxed) {
            let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)).copied() else {
                break;
            };
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
    let only = std::env::var(ONLY).ok();
    let wanted = |bug: &&Bug| {
        only.as_ref().is_none_or(|only| only.split(',').any(|name| name == bug.name()))
    };
    let mut missed = Vec::new();
    for bug in Bug::ALL.iter().filter(wanted) {
        match hunt(*bug) {
            Some((seed, how)) => println!("{:<26} seed {seed:>4}  {how}", bug.name()),
            None => {
                println!("{:<26} not caught", bug.name());
                missed.push(bug.name());
            }
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

fn main() {
    println!("a test: cargo test --example planted");
}
