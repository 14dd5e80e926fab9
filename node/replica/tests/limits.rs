//! What is bounded in bytes, at its edges, on four replicas in one thread.

mod harness;

use ballast_primitives::block::{BLOCK_BYTES_MAX, Load};
use ballast_replica::types::{BATCH_BYTES_MAX, Batch};
use ballast_replica::{Admission, Config};
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };
/// About the bytes of a large transaction.
const LARGE: usize = 7_400;

#[test]
fn one_submission_larger_than_a_batch_leaves_in_batches_that_everybody_takes() {
    let mut cluster = Cluster::new(1, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.submit_large(0, 0..1_000);
    cluster.run_until(60_000, |c| c.nodes.iter().all(|node| node.receipts().len() == 1_000));
    let batches = &cluster.nodes[3].disk.batches;
    assert!(batches.values().map(Vec::len).sum::<usize>() > BATCH_BYTES_MAX);
    for bytes in batches.values() {
        assert!(bytes.len() <= BATCH_BYTES_MAX && Batch::decode(bytes).is_ok());
    }
    cluster.check_agreement();
}

#[test]
fn what_waits_is_ordered_in_blocks_within_the_limits() {
    let mut cluster = Cluster::new(3, 4, CALM);
    cluster.run_until_height(1, 5_000);
    for part in 0..4 {
        cluster.submit_large(part, 450 * part as u64..450 * (part as u64 + 1));
    }
    cluster.run_until(60_000, |c| c.nodes.iter().all(|node| node.receipts().len() == 1_800));
    let mut largest = 0;
    for block in cluster.nodes[3].blocks.values() {
        let mut load = Load::default();
        block.payload.batches.iter().for_each(|batch| load.add(batch).unwrap());
        largest = largest.max(load.bytes);
    }
    assert!((BLOCK_BYTES_MAX / 2..=BLOCK_BYTES_MAX).contains(&largest), "{largest}");
    cluster.check_agreement();
}

#[test]
fn the_pool_says_busy_when_it_holds_its_bytes_and_admits_again_afterwards() {
    let config = Config { pool_bytes_max: 100 * LARGE, ..Config::default() };
    let mut cluster = Cluster::with_config(2, 4, CALM, config);
    cluster.run_until_height(1, 5_000);
    (1..4).for_each(|n| cluster.stop(n));
    cluster.submit_large(0, 0..200);
    let answers = cluster.nodes[0].answers[&0].clone();
    let admitted = answers.iter().filter(|answer| **answer == Admission::Admitted).count();
    // A tenth is kept for what protects.
    assert!((70..=90).contains(&admitted), "{admitted}");
    assert!(answers[admitted..].iter().all(|answer| *answer == Admission::Busy));
    (1..4).for_each(|n| cluster.start(n));
    cluster.run_until(20_000, |c| c.nodes[0].receipts().len() == admitted);
    cluster.submit_large(0, 200..204);
    assert_eq!(cluster.nodes[0].answers[&200], [Admission::Admitted; 4]);
}
