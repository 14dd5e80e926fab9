//! The way past a decided block that nobody can execute: a quorum of its validators declares it
//! void, each node obeys the record, and those who come later get it with the block.

mod harness;

use std::rc::Rc;

use ballast_primitives::Hash;
use ballast_primitives::override_record::{Action, Override, SignedOverride};
use ballast_replica::Config;
use ballast_replica::fetch::Fault;
use ballast_replica::message::{ChainRecord, Response};
use ballast_replica::replica::Notice;
use ballast_runtime::limits::FULL_CHECK_BLOCKS;
use harness::node::Lie;
use harness::{AT, Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };
const VALIDATORS: usize = 4;
/// Not a validator, and not there from the start.
const NEWCOMER: usize = 4;

/// Four validators whose state has a fault that the full check at height 1,000 finds.
fn with_a_fault() -> Cluster {
    let mut cluster = Cluster::with_spares(21, VALIDATORS, 1, CALM);
    make_faulty(&mut cluster);
    cluster
}

fn make_faulty(cluster: &mut Cluster) {
    cluster.config = Config { heartbeat_ms: 60, block_interval_ms: 20, ..Config::default() };
    cluster.may_halt = true;
    for n in 0..=NEWCOMER {
        cluster.stop(n);
        cluster.nodes[n].disk.put_conflict();
    }
    (0..VALIDATORS).for_each(|n| cluster.start(n));
}

fn all_halted(cluster: &Cluster) -> bool {
    cluster.nodes[..VALIDATORS].iter().all(|node| node.halted.is_some())
}

/// The id that a node names when it stops.
fn named_block(report: &str) -> Hash {
    let (_, rest) = report.split_once("with id ").unwrap();
    rest.split(':').next().unwrap().parse().unwrap()
}

fn signed(cluster: &Cluster, record: Override, signers: &[usize]) -> SignedOverride {
    let mut signed = SignedOverride::unsigned(record);
    signers.iter().for_each(|n| signed.sign(&cluster.nodes[*n].key));
    signed
}

/// Starts the validators again with a record; whether they all stop again.
fn try_with(cluster: &mut Cluster, given: &SignedOverride) -> bool {
    for n in 0..VALIDATORS {
        cluster.nodes[n].overrides = vec![given.clone()];
        cluster.start(n);
    }
    cluster
        .run_while(20_000, |cluster| !all_halted(cluster) && cluster.height() < FULL_CHECK_BLOCKS);
    let stopped = all_halted(cluster);
    (0..VALIDATORS).for_each(|n| cluster.stop(n));
    stopped
}

#[test]
fn a_quorum_voids_a_block_that_stops_every_validator_and_a_newcomer_replays_it() {
    let mut cluster = with_a_fault();
    cluster.run_until(600_000, all_halted);
    let height = FULL_CHECK_BLOCKS;
    for node in &cluster.nodes[..VALIDATORS] {
        assert_eq!(node.height(), height - 1, "nothing of the block is stored");
    }
    let report = cluster.nodes[0].halted.clone().unwrap();
    assert!(report.contains("holds roles that exclude one another"), "{report}");
    let (genesis, block) = (cluster.genesis().hash(), named_block(&report));
    let record = Override { genesis, height, block, action: Action::Void };

    // Each start stops again, and so it does with a record that does not hold.
    let other = Hash([7; 32]);
    let mut forged = signed(&cluster, record, &[0, 1, 2]);
    forged.signatures[1].signature = forged.signatures[0].signature;
    let mut twice = signed(&cluster, record, &[0, 1]);
    twice.signatures.insert(1, twice.signatures[0]);
    let refused = [
        signed(&cluster, record, &[]),
        signed(&cluster, record, &[0, 1]),
        signed(&cluster, record, &[0, 1, NEWCOMER]),
        signed(&cluster, Override { height: height - 1, ..record }, &[0, 1, 2]),
        signed(&cluster, Override { height: height + 1, ..record }, &[0, 1, 2]),
        signed(&cluster, Override { block: other, ..record }, &[0, 1, 2]),
        signed(&cluster, Override { genesis: other, ..record }, &[0, 1, 2]),
        forged,
        twice,
    ];
    (0..VALIDATORS).for_each(|n| cluster.stop(n));
    for given in &refused {
        assert!(try_with(&mut cluster, given), "{given:?}");
    }

    // Signatures are collected in copies of the record.
    let mut whole = signed(&cluster, record, &[3]);
    whole.merge(&signed(&cluster, record, &[0, 3])).unwrap();
    whole.merge(&signed(&cluster, record, &[1])).unwrap();
    for n in 0..VALIDATORS {
        cluster.nodes[n].overrides = vec![whole.clone()];
        cluster.start(n);
    }
    cluster.run_until(60_000, |c| c.nodes[..VALIDATORS].iter().all(|n| n.height() > height));
    for n in 0..20 {
        cluster.pay(n as usize % VALIDATORS, 0, 1, 10, n + 1);
    }
    let paid = |c: &Cluster| c.nodes[..VALIDATORS].iter().all(|n| n.receipts().len() == 20);
    cluster.run_until(60_000, paid);
    for node in &cluster.nodes[..VALIDATORS] {
        let stored = &node.blocks[&height];
        assert_eq!(stored.overridden.as_ref(), Some(&whole));
        let root = |height: u64| node.disk.results[height as usize].state_root;
        assert_eq!(root(height), root(height - 1), "none of it was executed");
        let told = Notice::Overridden { height, block };
        assert!(node.notices.contains(&told));
    }

    // A newcomer knows of no record: it comes with the block.
    cluster.start(NEWCOMER);
    cluster.run_until(120_000, |c| c.nodes[NEWCOMER].height() + 2 > c.height());
    cluster.check_agreement();
    assert_eq!(cluster.nodes[NEWCOMER].blocks[&height].overridden.as_ref(), Some(&whole));
    assert!(cluster.nodes[NEWCOMER].halted.is_none());
}

