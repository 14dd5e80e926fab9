//! Proposers that are gone, stand still or are wrong about time, on the harness: how much a height
//! takes then, and what the others say.

mod harness;

use ballast_replica::replica::{Failure, Notice};
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };
const SILENT: usize = 3;

/// Payments for `ms`, one every 7 ms, through the first three.
fn pay_for(cluster: &mut Cluster, ms: u64, nonce: &mut u64) {
    for _ in 0..ms / 7 {
        *nonce += 1;
        cluster.pay((*nonce % 3) as usize, 0, 1, 1, *nonce);
        cluster.run_for(7);
    }
}

/// Four validators that have been paying for a second.
fn busy(seed: u64) -> (Cluster, u64, u64) {
    let mut cluster = Cluster::new(seed, 4, CALM);
    let mut nonce = 0;
    cluster.run_until_height(1, 5_000);
    pay_for(&mut cluster, 1_000, &mut nonce);
    assert_eq!(cluster.slow_heights(0, 1), []);
    let height = cluster.height();
    (cluster, nonce, height)
}

/// What node 0 says of rounds that failed.
fn failures(cluster: &Cluster, proposer: usize) -> Vec<Failure> {
    let key = cluster.keys()[proposer];
    let of_rounds = cluster.nodes[0].notices.iter().filter_map(|notice| match notice {
        Notice::Round { proposer, failed, .. } => Some((*proposer, *failed)),
        _ => None,
    });
    of_rounds.filter(|(proposer, _)| *proposer == key).map(|(_, failed)| failed).collect()
}

/// The greatest distance of a block's time, when node 0 commits it, from the true time.
fn worst_time(cluster: &Cluster, height: u64) -> i64 {
    let start = cluster.true_ms() - cluster.now_ms();
    let node = &cluster.nodes[0];
    let errors = node.blocks.range(height + 1..).map(|(at, block)| {
        block.header.time.cast_signed() - (start + node.committed_ms[at]).cast_signed()
    });
    errors.max_by_key(|error| error.abs()).unwrap()
}

#[test]
fn a_proposer_whose_connection_is_lost_is_not_waited_for() {
    let (mut cluster, mut nonce, height) = busy(21);
    cluster.stop(SILENT);
    pay_for(&mut cluster, 3_000, &mut nonce);
    assert!(!cluster.slow_heights(0, height).is_empty());
    let longest = cluster.longest_wait(0, height);
    assert!(longest <= 150, "{longest} ms");
    let failures = failures(&cluster, SILENT);
    assert!(failures.contains(&Failure::Gone), "{failures:?}");
    cluster.check_agreement();
}

#[test]
fn a_proposer_that_stands_still_costs_the_least_timeout() {
    let (mut cluster, mut nonce, height) = busy(22);
    cluster.pause(SILENT);
    pay_for(&mut cluster, 5_000, &mut nonce);
    assert!(!cluster.slow_heights(0, height).is_empty());
    let longest = cluster.longest_wait(0, height);
    assert!((250..350).contains(&longest), "{longest} ms");
    let failures = failures(&cluster, SILENT);
    assert!(!failures.is_empty() && failures.iter().all(|f| *f == Failure::Silent));
    cluster.resume(SILENT);
    cluster.run_until(10_000, |c| c.nodes[SILENT].height() + 1 >= c.nodes[0].height());
    cluster.check_agreement();
}

#[test]
fn timeouts_grow_where_the_network_is_slow() {
    let slow = Faults { loss_percent: 0, delay_ms_max: 300 };
    let mut cluster = Cluster::new(25, 4, slow);
    let mut nonce = 0;
    cluster.run_until_height(1, 20_000);
    pay_for(&mut cluster, 20_000, &mut nonce);
    let height = cluster.height();
    pay_for(&mut cluster, 40_000, &mut nonce);
    let (slow, all) = (cluster.slow_heights(0, height).len() as u64, cluster.height() - height);
    assert!(all > 50 && 10 * slow <= all, "{slow} of {all} heights took another round");
    cluster.check_agreement();
}

