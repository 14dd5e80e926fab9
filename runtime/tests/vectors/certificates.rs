//! Headers with certificates, and chains of changes of the validator set.

use ballast_primitives::certificate::CertificateError;
use ballast_primitives::history::{SetChange, SetChangeError, SetHistory};
use ballast_primitives::proof::{CertifiedHeader, ProofError};
use ballast_primitives::{
    CommitCertificate, CommitSignature, Committee, Hash, Header, SecretKey, Signature, Validator,
    Vote, VoteKind, codec,
};
use serde_json::{Value, json};

use crate::pages::Pages;
use crate::{check, hex};

pub const GENESIS: Hash = Hash([0x47; 32]);

pub fn validator_key(n: usize) -> SecretKey {
    SecretKey::dev("vectors", &format!("validator {n}"))
}

pub fn validator(n: usize, power: u64) -> Validator {
    let peer = SecretKey::dev("vectors", &format!("peer {n}")).public();
    Validator { key: validator_key(n).public(), peer, power, name: format!("validator-{n}") }
}

/// The set of these validators, each of the same power.
pub fn set(members: &[usize]) -> Committee {
    Committee::new(members.iter().map(|n| validator(*n, 1)).collect()).unwrap()
}

/// A header at `height` that attests nothing yet.
pub fn header(genesis: Hash, height: u64, now: &Committee, next: &Committee) -> Header {
    Header {
        version: Header::VERSION,
        genesis,
        height,
        parent: Hash([1; 32]),
        parent_round: 0,
        time: 1_700_000_000_000 + height,
        proposer: now.proposer(&[], height, 0).key,
        payload: Hash([2; 32]),
        executed_height: height - 1,
        state_root: Hash([3; 32]),
        receipts_root: Hash([4; 32]),
        validators: now.digest(),
        next_validators: next.digest(),
    }
}

/// The header with precommits of these validators.
pub fn certify(header: Header, signers: &[usize]) -> CertifiedHeader {
    let vote = Vote {
        kind: VoteKind::Precommit,
        height: header.height,
        round: 0,
        block: Some(header.id()),
    };
    certify_with(header, signers, &vote)
}

/// The header with signatures of another vote.
fn certify_with(header: Header, signers: &[usize], vote: &Vote) -> CertifiedHeader {
    let message = vote.signed_bytes(&header.genesis);
    let sign = |n: &usize| CommitSignature {
        validator: validator_key(*n).public(),
        signature: validator_key(*n).sign(&message),
    };
    let mut signatures: Vec<_> = signers.iter().map(sign).collect();
    signatures.sort_by_key(|entry| entry.validator);
    let (height, round, block) = (header.height, 0, header.id());
    CertifiedHeader { header, certificate: CommitCertificate { height, round, block, signatures } }
}

/// The stable name of a refusal.
pub fn reason(error: &ProofError) -> &'static str {
    match error {
        ProofError::WrongChain => "WRONG_CHAIN",
        ProofError::WrongCommittee => "WRONG_SET",
        ProofError::WrongBlock => "WRONG_BLOCK",
        ProofError::Certificate(CertificateError::Order) => "SIGNER_ORDER",
        ProofError::Certificate(CertificateError::UnknownValidator) => "UNKNOWN_SIGNER",
        ProofError::Certificate(CertificateError::NoQuorum { .. }) => "NO_QUORUM",
        ProofError::Certificate(CertificateError::BadSignature(_)) => "BAD_SIGNATURE",
        ProofError::WrongRoot => "WRONG_ROOT",
        ProofError::WrongHeight => "WRONG_HEIGHT",
        ProofError::OldCommittee { .. } => "OLD_SET",
        ProofError::EarlyCommittee { .. } => "EARLY_SET",
        ProofError::UnknownCommittee { .. } => "UNKNOWN_SET",
        ProofError::Change { error: SetChangeError::Order, .. } => "CHANGE_ORDER",
        ProofError::Change { error: SetChangeError::Same, .. } => "CHANGE_SAME",
        ProofError::Change { error: SetChangeError::WrongSet, .. } => "CHANGE_OTHER_SET",
        ProofError::Change { error: SetChangeError::BadSet(_), .. } => "BAD_SET",
        ProofError::Change { error: SetChangeError::Header(error), .. } => reason(error),
    }
}

pub fn verdict<T>(answer: &Result<T, ProofError>) -> Value {
    answer.as_ref().err().map_or(Value::Null, |error| json!(reason(error)))
}

const FOUR: &[usize] = &[0, 1, 2, 3];

