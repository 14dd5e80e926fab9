//! A validator whose memory of what it signed is old, lost or shared with somebody: it does not sign
//! twice (the harness watches every vote), and takes part again once nothing can come of it.

mod harness;

use ballast_primitives::{Hash, PublicKey, Vote};
use ballast_replica::Input;
use ballast_replica::message::{LastSigned, Message, WireRound};
use ballast_replica::replica::Notice;
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };

/// Has the others go on, so that there is something to vote on.
fn pay(cluster: &mut Cluster, nonce: u64) {
    cluster.pay(1, 0, 1, 1, nonce);
}

fn unknown(cluster: &Cluster, n: usize) -> bool {
    cluster.nodes[n].replica().is_history_unknown()
}

fn votes_of(cluster: &Cluster, n: usize) -> usize {
    let key = cluster.keys()[n];
    cluster.votes.keys().filter(|place| place.0 == key).count()
}

/// Runs until node `n` votes again; at which height.
fn until_it_votes(cluster: &mut Cluster, n: usize) -> u64 {
    let before = votes_of(cluster, n);
    cluster.run_until(60_000, |c| votes_of(c, n) > before && !unknown(c, n));
    let key = cluster.keys()[n];
    cluster.votes.keys().filter(|place| place.0 == key).map(|place| place.1).max().unwrap()
}

#[test]
fn all_that_lose_their_power_at_once_go_on_by_themselves_at_every_moment() {
    for moment in 0..60 {
        let mut cluster = Cluster::new(100 + moment, 4, CALM);
        cluster.run_until_height(1, 5_000);
        pay(&mut cluster, 1);
        cluster.run_for(moment);
        (0..4).for_each(|n| cluster.stop(n));
        (0..4).for_each(|n| cluster.start(n));
        let height = cluster.height();
        cluster.run_until(30_000, |c| c.nodes.iter().all(|node| node.height() > height));
        assert!((0..4).all(|n| !unknown(&cluster, n)), "{moment}");
        cluster.check_agreement();
    }
}

#[test]
fn a_home_with_keys_only_signs_nothing_until_the_chain_has_moved_past_its_start() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(200 + seed, 4, CALM);
        cluster.run_until_height(2, 10_000);
        let fresh = Cluster::new(200 + seed, 4, CALM).copy(3);
        pay(&mut cluster, 1);
        cluster.run_for(seed * 3);
        cluster.stop(3);
        cluster.put_back(3, fresh);
        cluster.nodes[3].reset_history();
        cluster.start(3);
        let (height, voted) = (cluster.height(), votes_of(&cluster, 3));
        cluster.run_for(1_500);
        assert!(unknown(&cluster, 3));
        assert_eq!(votes_of(&cluster, 3), voted, "it signs nothing meanwhile");
        // A restart does not make it known.
        cluster.stop(3);
        cluster.start(3);
        assert!(unknown(&cluster, 3));
        let first = until_it_votes(&mut cluster, 3);
        assert!(first > height + 2, "{first} after {height}");
        cluster.check_agreement();
    }
}

#[test]
fn a_home_put_back_from_an_older_copy_is_told_by_its_peers() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(300 + seed, 4, CALM);
        cluster.run_until_height(2, 10_000);
        pay(&mut cluster, 1);
        cluster.run_for(seed);
        let copy = cluster.copy(3);
        cluster.run_for(1 + seed);
        let before = votes_of(&cluster, 3);
        pay(&mut cluster, 2);
        cluster.run_until(20_000, |c| votes_of(c, 3) > before + 3);
        cluster.stop(3);
        cluster.put_back(3, copy);
        cluster.start(3);
        let height = cluster.height();
        cluster.run_for(100);
        assert!(unknown(&cluster, 3), "{seed}");
        let noticed = |notice: &Notice| matches!(notice, Notice::HistoryUnknown { .. });
        assert!(cluster.nodes[3].notices.iter().any(noticed));
        assert!(until_it_votes(&mut cluster, 3) > height + 1);
        cluster.check_agreement();
    }
}

#[test]
fn nothing_is_signed_before_a_quorum_has_said_what_it_heard() {
    let mut cluster = Cluster::new(400, 4, CALM);
    cluster.run_until_height(2, 10_000);
    (0..4).for_each(|n| cluster.stop(n));
    // One other is no quorum with it.
    cluster.start(0);
    cluster.start(1);
    let before = votes_of(&cluster, 0);
    cluster.run_for(8_000);
    assert_eq!(votes_of(&cluster, 0), before);
    assert!(cluster.nodes[0].replica().history().is_some());
    cluster.start(2);
    let height = cluster.height();
    cluster.run_until(20_000, |c| c.height() > height);
    assert_eq!(cluster.nodes[0].replica().history(), None);
}

/// What node 0 is told that its key signed at a round of a height, by a certificate of another's.
fn shown(cluster: &Cluster, height: u64, round: u32) -> Input {
    let votes = [0, 1].map(|n| cluster.prevote_in(n, height, round, Hash([7; 32])));
    let message =
        Message::Round(WireRound { height, round, precommits: false, votes: votes.to_vec() });
    Input::Message { from: cluster.keys()[1], message }
}