/// A void block is the first of another version: the version is in force all the same, from the next
/// block on. Its payments are as if nobody had sent them: no receipt, and their nonces are free.
#[test]
fn a_void_block_at_the_height_of_an_upgrade_leaves_rules_nonces_and_payments_sound() {
    let height = FULL_CHECK_BLOCKS;
    let mut cluster = Cluster::with_upgrade(23, height, &[AT; VALIDATORS], 1);
    cluster.nodes[NEWCOMER].rulebook = AT;
    make_faulty(&mut cluster);
    let mut nonces = 0;
    for at in [height - 3, height - 2, height - 1] {
        cluster.run_while(600_000, |c| c.height() < at && !all_halted(c));
        nonces += 1;
        cluster.pay(0, 0, 1, 10, nonces);
    }
    cluster.run_until(60_000, all_halted);
    let report = cluster.nodes[0].halted.clone().unwrap();
    let (genesis, block) = (cluster.genesis().hash(), named_block(&report));
    let record = Override { genesis, height, block, action: Action::Void };
    let whole = signed(&cluster, record, &[0, 1, 2]);
    for n in 0..VALIDATORS {
        cluster.stop(n);
        cluster.nodes[n].overrides = vec![whole.clone()];
        cluster.start(n);
    }
    cluster.run_until(60_000, |c| c.nodes[..VALIDATORS].iter().all(|n| n.height() > height + 2));
    let stored = &cluster.nodes[0].blocks[&height];
    assert!(stored.overridden.is_some() && !stored.payload.batches.is_empty());
    let voided = nonces - cluster.nodes[0].receipts().len() as u64;
    assert!(voided > 0, "what the void block held has no receipt");
    for node in &cluster.nodes[..VALIDATORS] {
        assert_eq!(node.replica().upgrade().current, 2);
    }
    // With the same nonces.
    (1..=nonces).for_each(|nonce| cluster.pay(1, 0, 1, 10, nonce));
    let paid =
        |c: &Cluster| c.nodes[..VALIDATORS].iter().all(|n| n.receipts().len() as u64 == nonces);
    cluster.run_until(60_000, paid);
    cluster.start(NEWCOMER);
    cluster.run_until(120_000, |c| c.nodes[NEWCOMER].height() + 2 > c.height());
    assert_eq!(cluster.nodes[NEWCOMER].replica().upgrade().current, 2);
    cluster.check_agreement();
}

#[test]
fn a_block_that_is_fetched_with_a_record_that_does_not_hold_is_refused() {
    let mut cluster = Cluster::with_spares(22, VALIDATORS, 1, CALM);
    cluster.stop(NEWCOMER);
    cluster.run_until(60_000, |cluster| cluster.nodes[0].height() >= 3);
    let (genesis, height) = (cluster.genesis().hash(), 1);
    let block = cluster.nodes[0].blocks[&height].header.id();
    let record = Override { genesis, height, block, action: Action::Void };
    let refused = [
        signed(&cluster, record, &[]),
        signed(&cluster, record, &[0, 1]),
        signed(&cluster, Override { block: Hash([1; 32]), ..record }, &[0, 1, 2]),
        signed(&cluster, Override { height: 2, ..record }, &[0, 1, 2]),
    ];
    cluster.start(NEWCOMER);
    for given in refused {
        (0..VALIDATORS).for_each(|n| cluster.nodes[n].lie = Some(overriding(given.clone())));
        cluster.nodes[NEWCOMER].notices.clear();
        cluster.run_for(5_000);
        assert_eq!(cluster.nodes[NEWCOMER].height(), 0, "{given:?}");
        let notices = &cluster.nodes[NEWCOMER].notices;
        let is_fault =
            |n: &Notice| matches!(n, Notice::FetchFailed(f) if f.fault == Fault::Override);
        assert!(notices.iter().any(is_fault), "{given:?}: {notices:?}");
    }
    // One honest peer is enough.
    cluster.nodes[2].lie = None;
    cluster.run_until(90_000, |cluster| cluster.nodes[NEWCOMER].height() > 3);
    cluster.check_agreement();
}

/// Shows the first block with an override.
fn overriding(record: SignedOverride) -> Lie {
    Rc::new(move |_, mut response, _| {
        if let Some(Response::Headers(records)) = &mut response {
            for ChainRecord::Block(block) in records {
                block.overridden = (block.header.height == 1).then(|| record.clone());
            }
        }
        (response, 0)
    })
}
