//! What one validator can make the others do, keep or believe: whatever it sends, as much as the
//! others' rules let a peer send, they do so much and no more.

mod harness;

use std::collections::BTreeSet;

use ballast_primitives::block::BATCHES_MAX;
use ballast_primitives::{BatchRef, Hash, Header, Payload, Signature};
use ballast_replica::message::{Message, WireRound, WireVote};
use ballast_replica::replica::{Notice, ROUNDS_AHEAD_MAX};
use ballast_replica::types::Batch;
use ballast_replica::{Admission, Config, Effect, Offence, batches, doubtful, unseen};
use harness::{ACCOUNTS, Cluster, Faults, verifications};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };

fn offences(effects: &[Effect]) -> BTreeSet<Offence> {
    let offence = |effect: &Effect| match effect {
        Effect::Notice(Notice::BadPeer { offence, .. }) => Some(*offence),
        _ => None,
    };
    effects.iter().filter_map(offence).collect()
}

fn digest(n: u64) -> Hash {
    let mut bytes = [0xab; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Hash(bytes)
}

/// A batch that nobody has.
fn ghost(n: u64) -> BatchRef {
    BatchRef { digest: digest(n), bytes: 100, txs: 1, signatures: 1 }
}

/// Four validators with nothing to do.
fn idle(seed: u64) -> Cluster {
    let mut cluster = Cluster::new(seed, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.run_for(1_000);
    cluster
}

/// Four validators of which 2 and 3 are down, 0 and 1 in the middle of a height.
fn stuck(seed: u64) -> Cluster {
    stuck_with(seed, Config::default())
}

fn stuck_with(seed: u64, config: Config) -> Cluster {
    let mut cluster = Cluster::with_config(seed, 4, CALM, config);
    cluster.run_until_height(2, 20_000);
    cluster.run_for(500);
    // Until one that stays has the turn.
    while cluster.proposer(cluster.height() + 1, 0) > 1 {
        let height = cluster.height();
        cluster.run_until(20_000, |c| c.nodes.iter().all(|node| node.height() > height));
    }
    cluster.stop(2);
    cluster.stop(3);
    cluster.pay(0, 0, 1, 1, 1);
    cluster.run_for(1_500);
    cluster
}

/// A header that the next block might have.
fn next_header(cluster: &Cluster) -> Header {
    let (height, block) = cluster.nodes[0].blocks.last_key_value().unwrap();
    Header { height: height + 1, parent: block.header.id(), ..block.header.clone() }
}

#[test]
fn no_height_is_believed_of_one_liar_and_any_is_of_a_third() {
    let mut cluster = idle(1);
    let far = u64::MAX;
    let header = Header { height: far, ..next_header(&cluster) };
    let proposal = Message::Proposal(cluster.proposal(3, 0, &header));
    let vote = Message::Vote(cluster.prevote(3, far, digest(1)));
    for message in [Message::Status { height: far, time: 1 }, vote, proposal] {
        cluster.hear(0, 3, message);
        assert_eq!(cluster.nodes[0].replica().lag(), 0);
    }
    let height = cluster.nodes[0].height();
    cluster.hear(0, 2, Message::Status { height: height + 5, time: 1 });
    assert_eq!(cluster.nodes[0].replica().lag(), 5);
    // A claim is good for asking, and asking finds out.
    cluster.run_for(2_000);
    assert_eq!(cluster.nodes[0].replica().lag(), 0);
    cluster.check_agreement();
}

/// Blocks that an idle chain makes in ten seconds while validator 3 says `say` every 20 ms, about
/// the height under way and the next.
fn pace(seed: u64, say: impl Fn(&Cluster, u64) -> Message) -> u64 {
    let mut cluster = idle(seed);
    let before = cluster.height();
    for _ in 0..500 {
        for ahead in [1, 2] {
            for n in 0..3 {
                let message = say(&cluster, cluster.nodes[n].height() + ahead);
                cluster.hear(n, 3, message);
            }
        }
        cluster.run_for(20);
    }
    cluster.check_agreement();
    cluster.height() - before
}

#[test]
fn an_idle_chain_keeps_its_pace_whatever_one_validator_says_unsigned() {
    let forged = Signature([7; 64]);
    let vote = |c: &Cluster, height| WireVote {
        signature: forged,
        ..c.prevote(3, height, digest(height))
    };
    let blocks = pace(2, |c, height| Message::Vote(vote(c, height)));
    assert!(blocks <= 3, "{blocks} blocks");
    let blocks = pace(3, |c, height| {
        let header = Header { height, ..next_header(c) };
        let mut proposal = c.proposal(3, 0, &header);
        proposal.signature = forged;
        Message::Proposal(proposal)
    });
    assert!(blocks <= 3, "{blocks} blocks");
    let blocks = pace(4, |c, height| {
        // Signed by one, and not by the two more that it takes.
        let own = c.prevote(3, height, digest(height));
        let other = WireVote { signature: forged, ..c.prevote(2, height, digest(height)) };
        let third = WireVote { signature: forged, ..c.prevote(1, height, digest(height)) };
        let votes = vec![own, other, third];
        Message::Round(WireRound { height, round: 0, precommits: false, votes })
    });
    assert!(blocks <= 3, "{blocks} blocks");
}

#[test]
fn what_one_validator_signs_begins_an_idle_height_once_a_second() {
    let blocks = pace(5, |c, height| Message::Vote(c.prevote(3, height, digest(height))));
    assert!((3..=11).contains(&blocks), "{blocks} blocks");
    let blocks = pace(6, |c, height| {
        let turn = (0..4).find(|round| c.proposer(height, *round) == 3).unwrap();
        Message::Proposal(c.proposal(3, turn, &Header { height, ..next_header(c) }))
    });
    assert!(blocks <= 11, "{blocks} blocks");
}

#[test]
fn what_a_third_signs_begins_a_height_at_once() {
    let mut cluster = idle(7);
    let height = cluster.height() + 2;
    cluster.run_until_height(height - 1, 10_000);
    for (n, begun) in [(3, false), (2, true)] {
        let vote = cluster.prevote(n, height, digest(1));
        cluster.hear(0, n, Message::Vote(vote));
        cluster.run_for(50);
        // What was kept is taken when the height begins.
        let kept = cluster.nodes[0].replica().usage().early_votes;
        assert_eq!(kept == 0, begun);
    }
}

#[test]
fn hundreds_of_proposals_of_far_rounds_cost_nothing_each() {
    let mut cluster = stuck(8);
    let header = next_header(&cluster);
    let height = header.height;
    let liar = 3;
    let before = cluster.nodes[0].replica().usage();
    let verified = verifications();
    let turns = (0u32..).filter(|round| cluster.proposer(height, *round) == liar);
    let turns: Vec<_> = turns.take(600).collect();
    for round in turns {
        let batches = (0..BATCHES_MAX as u64).map(|n| ghost(u64::from(round) << 16 | n));
        let payload = Payload { batches: batches.collect(), ..Payload::default() };
        let proposal = cluster.proposal_of(liar, round, &header, payload);
        cluster.hear(0, liar, Message::Proposal(proposal));
    }
    let after = cluster.nodes[0].replica().usage();
    // One of four has the turn in at most three of the rounds that are near enough.
    assert!(after.proposals - before.proposals <= 3, "{after:?}");
    assert!(after.judgements - before.judgements <= 3, "{after:?}");
    assert!(verifications() - verified <= 3);
    assert!(after.wanted <= batches::WANTED_OF_ONE_MAX, "{after:?}");
    cluster.start(2);
    cluster.run_until(60_000, |c| c.nodes[0].height() >= height);
    cluster.check_agreement();
}

#[test]
fn of_a_round_two_proposals_are_kept_and_no_third_is_verified() {
    for (seed, height_ahead) in [(9, 0), (10, 1)] {
        let mut cluster = stuck(seed);
        let header = next_header(&cluster);
        let height = header.height + height_ahead;
        let round = cluster.nodes[0].replica().round();
        let first = if height_ahead == 0 { round } else { 0 };
        let turn = (first..).find(|round| cluster.proposer(height, *round) == 3).unwrap();
        let before = cluster.nodes[0].replica().usage();
        let verified = verifications();
        for time in 0..200 {
            let header = Header { height, time: header.time + time, ..header.clone() };
            let proposal = cluster.proposal(3, turn, &header);
            cluster.hear(0, 3, Message::Proposal(proposal));
        }
        let after = cluster.nodes[0].replica().usage();
        let kept =
            (after.proposals + after.early_proposals) - (before.proposals + before.early_proposals);
        assert_eq!(kept, 2);
        assert_eq!(verifications() - verified, 2);
        assert!(after.judgements - before.judgements <= 2);
    }
}

#[test]
fn a_batch_has_only_those_judged_again_that_waited_for_it_alone() {
    let mut cluster = stuck(11);
    let before = cluster.nodes[0].replica().usage().judgements;
    let header = next_header(&cluster);
    let round = cluster.nodes[0].replica().round();
    for round in round..round + 2 {
        let proposer = cluster.proposer(header.height, round);
        let payload = Payload { batches: vec![ghost(1), ghost(2)], ..Payload::default() };
        let proposal = cluster.proposal_of(proposer, round, &header, payload);
        cluster.hear(0, proposer, Message::Proposal(proposal));
    }
    let judged = cluster.nodes[0].replica().usage().judgements;
    for nonce in 2..40 {
        cluster.pay(1, 0, 1, 1, nonce);
        cluster.run_for(10);
    }
    assert!(judged - before <= 2);
    assert!(cluster.nodes[0].replica().usage().batches > 10);
    assert!(cluster.nodes[0].replica().usage().judgements - judged <= 2);
}

#[test]
fn blocks_that_a_liar_names_take_no_room_from_those_that_honest_votes_name() {
    let mut cluster = stuck(12);
    let height = cluster.nodes[0].height() + 1;
    for n in 0..64 {
        let vote = cluster.prevote(3, height, digest(n));
        let forged = WireVote { signature: Signature([1; 64]), ..vote };
        let effects = cluster.hear(0, 3, Message::Vote(forged));
        assert_eq!(offences(&effects), [Offence::Forgery].into());
    }
    assert_eq!(cluster.nodes[0].replica().usage().unseen, 0);
    for n in 0..64 {
        let vote = cluster.prevote(3, height, digest(n));
        cluster.hear(0, 3, Message::Vote(vote));
    }
    assert!(cluster.nodes[0].replica().usage().unseen <= unseen::OF_ONE_MAX);
    let honest = cluster.prevote(2, height, digest(1_000));
    cluster.hear(0, 2, Message::Vote(honest));
    cluster.run_for(99);
    let effects = [cluster.effects(0, ballast_replica::Input::Tick), {
        cluster.run_for(1);
        cluster.effects(0, ballast_replica::Input::Tick)
    }];
    let asked = effects.iter().flatten().any(|effect| match effect {
        Effect::Send { message: Message::WantProposal { block, .. }, .. } => {
            *block == digest(1_000)
        }
        _ => false,
    });
    assert!(asked || cluster.nodes[0].replica().usage().unseen > 0, "{effects:?}");
}

#[test]
fn proposals_are_given_to_each_peer_at_a_rate() {
    let mut cluster = stuck(13);
    let height = cluster.nodes[0].height() + 1;
    let (wanted, round) = {
        let payloads = cluster.votes.values().filter(|vote| vote.vote.height == height);
        let vote = payloads.filter(|vote| vote.vote.block.is_some()).max().unwrap();
        (vote.vote.block.unwrap(), vote.vote.round)
    };
    let ask = Message::WantProposal { height, round, block: wanted };
    let old = Message::WantProposal { height: 1, round, block: wanted };
    let count = |effects: &[Effect]| {
        let answers = effects.iter().filter(|effect| matches!(effect, Effect::Send { .. }));
        answers.count()
    };
    let (mut answers, mut complaints) = (0, BTreeSet::new());
    for turn in 0..1_000 {
        let ask = if turn % 2 == 0 { &ask } else { &old };
        let effects = cluster.hear(0, 3, ask.clone());
        answers += count(&effects);
        complaints.extend(offences(&effects));
        if turn % 10 == 0 {
            cluster.run_for(10);
        }
    }
    assert!((16..=16 + 8).contains(&answers), "{answers} answers in a second");
    assert_eq!(complaints, [Offence::Greed].into());
    assert!(count(&cluster.hear(0, 2, ask)) > 0, "another is answered");
}

#[test]
fn no_round_beyond_the_look_ahead_is_kept() {
    let mut cluster = stuck(14);
    let header = next_header(&cluster);
    let round = cluster.nodes[0].replica().round();
    for (round, kept) in [(round + ROUNDS_AHEAD_MAX, 1), (round + ROUNDS_AHEAD_MAX + 1, 0)] {
        let before = cluster.nodes[0].replica().usage().proposals;
        let proposer = cluster.proposer(header.height, round);
        let proposal = cluster.proposal(proposer, round, &header);
        cluster.hear(0, proposer, Message::Proposal(proposal));
        assert_eq!(cluster.nodes[0].replica().usage().proposals - before, kept);
    }
}

#[test]
fn junk_of_one_author_is_neither_held_nor_ordered_and_takes_no_room_from_clients() {
    let config = Config { pool_txs_max: 1_000, ..Config::default() };
    let mut cluster = Cluster::with_config(15, 4, CALM, config);
    cluster.run_until_height(1, 5_000);
    for part in 0..40u32 {
        let junk = |n| cluster.payment(ACCOUNTS + part * 100 + n, 0, 1, 1);
        let txs: Vec<_> = (0..100).map(junk).collect();
        let batch = cluster.batch(3, part.into(), &txs);
        for n in 0..3 {
            cluster.push(n, 3, &batch);
            let usage = cluster.nodes[n].replica().usage();
            assert_eq!((usage.batches, usage.pending), (0, 0));
            assert!(usage.doubtful_bytes <= doubtful::BYTES_MAX);
        }
    }
    for nonce in 1..=100 {
        for n in 0..3 {
            cluster.pay(n, n as u32, 5, 1, nonce);
            assert_eq!(cluster.nodes[n].answers[&nonce], [Admission::Admitted]);
        }
        cluster.run_for(5);
    }
    cluster.run_until(20_000, |c| c.nodes.iter().all(|node| node.receipts().len() == 300));
    let junk = |notice: &Notice| matches!(notice, Notice::LeftOut { .. });
    assert!(cluster.nodes.iter().all(|node| !node.notices.iter().any(junk)));
    cluster.run_for(60_000);
    assert_eq!(cluster.nodes[0].replica().usage().doubtful_bytes, 0, "forgotten in the end");
    cluster.check_agreement();
}

#[test]
fn an_author_fills_its_own_room_and_clients_have_the_rest() {
    let config = Config { pool_txs_max: 400, ..Config::default() };
    let mut cluster = stuck_with(16, config);
    let mut refused = 0;
    for part in 0..10u64 {
        let accounts = (1..ACCOUNTS).flat_map(|from| (1..=8).map(move |n| (from, part * 8 + n)));
        let txs: Vec<_> =
            accounts.map(|(from, nonce)| cluster.payment(from, 0, 1, nonce)).collect();
        let batch = cluster.batch(3, part, &txs);
        let effects = cluster.push(0, 3, &batch);
        refused += usize::from(offences(&effects) == [Offence::Greed].into());
    }
    let usage = cluster.nodes[0].replica().usage();
    assert!(refused >= 3 && usage.txs <= 801, "{refused} refused, {usage:?}");
    let mut admitted = 0;
    for nonce in 1..=400 {
        cluster.pay(0, 1 + (nonce % 15) as u32, 0, 2, 90 + nonce / 15);
        let ticket = 90 + nonce / 15;
        admitted += usize::from(cluster.nodes[0].answers[&ticket] == [Admission::Admitted]);
    }
    // A tenth is kept for what protects; of the rest the author has a quarter.
    assert!((265..=270).contains(&admitted), "{admitted}");
}

#[test]
fn tiny_batches_are_charged_as_larger_ones() {
    let config = Config { author_bytes_max: 400 * 1024, ..Config::default() };
    let mut cluster = stuck_with(17, config);
    for n in 0..300u64 {
        let from = 1 + (n % 15) as u32;
        let batch = cluster.batch(3, n, &[cluster.payment(from, 0, 1, 1 + n / 15)]);
        let effects = cluster.push(0, 3, &batch);
        assert_eq!(offences(&effects).is_empty(), n < 100, "{n}");
    }
    // One transaction in ever more batches is one transaction.
    let batch = cluster.batch(2, 0, &[cluster.payment(1, 0, 1, 40)]);
    cluster.push(0, 2, &batch);
    let held = cluster.nodes[0].replica().usage().batches;
    for n in 1..50 {
        let batch = cluster.batch(2, n, &[cluster.payment(1, 0, 1, 40)]);
        cluster.push(0, 2, &batch);
    }
    assert_eq!(cluster.nodes[0].replica().usage().batches, held);
}

#[test]
fn a_batch_larger_than_it_is_named_is_not_held() {
    for (smaller, held) in [(1, 0), (0, 1)] {
        let mut cluster = stuck(18);
        let header = next_header(&cluster);
        let round = cluster.nodes[0].replica().round();
        let proposer = cluster.proposer(header.height, round);
        let batch = cluster.batch(proposer, 77, &[cluster.payment(2, 0, 1, 1)]);
        let digest = Batch::digest_of_bytes(&batch);
        let bytes = u32::try_from(batch.len() - smaller).unwrap();
        let payload = Payload {
            batches: vec![BatchRef { digest, bytes, txs: 1, signatures: 1 }],
            ..Payload::default()
        };
        let header = Header { time: cluster.true_ms(), ..header.clone() };
        let proposal = cluster.proposal_of(proposer, round, &header, payload);
        cluster.hear(0, proposer, Message::Proposal(proposal));
        let before = cluster.nodes[0].replica().usage().batches;
        // From another than its author, so that only who wants it takes it.
        let other = (1..4).find(|n| *n != proposer).unwrap();
        let effects = cluster.push(0, other, &batch);
        assert_eq!(cluster.nodes[0].replica().usage().batches - before, held);
        assert!(offences(&effects).is_empty(), "it is not to blame");
    }
}

#[test]
fn junk_that_a_proposal_names_is_left_out_and_counted_against_its_author() {
    let mut cluster = idle(19);
    cluster.stop(3);
    let mut nonce = 0;
    while cluster.proposer(cluster.nodes[0].height() + 1, 0) != 3
        || cluster.nodes[..3].iter().any(|node| node.height() != cluster.height())
    {
        nonce += 1;
        cluster.pay(0, 0, 1, 1, nonce);
        cluster.run_for(15);
        assert!(nonce < 100);
    }
    let junk: Vec<_> = (0..300).map(|n| cluster.payment(ACCOUNTS + n, 0, 1, 1)).collect();
    let batch = cluster.batch(3, 1, &junk);
    let digest = Batch::digest_of_bytes(&batch);
    let bytes = u32::try_from(batch.len()).unwrap();
    let named = BatchRef { digest, bytes, txs: 300, signatures: 300 };
    let header = Header { time: cluster.true_ms(), ..next_header(&cluster) };
    let proposal =
        cluster.proposal_of(3, 0, &header, Payload { batches: vec![named], ..Payload::default() });
    for n in 0..3 {
        cluster.push(n, 3, &batch);
        assert!(cluster.nodes[n].replica().usage().doubtful_bytes > 0);
        cluster.hear(n, 3, Message::Proposal(proposal.clone()));
    }
    cluster.run_until(5_000, |c| c.nodes[..3].iter().all(|node| node.height() >= header.height));
    cluster.check_agreement();
    let liar = cluster.keys()[3];
    let left_out = cluster.nodes[0].notices.iter().find_map(|notice| match notice {
        Notice::LeftOut { height, author, transactions, junk } if *author == liar => {
            Some((*height, *transactions, *junk))
        }
        _ => None,
    });
    assert_eq!(left_out, Some((header.height, 300, 300)));
}
