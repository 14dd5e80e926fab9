//! The simulator's seeds as CI runs them: every rule holds, the same seed gives the same trace,
//! everything that can happen does, and what once failed does not fail again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use ballast_testnet::sim::byzantine::BEHAVIOURS;
use ballast_testnet::sim::campaign::{Tally, run_seeds};
use ballast_testnet::sim::coverage::Coverage;
use ballast_testnet::sim::plan::{Fault, Kind, Liar, Plan};
use ballast_testnet::sim::{run, workload};

/// How many seeds to run, if not the usual number.
const SEEDS: &str = "BALLAST_SIM_SEEDS";
const SEEDS_USUAL: u64 = 2_000;
/// How often each behaviour must have been at work in the usual number of seeds.
const LIARS_MIN: u64 = 20;

fn tally() -> &'static Tally {
    static TALLY: OnceLock<Tally> = OnceLock::new();
    TALLY.get_or_init(|| {
        let seeds = std::env::var(SEEDS).map_or(SEEDS_USUAL, |text| text.parse().unwrap());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        run_seeds(0..seeds, cores, |_, _, _| ())
    })
}

#[test]
fn every_rule_holds_in_every_seed() {
    let failed: Vec<_> = tally()
        .failed
        .iter()
        .map(|(seed, violation)| format!("seed {seed}: {violation}"))
        .collect();
    assert!(failed.is_empty(), "replay with `simulate --replay SEED`:\n{}", failed.join("\n"));
}

#[test]
fn every_fault_every_behaviour_and_every_operation_is_tried() {
    let tally = tally();
    if tally.seeds < SEEDS_USUAL {
        return;
    }
    let happened: BTreeMap<_, _> = tally.coverage.iter().collect();
    let expected = [
        "blocks of a round above zero",
        "blocks synced",
        "connections ended by long frames",
        "connections given up",
        "databases removed",
        "deaths by a full disk",
        "evidence",
        "invalid proposals",
        "logs removed",
        "power cuts during a write",
        "proofs",
        "restarts without a memory",
        "rounds above zero",
        "releases installed",
        "syncs",
        "validators that stood still before a version",
        "versions of the rules that came",
        "transactions acknowledged",
        "transactions expired",
    ];
    let missing: Vec<_> = expected.iter().filter(|what| !happened.contains_key(*what)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let faults = happened.keys().filter(|what| what.starts_with("fault: "));
    assert_eq!(faults.count(), ballast_testnet::sim::plan::Kind::NAMES.len());
    for (name, _) in BEHAVIOURS {
        let times = happened.get(format!("liar: {name}").as_str()).copied().unwrap_or(0);
        assert!(times >= LIARS_MIN, "{name}: {times} times");
    }
    let sets = happened.keys().filter(|what| what.starts_with("validator sets of "));
    assert!(sets.count() >= 6, "sets of different sizes");
    let done = workload::operations().map(|name| format!("done: {name}"));
    let decided = workload::decisions().map(|name| format!("decided: {name}"));
    let never: Vec<_> =
        done.chain(decided).filter(|what| !happened.contains_key(what.as_str())).collect();
    assert!(never.is_empty(), "never carried out with success: {never:?}");
}

/// The specification's tables of operations name nothing that clients cannot make.
#[test]
fn every_operation_of_the_specification_is_made() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/operations.md");
    let text = fs::read_to_string(spec).unwrap();
    let tables: Vec<_> = text.split("\n## ").collect();
    for (title, made) in [
        ("Operations of accounts", workload::operations().collect::<BTreeSet<_>>()),
        ("Operations of the council", workload::decisions().collect()),
    ] {
        let table = tables.iter().find(|table| table.starts_with(title)).unwrap();
        let row = |line: &str| Some(line.split_once("**")?.1.split_once("**{")?.0.to_owned());
        let named: BTreeSet<_> = table.lines().filter_map(row).collect();
        assert!(named.len() > 20, "{title}: {named:?}");
        assert_eq!(named, made.into_iter().map(str::to_owned).collect(), "{title}");
    }
}

/// Two processes, with different numbers of threads.
#[test]
fn the_same_seeds_give_the_same_hashes_in_another_process() {
    let hashes = |threads: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_simulate"))
            .args(["--seeds", "0..100", "--hashes", "--threads", threads])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_hash = |line: &&str| line.split(' ').nth(1).is_some_and(|hash| hash.len() == 16);
        let lines: Vec<_> = text.lines().take(100).filter(is_hash).map(str::to_owned).collect();
        assert_eq!(lines.len(), 100, "{text}");
        lines
    };
    let first = hashes("2");
    assert_eq!(first, hashes("1"));
    let distinct: BTreeSet<_> = first.iter().map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(distinct.len(), 100);
}

