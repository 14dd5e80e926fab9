//! Golden vectors: every byte format that a wallet, a verifier or a store relies on. A difference
//! means the format changed, which breaks chains that run. Only when that is meant:
//! `BALLAST_BLESS=1 cargo test --release -p ballast-runtime --test golden`.

mod common;

use std::fmt::Write as _;
use std::path::PathBuf;

use ballast_primitives::domain::SignTag;
use ballast_primitives::{
    Address, Domain, Hash, Header, KeyPolicy, Network, PublicKey, SecretKey, Validator, Vote,
    VoteKind, codec, hash, merkle,
};
use ballast_runtime::authorisation::signed_bytes_on;
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::{
    Assurance, Category, Class, DocumentKind, IncidentKind, Opinion, ProposalStatus,
    RedemptionStatus, ReportKind, ReportStatus, Role, Scope, Severity,
};
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::*;
use common::Who::{Holder, Member, Officer};
use common::{DAY, DOLLAR, World, council, op, unsigned};

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

/// One of each operation of accounts, with fields that are told apart.
fn every_op() -> Vec<Op> {
    let address = |n| Address([n; 32]);
    let key = |n: u32| SecretKey::dev("golden", &n.to_string()).public();
    let threshold = KeyPolicy::threshold(2, vec![key(1), key(2), key(3)]).unwrap();
    vec![
        op::transfer_to(address(1), 0x0102_0304_0506_0708),
        op::deposit("Überweisung 17", 2, address(2)),
        op::mint(Hash([3; 32]), 3),
        op::burn(4),
        op::allowance(address(5), 5, 6),
        op::freeze(address(7), true, false),
        op::set_hold(address(8), 7, 8),
        op::register(KeyPolicy::Single(key(0)), 1, 10),
        op::register(threshold, 2, 11),
        op::propose([council::unpause(&Scope::ALL)]),
        op::vote(12, Hash([12; 32]), Choice::Withdraw),
        op::execute(13),
        council_exec(vec![council::unfreeze(address(14))], 14, 15),
    ]
}

/// Signed by one member, for the chain of [`plain`].
fn council_exec(ops: Vec<CouncilOp>, epoch: u64, exec_nonce: u64) -> Op {
    let member = SecretKey::dev("golden", "member");
    let signed = (epoch, exec_nonce, &ops);
    let TxBody { genesis, chain_id, .. } = plain();
    let message = signed_bytes_on(SignTag::CouncilVote, &genesis, chain_id, &signed);
    let witnesses = vec![Witness { key: member.public(), signature: member.sign(&message) }];
    Op::CouncilExec(CouncilExec { ops, epoch, exec_nonce, witnesses })
}

/// A transaction without operations.
fn plain() -> TxBody {
    TxBody {
        genesis: Hash([0xaa; 32]),
        chain_id: 0x0102_0304,
        sender: Address::of(&KeyPolicy::Single(SecretKey::dev("golden", "0").public())),
        nonce: 1,
        valid_until: 1_700_000_000_000,
        sponsor: None,
        memo: None,
        ops: vec![],
    }
}

