//! A node that finds an invariant broken ends, and says which; an override gets past it.

use std::fs;

use ballast_node::setup::{Home, RunError};
use ballast_primitives::override_record::{Action, Override, SignedOverride};
use ballast_runtime::limits::FULL_CHECK_BLOCKS;
use ballast_runtime::{Key, Object, State, dev};

use crate::harness::{self, BALANCE, Engines, SEED, Spec};

/// What a lone validator whose first state holds `object` ends with.
async fn report(key: Key, object: Object) -> String {
    let folder = tempfile::tempdir().unwrap();
    let objects = vec![(key, object)];
    let spec = Spec { nodes: 1, validators: 1, objects, heartbeat_ms: 50, ..Spec::default() };
    match Engines::start(folder.path(), &spec).end().await {
        RunError::Safety(report) => report,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_state_whose_supply_is_not_its_balances_is_not_started_from() {
    let mut supply = State::from_genesis(&harness::genesis(1)).unwrap().supply().clone();
    supply.total += 1;
    let told = report(Key::Supply, Object::Supply(Box::new(supply))).await;
    let (held, total) = (2 * BALANCE, 2 * BALANCE + 1);
    for part in ["invariant broken", &held.to_string(), &total.to_string()] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// Ends of nodes that a block stops: the report, and the block's id that it names.
async fn stopped(engines: &mut Engines, n: usize) -> (String, String) {
    let RunError::Safety(report) = engines.ended(n).await else { panic!("node {n}") };
    let (_, rest) = report.split_once("with id ").unwrap();
    let id = rest.split(':').next().unwrap().to_owned();
    (report, id)
}

/// The fault is found by the full check: four validators and an observer stop at the same block, once
/// more when they are started again, go on by a record of three, and the observer, which has none,
/// takes it with the block.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_stops_all_is_passed_by_an_override_of_a_quorum() {
    const NODES: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let address = dev::account_address(SEED, 1);
    let state = State::from_genesis(&harness::genesis(4)).unwrap();
    let mut account = state.account(&address).unwrap().clone();
    account.objects += 1;
    let objects = vec![(Key::Account(address), Object::Account(account))];
    let observers = vec![(0, 4)];
    let spec = Spec { nodes: NODES, observers, objects, heartbeat_ms: 20, ..Spec::default() };
    let mut engines = Engines::start(folder.path(), &spec);
    for height in (100..FULL_CHECK_BLOCKS).step_by(100) {
        engines.until(0, "height", |status| status.height >= height).await;
    }
    let mut named = Vec::new();
    for n in 0..NODES {
        let (report, id) = stopped(&mut engines, n).await;
        assert!(report.contains("numbers of objects"), "{report}");
        named.push(id);
    }
    assert!(named.iter().all(|id| *id == named[0]), "{named:?}");

    let (genesis, height) = (engines.genesis.hash(), FULL_CHECK_BLOCKS);
    let block = named[0].parse().unwrap();
    let record = Override { genesis, height, block, action: Action::Void };
    let mut signed = SignedOverride::unsigned(record);
    [0, 1, 2].iter().for_each(|n| signed.sign(&harness::key("consensus", *n)));
    for n in 0..4 {
        let home = Home::new(folder.path().join(n.to_string()));
        fs::create_dir_all(home.overrides()).unwrap();
        fs::write(home.override_at(height), signed.encode()).unwrap();
    }
    let (engines, _) = engines.restart(&spec).await;
    for n in 0..NODES {
        engines.until(n, "beyond", |status| status.height > height + 3).await;
    }
    engines.pay(0, 1).await;
    let paid = engines.status(0).unwrap().height;
    let mut roots = Vec::new();
    for n in 0..NODES {
        engines.until(n, "paid", |status| status.height > paid + 2).await;
        let header = engines.block(n, paid + 2).await.header.unwrap();
        roots.push((header.block_id, header.state_root));
        assert_eq!(engines.balance(n, 1).await, BALANCE + 1);
    }
    assert!(roots.iter().all(|root| *root == roots[0]), "{roots:?}");
    engines.stop().await;
}
