//! The validator set changes while the chain goes on. The harness writes the choice of a set into
//! the state of the block that makes it ([`Cluster::choose`]); all that follows is the replica's.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ballast_primitives::equivocation::TwinKind;
use ballast_primitives::{Hash, Payload, PublicKey};
use ballast_replica::fetch::{Fault, FetchFailure};
use ballast_replica::message::{ChainRecord, Message, Response, WireVote};
use ballast_replica::replica::Notice;
use ballast_replica::sets::GRACE_HEIGHTS;
use ballast_replica::{Input, block};
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };
const DEAF: Faults = Faults { loss_percent: 100, delay_ms_max: 4 };
const ALL_OLD: [usize; 4] = [0, 1, 2, 3];

/// Pays until every node that runs has `height`.
fn run_to(cluster: &mut Cluster, height: u64, payers: &[usize], nonce: &mut u64) {
    let behind = |c: &Cluster| c.nodes.iter().any(|node| node.is_up() && node.height() < height);
    for turn in 0..500 {
        if cluster.run_while(40, behind) {
            return;
        }
        *nonce += 1;
        cluster.pay(payers[turn % payers.len()], 0, 1, 1, *nonce);
    }
    panic!("not at height {height}: {:?}", cluster.heights());
}

/// The heights at which a node sent votes.
fn voted(cluster: &Cluster, n: usize) -> BTreeSet<u64> {
    let key = cluster.keys()[n];
    cluster.votes.keys().filter(|place| place.0 == key).map(|place| place.1).collect()
}

/// The heights of a node's blocks whose certificates hold `n`'s precommit, or which it built.
fn took_part(cluster: &Cluster, of: usize, n: usize) -> BTreeSet<u64> {
    let key = cluster.keys()[n];
    let blocks = cluster.nodes[of].blocks.iter();
    let mine = blocks.filter(|(_, block)| {
        block.header.proposer == key || block.certificate.signers().contains(&key)
    });
    mine.map(|(height, _)| *height).collect()
}

fn complaints(notices: &[Notice]) -> Vec<(PublicKey, &str)> {
    let complaint = |notice| match notice {
        &Notice::BadPeer { peer, ref why, .. } => Some((peer, why.as_str())),
        _ => None,
    };
    notices.iter().filter_map(complaint).collect()
}

fn vote_of(cluster: &Cluster, n: usize, height: u64) -> Input {
    let vote = cluster.prevote(n, height, Hash([7; 32]));
    Input::Message { from: vote.validator, message: Message::Vote(vote) }
}

#[test]
fn a_fifth_validator_votes_and_proposes_from_its_first_height_and_never_before() {
    let mut cluster = Cluster::with_spares(1, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 3, 4]);
    let mut nonce = 0;
    run_to(&mut cluster, 20, &[0, 1, 2, 3, 4], &mut nonce);
    cluster.check_agreement();
    assert_eq!(voted(&cluster, 4).first(), Some(&7));
    let part = took_part(&cluster, 0, 4);
    assert!(part.first() >= Some(&7) && part.len() > 5, "{part:?}");
    let proposers: BTreeSet<_> =
        cluster.nodes[0].blocks.range(7..).map(|(_, block)| block.header.proposer).collect();
    assert_eq!(proposers.len(), 5);
    assert_eq!(cluster.rounds_above_zero(), 0);
    assert!(cluster.nodes.iter().all(|node| complaints(&node.notices).is_empty()));
}

#[test]
fn only_the_header_before_the_first_height_of_a_set_names_two_sets() {
    let mut cluster = Cluster::with_spares(2, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 4]);
    run_to(&mut cluster, 12, &ALL_OLD, &mut 0);
    cluster.check_agreement();
    let differs = |(height, block): (&u64, &ballast_replica::types::StoredBlock)| {
        (block.header.validators != block.header.next_validators).then_some(*height)
    };
    let two: Vec<_> = cluster.nodes[0].blocks.iter().filter_map(differs).collect();
    assert_eq!(two, [6]);
}

