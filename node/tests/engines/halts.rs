//! A node that finds an invariant broken ends, and says which.

use ballast_node::setup::RunError;
use ballast_runtime::{Key, Object, State};

use crate::harness::{self, BALANCE, Engines, Spec};

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
