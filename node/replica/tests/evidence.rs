//! Who signed twice, whenever and to whomever: one who saw it is enough, and all the chain names it,
//! once; nobody else is named, and the chain goes on with it.

mod harness;

use ballast_primitives::equivocation::{Ballot, EVIDENCE_MAX, NAMED_AGAIN_MS, TwinKind, Twins};
use ballast_primitives::{
    CommitSignature, Evidence, Hash, Header, Payload, PublicKey, Vote, signature,
};
use ballast_replica::batches::Batches;
use ballast_replica::block::{self, Verdict};
use ballast_replica::message::{Message, WireVote};
use ballast_replica::replica::Notice;
use ballast_replica::{Effect, Input};
use ballast_runtime::object::{Incident, IncidentKind, Severity};
use ballast_runtime::{Key, Object};
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };
const LIAR: usize = 3;

fn started(seed: u64) -> Cluster {
    let mut cluster = Cluster::new(seed, 4, CALM);
    cluster.run_until_height(3, 60_000);
    cluster
}

/// Evidence that validator `n` prevoted twice.
fn prevotes(cluster: &Cluster, n: usize, height: u64) -> Evidence {
    let ballot = |block: u8| {
        let vote = cluster.prevote(n, height, Hash([block; 32]));
        Ballot { block: vote.vote.block, signature: vote.signature }
    };
    let twins = Twins::Prevotes { first: ballot(1), second: ballot(2) };
    Evidence { validator: cluster.keys()[n], height, round: 0, twins }
}

/// How often node `n` has found a validator named.
fn times(cluster: &Cluster, n: usize, key: &PublicKey) -> u32 {
    let named = &cluster.nodes[n].replica().state().validators().named;
    named.get(key).map_or(0, |named| named.times)
}

/// Runs until each node that is up has the liar named once.
fn run_until_named(cluster: &mut Cluster) {
    let liar = cluster.keys()[LIAR];
    let named = |c: &Cluster| (0..4).all(|n| !c.nodes[n].is_up() || times(c, n, &liar) == 1);
    cluster.run_until(200_000, named);
}

fn incidents(cluster: &Cluster, n: usize) -> Vec<Incident> {
    let state = cluster.nodes[n].replica().state();
    let found =
        (0..state.incidents().next).filter_map(|at| match state.get(&Key::Incident(at))? {
            Object::Incident(incident) => Some(*incident),
            _ => None,
        });
    found.collect()
}

/// The liar, an honest validator in all else, has been named by all, for this.
fn check_named(cluster: &mut Cluster, what: TwinKind, height: u64) {
    run_until_named(cluster);
    let liar = cluster.keys()[LIAR];
    for n in (0..4).filter(|n| cluster.nodes[*n].is_up()).collect::<Vec<_>>() {
        let named = &cluster.nodes[n].replica().state().validators().named;
        let [named] = named.all() else { panic!("{named:?}") };
        assert_eq!((named.key, named.kind, named.height), (liar, what, height));
        let [incident] = incidents(cluster, n)[..] else { panic!("one incident") };
        assert_eq!(
            (incident.kind, incident.severity),
            (IncidentKind::Equivocation, Severity::Critical)
        );
        assert_eq!((incident.subject, incident.height), (Hash(liar.0), named.block));
        let stored = &cluster.nodes[n].evidence;
        assert!(stored.iter().any(|it| it.validator == liar && it.height == height), "node {n}");
    }
    let height = cluster.height();
    cluster.run_until(200_000, |c| c.height() > height + 8);
    assert_eq!(incidents(cluster, 0).len(), 1, "once");
    cluster.check_agreement();
}

#[test]
fn one_that_saw_both_votes_is_enough_for_all_to_name_the_liar() {
    let mut cluster = started(601);
    let height = cluster.nodes[0].height() + 1;
    for block in [1, 2] {
        let vote = cluster.prevote(LIAR, height, Hash([block; 32]));
        cluster.hear(0, LIAR, Message::Vote(vote));
    }
    check_named(&mut cluster, TwinKind::Prevote, height);
}

/// Node 0 alone, some heights behind what the others have decided.
fn left_behind(seed: u64) -> Cluster {
    let mut cluster = started(seed);
    cluster.stop(0);
    let height = cluster.nodes[1].height();
    cluster.run_until(200_000, |c| c.nodes[1].height() >= height + 5);
    (1..4).for_each(|n| cluster.stop(n));
    cluster.start(0);
    cluster
}

