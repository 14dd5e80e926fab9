//! Signatures inside operations: each is over its purpose, its chain and every byte of what it is
//! about, and all of a transaction's are verified together.

mod common;

use std::sync::LazyLock;

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Hash, SecretKey, codec};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData, signed_bytes};
use ballast_runtime::ops::pay_auth::PayAuth;
use ballast_runtime::ops::permit::Permit;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::ops::transfer_from::TransferFrom;
use ballast_runtime::tx::{SIGNATURES_MAX, TX_BYTES_MAX};
use ballast_runtime::*;
use borsh::BorshSerialize;
use common::Who::Holder;
use common::{HOUR, START, World, council, genesis};

fn signer(n: usize) -> SecretKey {
    SecretKey::dev("signer", &n.to_string())
}

/// Signatures of the first `count` signers over a statement.
fn sign<T: BorshSerialize>(tag: SignTag, tx: &TxBody, signed: &T, count: usize) -> Vec<Witness> {
    let message = signed_bytes(tag, tx, signed);
    let witness = |key: SecretKey| Witness { key: key.public(), signature: key.sign(&message) };
    let mut witnesses: Vec<_> = (0..count).map(signer).map(witness).collect();
    witnesses.sort_unstable_by_key(|witness| witness.key);
    witnesses
}

fn permit(tag: SignTag, tx: &TxBody, count: usize) -> Op {
    let body = PermitBody {
        owner: Holder(1).address(),
        spender: Holder(2).address(),
        expected: 0,
        amount: 5,
        expires: START + HOUR,
        nonce: Hash([1; 32]),
        not_before: START,
        deadline: START + HOUR,
        executor: Some(Holder(0).address()),
    };
    let witnesses = sign(tag, tx, &body, count);
    Op::Permit(Permit { body: Box::new(body), witnesses })
}

/// A payment of 5 from holder 1 to holder 2, with travel data when it has a tag.
fn pay_auth(tag: SignTag, travel_tag: Option<SignTag>, tx: &TxBody, count: usize) -> Op {
    let body = PayAuthBody {
        owner: Holder(1).address(),
        to: Holder(2).address(),
        amount: 5,
        memo: Some(b"12".to_vec()),
        nonce: Hash([2; 32]),
        not_before: START,
        deadline: START + HOUR,
        executor: None,
    };
    let witnesses = sign(tag, tx, &body, count);
    let travel = travel_tag.map(|tag| travel(tag, tx, 1));
    Op::PayAuth(PayAuth { body: Box::new(body), witnesses, travel })
}

/// For a payment of 5 from a holder to holder 2.
fn travel(tag: SignTag, tx: &TxBody, payer: u32) -> Box<TravelData> {
    let (data, nonce, expires) = (Hash([3; 32]), Hash([4; 32]), START + HOUR);
    let (payer, payee) = (Holder(payer).address(), Holder(2).address());
    let signed = (payer, payee, 5u64, data, nonce, expires);
    let [witness] = sign(tag, tx, &signed, 1)[..] else { unreachable!() };
    Box::new(TravelData { data, nonce, expires, witness })
}

fn transfer(tag: SignTag, tx: &TxBody) -> Op {
    let travel = Some(travel(tag, tx, 0));
    Op::Transfer(Transfer { to: Holder(2).address(), amount: 5, travel })
}

fn transfer_from(tag: SignTag, tx: &TxBody) -> Op {
    let travel = Some(travel(tag, tx, 1));
    let (owner, to) = (Holder(1).address(), Holder(2).address());
    Op::TransferFrom(TransferFrom { owner, to, amount: 5, travel })
}

fn submit_report(tag: SignTag, tx: &TxBody) -> Op {
    let body = Box::new(genesis().report.unwrap().body);
    let witnesses = sign(tag, tx, &*body, 2);
    Op::SubmitReport(ops::submit_report::SubmitReport { body, witnesses })
}

fn council_exec(tag: SignTag, tx: &TxBody) -> Op {
    let ops = vec![council::freeze(Holder(3).address(), true, false), council::set_cap(7)];
    let (epoch, exec_nonce) = (8, 9);
    let witnesses = sign(tag, tx, &(epoch, exec_nonce, &ops), 3);
    Op::CouncilExec(ops::council_exec::CouncilExec { ops, epoch, exec_nonce, witnesses })
}

/// A purpose, and an operation with signatures made under a tag.
type Case = (SignTag, fn(SignTag, &TxBody) -> Op);

const CASES: [Case; 7] = [
    (SignTag::Permit, |tag, tx| permit(tag, tx, 2)),
    (SignTag::PayAuth, |tag, tx| pay_auth(tag, Some(SignTag::Travel), tx, 2)),
    (SignTag::Travel, |tag, tx| pay_auth(SignTag::PayAuth, Some(tag), tx, 1)),
    (SignTag::Travel, transfer),
    (SignTag::Travel, transfer_from),
    (SignTag::Report, submit_report),
    (SignTag::CouncilVote, council_exec),
];

fn empty_body() -> TxBody {
    static BODY: LazyLock<TxBody> = LazyLock::new(|| World::new().body(Holder(0), Vec::new()));
    BODY.clone()
}

/// What the node says of a transaction of holder 0 with these operations, well signed itself.
fn verify(ops: Vec<Op>) -> Result<(), Code> {
    let tx = TxBody { ops, ..empty_body() }.sign(&[&Holder(0).key()]);
    VerifiedTx::verify(tx).map(|_| ())
}

