use super::*;
use crate::keys::SecretKey;
use crate::signature::verify;

const GENESIS: Hash = Hash([7; 32]);

fn key() -> SecretKey {
    SecretKey::dev("equivocation", "liar")
}

fn ballot(kind: VoteKind, height: u64, round: u32, block: Option<Hash>) -> Ballot {
    let vote = Vote { kind, height, round, block };
    Ballot { block, signature: key().sign(&vote.signed_bytes(&GENESIS)) }
}

fn offer(height: u64, round: u32, pol_round: Option<u32>, block: Hash) -> Offer {
    let bytes = proposal_bytes(&GENESIS, height, round, pol_round, &block);
    Offer { pol_round, block, signature: key().sign(&bytes) }
}

fn prevotes(height: u64, round: u32) -> Evidence {
    let cast = |block| ballot(VoteKind::Prevote, height, round, block);
    let twins = Twins::Prevotes { first: cast(None), second: cast(Some(Hash([1; 32]))) };
    Evidence { validator: key().public(), height, round, twins }
}

fn is_proof(evidence: &Evidence) -> bool {
    evidence.is_proof(&GENESIS, verify)
}

#[test]
fn two_messages_for_one_place_are_proof_whatever_they_are() {
    let (height, round) = (5, 2);
    let cast = |block| ballot(VoteKind::Precommit, height, round, block);
    let precommits = Twins::Precommits { first: cast(Some(Hash([1; 32]))), second: cast(None) };
    let make = |pol, block| offer(height, round, pol, Hash([block; 32]));
    let blocks = Twins::Proposals { first: make(None, 1), second: make(None, 2) };
    let polkas = Twins::Proposals { first: make(None, 1), second: make(Some(0), 1) };
    let evidence = prevotes(height, round);
    assert!(is_proof(&evidence));
    for twins in [precommits, blocks, polkas] {
        assert!(is_proof(&Evidence { twins, ..evidence }), "{twins:?}");
    }
}

#[test]
fn nothing_else_is_proof() {
    let evidence = prevotes(5, 2);
    let Twins::Prevotes { first, second } = evidence.twins else { panic!() };
    let other = SecretKey::dev("equivocation", "honest").public();
    let twins = |first, second| Evidence { twins: Twins::Prevotes { first, second }, ..evidence };
    for wrong in [
        // The same message twice.
        twins(first, first),
        // A signature of another message.
        twins(first, Ballot { signature: first.signature, ..second }),
        // One is of another round, or of another kind.
        twins(first, ballot(VoteKind::Prevote, 5, 3, second.block)),
        twins(first, ballot(VoteKind::Precommit, 5, 2, second.block)),
        Evidence { twins: Twins::Precommits { first, second }, ..evidence },
        Evidence { height: 6, ..evidence },
        Evidence { round: 1, ..evidence },
        Evidence { validator: other, ..evidence },
    ] {
        assert!(!is_proof(&wrong), "{wrong:?}");
    }
    assert!(!evidence.is_proof(&Hash::ZERO, verify));
}

#[test]
fn a_validator_is_named_once_a_day_and_for_what_it_signed_since() {
    let names = Names::default();
    let (height, time) = (100, 1_000);
    assert!(names.take(&prevotes(102, 0), height, time));
    assert!(!names.take(&prevotes(103, 0), height, time));
    assert!(names.take(&prevotes(100, 0), 100 + EVIDENCE_HEIGHTS, time));
    assert!(!names.take(&prevotes(100, 0), 101 + EVIDENCE_HEIGHTS, time));
    let names = names.with(&prevotes(99, 1), height, time);
    let [named] = names.all() else { panic!() };
    assert_eq!((named.height, named.round, named.times, named.block), (99, 1, 1, height));
    let next_day = time + NAMED_AGAIN_MS;
    assert!(!names.take(&prevotes(103, 0), 200, next_day - 1));
    assert!(names.take(&prevotes(103, 0), 200, next_day));
    // What the first block could have named it for is settled.
    assert!(!names.take(&prevotes(102, 0), 200, next_day));
    let names = names.with(&prevotes(103, 0), 200, next_day);
    assert_eq!((names.all().len(), names.all()[0].times), (1, 2));
    assert!(names.of(|_| false).all().is_empty() && names.is_ordered());
    assert!(names.take(&prevotes(u64::MAX, 0), u64::MAX, u64::MAX));
}