/// Has node 0 fetch what it lacks from node 1, with certificates that the liar has signed.
fn catch_up(cluster: &mut Cluster) {
    let (behind, newest) = (cluster.nodes[0].height() + 1, cluster.nodes[1].height());
    for height in behind..=newest {
        let vote = cluster.nodes[1].blocks[&height].certificate.vote();
        let signed = [1, 2, LIAR].map(|n| cluster.signed_vote(n, vote));
        let entry = |vote: WireVote| CommitSignature {
            validator: vote.validator,
            signature: vote.signature,
        };
        let mut signatures = signed.map(entry).to_vec();
        signatures.sort_by_key(|entry| entry.validator);
        cluster.nodes[1].blocks.get_mut(&height).unwrap().certificate.signatures = signatures;
    }
    cluster.start(1);
    cluster.run_until(60_000, |c| c.nodes[0].height() >= newest);
}

#[test]
fn twins_for_heights_to_come_count_even_when_those_are_fetched() {
    for ahead in [1, 2] {
        for proposals in [false, true] {
            let mut cluster = left_behind(602);
            let height = cluster.nodes[0].height() + ahead;
            let header = cluster.nodes[1].blocks[&height].header.clone();
            let seats = cluster.nodes[0].replica().sets().seats(height).unwrap().clone();
            let liar = cluster.keys()[LIAR];
            let round = (0..4).find(|round| seats.proposer(height, *round).key == liar).unwrap();
            for time in [1, 2] {
                let header = Header { time, ..header.clone() };
                let message = match proposals {
                    true => Message::Proposal(cluster.proposal(LIAR, round, &header)),
                    false => Message::Vote(cluster.prevote(LIAR, height, Hash([time as u8; 32]))),
                };
                cluster.hear(0, LIAR, message);
            }
            catch_up(&mut cluster);
            (2..4).for_each(|n| cluster.start(n));
            let kind = if proposals { TwinKind::Proposal } else { TwinKind::Prevote };
            check_named(&mut cluster, kind, height);
        }
    }
}

#[test]
fn a_certificate_that_is_fetched_contradicts_a_vote_that_was_heard() {
    let mut cluster = left_behind(603);
    let height = cluster.nodes[0].height() + 1;
    let certificate = cluster.nodes[1].blocks[&height].certificate.clone();
    let other = Vote { block: Some(Hash([9; 32])), ..certificate.vote() };
    let vote = cluster.signed_vote(LIAR, other);
    cluster.hear(0, LIAR, Message::Vote(vote));
    catch_up(&mut cluster);
    (2..4).for_each(|n| cluster.start(n));
    check_named(&mut cluster, TwinKind::Precommit, height);
}

#[test]
fn what_a_validator_stored_before_it_was_restarted_is_not_lost() {
    let mut cluster = left_behind(604);
    let height = cluster.nodes[0].height() + 1;
    for block in [1, 2] {
        let vote = cluster.prevote(LIAR, height, Hash([block; 32]));
        cluster.hear(0, LIAR, Message::Vote(vote));
    }
    catch_up(&mut cluster);
    assert_eq!(cluster.nodes[0].evidence.len(), 1);
    // Whoever was told has lost it.
    (0..2).for_each(|n| cluster.stop(n));
    cluster.nodes[1].evidence.clear();
    (0..4).for_each(|n| cluster.start(n));
    check_named(&mut cluster, TwinKind::Prevote, height);
    assert_eq!(cluster.nodes[0].evidence.len(), 1, "stored once");
}