#[test]
fn a_rotated_key_takes_over_at_its_height_and_the_old_one_goes_silent() {
    let mut cluster = Cluster::with_spares(3, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 4]);
    run_to(&mut cluster, 16, &[0, 3, 4], &mut 0);
    cluster.check_agreement();
    assert!(voted(&cluster, 3).last() <= Some(&6));
    assert_eq!(voted(&cluster, 4).first(), Some(&7));
    // Whoever has left still has every block.
    assert!(cluster.nodes[3].height() >= 16 && !cluster.nodes[3].replica().is_validator());
    assert_eq!(cluster.rounds_above_zero(), 0);
}

#[test]
fn the_last_height_of_a_set_needs_its_quorum_and_the_next_the_new_ones() {
    // Three of four may decide up to height 6; from 7 on it takes all three of three, and the
    // vote of the one who left does not stand in for one of them.
    let mut cluster = Cluster::new(4, 4, CALM);
    cluster.choose(5, &[0, 1, 2]);
    cluster.run_until_height(4, 60_000);
    cluster.stop(2);
    let mut nonce = 0;
    run_to(&mut cluster, 6, &[0, 1, 3], &mut nonce);
    nonce += 1;
    cluster.pay(0, 0, 1, 1, nonce);
    cluster.run_for(20_000);
    assert_eq!(cluster.height(), 6);
    cluster.start(2);
    run_to(&mut cluster, 12, &[0, 1, 3], &mut nonce);
    cluster.check_agreement();
    assert!(took_part(&cluster, 0, 3).last() <= Some(&6));
}

#[test]
fn a_power_cut_at_the_last_height_of_a_set_comes_back_under_that_set() {
    // Without validator 2, height 6 needs the vote of the one who leaves with it.
    for seed in 40..50 {
        let mut cluster = Cluster::new(seed, 4, CALM);
        cluster.choose(5, &[0, 1, 2]);
        let mut nonce = 0;
        run_to(&mut cluster, 4, &ALL_OLD, &mut nonce);
        cluster.stop(2);
        run_to(&mut cluster, 5, &[0, 1, 3], &mut nonce);
        cluster.pay(0, 0, 1, 1, nonce + 1);
        cluster.run_until(5_000, |c| c.nodes[3].signed_height() == Some(6));
        for n in [0, 1, 3] {
            cluster.stop(n);
        }
        assert_eq!(cluster.height(), 5);
        for n in [0, 1, 3] {
            cluster.start(n);
        }
        cluster.run_until(20_000, |c| [0, 1, 3].iter().all(|n| c.nodes[*n].height() == 6));
        assert!(took_part(&cluster, 0, 3).contains(&6));
        cluster.check_agreement();
    }
}

#[test]
fn a_larger_set_needs_the_larger_quorum_from_its_first_height_on() {
    let mut cluster = Cluster::with_spares(5, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 3, 4]);
    cluster.run_until_height(4, 60_000);
    cluster.stop(3);
    cluster.stop(4);
    let mut nonce = 0;
    run_to(&mut cluster, 6, &[0, 1, 2], &mut nonce);
    nonce += 1;
    cluster.pay(0, 0, 1, 1, nonce);
    cluster.run_for(20_000);
    assert_eq!(cluster.height(), 6, "three of five are no quorum");
    cluster.start(4);
    run_to(&mut cluster, 10, &[0, 1, 2], &mut nonce);
    cluster.check_agreement();
}