#[test]
fn a_proposer_with_a_wrong_clock_gets_nil_at_once_and_the_reason_is_told() {
    for skew_ms in [600_000, 3_600_000, -600_000, 1_500, 501 + 4] {
        let (mut cluster, mut nonce, height) = busy(24);
        cluster.nodes[SILENT].skew_ms = skew_ms;
        pay_for(&mut cluster, 3_000, &mut nonce);
        let longest = cluster.longest_wait(0, height);
        assert!(longest <= 150, "{skew_ms}: {longest} ms");
        assert!(worst_time(&cluster, height).abs() < 1_000, "{skew_ms}");
        let failures = failures(&cluster, SILENT);
        let ahead = |f: &Failure| matches!(f, Failure::Ahead { ms } if ms.abs_diff(skew_ms.unsigned_abs()) < 100);
        // Who is behind, on a chain that is busy, may only add a millisecond to its parent's time.
        assert!(
            skew_ms < 0 || (!failures.is_empty() && failures.iter().all(ahead)),
            "{failures:?}"
        );
        assert!(skew_ms > 0 || failures.is_empty(), "{failures:?}");
        cluster.check_agreement();
    }
}

#[test]
fn on_an_idle_chain_a_clock_that_is_behind_is_noticed() {
    let (mut cluster, _, height) = busy(25);
    cluster.nodes[SILENT].skew_ms = -600_000;
    cluster.run_for(60_000);
    assert!(cluster.height() > height + 8, "the chain goes on");
    let failures = failures(&cluster, SILENT);
    assert!(matches!(failures.first(), Some(Failure::Behind { ms: 1_000.. })), "{failures:?}");
    assert!(worst_time(&cluster, height + 1).abs() < 1_000);
    cluster.check_agreement();
}

#[test]
fn clocks_that_jump_and_two_that_are_a_little_off_keep_block_time_within_a_second() {
    let (mut cluster, mut nonce, height) = busy(26);
    cluster.nodes[0].skew_ms = 0;
    (cluster.nodes[2].skew_ms, cluster.nodes[SILENT].skew_ms) = (400, -400);
    pay_for(&mut cluster, 3_000, &mut nonce);
    assert_eq!(cluster.slow_heights(0, height), []);
    assert!(worst_time(&cluster, height).abs() < 1_000);
    cluster.nodes[2].skew_ms = 0;
    let height = cluster.height();
    for n in 0..20 {
        cluster.nodes[SILENT].skew_ms = [700_000, -700_000, 3_000, 0][n % 4];
        pay_for(&mut cluster, 300, &mut nonce);
    }
    assert!(worst_time(&cluster, height).abs() < 1_000);
    assert!(cluster.longest_wait(0, height) <= 150);
    cluster.check_agreement();
}

#[test]
fn a_chain_that_stood_for_an_hour_goes_on_with_the_block_it_had_a_quorum_of_prevotes_for() {
    // Votes are lost in some of the runs after a quorum of prevotes, in some before.
    let mut old_blocks = 0;
    for pause_ms in (0..20).map(|step| 2 * step) {
        let (mut cluster, mut nonce, _) = busy(27);
        nonce += 1;
        cluster.pay(0, 0, 1, 1, nonce);
        cluster.run_for(20 + pause_ms);
        let height = cluster.height();
        cluster.faults.loss_percent = 100;
        cluster.run_for(100);
        cluster.sleep(3_600_000);
        cluster.faults.loss_percent = 0;
        cluster.run_until(20_000, |c| c.nodes.iter().all(|node| node.height() > height + 2));
        cluster.check_agreement();
        old_blocks += u32::from(worst_time(&cluster, height) < -3_000_000);
    }
    assert!((1..20).contains(&old_blocks), "{old_blocks} of 20 were proposed again an hour later");
}