fn forged() -> Vec<(&'static str, CertifiedHeader)> {
    let four = set(FOUR);
    let plain = || header(GENESIS, 9, &four, &four);
    let good = certify(plain(), &[0, 1, 2]);
    let id = good.header.id();
    let changed = |change: &dyn Fn(&mut CertifiedHeader)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let voted = |kind, height, round, block| {
        certify_with(plain(), &[0, 1, 2], &Vote { kind, height, round, block })
    };
    let precommit = VoteKind::Precommit;
    vec![
        ("three of four", good.clone()),
        ("four of four", certify(plain(), FOUR)),
        ("two of four", certify(plain(), &[0, 1])),
        ("none", certify(plain(), &[])),
        (
            "a signer twice",
            changed(&|c| {
                let entry = c.certificate.signatures[1];
                c.certificate.signatures = vec![c.certificate.signatures[0], entry, entry];
            }),
        ),
        (
            "two of four, one of them twice as well",
            changed(&|c| {
                c.certificate.signatures[2] = c.certificate.signatures[1];
            }),
        ),
        ("signers descending", changed(&|c| c.certificate.signatures.reverse())),
        ("a signer of no set", certify(plain(), &[0, 1, 9])),
        ("a signature changed", changed(&|c| c.certificate.signatures[2].signature.0[5] ^= 1)),
        (
            "a signature of zeros",
            changed(&|c| {
                c.certificate.signatures[0].signature = Signature([0; 64]);
            }),
        ),
        (
            "signatures exchanged",
            changed(&|c| {
                let first = c.certificate.signatures[0].signature;
                c.certificate.signatures[0].signature = c.certificate.signatures[1].signature;
                c.certificate.signatures[1].signature = first;
            }),
        ),
        ("the state root changed", changed(&|c| c.header.state_root = Hash([5; 32]))),
        (
            "the block changed with it",
            changed(&|c| {
                c.header.state_root = Hash([5; 32]);
                c.certificate.block = c.header.id();
            }),
        ),
        ("another height in the certificate", changed(&|c| c.certificate.height = 10)),
        ("another round in the certificate", changed(&|c| c.certificate.round = 1)),
        ("prevotes", voted(VoteKind::Prevote, 9, 0, Some(id))),
        ("precommits for nil", voted(precommit, 9, 0, None)),
        ("precommits of another height", voted(precommit, 8, 0, Some(id))),
        ("another chain", certify(header(Hash([0x48; 32]), 9, &four, &four), FOUR)),
        ("another set", certify(header(GENESIS, 9, &set(&[0, 1, 2]), &four), &[0, 1, 2])),
        (
            "another chain's signatures",
            changed(&|c| {
                let other = certify(Header { genesis: Hash([0x48; 32]), ..plain() }, FOUR);
                c.certificate.signatures = other.certificate.signatures;
            }),
        ),
    ]
}

#[test]
fn certificates_are_as_committed() {
    let pages = Pages::read();
    let of_powers = |powers: &[u64]| {
        let validators = powers.iter().enumerate().map(|(n, power)| validator(n, *power));
        Committee::new(validators.collect()).unwrap()
    };
    let four = set(FOUR);
    let mut cases: Vec<_> =
        forged().into_iter().map(|(what, anchor)| (what, four.clone(), anchor)).collect();
    for (what, powers, signers) in [
        ("two thirds exactly", &[1, 1, 1][..], &[0, 1][..]),
        ("all of three", &[1, 1, 1], &[0, 1, 2]),
        ("one alone", &[1], &[0]),
        ("two thirds of the power in one", &[2, 1], &[0]),
        ("more than two thirds of the power in one", &[7, 1, 1, 1], &[0]),
        ("most of the heads, too little power", &[7, 1, 1, 1], &[1, 2, 3]),
        ("powers near their limit", &[1 << 61, (1 << 61) - 1], &[0, 1]),
        ("powers near their limit, too few", &[1 << 61, (1 << 61) - 1], &[0]),
    ] {
        let set = of_powers(powers);
        let anchor = certify(header(GENESIS, 9, &set, &set), signers);
        cases.push((what, set, anchor));
    }
    let vector = |(what, set, anchor): (&str, Committee, CertifiedHeader)| {
        let bytes = codec::encode(&anchor);
        pages.decode("CertifiedHeader", &bytes);
        json!({
            "what": what,
            "genesis_hash": GENESIS.to_string(),
            "set": hex(codec::encode(&set)),
            "set_digest": set.digest().to_string(),
            "certified_header": hex(bytes),
            "block_id": anchor.header.id().to_string(),
            "reason": verdict(&anchor.verify(&GENESIS, &set)),
        })
    };
    check("certificates.json", &cases.into_iter().map(vector).collect());
}