#[test]
fn a_restart_of_everyone_at_any_height_around_a_change_goes_on_from_there() {
    for at in 4..=9 {
        for (seed, members) in
            [(10, vec![0, 1, 2, 3, 4]), (20, vec![0, 1, 2]), (30, vec![0, 1, 2, 4])]
        {
            let mut cluster = Cluster::with_spares(seed + at, 4, 1, CALM);
            cluster.choose(5, &members);
            let mut nonce = 0;
            run_to(&mut cluster, at, &ALL_OLD, &mut nonce);
            // Some milliseconds into the height, when votes have been signed.
            nonce += 1;
            cluster.pay(0, 0, 1, 1, nonce);
            cluster.run_for(24 + 3 * (at % 4));
            (0..5).for_each(|n| cluster.stop(n));
            (0..5).for_each(|n| cluster.start(n));
            run_to(&mut cluster, 14, &ALL_OLD, &mut nonce);
            cluster.check_agreement();
            for n in 0..5 {
                let heights = voted(&cluster, n);
                let member = |height: u64| match height < 7 {
                    true => n < 4,
                    false => members.contains(&n),
                };
                assert!(heights.iter().all(|h| member(*h)), "node {n}, cut at {at}: {heights:?}");
            }
        }
    }
}

#[test]
fn whoever_was_away_through_several_changes_catches_up_and_votes_again() {
    let mut cluster = Cluster::with_spares(6, 4, 2, CALM);
    cluster.choose(6, &[0, 1, 2, 3, 4]);
    cluster.choose(9, &[1, 2, 3, 4, 5]);
    // In two blocks running: each is decided before the one before it takes effect.
    cluster.choose(13, &[1, 2, 3, 4]);
    cluster.choose(14, &[0, 1, 2, 3]);
    let mut nonce = 0;
    run_to(&mut cluster, 4, &ALL_OLD, &mut nonce);
    cluster.stop(3);
    run_to(&mut cluster, 22, &[0, 1, 2], &mut nonce);
    cluster.start(3);
    // It missed turns, and is passed over for a while after it has come back.
    run_to(&mut cluster, 50, &[3], &mut nonce);
    cluster.check_agreement();
    let part = took_part(&cluster, 0, 3);
    assert!(part.range(22..).count() > 2 && part.range(6..22).count() == 0, "{part:?}");
    let voted_of = |n| voted(&cluster, n);
    assert!(voted_of(4).iter().all(|h| (8..16).contains(h)) && voted_of(4).len() >= 6);
    assert!(voted_of(5).iter().all(|h| (11..15).contains(h)) && voted_of(5).len() >= 3);
    assert!(voted_of(0).iter().all(|h| *h < 11 || *h >= 16) && voted_of(0).contains(&16));
}

#[test]
fn early_and_late_votes_are_judged_by_the_set_of_their_own_height() {
    let mut cluster = Cluster::with_spares(7, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 4]);
    run_to(&mut cluster, 4, &ALL_OLD, &mut 0);
    let keys = cluster.keys();
    // Not yet chosen: nobody but the old four may vote, at either height.
    for height in [5, 6] {
        let input = vote_of(&cluster, 4, height);
        let notices = cluster.inject(0, input);
        let why = format!("voted for height {height}, whose validator set it is not in");
        assert_eq!(complaints(&notices), [(keys[4], why.as_str())]);
    }
    // What lies further ahead is not known yet, so nobody is blamed.
    let input = vote_of(&cluster, 4, 7);
    assert_eq!(complaints(&cluster.inject(0, input)), []);

    run_to(&mut cluster, 5, &ALL_OLD, &mut 100);
    assert_eq!(cluster.nodes[0].height(), 5);
    for (n, height, refused) in [(4, 6, true), (4, 7, false), (3, 6, false), (3, 7, true)] {
        let input = vote_of(&cluster, n, height);
        let refusals = cluster.inject(0, input);
        assert_eq!(!complaints(&refusals).is_empty(), refused, "{n} at {height}");
    }

    run_to(&mut cluster, 8, &[0, 1, 2], &mut 200);
    let height = cluster.nodes[0].height() + 1;
    let input = vote_of(&cluster, 3, height);
    let why = format!("voted for height {height}, whose validator set it is not in");
    assert_eq!(complaints(&cluster.inject(0, input)), [(keys[3], why.as_str())]);
    // A vote for a height that is over is late, and no offence.
    let input = vote_of(&cluster, 3, 5);
    assert_eq!(complaints(&cluster.inject(0, input)), []);
}

