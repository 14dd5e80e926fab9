//! Golden vectors: every byte format that a wallet, a verifier or a store relies on. A difference
//! means the format changed, which breaks chains that run. Only when that is meant:
//! `BALLAST_BLESS=1 cargo test --release -p ballast-runtime --test golden`.

mod common;
#[path = "golden/scenario.rs"]
mod scenario;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use ballast_primitives::domain::SignTag;
use ballast_primitives::{
    Address, BatchRef, CommitCertificate, CommitSignature, Domain, Hash, Header, KeyPolicy,
    Network, Payload, PublicKey, SecretKey, Vote, VoteKind, codec, hash, merkle,
};
use ballast_runtime::object::{
    Assurance, Category, Class, DocumentKind, IncidentKind, Key, Opinion, ProposalStatus,
    RedemptionStatus, ReportKind, ReportStatus, Role, Scope, Severity,
};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::*;
use common::every::{self, plain};
use common::{World, op};
use scenario::Chain;

/// Compares `name = hex` lines with a committed file, or rewrites it when blessed.
struct Golden {
    file: &'static str,
    text: String,
}

impl Golden {
    fn new(file: &'static str) -> Self {
        Self { file, text: String::new() }
    }

    fn text(&mut self, name: &str, value: impl std::fmt::Display) {
        writeln!(self.text, "{name} = {value}").unwrap();
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.text(name, hex(bytes));
    }

