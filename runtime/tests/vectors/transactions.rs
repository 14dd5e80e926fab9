//! Each operation in a transaction, and bytes that are no transaction.

use ballast_primitives::{Address, Hash, PublicKey, SecretKey, Signature, codec};
use ballast_runtime::object::DocumentKind;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::tx::{OPS_MAX, TX_BYTES_MAX};
use ballast_runtime::{CouncilOp, Op, SignedTx, TxBody, VerifiedTx, Witness};
use serde_json::{Value, json};

use crate::common::every::{self, plain};
use crate::common::{council, op};
use crate::pages::{Pages, page, tables};
use crate::{check, hex};

fn signer(n: usize) -> SecretKey {
    SecretKey::dev("golden", &n.to_string())
}

fn body(ops: Vec<Op>) -> TxBody {
    TxBody { ops, ..plain() }
}

/// A transaction as the pages decode it, with all that is signed in it.
fn vector(pages: &Pages, name: &str, body: TxBody, signers: &[usize]) -> Value {
    let (message, id) = (body.signed_bytes(), body.id());
    let keys: Vec<_> = signers.iter().map(|n| signer(*n)).collect();
    let tx = body.sign(&keys.iter().collect::<Vec<_>>());
    let bytes = tx.encode();
    assert_eq!(SignedTx::decode(&bytes).as_ref(), Ok(&tx), "{name}");
    assert!(VerifiedTx::verify(tx.clone()).is_ok(), "{name}");
    let witness = |witness: &Witness| pages.decode("Witness", &codec::encode(witness));
    let inside = tx.parts(&message).skip(1).map(|part| {
        json!({
            "signed_bytes": hex(&part.message),
            "witnesses": part.witnesses.iter().map(witness).collect::<Value>(),
        })
    });
    json!({
        "name": name,
        "body": pages.decode("TxBody", &codec::encode(&tx.body)),
        "signed_bytes": hex(&message),
        "id": id.to_string(),
        "secrets": keys.iter().map(|key| hex(key.expose())).collect::<Value>(),
        "inside": inside.collect::<Value>(),
        "bytes": hex(&bytes),
    })
}

fn good() -> Vec<(String, TxBody, Vec<usize>)> {
    let one = |op: Op| (op.name().to_owned(), body(vec![op]), vec![0]);
    let in_proposal = |op: CouncilOp| {
        (format!("proposal of {}", op.name()), body(vec![op::propose([op])]), vec![0])
    };
    let several = every::ops()[..OPS_MAX].to_vec();
    let memo = TxBody { memo: Some(b"INV-17".to_vec()), ..body(several.clone()) };
    let empty = TxBody { memo: Some(vec![]), ..body(several.clone()) };
    let sponsored = TxBody { sponsor: Some(Address([0xbb; 32])), ..body(several) };
    let vote = body(vec![op::vote(1, Hash([2; 32]), Choice::Yes)]);
    let more = [
        ("16 operations, a memo, three keys", memo, vec![2, 0, 1]),
        ("an empty memo", empty, vec![0]),
        ("sponsored", sponsored, vec![0, 1]),
        ("a key given twice signs once", vote, vec![3, 3]),
    ];
    let more = more.map(|(name, body, signers)| (name.to_owned(), body, signers));
    every::ops()
        .into_iter()
        .map(one)
        .chain(every::council_ops().into_iter().map(in_proposal))
        .chain(more)
        .collect()
}

/// Bytes that are `DECODE`, and why.
fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let pay = || op::transfer_to(Address([1; 32]), 5);
    let sign = |body: TxBody| body.sign(&[&signer(0), &signer(1)]);
    let good = sign(body(vec![pay()]));
    let bytes = good.encode();
    let edit = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        assert_ne!(bytes[at], value);
        bytes[at] = value;
        bytes
    };
    // Genesis, chain id, sender, nonce, valid_until come first.
    let (sponsor, memo, count, op_number) = (84, 85, 86, 90);
    let travel = op_number + 1 + 32 + 8;
    assert_eq!(bytes[sponsor..=op_number], [0, 0, 1, 0, 0, 0, 1]);
    let mut descending = good.clone();
    descending.witnesses.reverse();
    let twice = SignedTx { witnesses: vec![good.witnesses[0]; 2], ..good.clone() };
    let witness = |n: u8| Witness { key: PublicKey([n; 32]), signature: Signature([n; 64]) };
    let many = SignedTx { witnesses: (0..33).map(witness).collect(), ..good.clone() };
    let tx = |body: TxBody| sign(body).encode();
    let name = |name: &str| body(vec![op::set_institution(1, name, signer(1).public())]);
    let not_text = {
        let mut bytes = tx(name("Bank"));
        let at = bytes.windows(4).position(|part| part == b"Bank").unwrap();
        bytes[at] = 0xff;
        bytes
    };
    let long = council::set_document(DocumentKind::Privacy, Hash([1; 32]), &"x".repeat(256));
    let large = tx(body(vec![op::propose(vec![long; 8]); 7]));
    vec![
        ("nothing", vec![]),
        ("a byte is missing", bytes[..bytes.len() - 1].to_vec()),
        ("a byte is left over", [&bytes[..], &[0]].concat()),
        ("an option that is neither 0 nor 1", edit(sponsor, 2)),
        ("a memo of which only the first byte is there", edit(memo, 1)),
        ("an option inside an operation that is neither 0 nor 1", edit(travel, 2)),
        ("no operation has this number", edit(op_number, 255)),
        ("more operations than the bytes hold", edit(count + 3, 255)),
        ("no operations", tx(body(vec![]))),
        ("17 operations", tx(body(vec![pay(); 17]))),
        ("a memo of 33 bytes", tx(TxBody { memo: Some(vec![0; 33]), ..body(vec![pay()]) })),
        ("no witnesses", SignedTx { witnesses: vec![], ..good.clone() }.encode()),
        ("33 witnesses", many.encode()),
        ("witnesses descending", descending.encode()),
        ("a witness twice", twice.encode()),
        ("a name without a byte", tx(name(""))),
        ("a name of 65 bytes", tx(name(&"x".repeat(65)))),
        ("text that is not UTF-8", not_text),
        ("no council operations", tx(body(vec![op::propose([])]))),
        ("over 16 KiB", large),
    ]
}

#[test]
fn transactions_are_as_committed() {
    let pages = Pages::read();
    let good: Vec<_> = good()
        .into_iter()
        .map(|(name, body, signers)| vector(&pages, &name, body, &signers))
        .collect();
    let bad = bad().into_iter().map(|(what, bytes)| {
        assert!(SignedTx::decode(&bytes).is_err(), "{what}");
        assert_eq!(bytes.len() > TX_BYTES_MAX, what == "over 16 KiB", "{what}: {}", bytes.len());
        json!({ "reason": what, "bytes": hex(bytes) })
    });
    let first = good[0]["signed_bytes"].as_str().unwrap();
    let shown: String =
        tables(&page("bytes.md"), &["Bytes", "What"]).iter().map(|row| row[0].clone()).collect();
    assert_eq!(shown, first, "the payment that is shown byte by byte");
    check("transactions.json", &json!({ "good": good, "bad": bad.collect::<Value>() }));
}