#[test]
fn a_proposal_that_comes_early_is_judged_by_the_turns_of_its_own_height() {
    let mut cluster = Cluster::with_spares(14, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 4]);
    run_to(&mut cluster, 5, &ALL_OLD, &mut 0);
    let sets = cluster.nodes[0].replica().sets().clone();
    let header = cluster.nodes[0].blocks[&5].header.clone();
    let header = ballast_primitives::Header { height: 7, ..header };
    let keys = cluster.keys();
    for round in 0..4 {
        for (n, from) in keys.iter().copied().enumerate() {
            let message = Message::Proposal(cluster.proposal(n, round, &header));
            let notices = cluster.inject(0, Input::Message { from, message });
            let has_turn = sets.seats(7).unwrap().proposer(7, round).key == from;
            assert_eq!(complaints(&notices).is_empty(), has_turn, "{n} in round {round}");
        }
    }
}

#[test]
fn two_votes_at_its_last_height_stay_on_record_after_the_validator_has_left() {
    let mut cluster = Cluster::new(8, 4, CALM);
    cluster.choose(5, &[0, 1, 2]);
    run_to(&mut cluster, 5, &ALL_OLD, &mut 0);
    cluster.stop(3);
    let liar = cluster.keys()[3];
    let votes: Vec<WireVote> =
        [[1; 32], [2; 32]].map(|block| cluster.prevote(3, 6, Hash(block))).to_vec();
    for vote in &votes {
        cluster.inject(0, Input::Message { from: liar, message: Message::Vote(*vote) });
    }
    run_to(&mut cluster, 9, &[0, 1, 2], &mut 100);
    let [evidence] = cluster.nodes[0].evidence.as_slice() else { panic!("one piece of evidence") };
    assert_eq!((evidence.validator, evidence.height), (liar, 6));
    assert_eq!(evidence.kind(), TwinKind::Prevote);
    cluster.check_agreement();
}

#[test]
fn a_quorum_of_the_old_set_is_none_for_a_height_it_no_longer_decides() {
    let mut cluster = Cluster::with_spares(9, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 3, 4]);
    let mut nonce = 0;
    run_to(&mut cluster, 4, &ALL_OLD, &mut nonce);
    cluster.stop(3);
    run_to(&mut cluster, 9, &[0, 1, 2], &mut nonce);
    // Three of the old four: a quorum of theirs, not of the five.
    let (liar, newcomer) = (cluster.keys()[0], cluster.keys()[4]);
    let old = cluster.committee(6).clone();
    cluster.nodes[0].lie = Some(Rc::new(move |_, mut response, _| {
        if let Some(Response::Headers(records)) = &mut response {
            for ChainRecord::Block(block) in records {
                let signatures = &mut block.certificate.signatures;
                if block.header.height == 7 {
                    signatures.retain(|entry| entry.validator != newcomer);
                    signatures.truncate(3);
                    assert_eq!(block.certificate.check_quorum(&old), Ok(()));
                }
            }
        }
        (response, 0)
    }));
    [1, 2, 4].into_iter().for_each(|n| cluster.stop(n));
    cluster.start(3);
    cluster.run_for(5_000);
    assert_eq!(cluster.nodes[3].height(), 6, "{:?}", cluster.nodes[3].notices);
    // The harness gives few blocks at once: up to one that chooses.
    let failed =
        |notice: &&Notice| matches!(notice, Notice::FetchFailed(f) if f.fault != Fault::Few);
    let notices: Vec<_> = cluster.nodes[3].notices.iter().filter(failed).collect();
    let failure = FetchFailure { peer: liar, height: 7, fault: Fault::Certificate };
    assert!(!notices.is_empty() && notices.iter().all(|n| **n == Notice::FetchFailed(failure)));
}