    fn check(self) {
        let path: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "tests", "golden", self.file].iter().collect();
        if std::env::var_os("BALLAST_BLESS").is_some() {
            std::fs::write(&path, &self.text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        for (line, expected) in self.text.lines().zip(committed.lines()) {
            assert_eq!(line, expected, "{}", self.file);
        }
        assert_eq!(self.text.lines().count(), committed.lines().count(), "{}", self.file);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn domains_and_tags_are_as_committed() {
    let mut golden = Golden::new("domains.txt");
    for domain in Domain::ALL {
        golden.text(&format!("{domain:?}"), domain.context());
        golden.text(&format!("{domain:?} of \"ballast\""), hash::digest(domain, b"ballast"));
    }
    for tag in SignTag::ALL {
        golden.bytes(&format!("tag {tag:?}"), tag.bytes());
    }
    golden.check();
}

#[test]
fn keys_and_addresses_are_as_committed() {
    let mut golden = Golden::new("addresses.txt");
    let key = |n: usize| SecretKey::dev("golden", &n.to_string());
    let threshold =
        |k, n: usize| KeyPolicy::threshold(k, (0..n).map(|n| key(n).public()).collect()).unwrap();
    for n in 0..4 {
        golden.bytes(&format!("dev seed {n}"), key(n).expose());
        golden.text(&format!("public key {n}"), key(n).public());
        golden.bytes(&format!("signature {n} of \"ballast\""), &key(n).sign(b"ballast").0);
    }
    let policies = [
        KeyPolicy::Single(key(0).public()),
        KeyPolicy::Single(key(1).public()),
        threshold(1, 1),
        threshold(1, 2),
        threshold(2, 2),
        threshold(2, 3),
        threshold(3, 5),
        threshold(16, 16),
    ];
    for (n, policy) in policies.iter().enumerate() {
        golden.bytes(&format!("policy {n}"), &codec::encode(policy));
        let address = Address::of(policy);
        for network in Network::ALL {
            golden.text(&format!("address {n} on {network}"), address.display(network));
        }
    }
    golden.text("account 0", dev::account_address("golden", 0).display(Network::Dev));
    for role in Role::ALL {
        let address = dev::role_address("golden", role).display(Network::Dev);
        golden.text(&format!("holder of {}", role.name()), address);
    }
    golden.check();
}

#[test]
fn transactions_are_as_committed() {
    let mut golden = Golden::new("transactions.txt");
    let key = SecretKey::dev("golden", "0");
    let mut bodies: Vec<_> = every::ops()
        .into_iter()
        .map(|op| (op.name().to_owned(), TxBody { ops: vec![op], ..plain() }))
        .collect();
    for council_op in every::council_ops() {
        let name = format!("proposal of {}", council_op.name());
        bodies.push((name, TxBody { ops: vec![op::propose([council_op])], ..plain() }));
    }
    let together = every::ops()[..16].to_vec();
    let with_memo = TxBody { memo: Some(b"memo".to_vec()), ops: together, ..plain() };
    bodies.push(("16 operations, with a memo".to_owned(), with_memo.clone()));
    let sponsor = Some(Address([0xbb; 32]));
    bodies.push(("16 operations, sponsored".to_owned(), TxBody { sponsor, ..with_memo }));
    for (name, body) in bodies {
        golden.bytes(&format!("{name}: signed bytes"), &body.signed_bytes());
        golden.text(&format!("{name}: id"), body.id());
        let tx = body.sign(&[&key]);
        let bytes = tx.encode();
        assert_eq!(SignedTx::decode(&bytes).as_ref(), Ok(&tx), "{name}");
        assert!(VerifiedTx::verify(tx).is_ok(), "{name}");
        golden.bytes(&format!("{name}: transaction"), &bytes);
    }
    golden.check();
}

/// Three validators' precommits for a header.
fn certificate_of(header: &Header) -> CommitCertificate {
    let (height, block) = (header.height, header.id());
    let vote = Vote { kind: VoteKind::Precommit, height, round: 1, block: Some(block) };
    let message = vote.signed_bytes(&header.genesis);
    let sign = |n: u32| {
        let key = SecretKey::dev("golden", &n.to_string());
        CommitSignature { validator: key.public(), signature: key.sign(&message) }
    };
    let mut signatures: Vec<_> = (0..3).map(sign).collect();
    signatures.sort_unstable_by_key(|entry| entry.validator);
    CommitCertificate { height, round: 1, block, signatures }
}

#[test]
fn headers_votes_and_committees_are_as_committed() {
    let mut golden = Golden::new("consensus.txt");
    let batch = BatchRef { digest: Hash([6; 32]), bytes: 7, txs: 8, signatures: 9 };
    let header = Header {
        version: Header::VERSION,
        genesis: Hash([1; 32]),
        height: 2,
        parent: Hash([3; 32]),
        parent_round: 0,
        time: 4,
        proposer: PublicKey([5; 32]),
        payload: Payload { batches: vec![batch], ..Payload::default() }.digest(),
        executed_height: 7,
        state_root: Hash([8; 32]),
        receipts_root: Hash([9; 32]),
        validators: Hash([10; 32]),
        next_validators: Hash([11; 32]),
    };
    golden.bytes("header", &codec::encode(&header));
    golden.text("header id", header.id());
    golden.text("payload of one batch", header.payload);
    golden.bytes("certificate", &codec::encode(&certificate_of(&header)));
    for kind in [VoteKind::Prevote, VoteKind::Precommit] {
        for block in [None, Some(Hash([12; 32]))] {
            let vote = Vote { kind, height: 13, round: 14, block };
            let name = format!("{kind:?} for {}", if block.is_some() { "a block" } else { "nil" });
            golden.bytes(&name, &vote.signed_bytes(&Hash([1; 32])));
        }
    }
    let genesis = common::genesis();
    golden.bytes("validators", &codec::encode(&genesis.validators));
    golden.text("validators' digest", genesis.validators.digest());
    let chained = merkle::chain_receipts(&Hash([1; 32]), &Hash([2; 32]));
    golden.text("chained receipts", chained);
    for count in [0u8, 1, 2, 3, 7, 8, 9] {
        let leaves: Vec<_> = (0..count).map(|n| merkle::STATE.leaf(&[n])).collect();
        golden.text(&format!("state root of {count}"), merkle::STATE.root_of(&leaves));
        let leaves: Vec<_> = (0..count).map(|n| merkle::RECEIPTS.leaf(&[n])).collect();
        golden.text(&format!("receipts root of {count}"), merkle::RECEIPTS.root_of(&leaves));
    }
    golden.check();
}

#[test]
fn a_small_chain_is_as_committed() {
    let mut golden = Golden::new("chain.txt");
    let genesis = common::genesis();
    golden.bytes("genesis", &genesis.encode());
    golden.text("genesis hash", genesis.hash());
    let world = World::from(&genesis);
    golden.text("state root 0", world.state.root());
    let mut events = BTreeSet::new();
    let mut record = |world: &World, txs: &[VerifiedTx], outcome: &BlockOutcome| {
        let height = world.context.height;
        golden.text(&format!("time {height}"), world.context.time);
        for (n, tx) in txs.iter().enumerate() {
            golden.bytes(&format!("transaction {height}.{n}"), &tx.tx().encode());
        }
        for (n, receipt) in outcome.receipts.iter().enumerate() {
            events.extend(receipt.events.iter().map(Event::name));
            golden.bytes(&format!("receipt {height}.{n}"), &codec::encode(receipt));
        }
        for (index, code) in &outcome.dropped {
            golden.text(&format!("dropped {height}.{index}"), code);
        }
        golden.text(&format!("receipts root {height}"), outcome.receipts_root);
        golden.text(&format!("state root {height}"), world.state.root());
    };
    let mut chain = Chain { world, record: &mut record };
    chain.run();
    let leaves: Vec<_> = chain.world.state.changes().collect();
    let kinds: BTreeSet<_> = leaves.iter().map(|leaf| leaf.value[0]).collect();
    assert!(kinds.into_iter().eq(0..=28), "every kind of object is there");
    assert_eq!(events.len(), 49, "every kind of event is there");
    for leaf in leaves {
        golden.bytes(&format!("leaf {}", leaf.slot), &[leaf.key, leaf.value].concat());
    }
    golden.check();
}

#[test]
fn codes_and_names_are_as_committed() {
    let mut golden = Golden::new("codes.txt");
    for code in Code::ALL {
        golden.text(&code.number().to_string(), code.name());
    }
    for op in every::ops() {
        golden.text(&format!("op {}", codec::encode(&op)[0]), op.name());
    }
    for op in every::council_ops() {
        golden.text(&format!("council op {}", codec::encode(&op)[0]), op.name());
    }
    macro_rules! names {
        ($($kind:ident)*) => {$(
            for value in $kind::ALL {
                let name = format!("{} {}", stringify!($kind), codec::encode(&value)[0]);
                golden.text(&name, value.name());
            }
        )*};
    }
    names! {
        Role Scope Class ProposalStatus Choice IncidentKind Severity DocumentKind
        RedemptionStatus ReportKind ReportStatus Assurance Opinion Category
    }
    golden.check();
}

/// Whose history shows an event is what wallets filter by: exactly the accounts that it names.
#[test]
fn an_event_concerns_the_accounts_whose_addresses_are_in_it() {
    let mut names = BTreeSet::new();
    let mut record = |world: &World, _: &[VerifiedTx], outcome: &BlockOutcome| {
        let accounts: BTreeSet<_> = world
            .state
            .changes()
            .filter_map(|change| match common::decode_change(&change) {
                (Key::Account(address), _) => Some(address),
                _ => None,
            })
            .collect();
        for event in outcome.receipts.iter().flat_map(|receipt| &receipt.events) {
            let bytes = codec::encode(event);
            let named = |address: &&Address| bytes.windows(32).any(|part| part == address.0);
            let found: BTreeSet<_> = accounts.iter().filter(named).copied().collect();
            assert_eq!(BTreeSet::from_iter(event.accounts()), found, "{event:?}");
            names.extend((!found.is_empty()).then_some(event.name()));
        }
    };
    Chain { world: World::new(), record: &mut record }.run();
    assert!(names.len() > 20, "{names:?}");
}
