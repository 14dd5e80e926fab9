//! Reading back what was written gives the same value; what stands for no value is refused.

use std::collections::BTreeSet;
use std::io::{self, Read};

use ballast_primitives::{Header, SecretKey};
use ballast_runtime::object::*;
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::propose::Propose;
use ballast_runtime::replay::ReplayWindow;
use ballast_runtime::tx::Witness;
use ballast_runtime::{Code, CouncilOp, Event, Op, Outcome, Receipt, TxBody};
use borsh::BorshDeserialize;

use super::*;
use crate::schema::schema;

const WIRE: Wire = Wire::new(Network::Dev);

fn key(label: &str) -> SecretKey {
    SecretKey::dev("convert", label)
}

fn address(label: &str) -> Address {
    Address::of(&KeyPolicy::Single(key(label).public()))
}

fn two_of_three() -> KeyPolicy {
    KeyPolicy::threshold(2, ["a", "b", "c"].map(|label| key(label).public()).to_vec()).unwrap()
}

/// A byte to begin with, then bytes of which most are zero, so that most lengths and kinds among
/// them are of something.
struct Bytes {
    first: Option<u8>,
    seed: u64,
    left: usize,
}

impl Read for Bytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(self.left);
        self.left -= count;
        for byte in &mut into[..count] {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            let random = self.seed.to_be_bytes();
            *byte = self.first.take().unwrap_or(if random[0] < 230 { 0 } else { random[1] % 5 });
        }
        Ok(count)
    }
}

/// Some values of a type, whatever they mean; those of an enumeration under one number.
fn some<T: BorshDeserialize>(first: Option<u8>) -> impl Iterator<Item = T> {
    let value = move |seed: u64| {
        T::deserialize_reader(&mut Bytes {
            first,
            seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            left: 4_096,
        })
    };
    (1..2_000).filter_map(move |seed| value(seed).ok()).take(50)
}

/// The choices of a message: stable name, number.
fn choices(message: &str) -> Vec<(String, u8)> {
    let choices = schema().choices(message).into_iter();
    choices.map(|(name, number)| (name, u8::try_from(number).unwrap())).collect()
}

/// Some of each choice, which must go by the name and the number of the message's field.
fn some_of_each<T: BorshDeserialize>(message: &str, name: fn(&T) -> &'static str) -> Vec<T> {
    let each = choices(message).into_iter().flat_map(|(expected, number)| {
        let values: Vec<T> = some(Some(number)).collect();
        assert!(!values.is_empty(), "{expected} decodes from nothing that was tried");
        assert!(values.iter().all(|value| name(value) == expected), "{expected} is {number}");
        values
    });
    each.collect()
}

/// How many kinds an enumeration of the chain has: as many as first bytes that decode.
fn kinds<T: BorshDeserialize>() -> usize {
    (0..=u8::MAX).filter(|number| some::<T>(Some(*number)).next().is_some()).count()
}

fn every_council_op() -> Vec<CouncilOp> {
    some_of_each("CouncilOperation", CouncilOp::name)
}

fn witnesses() -> Vec<Witness> {
    some(None).take(3).collect()
}

fn every_op() -> Vec<Op> {
    let mut ops = some_of_each("Operation", Op::name);
    let (epoch, exec_nonce, witnesses) = (1, 2, witnesses());
    ops.push(Op::Propose(Propose { ops: every_council_op() }));
    let exec = CouncilExec { ops: every_council_op(), epoch, exec_nonce, witnesses };
    ops.push(Op::CouncilExec(exec));
    ops
}

fn every_event() -> Vec<Event> {
    some_of_each("Event", Event::name)
}

#[test]
fn messages_have_a_choice_for_every_operation_and_event_of_the_chain() {
    assert_eq!(choices("Operation").len(), kinds::<Op>());
    assert_eq!(choices("CouncilOperation").len(), kinds::<CouncilOp>());
    assert_eq!(choices("Event").len(), kinds::<Event>());
    let names: BTreeSet<_> = choices("Event").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, EVENT_NAMES.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn every_event_reads_back() {
    for event in every_event() {
        assert_eq!(WIRE.read_event(&WIRE.event(&event)), Ok(event));
    }
}

#[test]
fn every_operation_of_the_council_reads_back() {
    for op in every_council_op() {
        assert_eq!(WIRE.read_council_op(&WIRE.council_op(&op)), Ok(op));
    }
}

#[test]
fn every_op_reads_back_inside_its_transaction() {
    let body = TxBody {
        genesis: Hash([1; 32]),
        chain_id: 2,
        sender: address("a"),
        nonce: 3,
        valid_until: 4,
        sponsor: Some(address("b")),
        memo: Some(vec![0, 255]),
        ops: every_op(),
    };
    let bare = TxBody { sponsor: None, memo: None, ..body.clone() };
    for tx in [body.sign(&[&key("a"), &key("b")]), bare.sign(&[&key("a")])] {
        let shown = WIRE.transaction(&tx);
        assert_eq!(shown.tx_id, tx.body.id().to_string());
        assert_eq!(WIRE.read_transaction(&shown), Ok(tx));
    }
}

/// Values of a type read back from what shows them.
fn read_back<T, W>()
where
    T: Field<W> + BorshDeserialize + PartialEq + std::fmt::Debug,
{
    let mut tried = 0;
    for value in some::<T>(None) {
        let shown: W = WIRE.show(&value);
        assert_eq!(WIRE.read("it", &shown), Ok(value));
        tried += 1;
    }
    assert!(tried > 0, "{} decodes from nothing that was tried", std::any::type_name::<T>());
}

#[test]
fn every_object_reads_back() {
    read_back::<Supply, v1::Supply>();
    read_back::<Checkpoint, v1::SupplyPoint>();
    read_back::<Report, v1::Report>();
    read_back::<Minter, v1::Minter>();
    read_back::<Council, v1::Council>();
    read_back::<Proposal, v1::Proposal>();
    read_back::<PauseState, v1::PauseState>();
    read_back::<Incident, v1::Incident>();
    read_back::<Document, v1::Document>();
    read_back::<Policy, v1::Policy>();
    read_back::<Terms, v1::Terms>();
    read_back::<Deposit, v1::Deposit>();
    read_back::<Redemption, v1::Redemption>();
    read_back::<Payout, v1::Payout>();
    read_back::<Bridge, v1::Bridge>();
    read_back::<Institution, v1::Institution>();
    read_back::<Allowance, v1::Allowance>();
    read_back::<Upgrade, v1::Upgrade>();
    read_back::<ballast_primitives::Validator, v1::Validator>();
}

/// The chain's name of each kind is that of the message, behind its prefix.
fn same_names<T: Field<i32> + Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    shown: fn(i32) -> String,
) {
    for kind in all {
        let number: i32 = WIRE.show(kind);
        assert!(shown(number).ends_with(&format!("_{}", name(*kind))), "{}", shown(number));
        assert!(T::read(&WIRE, "it", &number).is_ok());
    }
    assert!(T::read(&WIRE, "it", &0).is_err() && T::read(&WIRE, "it", &99).is_err());
}

