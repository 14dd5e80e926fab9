//! Four replicas in one thread, with a virtual clock, a network that may lose, delay and reorder,
//! and disks that lose what was not made durable. Same seed, same run.

mod harness;

use std::collections::BTreeMap;

use ballast_primitives::Hash;
use ballast_primitives::equivocation::TwinKind;
use ballast_replica::message::Message;
use ballast_replica::replica::Notice;
use ballast_replica::{Admission, Duty, Input};
use ballast_runtime::Outcome;
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };

#[test]
fn four_validators_commit_payments_and_agree_on_every_root() {
    let mut cluster = Cluster::new(1, 4, CALM);
    cluster.run_until_height(1, 5_000);
    for n in 0..100u64 {
        cluster.pay((n % 4) as usize, 0, 1, 1_000, n + 1);
    }
    cluster.run_until(5_000, |c| c.nodes.iter().all(|node| node.receipts().len() == 100));
    cluster.run_for(500);
    cluster.check_agreement();
    for node in &cluster.nodes {
        assert!(node.receipts().values().all(|r| r.outcome == Outcome::Success));
    }
    assert_eq!(cluster.rounds_above_zero(), 0);
}

#[test]
fn an_idle_chain_attests_what_it_executed_and_then_only_beats() {
    let mut cluster = Cluster::new(2, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.pay(0, 0, 1, 5, 1);
    cluster.run_until(2_000, |c| c.nodes.iter().all(|n| n.receipts().len() == 1));
    cluster.run_for(1_000);
    let height = cluster.height();
    let attested = cluster.nodes[0].blocks.last_key_value().unwrap().1.header.executed_height;
    let paid = cluster.nodes[0].receipts().values().next().unwrap().height;
    assert_eq!((attested, height), (paid, paid + 1));
    cluster.run_for(4_500);
    assert_eq!(cluster.height(), height + 1, "one heartbeat in five seconds");
}

#[test]
fn the_same_transaction_through_two_validators_executes_once() {
    let mut cluster = Cluster::new(3, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.pay(0, 0, 1, 7, 1);
    cluster.pay(2, 0, 1, 7, 1);
    cluster.run_for(2_000);
    cluster.check_agreement();
    assert!(cluster.nodes.iter().all(|node| node.receipts().len() == 1));
}

#[test]
fn three_of_four_go_on_and_the_fourth_catches_up() {
    let mut cluster = Cluster::new(4, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.stop(3);
    for n in 0..50u64 {
        cluster.pay((n % 3) as usize, 0, 1, 10, n + 1);
        cluster.run_for(40);
    }
    cluster.run_until(20_000, |c| c.nodes[..3].iter().all(|n| n.receipts().len() == 50));
    cluster.start(3);
    cluster.run_until(10_000, |c| c.nodes[3].receipts().len() == 50);
    cluster.pay(3, 0, 1, 10, 51);
    cluster.run_until(10_000, |c| c.nodes.iter().all(|n| n.receipts().len() == 51));
    cluster.check_agreement();
}

#[test]
fn a_validator_told_to_follow_signs_and_takes_nothing_until_told_otherwise() {
    let mut cluster = Cluster::new(8, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.run_for(500);
    cluster.nodes[3].set_duty(Duty::Following);
    let signed = cluster.nodes[3].signed_height();
    cluster.pay(3, 0, 1, 10, 1);
    assert_eq!(cluster.nodes[3].answers[&1], [Admission::Busy]);
    cluster.pay(0, 0, 1, 10, 1);
    cluster.run_until(20_000, |c| c.nodes.iter().all(|n| n.receipts().len() == 1));
    assert_eq!(cluster.nodes[3].signed_height(), signed);

    cluster.nodes[3].set_duty(Duty::NoAdmission);
    cluster.pay(3, 0, 1, 10, 2);
    assert_eq!(cluster.nodes[3].answers[&2], [Admission::Busy]);
    cluster.pay(0, 0, 1, 10, 2);
    cluster.run_until(20_000, |c| c.nodes.iter().all(|n| n.receipts().len() == 2));
    assert!(cluster.nodes[3].signed_height() > signed);

    cluster.nodes[3].set_duty(Duty::All);
    cluster.pay(3, 0, 1, 10, 3);
    cluster.run_until(20_000, |c| c.nodes.iter().all(|n| n.receipts().len() == 3));
    cluster.check_agreement();
}

#[test]
fn two_of_four_make_no_block_and_four_again_do() {
    let mut cluster = Cluster::new(5, 4, CALM);
    cluster.run_until_height(2, 20_000);
    cluster.stop(2);
    cluster.stop(3);
    cluster.run_for(1_000);
    let height = cluster.height();
    cluster.pay(0, 0, 1, 10, 1);
    cluster.run_for(20_000);
    assert_eq!(cluster.height(), height);
    cluster.start(2);
    cluster.start(3);
    cluster.run_until(10_000, |c| c.nodes.iter().all(|n| n.receipts().len() == 1));
    cluster.check_agreement();
}

#[test]
fn every_power_cut_of_all_four_keeps_what_was_committed() {
    let mut cluster = Cluster::new(6, 4, CALM);
    cluster.run_until_height(1, 5_000);
    let mut nonce = 0;
    for cut in 0..25u64 {
        for _ in 0..4 {
            nonce += 1;
            cluster.pay((nonce % 4) as usize, 0, 1, 10, nonce);
        }
        cluster.run_for(10 + 7 * cut % 60);
        let known: Vec<BTreeMap<_, _>> =
            cluster.nodes.iter().map(|node| node.receipts().clone()).collect();
        (0..4).for_each(|n| cluster.stop(n));
        (0..4).for_each(|n| cluster.start(n));
        let height = cluster.height();
        // The cut may have taken all that waited: then the next block is a heartbeat.
        cluster.run_until(10_000, |c| c.height() > height);
        for (node, before) in cluster.nodes.iter().zip(&known) {
            for (id, receipt) in before {
                assert_eq!(node.receipts().get(id), Some(receipt));
            }
        }
        cluster.check_agreement();
    }
}

#[test]
fn loss_delay_and_restarts_never_split_the_chain() {
    for seed in 100..130 {
        let faults = Faults { loss_percent: (seed % 20) as u8, delay_ms_max: 5 + seed % 60 };
        let mut cluster = Cluster::new(seed, 4, faults);
        cluster.run_until_height(1, 60_000);
        for n in 0..40u64 {
            cluster.pay((n % 4) as usize, 0, 1, 1, n + 1);
            cluster.run_for(50);
            if n % 10 == 9 {
                let who = ((seed + n / 10) % 4) as usize;
                cluster.stop(who);
                cluster.run_for(300);
                cluster.start(who);
            }
        }
        cluster.faults = CALM;
        let height = cluster.height();
        cluster.run_until(30_000, |c| c.nodes.iter().all(|n| n.height() > height + 1));
        cluster.check_agreement();
    }
}

#[test]
fn a_validator_whose_log_is_lost_follows_without_voting_until_its_height_has_passed() {
    let mut cluster = Cluster::new(8, 4, CALM);
    cluster.run_until_height(3, 20_000);
    // Stop everyone in the middle of a height, after votes were signed.
    cluster.pay(0, 0, 1, 1, 1);
    cluster.run_until(5_000, |c| c.nodes.iter().any(|n| n.signed_height() == Some(n.height() + 1)));
    let who = cluster.nodes.iter().position(|n| n.signed_height() == Some(n.height() + 1)).unwrap();
    let signed = cluster.nodes[who].height() + 1;
    cluster.stop(who);
    cluster.nodes[who].lose_wal();
    // Too few to decide: started again at the same height, it is still mute, whatever it has heard.
    let idle = (who + 1) % 4;
    cluster.stop(idle);
    for _ in 0..3 {
        cluster.start(who);
        assert_eq!(cluster.nodes[who].replica().muted_through(), signed);
        cluster.run_for(3_000);
        assert_eq!(cluster.nodes[who].height() + 1, signed);
        cluster.stop(who);
    }
    cluster.start(who);
    cluster.start(idle);
    cluster.run_until(20_000, |c| c.nodes[who].height() > signed + 1);
    cluster.check_agreement();
}

#[test]
fn a_vote_in_anothers_name_and_garbage_heights_are_refused() {
    let mut cluster = Cluster::new(9, 4, CALM);
    cluster.run_until_height(2, 20_000);
    let height = cluster.height();
    let votes = cluster.votes.clone();
    let (validator, vote) = votes.iter().next().map(|(k, v)| (k.0, *v)).unwrap();
    let other = cluster.keys().into_iter().find(|key| *key != validator).unwrap();
    let message = Message::Vote(vote);
    let notices = cluster.inject(0, Input::Message { from: other, message });
    assert!(notices.iter().any(|n| matches!(n, Notice::BadPeer { peer, .. } if *peer == other)));
    cluster.run_until(20_000, |c| c.height() > height + 1);
    cluster.check_agreement();
}

#[test]
fn two_votes_of_one_validator_for_different_blocks_are_kept_as_evidence() {
    let mut cluster = Cluster::new(10, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.stop(3);
    let height = cluster.nodes[0].height() + 1;
    let liar = cluster.keys()[3];
    for block in [[1; 32], [2; 32]] {
        let vote = cluster.prevote(3, height, Hash(block));
        cluster.inject(0, Input::Message { from: liar, message: Message::Vote(vote) });
    }
    cluster.run_until(20_000, |c| c.nodes[0].height() >= height);
    let [evidence] = cluster.nodes[0].evidence.as_slice() else { panic!("one piece of evidence") };
    assert_eq!((evidence.validator, evidence.height, evidence.round), (liar, height, 0));
    assert_eq!(evidence.kind(), TwinKind::Prevote);
    assert_eq!(evidence.blocks(), [1, 2].map(|block| Some(Hash([block; 32]))));
    cluster.check_agreement();
}