/// Each file is a plan, shrunk, that broke a rule before what it names was mended.
#[test]
fn what_was_mended_stays_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let plan: Plan = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert!(!plan.story.is_empty(), "{}", file.display());
        let violation = run(&plan, None).violation;
        assert!(violation.is_none(), "{}: {}", file.display(), violation.unwrap());
    }
}

/// With more liars than a third, agreement may break; then the checkers see it, and name those who
/// signed against themselves: liars, all of them, and nobody else.
#[test]
fn with_more_liars_than_a_validator_set_bears_a_split_is_seen_and_put_down_to_them() {
    let mut splits = 0;
    for seed in 0..20 {
        let liars: BTreeSet<u8> = [(seed % 4) as u8, ((seed + 1 + seed / 4 % 3) % 4) as u8].into();
        let mut plan = Plan::draw(seed);
        plan.validators = 4;
        plan.faults.clear();
        plan.liars = liars
            .iter()
            .map(|node| Liar { node: *node, behaviour: "two-faced".to_owned() })
            .collect();
        let Some(violation) = run(&plan, None).violation else { continue };
        if violation.rule == "agreement" {
            splits += 1;
            let expected: BTreeSet<_> = liars.iter().map(|node| usize::from(*node)).collect();
            assert_eq!(violation.culprits, expected, "seed {seed}: {violation}");
        }
    }
    assert!(splits >= 5, "{splits} splits");
}

/// Four honest validators under load, and `faults`.
fn honest(seed: u64, faults: Vec<Fault>) -> Plan {
    let mut plan = Plan::draw(seed);
    (plan.validators, plan.observers) = (4, 0);
    plan.liars.clear();
    plan.load.every_ms = 80;
    plan.heal_ms = 6_000;
    plan.load.until_ms = 6_500;
    plan.faults = faults;
    plan
}

fn strike(from_ms: u64, lasts_ms: u64, kind: Kind) -> Vec<Fault> {
    vec![Fault { from_ms, to_ms: from_ms + lasts_ms, kind }]
}

/// Runs plans that break no rule; how often what happened.
fn unbroken(plans: impl Iterator<Item = Plan>) -> Coverage {
    let mut coverage = Coverage::default();
    for plan in plans {
        let outcome = run(&plan, None);
        let violation = outcome.violation.map(|violation| violation.to_string());
        assert_eq!(violation, None, "seed {}: {:?}", plan.seed, plan.faults);
        coverage.merge(&outcome.coverage);
    }
    coverage
}

#[test]
fn a_home_with_keys_only_restored_at_any_moment_signs_nothing_twice() {
    let plans = (0..200).map(|seed| {
        let node = (seed % 4) as u8;
        honest(seed, strike(1_000 + seed * 13, 20 + seed % 300, Kind::KeysOnly { node }))
    });
    let coverage = unbroken(plans);
    assert!(coverage.of("restarts without a history") >= 200);
    assert!(coverage.of("histories regained") >= 190, "{}", coverage.of("histories regained"));
}

#[test]
fn a_home_put_back_from_an_older_copy_signs_nothing_twice() {
    let plans = (0..200).map(|seed| {
        let node = (seed % 4) as u8;
        honest(seed, strike(1_000 + seed * 7, 30 + seed * 9, Kind::OldHome { node }))
    });
    let coverage = unbroken(plans);
    assert!(coverage.of("histories found wanting") >= 150);
}

#[test]
fn all_four_lose_power_at_each_moment_of_a_block_and_go_on_by_themselves() {
    let plans = (0..400).map(|step| {
        let mut plan = honest(1 + step % 2, strike(2_000 + step, 300, Kind::Blackout));
        // Slow enough that a millisecond is a small part of a block.
        plan.delay_us = (20_000, 80_000);
        plan.sync_us = 2_000;
        plan
    });
    let coverage = unbroken(plans);
    for stored in 1..=4 {
        let what = format!("blackouts with the newest block at {stored}");
        assert!(coverage.of(&what) > 0, "{what}");
    }
    assert_eq!(coverage.of("restarts without a history"), 0);
}