#[test]
fn a_header_is_judged_by_both_sets_that_it_names() {
    let mut cluster = Cluster::with_spares(11, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 4]);
    run_to(&mut cluster, 5, &ALL_OLD, &mut 0);
    let replica = cluster.nodes[0].replica();
    let (tip, sets) = (replica.tip().clone(), replica.sets().clone());
    let payload = Payload::default();
    let time = tip.time + 1;
    let good = block::build(&tip, &sets, cluster.keys()[0], time, None, payload).unwrap();
    let header = good.header();
    assert_eq!(block::check_header(&tip, &sets, header), Ok(()));
    let (old, new) = (sets.current().digest(), sets.next().digest());
    assert_ne!(old, new);
    for (validators, next_validators, why) in [
        (old, old, "header names another validator set for the next height"),
        (new, new, "header names another validator set"),
        (new, old, "header names another validator set"),
    ] {
        let bad = ballast_primitives::Header { validators, next_validators, ..header.clone() };
        assert_eq!(block::check_header(&tip, &sets, &bad), Err(why));
    }
    let proposer = cluster.keys()[4];
    let early = ballast_primitives::Header { proposer, ..header.clone() };
    let why = "header's proposer is not a validator of its height";
    assert_eq!(block::check_header(&tip, &sets, &early), Err(why));
}

#[test]
fn the_list_of_peers_lets_newcomers_in_two_heights_early_and_drops_the_others_after_a_grace() {
    let mut cluster = Cluster::with_spares(12, 4, 1, CALM);
    cluster.choose(5, &[0, 1, 2, 4]);
    let (mut nonce, keys) = (0, cluster.keys());
    let listed = |cluster: &Cluster| -> Vec<usize> {
        let listed: Vec<_> = cluster.nodes[0].replica().listed().iter().map(|v| v.key).collect();
        (0..5).filter(|n| listed.contains(&keys[*n])).collect()
    };
    let mut seen = BTreeMap::new();
    for height in 1..=8 + GRACE_HEIGHTS {
        run_to(&mut cluster, height, &[0, 1, 2], &mut nonce);
        seen.entry(listed(&cluster)).or_insert(cluster.nodes[0].height());
    }
    let expected =
        [(vec![0, 1, 2, 3], 1), (vec![0, 1, 2, 3, 4], 5), (vec![0, 1, 2, 4], 7 + GRACE_HEIGHTS)];
    assert_eq!(seen, expected.into());
}

#[test]
fn a_batch_counts_from_its_author_alone_unless_it_was_asked_for() {
    let mut cluster = Cluster::with_spares(13, 4, 1, CALM);
    cluster.run_until_height(2, 60_000);
    cluster.faults = DEAF;
    cluster.pay(4, 0, 1, 1, 1);
    cluster.run_for(10);
    let (bytes, author) = (cluster.nodes[4].any_batch(), cluster.keys()[4]);
    let other = cluster.keys()[1];
    let held = |cluster: &Cluster| cluster.nodes[0].replica().bytes_waiting();
    cluster.inject(0, harness::batch_input(other, &bytes));
    assert_eq!(held(&cluster), 0);
    cluster.inject(0, harness::batch_input(author, &bytes));
    assert_eq!(held(&cluster), bytes.len());
}

#[test]
fn loss_delay_and_restarts_never_split_a_chain_that_changes_its_validators() {
    for seed in 200..215 {
        let faults = Faults { loss_percent: (seed % 15) as u8, delay_ms_max: 5 + seed % 50 };
        let mut cluster = Cluster::with_spares(seed, 4, 2, faults);
        for (height, members) in [
            (4, &[0, 1, 2, 3, 4][..]),
            (8, &[0, 1, 2, 4, 5]),
            (12, &[1, 2, 3, 4]),
            (16, &[0, 1, 2, 3]),
        ] {
            cluster.choose(height, members);
        }
        cluster.run_until_height(1, 60_000);
        for n in 0..40u64 {
            cluster.pay((n % 3) as usize, 0, 1, 1, n + 1);
            cluster.run_for(60);
            if n % 8 == 7 {
                let who = ((seed + n / 8) % 6) as usize;
                cluster.stop(who);
                cluster.run_for(250);
                cluster.start(who);
            }
        }
        cluster.faults = CALM;
        let height = cluster.height().max(20);
        run_to(&mut cluster, height + 1, &[0, 1, 2, 3], &mut 40);
        cluster.check_agreement();
    }
}
