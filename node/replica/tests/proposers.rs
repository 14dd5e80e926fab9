//! Proposers that are gone, stand still or are wrong about time, on the harness: how much a height
//! takes then, and what the others say.

mod harness;

use ballast_primitives::{Payload, Return, VoteKind, signature};
use ballast_replica::Input;
use ballast_replica::batches::Batches;
use ballast_replica::block::{self, Tip, Verdict};
use ballast_replica::message::{Message, WireProposal};
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

/// Whether node 0's state has the silent one passed over.
fn is_out(cluster: &Cluster) -> bool {
    let turns = &cluster.nodes[0].replica().state().validators().turns;
    turns.get(&cluster.keys()[SILENT]).is_some_and(|standing| standing.is_out())
}

/// Makes the silent one well: it says so, and proposes again within 64 heights of saying it.
fn comes_back(cluster: &mut Cluster, nonce: &mut u64, mend: impl Fn(&mut Cluster)) {
    let key = cluster.keys()[SILENT];
    assert!(is_out(cluster));
    mend(cluster);
    for _ in 0..100 {
        pay_for(cluster, 100, nonce);
        let said = cluster.said_well.get(&key).copied().unwrap_or(u64::MAX);
        let mut after = cluster.nodes[0].blocks.range(said.saturating_add(1)..);
        if let Some((height, _)) = after.find(|(_, block)| block.header.proposer == key) {
            assert!(*height <= said + 64, "said at {said}, proposed {height}");
            return cluster.check_agreement();
        }
    }
    panic!("does not propose again");
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
    pay_for(&mut cluster, 8_000, &mut nonce);
    assert_eq!(cluster.slow_heights(0, height).len(), 2);
    assert!(cluster.height() > height + 150);
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
    pay_for(&mut cluster, 8_000, &mut nonce);
    assert_eq!(cluster.slow_heights(0, height).len(), 2);
    assert!(cluster.height() > height + 150);
    let longest = cluster.longest_wait(0, height);
    assert!((250..350).contains(&longest), "{longest} ms");
    let failures = failures(&cluster, SILENT);
    assert!(!failures.is_empty() && failures.iter().all(|f| *f == Failure::Silent));
    comes_back(&mut cluster, &mut nonce, |c| c.resume(SILENT));
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
        pay_for(&mut cluster, 8_000, &mut nonce);
        let longest = cluster.longest_wait(0, height);
        assert!(longest <= 150, "{skew_ms}: {longest} ms");
        assert!(cluster.slow_heights(0, height).len() <= 2, "{skew_ms}");
        assert!(worst_time(&cluster, height).abs() < 1_000, "{skew_ms}");
        let failures = failures(&cluster, SILENT);
        let ahead = |f: &Failure| matches!(f, Failure::Ahead { ms } if ms.abs_diff(skew_ms.unsigned_abs()) < 100);
        // Who is behind, on a chain that is busy, may only add a millisecond to its parent's time.
        assert!(
            skew_ms < 0 || (!failures.is_empty() && failures.iter().all(ahead)),
            "{failures:?}"
        );
        assert!(skew_ms > 0 || failures.is_empty(), "{failures:?}");
        let own = cluster.nodes[SILENT].replica().own_skew();
        assert!(own.is_some_and(|own| own.abs_diff(skew_ms) < 100), "{own:?}");
        assert_eq!(cluster.nodes[0].replica().own_skew(), None);
        if skew_ms > 0 {
            comes_back(&mut cluster, &mut nonce, |c| c.nodes[SILENT].skew_ms = 0);
        }
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
        cluster.run_for(5 + pause_ms);
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

#[test]
fn who_is_passed_over_is_so_for_whoever_comes_back_too() {
    let (mut cluster, mut nonce, height) = busy(28);
    cluster.stop(SILENT);
    pay_for(&mut cluster, 2_000, &mut nonce);
    assert!(is_out(&cluster));
    (0..3).for_each(|n| cluster.stop(n));
    (0..3).for_each(|n| cluster.start(n));
    pay_for(&mut cluster, 3_000, &mut nonce);
    assert!(cluster.slow_heights(0, height).len() >= 2);
    let height = cluster.height();
    pay_for(&mut cluster, 3_000, &mut nonce);
    assert_eq!(cluster.slow_heights(0, height), []);
    comes_back(&mut cluster, &mut nonce, |c| c.start(SILENT));
}

#[test]
fn one_of_seven_and_two_of_seven_that_are_dead_are_passed_over_and_not_a_third() {
    let mut cluster = Cluster::new(29, 7, CALM);
    let mut nonce = 0;
    cluster.run_until_height(1, 5_000);
    pay_for(&mut cluster, 500, &mut nonce);
    let height = cluster.height();
    cluster.pause(5);
    cluster.pause(6);
    pay_for(&mut cluster, 10_000, &mut nonce);
    let slow = cluster.slow_heights(0, height);
    assert!((2..=4).contains(&slow.len()), "{slow:?}");
    assert!(cluster.height() > height + 150);
    cluster.check_agreement();
}

/// Node 0's tip, and the next block of the validator that has the turn, which is stopped before it
/// proposes one itself; with a certificate of the tip in `round` by the first `signers`.
fn claims(
    cluster: &mut Cluster,
    round: u32,
    signers: usize,
) -> (usize, WireProposal, WireProposal) {
    // So long idle that one that is heard begins the next height.
    cluster.run_for(2_500);
    let replica = cluster.nodes[0].replica();
    let (tip, sets) = (replica.tip().clone(), replica.sets().clone());
    let height = tip.height + 1;
    let key = sets.seats(height).unwrap().proposer(height, 0).key;
    let proposer = cluster.keys().iter().position(|other| *other == key).unwrap();
    let parent = cluster.certificate(tip.height, round, tip.id, signers);
    let time = cluster.true_ms();
    let value = block::build(&tip, &sets, key, time, Some(&parent), Payload::default()).unwrap();
    cluster.stop(proposer);
    let bare = cluster.proposal(proposer, 0, value.header());
    let shown = WireProposal { parent: Some(parent), ..bare.clone() };
    (proposer, bare, shown)
}

#[test]
fn a_claim_about_the_parents_round_counts_once_a_certificate_shows_it_and_is_never_invalid() {
    for (round, signers, counts) in [(1, 3, true), (1, 2, false), (0, 0, true), (7, 4, true)] {
        let (mut cluster, ..) = busy(30);
        let (proposer, bare, shown) = claims(&mut cluster, round, signers);
        let voter = (proposer + 1) % 4;
        let from = cluster.keys()[proposer];
        let id = bare.header.id();
        let place = (cluster.keys()[voter], bare.header.height, 0, VoteKind::Prevote);
        let prevote = |c: &Cluster| c.votes.get(&place).map(|vote| vote.vote.block);
        let message = Message::Proposal(bare);
        cluster.inject(voter, Input::Message { from, message });
        // Its own certificate is of round 0, and shows just that.
        assert_eq!(prevote(&cluster), (round == 0).then_some(Some(id)), "{round}");
        let message = Message::Proposal(shown);
        let notices = cluster.inject(voter, Input::Message { from, message });
        assert_eq!(prevote(&cluster).is_some(), counts, "{round} by {signers}");
        assert!(!notices.iter().any(|notice| matches!(notice, Notice::VotedNil { .. })));
        cluster.run_for(8_000);
        cluster.check_agreement();
    }
}

#[test]
fn returns_that_nobody_said_or_that_come_too_soon_make_a_block_invalid() {
    let (mut cluster, mut nonce, _) = busy(31);
    cluster.pause(SILENT);
    pay_for(&mut cluster, 1_500, &mut nonce);
    assert!(is_out(&cluster));
    let replica = cluster.nodes[0].replica();
    let (tip, sets) = (replica.tip().clone(), replica.sets().clone());
    let validators = replica.state().validators().clone();
    let key = cluster.keys()[SILENT];
    let standing = *validators.turns.get(&key).unwrap();
    let said = cluster.say_return(SILENT, standing.from);
    let judged = |tip: &Tip, returns: Vec<Return>| {
        let payload = Payload { returns, ..Payload::default() };
        let parent = cluster.certificate(tip.height, 0, tip.id, 3);
        let key = cluster.keys()[0];
        let value = block::build(tip, &sets, key, tip.time + 1, Some(&parent), payload).unwrap();
        block::judge(tip, &sets, &validators, &Batches::default(), &value, signature::verify)
    };
    assert!(standing.due() <= tip.height, "{standing:?} at {}", tip.height);
    assert_eq!(judged(&tip, vec![said]), Verdict::Valid);
    let may_not = Verdict::Invalid("a validator returns that may not");
    let other = cluster.say_return(0, standing.from);
    assert_eq!(judged(&tip, vec![other]), may_not);
    assert_eq!(judged(&tip, vec![cluster.say_return(SILENT, standing.from + 1)]), may_not);
    let order = Verdict::Invalid("returns of validators are not strictly ascending");
    assert_eq!(judged(&tip, vec![said, said]), order);
    let forged = Return { signature: other.signature, ..said };
    let unsigned = Verdict::Invalid("a validator's return is not signed by it");
    assert_eq!(judged(&tip, vec![forged]), unsigned);
}