/// One of each operation of the council.
fn every_council_op() -> Vec<CouncilOp> {
    let address = |n| Address([n; 32]);
    let key = |n: u32| SecretKey::dev("golden", &n.to_string()).public();
    let validator = Validator { key: key(1), peer: key(2), power: 3, name: "new".to_owned() };
    vec![
        council::freeze(address(30), true, false),
        council::unfreeze(address(31)),
        council::set_hold(address(32), 3, 4),
        council::confirm_freeze(address(33), Hash([34; 32])),
        council::seize(address(34), 5, Some(address(35))),
        council::pause(&[Scope::Transfer, Scope::Bridge], 40),
        council::short_pause(&[Scope::RedeemNew], 41),
        council::unpause(&Scope::ALL),
        council::grant(Role::Bridge, address(60), 60),
        council::revoke(Role::MintController, address(61)),
        council::post_incident(IncidentKind::Legal, Severity::High, Hash([110; 32])),
        council::set_document(DocumentKind::Privacy, Hash([111; 32]), "https://example.org/p"),
        council::validator_add(validator),
        council::validator_remove(key(1)),
        council::validator_rotate(key(1), key(2), key(3)),
        council::council_set(&[Holder(0), Holder(1), Member(2)], [1, 2, 2, 3]),
        council::set_delay(Class::C, 131),
        council::schedule_upgrade(2, Hash([132; 32]), 1_000),
    ]
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
    let mut bodies: Vec<_> = every_op()
        .into_iter()
        .map(|op| (op.name().to_owned(), TxBody { ops: vec![op], ..plain() }))
        .collect();
    for council_op in every_council_op() {
        let name = format!("proposal of {}", council_op.name());
        bodies.push((name, TxBody { ops: vec![op::propose([council_op])], ..plain() }));
    }
    let with_memo = TxBody { memo: Some(b"memo".to_vec()), ops: every_op(), ..plain() };
    bodies.push(("all operations, with a memo".to_owned(), with_memo.clone()));
    let sponsor = Some(Address([0xbb; 32]));
    bodies.push(("all operations, sponsored".to_owned(), TxBody { sponsor, ..with_memo }));
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

#[test]
fn headers_votes_and_committees_are_as_committed() {
    let mut golden = Golden::new("consensus.txt");
    let header = Header {
        version: Header::VERSION,
        genesis: Hash([1; 32]),
        height: 2,
        parent: Hash([3; 32]),
        time: 4,
        proposer: PublicKey([5; 32]),
        payload: ballast_primitives::Payload { batches: vec![Hash([6; 32])] }.digest(),
        executed_height: 7,
        state_root: Hash([8; 32]),
        receipts_root: Hash([9; 32]),
        validators: Hash([10; 32]),
        next_validators: Hash([11; 32]),
    };
    golden.bytes("header", &codec::encode(&header));
    golden.text("header id", header.id());
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
    let mut world = World::from(&genesis);
    golden.text("state root 0", world.state.root());
    for (height, txs) in scenario(&mut world).into_iter().enumerate() {
        let height = height + 1;
        let outcome = world.block(&txs);
        for (n, receipt) in outcome.receipts.iter().enumerate() {
            golden.bytes(&format!("receipt {height}.{n}"), &codec::encode(receipt));
        }
        for (index, code) in &outcome.dropped {
            golden.text(&format!("dropped {height}.{index}"), code);
        }
        golden.text(&format!("receipts root {height}"), outcome.receipts_root);
        golden.text(&format!("state root {height}"), world.state.root());
    }
    for leaf in world.state.changes() {
        golden.bytes(&format!("leaf {}", leaf.slot), &[leaf.key, leaf.value].concat());
    }
    golden.check();
}

/// Every operation once, a failure, a sponsor, a memo and a transaction that is dropped.
fn scenario(world: &mut World) -> Vec<Vec<VerifiedTx>> {
    let (custodian, minter) = (Officer(Role::Custodian), Officer(Role::Minter));
    let (registrar, compliance) = (Officer(Role::Registrar), Officer(Role::Compliance));
    let start = world.now();
    let new = KeyPolicy::Single(SecretKey::dev("golden", "new").public());
    let deposit = deposit_id(&custodian.address(), "ref 1");
    let (h0, h1) = (Holder(0).address(), Holder(1).address());
    let allowance = 200_000_000 * DOLLAR;
    let mut memo = world.body(Holder(0), vec![op::transfer(Holder(1), 2 * DOLLAR)]);
    memo.memo = Some(b"rent".to_vec());
    let memo = unsigned(memo, &Holder(0).keys());
    let mut sponsored = world.body(Holder(2), vec![op::transfer(Holder(3), 3)]);
    sponsored.sponsor = Some(h1);
    let sponsored = unsigned(sponsored, &[Holder(2).keys(), Holder(1).keys()].concat());
    let protective = world.council_exec(
        [
            council::pause(&[Scope::Mint], start + DAY),
            council::revoke(Role::Bridge, Officer(Role::Bridge).address()),
        ],
        &[Member(0), Member(1), Member(2)],
    );
    let grant = vec![council::grant(Role::Bridge, Holder(3).address(), start + DAY)];
    let lift = vec![council::unfreeze(h1), council::unpause(&[Scope::Mint])];
    let mut tx = |who, ops| world.tx(who, ops);
    vec![
        vec![
            memo.clone(),
            sponsored,
            tx(custodian, vec![op::deposit("ref 1", 50 * DOLLAR, h0)]),
            tx(registrar, vec![op::register(new, 0, start + DAY)]),
            tx(Holder(0), vec![op::transfer(Holder(1), 1), op::transfer(Holder(1), 0)]),
        ],
        vec![
            memo,
            tx(
                Officer(Role::MintController),
                vec![op::allowance(minter.address(), allowance, 60 * DOLLAR)],
            ),
            tx(minter, vec![op::mint(deposit, 20 * DOLLAR)]),
            tx(Holder(0), vec![op::transfer(minter, 10 * DOLLAR)]),
            tx(minter, vec![op::burn(4 * DOLLAR)]),
        ],
        vec![
            tx(Holder(1), vec![op::transfer(Holder(0), 1)]),
            tx(compliance, vec![op::freeze(h1, false, true)]),
            tx(Member(1), vec![protective]),
            tx(Member(0), vec![op::propose(grant.clone())]),
            tx(Member(1), vec![op::vote(1, ops_digest(&grant), Choice::Yes)]),
            tx(Member(2), vec![op::vote(1, ops_digest(&grant), Choice::Yes)]),
            tx(Member(3), vec![op::execute(1)]),
        ],
        vec![
            tx(Member(0), vec![op::propose(lift.clone())]),
            tx(Member(1), vec![op::vote(2, ops_digest(&lift), Choice::No)]),
        ],
        vec![],
    ]
}

#[test]
fn codes_and_names_are_as_committed() {
    let mut golden = Golden::new("codes.txt");
    for code in Code::ALL {
        golden.text(&code.number().to_string(), code.name());
    }
    for op in every_op() {
        golden.text(&format!("op {}", codec::encode(&op)[0]), op.name());
    }
    for op in every_council_op() {
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