const A: &[usize] = FOUR;
const B: &[usize] = &[0, 1, 2, 3, 4];
const C: &[usize] = &[1, 2, 3, 4];

pub fn change(genesis: Hash, height: u64, now: &[usize], next: &[usize]) -> SetChange {
    let header = header(genesis, height, &set(now), &set(next));
    SetChange { anchor: certify(header, now), set: set(next) }
}

/// What is wrong with it, the changes, and a header that they should lead to.
type Follow = (&'static str, Vec<SetChange>, CertifiedHeader);

fn followed() -> Vec<Follow> {
    let change = |height, now, next| change(GENESIS, height, now, next);
    let at =
        |height, members| certify(header(GENESIS, height, &set(members), &set(members)), members);
    let (one, two, three) = (change(6, A, B), change(9, B, C), change(10, C, A));
    let all = || vec![one.clone(), two.clone(), three.clone()];
    let swapped = SetChange { set: set(C), ..one.clone() };
    let weak = header(GENESIS, 6, &set(A), &set(B));
    let weak = SetChange { anchor: certify(weak, &[0, 1]), set: set(B) };
    let other_chain = self::change(Hash([0x48; 32]), 6, A, B);
    let shared_peer = {
        // A set that no list of distinct validators gives: two with one network identity.
        let mut validators: Vec<_> = set(B).validators().to_vec();
        validators[1].peer = validators[0].peer;
        let bytes = codec::encode(&validators);
        let bad: Committee = codec::decode(&bytes, bytes.len()).unwrap();
        SetChange { anchor: certify(header(GENESIS, 6, &set(A), &bad), A), set: bad }
    };
    let mut cases = vec![
        ("no change", vec![], at(50, A)),
        ("in the first set's time", all(), at(6, A)),
        ("the height after its first change", all(), at(7, B)),
        ("the last height of the second set", all(), at(9, B)),
        ("a set for one height", all(), at(10, C)),
        ("back to the first set", all(), at(11, A)),
        ("long after", all(), at(5_000, A)),
        ("an old set after its time", vec![one.clone()], at(7, A)),
        ("an old set long after its time", vec![one.clone(), two.clone()], at(50, B)),
        ("a set before its time", vec![one.clone(), two.clone()], at(9, C)),
        ("a set that nothing leads to", vec![one.clone()], at(50, &[1, 2, 3])),
        ("the last change is missing", vec![one.clone()], at(50, C)),
        ("the first change is missing", vec![two.clone()], at(50, C)),
        ("changes in the wrong order", vec![two.clone(), one.clone()], at(50, C)),
        ("a change twice", vec![one.clone(), two.clone(), two.clone()], at(50, C)),
        ("another set than the header names", vec![swapped], at(50, C)),
        ("a header that changes nothing", vec![change(6, A, A)], at(50, A)),
        ("a change without a quorum", vec![weak], at(50, B)),
        ("a change of another chain", vec![other_chain], at(50, B)),
        ("a set that is not valid", vec![shared_peer], at(50, A)),
        (
            "the first set chooses again after its end",
            vec![one.clone(), change(9, A, C)],
            at(50, C),
        ),
    ];
    let mut forged = at(50, B);
    forged.certificate.signatures = at(50, A).certificate.signatures;
    cases.push(("the new set's name, the old set's signatures", vec![one], forged));
    cases
}

#[test]
fn changes_of_the_set_are_as_committed() {
    let pages = Pages::read();
    let vector = |(what, changes, anchor): Follow| {
        let history = SetHistory::new(GENESIS, set(A)).extended(changes.clone());
        let answer = history.and_then(|history| history.verify(&anchor));
        let bytes: Vec<_> = changes.iter().map(codec::encode).collect();
        bytes.iter().for_each(|bytes| drop(pages.decode("SetChange", bytes)));
        json!({
            "what": what,
            "changes": bytes.iter().map(hex).collect::<Value>(),
            "certified_header": hex(codec::encode(&anchor)),
            "reason": verdict(&answer),
        })
    };
    let vectors = json!({
        "genesis_hash": GENESIS.to_string(),
        "first_set": hex(codec::encode(&set(A))),
        "cases": followed().into_iter().map(vector).collect::<Value>(),
    });
    check("sets.json", &vectors);
}