#[test]
fn a_signature_inside_an_operation_counts_for_its_purpose_only() {
    for (purpose, make) in CASES {
        for tag in SignTag::ALL {
            let expected = if tag == purpose { Ok(()) } else { Err(Code::BadSignature) };
            let name = make(tag, &empty_body()).name();
            assert_eq!(verify(vec![make(tag, &empty_body())]), expected, "{name} under {tag:?}");
        }
    }
}

#[test]
fn a_signature_inside_an_operation_counts_on_one_chain_only() {
    for (purpose, make) in CASES {
        for elsewhere in [
            TxBody { genesis: Hash([5; 32]), ..empty_body() },
            TxBody { chain_id: 8, ..empty_body() },
        ] {
            let op = make(purpose, &elsewhere);
            assert_eq!(verify(vec![op.clone()]), Err(Code::BadSignature), "{}", op.name());
            // But for the chain nothing of the transaction is signed.
            let same_chain = TxBody { nonce: 77, valid_until: 78, ..empty_body() };
            assert_eq!(verify(vec![make(purpose, &same_chain)]), Ok(()), "{}", op.name());
        }
    }
}

#[test]
fn every_byte_of_an_operation_that_carries_signatures_is_under_one_of_them() {
    for (purpose, make) in CASES {
        let bytes = codec::encode(&make(purpose, &empty_body()));
        let mut decoded = 0;
        for at in 1..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let Ok(op) = codec::decode::<Op>(&changed, TX_BYTES_MAX) else { continue };
            let name = op.name();
            let answer = verify(vec![op]);
            assert!(
                matches!(answer, Err(Code::BadSignature | Code::Decode)),
                "{name}, byte {at}: {answer:?}"
            );
            decoded += usize::from(answer == Err(Code::BadSignature));
        }
        assert!(decoded > bytes.len() / 2, "most changes are not a matter of decoding");
    }
}

#[test]
fn travel_data_of_a_transfer_are_for_its_sender_as_payer() {
    let travel = Some(travel(SignTag::Travel, &empty_body(), 1));
    let op = Op::Transfer(Transfer { to: Holder(2).address(), amount: 5, travel });
    assert_eq!(verify(vec![op.clone()]), Err(Code::BadSignature));
    let sender = Holder(1).address();
    let tx = TxBody { sender, ops: vec![op], ..empty_body() }.sign(&[&Holder(1).key()]);
    assert!(VerifiedTx::verify(tx).is_ok());
}

#[test]
fn one_bad_signature_among_many_refuses_the_transaction() {
    let good = || -> Vec<_> { CASES.map(|(tag, make)| make(tag, &empty_body())).into() };
    assert_eq!(verify(good()), Ok(()));
    for bad in 0..CASES.len() {
        let mut ops = good();
        ops[bad] = CASES[bad].1(SignTag::Vote, &empty_body());
        assert_eq!(verify(ops), Err(Code::BadSignature), "operation {bad}");
    }
    let tx = TxBody { ops: good(), ..empty_body() }.sign(&[&Holder(1).key()]);
    assert_eq!(VerifiedTx::verify(tx.clone()).map(|_| ()), Ok(()), "whose key is asked later");
    let mut forged = tx;
    forged.body.nonce += 1;
    assert_eq!(VerifiedTx::verify(forged).map(|_| ()), Err(Code::BadSignature));
}

#[test]
fn what_is_signed_comes_with_its_signatures_in_the_order_of_the_transaction() {
    let ops: Vec<_> = CASES.map(|(tag, make)| make(tag, &empty_body())).into();
    let tx = TxBody { ops, ..empty_body() }.sign(&[&Holder(0).key()]);
    let message = tx.body.signed_bytes();
    let parts: Vec<_> = tx.parts(&message).collect();
    let tags = [
        SignTag::Transaction,
        SignTag::Permit,
        SignTag::PayAuth,
        SignTag::Travel,
        SignTag::PayAuth,
        SignTag::Travel,
        SignTag::Travel,
        SignTag::Travel,
        SignTag::Report,
        SignTag::CouncilVote,
    ];
    let counts = [1, 2, 2, 1, 1, 1, 1, 1, 2, 3];
    assert_eq!(parts.len(), tags.len());
    for ((part, tag), count) in parts.iter().zip(tags).zip(counts) {
        assert!(part.message.starts_with(tag.bytes()), "{tag:?}");
        assert_eq!(part.items().count(), count, "{tag:?}");
    }
    assert_eq!(tx.signatures(), counts.iter().sum());
}

#[test]
fn a_transaction_holds_at_most_64_signatures_in_all() {
    let body = empty_body();
    let pay = |count| pay_auth(SignTag::PayAuth, Some(SignTag::Travel), &body, count);
    let full = || permit(SignTag::Permit, &body, 16);
    let cases: [(usize, Vec<Op>); 4] = [
        // Of the transaction itself, then of its operations: 64 and 65 in two ways.
        (1, vec![full(), full(), full(), pay(14)]),
        (1, vec![full(), full(), full(), pay(15)]),
        (32, vec![full(), pay(15)]),
        (32, vec![full(), pay(16)]),
    ];
    for (own, ops) in cases {
        let keys: Vec<_> = (0..own).map(signer).collect();
        let tx = TxBody { ops, ..body.clone() }.sign(&keys.iter().collect::<Vec<_>>());
        let good = tx.signatures() <= SIGNATURES_MAX;
        assert_eq!(tx.signatures(), SIGNATURES_MAX + usize::from(!good));
        assert_eq!(SignedTx::decode(&tx.encode()).is_ok(), good);
        let expected = if good { Ok(()) } else { Err(Code::Decode) };
        assert_eq!(VerifiedTx::verify(tx).map(|_| ()), expected);
    }
}
