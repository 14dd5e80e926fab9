//! Nodes that come and go. There is no operation yet that changes the validator set, so the first
//! state holds one that is pending.

use ballast_primitives::history::SetHistory;
use ballast_primitives::proof::ProofError;
use ballast_replica::sets::GRACE_HEIGHTS;

use crate::harness::{Engines, LIMIT, Spec, shown};

/// The first height that the pending set decides.
const FROM: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_that_one_validator_lets_in_follows_and_takes_payments() {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec { nodes: 6, observers: vec![(1, 4)], ..Spec::default() };
    let engines = Engines::start(folder.path(), &spec);
    engines.until(4, "connected to who lets it in", |s| s.peers_connected == 1).await;
    engines.pay(4, 1).await;
    let id = engines.pay(0, 2).await;
    engines.committed(4, &id).await;
    assert_eq!(engines.balance(4, 1).await, engines.balance(0, 1).await);
    engines.until(4, "ready", |s| s.ready && s.voting == "observer").await;
    engines.until(1, "the observer is none of the validators", |s| s.peers_connected == 3).await;
    // Whom nobody lets in sees nothing.
    engines.until(5, "alone", |s| !s.ready && s.peers_connected == 0 && s.height == 0).await;
    engines.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_dials_in_and_votes_and_whoever_has_left_is_let_go_after_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let pending = Some((vec![0, 1, 2, 4], FROM));
    let spec = Spec { nodes: 5, pending, heartbeat_ms: 50, ..Spec::default() };
    let engines = Engines::start(folder.path(), &spec);
    // Before it decides anything the newcomer is let in and takes payments.
    engines.pay(4, 1).await;
    engines.pay(3, 2).await;
    engines.until(0, "the new set decides", |s| s.height > FROM).await;
    let info = engines.info(0).await;
    let names: Vec<_> = info.validators.iter().map(|v| v.public_key.clone()).collect();
    assert!(names.contains(&shown(4)) && !names.contains(&shown(3)), "{names:?}");
    let changes =
        |header: ballast_proto::v1::Header| header.validators_hash != header.next_validators_hash;
    for height in [FROM - 2, FROM - 1, FROM] {
        let header = engines.block(0, height).await.header.unwrap();
        assert_eq!(changes(header), height == FROM - 1, "{height}");
    }
    engines.until(4, "the newcomer votes", |s| s.voting == "yes" && s.ready).await;
    engines.until(3, "the other follows", |s| s.voting == "observer").await;
    engines.until(3, "and is let go", |s| s.peers_connected == 0 && !s.ready).await;
    let last = engines.status(3).unwrap().height;
    assert!(last >= FROM, "{last}");
    engines.until(0, "past the grace", |s| s.height >= FROM + GRACE_HEIGHTS).await;
    let (signed_by_4, signed_by_3) = (signed(&engines, 4).await, signed(&engines, 3).await);
    assert!(signed_by_4.iter().any(|height| *height >= FROM), "{signed_by_4:?}");
    assert!(signed_by_4.iter().all(|height| *height >= FROM), "{signed_by_4:?}");
    assert!(signed_by_3.iter().all(|height| *height < FROM), "{signed_by_3:?}");
    engines.pay(4, 3).await;

    // From the genesis file alone: the newest block by the new set, not by the old.
    let first = engines.genesis.validators.clone();
    let old = SetHistory::new(engines.genesis.hash(), first);
    let supply = engines.supply_proof(4).await;
    let refused = old.verify(&supply.anchor).unwrap_err();
    assert!(matches!(refused, ProofError::UnknownCommittee { .. }), "{refused}");
    let sets = old.extended(engines.set_changes(0).await).unwrap();
    assert_eq!(sets.newest().0, FROM);
    supply.verify_through(&sets).unwrap();
    engines.stop().await;
}

/// The heights whose certificates hold node `n`'s precommit.
async fn signed(engines: &Engines, n: usize) -> Vec<u64> {
    let mut heights = Vec::new();
    let read = async {
        for height in 1..=engines.info(0).await.height {
            if engines.block(0, height).await.signers.contains(&shown(n)) {
                heights.push(height);
            }
        }
    };
    tokio::time::timeout(LIMIT, read).await.unwrap();
    heights
}