macro_rules! same_names {
    ($($kind:ident => $shown:ident)*) => {$(
        same_names(&$kind::ALL, $kind::name, |number| {
            v1::$shown::try_from(number).unwrap().as_str_name().to_owned()
        });
    )*};
}

#[test]
fn kinds_and_states_go_by_the_chains_names() {
    same_names! {
        Role => Role Scope => PauseScope Class => CouncilClass ProposalStatus => ProposalStatus
        RedemptionStatus => RedemptionStatus ReportKind => ReportKind
        ReportStatus => ReportStatus Assurance => Assurance Opinion => Opinion
        Category => AssetCategory IncidentKind => IncidentKind Severity => Severity
        DocumentKind => DocumentKind
    }
}

#[test]
fn receipts_of_success_and_of_every_failure_read_back() {
    let failures = Code::ALL.iter().map(|code| Outcome::Failed { op: 15, code: *code });
    for outcome in failures.chain([Outcome::Success]) {
        let receipt = Receipt {
            tx: Hash([1; 32]),
            sender: address("a"),
            nonce: 2,
            height: 3,
            index: 4,
            outcome,
            events: every_event(),
        };
        assert_eq!(WIRE.read_receipt(&WIRE.receipt(&receipt)), Ok(receipt));
    }
}

#[test]
fn accounts_grants_and_headers_read_back() {
    let account = Account {
        policy: two_of_three(),
        balance: 1,
        hold: u64::MAX,
        freeze: FreezeState { inbound: true, until: 2, order: Hash([3; 32]), ..Default::default() },
        replay: ReplayWindow { high: 4, seen: u128::MAX - 5 },
        kyc_class: 6,
        kyc_until: 7,
        institution: 8,
        memo_required: true,
        quota: Bucket { used_milli: 9, at: 10 },
        objects: 11,
    };
    let shown = WIRE.account(&address("a"), &account);
    assert_eq!(shown.available_micros, 0);
    assert_eq!(WIRE.read_account(&shown), Ok((address("a"), account)));

    let grant = RoleGrant { valid_until: 1 };
    for held in Role::ALL {
        let shown = WIRE.role_grant(held, &address("a"), &grant);
        assert_eq!(WIRE.read_role_grant(&shown), Ok((held, address("a"), grant)));
    }

    let header = Header {
        version: 1,
        genesis: Hash([1; 32]),
        height: 2,
        parent: Hash([3; 32]),
        parent_round: 5,
        time: 4,
        proposer: key("a").public(),
        payload: Hash([5; 32]),
        executed_height: 6,
        state_root: Hash([7; 32]),
        receipts_root: Hash([8; 32]),
        validators: Hash([9; 32]),
        next_validators: Hash([10; 32]),
    };
    let shown = WIRE.header(&header);
    assert_eq!(shown.block_id, header.id().to_string());
    assert_eq!(WIRE.read_header(&shown), Ok(header));
}

#[test]
fn what_stands_for_no_value_is_refused_and_the_field_named() {
    let address = address("a").display(Network::Main);
    let error = WIRE.read_address("to", &address).unwrap_err();
    assert_eq!(error.field, "to");
    assert!(error.problem.contains("mainnet") && error.problem.contains("devnet"), "{error}");
    let z = "z".repeat(64);
    for text in ["", "0x", &"a".repeat(63), &"a".repeat(65), &z, &format!("0x{}", "a".repeat(62))] {
        assert_eq!(read_hash("tx_id", text).unwrap_err().field, "tx_id", "{text}");
    }
    for text in ["", "-1", "+1", "1.0", "340282366920938463463374607431768211456"] {
        assert!(read_total("total", text).is_err(), "{text}");
    }
    assert!(u8::read(&WIRE, "class", &256u32).is_err());
    assert!(<[u8; 2]>::read(&WIRE, "country", &"USA".to_owned()).is_err());
    assert!(<[u8; 4]>::read(&WIRE, "thresholds", &vec![1u32, 2, 3]).is_err());
    assert!(WIRE.read_event(&v1::Event::default()).is_err());
    assert!(WIRE.read_op(&v1::Operation::default()).is_err());
    assert!(read_signature("signature", &[0; 63]).is_err());
}
