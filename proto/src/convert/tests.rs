//! Reading back what was written gives the same value; what stands for no value is refused.

use ballast_primitives::{Header, SecretKey, Validator};
use ballast_runtime::object::{Account, Bucket, FreezeState, Minter, RoleGrant, Supply};
use ballast_runtime::ops;
use ballast_runtime::replay::ReplayWindow;
use ballast_runtime::{Code, Event, Op, Outcome, Receipt, TxBody};

use super::*;

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

fn every_event() -> Vec<Event> {
    let (a, b, h) = (address("a"), address("b"), Hash([7; 32]));
    let memo = Some(b"INV-17".to_vec());
    vec![
        Event::Transferred { from: a, to: b, amount: u64::MAX, memo },
        Event::Transferred { from: a, to: b, amount: 1, memo: None },
        Event::DepositConfirmed {
            deposit: h,
            custodian: a,
            beneficiary: b,
            amount: 2,
            final_at: 3,
        },
        Event::Minted { deposit: h, minter: a, to: b, amount: 4 },
        Event::Burned { minter: a, amount: 5 },
        Event::MinterConfigured { minter: a, allowance: 6 },
        Event::Frozen { account: a, inbound: true, outbound: false, until: Some(7), order: h },
        Event::Frozen { account: a, inbound: false, outbound: true, until: None, order: h },
        Event::Unfrozen { account: a },
        Event::Paused { scope: Scope::RedeemNew, until: 8 },
        Event::Unpaused { scope: Scope::Bridge },
        Event::AccountRegistered { account: a, kyc_class: 255, institution: u32::MAX },
        Event::RoleGranted { role: Role::Attestor, holder: a, valid_until: 9 },
        Event::RoleRevoked { role: Role::Council, holder: a },
    ]
}

fn every_op() -> Vec<Op> {
    let (a, h) = (address("a"), Hash([7; 32]));
    let bank_ref = "SEPA 1".to_owned();
    let scopes = Scope::ALL.to_vec();
    let register = |policy| ops::register_account::RegisterAccount {
        policy,
        kyc_class: 2,
        kyc_until: 3,
        institution: 4,
        memo_required: true,
    };
    vec![
        Op::Transfer(ops::transfer::Transfer { to: a, amount: 1 }),
        Op::DepositConfirm(ops::deposit_confirm::DepositConfirm {
            bank_ref,
            amount: 2,
            beneficiary: a,
        }),
        Op::Mint(ops::mint::Mint { deposit: h, amount: 3 }),
        Op::Burn(ops::burn::Burn { amount: 4 }),
        Op::SetMinterAllowance(ops::set_minter_allowance::SetMinterAllowance {
            minter: a,
            expected: 5,
            new: 6,
        }),
        Op::Freeze(ops::freeze::Freeze { account: a, inbound: true, outbound: false, order: h }),
        Op::Unfreeze(ops::unfreeze::Unfreeze { account: a }),
        Op::Pause(ops::pause::Pause { scopes: scopes.clone(), until: 7 }),
        Op::Unpause(ops::unpause::Unpause { scopes }),
        Op::RegisterAccount(register(KeyPolicy::Single(key("a").public()))),
        Op::RegisterAccount(register(two_of_three())),
        Op::GrantRole(ops::grant_role::GrantRole { role: Role::Minter, holder: a, valid_until: 8 }),
        Op::RevokeRole(ops::revoke_role::RevokeRole { role: Role::Bridge, holder: a }),
    ]
}

#[test]
fn every_event_reads_back_and_has_a_listed_name() {
    let mut names = std::collections::BTreeSet::new();
    for event in every_event() {
        assert_eq!(WIRE.read_event(&WIRE.event(&event)), Ok(event.clone()));
        assert!(EVENT_NAMES.contains(&event.name()), "{}", event.name());
        names.insert(event.name());
    }
    assert_eq!(names.len(), EVENT_NAMES.len());
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
fn objects_and_headers_read_back() {
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
    };
    let shown = WIRE.account(&address("a"), &account);
    assert_eq!(shown.available_micros, 0);
    assert_eq!(WIRE.read_account(&shown), Ok((address("a"), account)));

    let supply = Supply { total: u128::MAX, cap: 1, cum_payout: 2, ..Supply::default() };
    assert_eq!(WIRE.read_supply(&WIRE.supply(&supply)), Ok(supply));
    let minter = Minter { allowance: 1, per_tx: 2, suspended: true };
    assert_eq!(WIRE.read_minter(&WIRE.minter(&minter)), minter);
    let grant = RoleGrant { valid_until: 1 };
    for held in Role::ALL {
        let shown = WIRE.role_grant(held, &address("a"), &grant);
        assert_eq!(WIRE.read_role_grant(&shown), Ok((held, address("a"), grant)));
    }
    let validator = Validator {
        key: key("a").public(),
        peer: key("b").public(),
        power: 1,
        name: "validator-1".to_owned(),
    };
    assert_eq!(WIRE.read_validator(&WIRE.validator(&validator)), Ok(validator));

    let header = Header {
        version: 1,
        genesis: Hash([1; 32]),
        height: 2,
        parent: Hash([3; 32]),
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
    assert!(read_role("role", 0).is_err() && read_role("role", 11).is_err());
    assert!(read_scope("scope", 0).is_err() && read_scope("scope", 5).is_err());
    assert!(WIRE.read_event(&v1::Event::default()).is_err());
    assert!(WIRE.read_op(&v1::Operation::default()).is_err());
    assert!(read_signature("signature", &[0; 63]).is_err());
}