#[test]
#[should_panic(expected = "somebody else holds this validator's key")]
fn a_new_message_of_its_key_that_it_did_not_send_ends_it() {
    let mut cluster = Cluster::new(500, 4, CALM);
    cluster.run_until_height(4, 30_000);
    let height = cluster.nodes[0].height() + 1;
    let input = shown(&cluster, height, 5);
    cluster.inject(0, input);
}

#[test]
#[should_panic(expected = "somebody else holds this validator's key")]
fn so_does_one_while_it_follows_without_a_history() {
    let mut cluster = Cluster::new(501, 4, CALM);
    cluster.run_until_height(2, 30_000);
    cluster.stop(0);
    cluster.nodes[0].reset_history();
    cluster.start(0);
    let height = cluster.height();
    cluster.run_until(60_000, |c| c.nodes[0].height() > height + 2);
    assert!(unknown(&cluster, 0), "it asks once more first");
    let at = cluster.nodes[0].height() + 1;
    let input = shown(&cluster, at, 5);
    cluster.inject(0, input);
}

/// One liar answers that it has committed the greatest height there is: that puts off until the next
/// blocks, and no longer, that a message of somebody else with its key is seen to be one. It silences
/// nobody.
#[test]
#[should_panic(expected = "somebody else holds this validator's key")]
fn a_height_that_only_a_liar_has_does_not_hide_that_the_key_is_elsewhere() {
    let mut cluster = Cluster::new(505, 4, CALM);
    cluster.run_until_height(2, 10_000);
    cluster.stop(0);
    cluster.start(0);
    let (key, liar, number) = (cluster.keys()[0], cluster.keys()[1], cluster.true_ms());
    let certificate = Some(cluster.certificate(u64::MAX - 1, 0, Hash([7; 32]), 4));
    let (message, time) = (None, u64::MAX);
    let answer = LastSigned { key, number, message, certificate, time };
    let message = Message::LastSigned(Box::new(answer));
    cluster.inject(0, Input::Message { from: liar, message });
    cluster.run_until(60_000, |c| c.nodes[0].replica().history().is_none());
    let voted = votes_of(&cluster, 0);
    let height = cluster.height();
    cluster.run_until(60_000, |c| c.nodes[0].height() > height + 2);
    assert!(votes_of(&cluster, 0) > voted, "it is not silent");
    let input = shown(&cluster, cluster.nodes[0].height() + 1, 5);
    cluster.inject(0, input);
    assert!(!unknown(&cluster, 0), "it takes the message for one of before its start");
}

#[test]
fn what_a_liar_shows_is_believed_only_if_the_key_signed_it() {
    let mut cluster = Cluster::new(502, 4, CALM);
    cluster.run_until_height(2, 10_000);
    cluster.stop(0);
    cluster.start(0);
    let (key, liar) = (cluster.keys()[0], cluster.keys()[1]);
    // The first question of a life is numbered by the clock.
    let forged = cluster.prevote(1, 900, Hash([7; 32]));
    let spoken =
        ballast_replica::witness::Spoken::Vote { vote: forged.vote, signature: forged.signature };
    let answer = |key: PublicKey, number| {
        let (message, certificate, time) = (Some(spoken), None, u64::MAX);
        Message::LastSigned(Box::new(LastSigned { key, number, message, certificate, time }))
    };
    let number = cluster.true_ms();
    let message = answer(key, number);
    let notices = cluster.inject(0, Input::Message { from: liar, message });
    assert!(notices.iter().any(|n| matches!(n, Notice::BadPeer { peer, .. } if *peer == liar)));
    assert!(!unknown(&cluster, 0));
    let message = answer(key, number + 1);
    assert!(cluster.inject(0, Input::Message { from: liar, message }).is_empty());
    cluster.run_for(1_000);
    assert_eq!(cluster.nodes[0].replica().history(), None);
}

#[test]
fn a_second_vote_for_a_height_that_is_over_is_evidence_too() {
    let mut cluster = Cluster::new(503, 4, CALM);
    cluster.run_until_height(3, 30_000);
    // Somebody whose precommit node 0 has certainly heard.
    let at = cluster.nodes[0].height() - 1;
    let certificate = cluster.nodes[0].blocks[&at].certificate.clone();
    let keys = cluster.keys();
    let signed = |n: &usize| certificate.signers().contains(&keys[*n]);
    let who = (1..4).find(signed).unwrap();
    let (liar, block) = (keys[who], Some(Hash([9; 32])));
    let late = cluster.signed_vote(who, Vote { block, ..certificate.vote() });
    // One that is not signed by it is none.
    let forged = ballast_replica::message::WireVote {
        signature: ballast_primitives::Signature([1; 64]),
        ..late
    };
    for vote in [forged, late, late] {
        cluster.inject(0, Input::Message { from: liar, message: Message::Vote(vote) });
    }
    let height = cluster.height();
    cluster.run_until(20_000, |c| c.nodes[0].height() > height);
    let [evidence] = cluster.nodes[0].evidence.as_slice() else { panic!("one piece of evidence") };
    assert_eq!((evidence.validator, evidence.height, evidence.round), (liar, at, 0));
    assert_eq!(evidence.blocks()[1], Some(Hash([9; 32])));
}