#[test]
fn whoever_comes_back_is_told_and_forgeries_are_an_offence() {
    let mut cluster = started(605);
    let height = cluster.nodes[0].height();
    let evidence = prevotes(&cluster, LIAR, height);
    let effects = cluster.hear(0, 1, Message::Evidence(evidence));
    let told = |effects: &[Effect]| {
        let messages = effects.iter().filter_map(|effect| match effect {
            Effect::Broadcast(message) => Some(message),
            Effect::Send { message, .. } => Some(message),
            _ => None,
        });
        messages.filter(|message| **message == Message::Evidence(evidence)).count()
    };
    assert_eq!(told(&effects), 1, "passed on once");
    assert_eq!(told(&cluster.hear(0, 2, Message::Evidence(evidence))), 0);
    let peer = cluster.keys()[2];
    assert_eq!(told(&cluster.effects(0, Input::PeerUp(peer))), 1);

    let innocent = Evidence { validator: cluster.keys()[1], ..evidence };
    let Twins::Prevotes { first, .. } = prevotes(&cluster, 1, height).twins else { panic!() };
    let same = Evidence { twins: Twins::Prevotes { first, second: first }, ..innocent };
    for forged in [innocent, same] {
        let from = cluster.keys()[2];
        let message = Message::Evidence(forged);
        let notices = cluster.inject(0, Input::Message { from, message });
        assert!(notices.iter().any(|n| matches!(n, Notice::BadPeer { peer, .. } if *peer == from)));
    }
    check_named(&mut cluster, TwinKind::Prevote, height);
}

#[test]
fn who_goes_on_is_named_again_after_a_day_and_still_has_its_turns() {
    let mut cluster = started(606);
    let liar = cluster.keys()[LIAR];
    let height = cluster.nodes[0].height();
    cluster.hear(0, 1, Message::Evidence(prevotes(&cluster, LIAR, height)));
    run_until_named(&mut cluster);
    let named = cluster.nodes[0].replica().state().validators().named.get(&liar).copied().unwrap();
    cluster.run_until(200_000, |c| c.nodes[0].height() > named.block + 4);
    let height = cluster.nodes[0].height();
    cluster.hear(0, 1, Message::Evidence(prevotes(&cluster, LIAR, height)));
    cluster.run_until(200_000, |c| c.nodes[0].height() > height + 6);
    assert_eq!(times(&cluster, 0, &liar), 1);
    let its_own = |c: &Cluster| {
        let mut after = c.nodes[0].blocks.range(named.block + 1..);
        after.any(|(_, block)| block.header.proposer == liar)
    };
    assert!(its_own(&cluster), "it proposes");
    cluster.sleep(NAMED_AGAIN_MS);
    cluster.run_until(60_000, |c| (0..4).all(|n| times(c, n, &liar) == 2));
    assert_eq!(incidents(&cluster, 0).len(), 2);
    cluster.check_agreement();
}

#[test]
fn a_block_with_anything_but_proof_is_invalid() {
    let cluster = started(607);
    let replica = cluster.nodes[0].replica();
    let (tip, sets) = (replica.tip().clone(), replica.sets().clone());
    let validators = replica.state().validators().clone();
    let height = tip.height;
    let judged = |evidence: Vec<Evidence>| {
        let payload = Payload { evidence, ..Payload::default() };
        let parent = cluster.certificate(height, 0, tip.id, 3);
        let key = cluster.keys()[0];
        let value = block::build(&tip, &sets, key, tip.time + 1, Some(&parent), payload).unwrap();
        block::judge(&tip, &sets, &validators, &Batches::default(), &value, signature::verify)
    };
    let mut all: Vec<_> = (0..4).map(|n| prevotes(&cluster, n, height)).collect();
    all.sort_by_key(|evidence| evidence.validator);
    assert_eq!(judged(all.clone()), Verdict::Valid);
    let [first, second] = [all[0], all[1]];
    let order = Verdict::Invalid("evidence is not strictly ascending by validator");
    assert_eq!(judged(vec![second, first]), order);
    assert_eq!(judged(vec![first, first]), order);
    let may_not = Verdict::Invalid("a block names a validator that it may not name");
    assert_eq!(judged(vec![prevotes(&cluster, 0, height + 3)]), Verdict::Valid);
    assert_eq!(judged(vec![prevotes(&cluster, 0, height + 4)]), may_not);
    let stranger = Evidence { validator: PublicKey([2; 32]), ..first };
    assert_eq!(judged(vec![stranger]), may_not);
    let nothing = Verdict::Invalid("evidence proves nothing");
    assert_eq!(judged(vec![Evidence { height: height - 1, ..first }]), nothing);
    assert_eq!(judged(vec![Evidence { twins: second.twins, ..first }]), nothing);
    let too_much = Verdict::Invalid("block holds too much evidence");
    assert_eq!(judged(vec![first; EVIDENCE_MAX + 1]), too_much);
}
