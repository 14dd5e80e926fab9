//! Accounts, institutions and keys.

use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, SecretKey};
use ballast_runtime::object::{Account, Bucket, FreezeState, Institution, Key, Object, Scope};
use ballast_runtime::ops::register_account::RegisterAccount;
use ballast_runtime::ops::set_institution::SetInstitution;
use ballast_runtime::ops::set_kyc::SetKyc;
use ballast_runtime::replay::ReplayWindow;
use ballast_runtime::{Code, Event, Op};

use crate::common::Who::Holder;
use crate::common::{World, council, op, unsigned};
use crate::{MINTER, NOBODY, REGISTRAR, decodes, frozen, refused_in_order};

/// Not a point of the curve.
const BAD_KEY: PublicKey = PublicKey([0; 32]);
/// A known institution.
const BANK: u32 = 7;

fn key(n: u32) -> SecretKey {
    SecretKey::dev("new", &n.to_string())
}

fn public(n: u32) -> PublicKey {
    key(n).public()
}

fn two_of_three() -> KeyPolicy {
    KeyPolicy::threshold(2, vec![public(2), public(3), public(4)]).unwrap()
}

/// Policies that break TX-14 in each way, but have few enough keys to decode.
fn bad_policies() -> Vec<KeyPolicy> {
    let mut two = vec![public(2), public(3)];
    two.sort_unstable();
    let descending = two.iter().rev().copied().collect();
    vec![
        KeyPolicy::Single(BAD_KEY),
        KeyPolicy::Threshold { k: 1, keys: Vec::new() },
        KeyPolicy::Threshold { k: 0, keys: two.clone() },
        KeyPolicy::Threshold { k: 3, keys: two },
        KeyPolicy::Threshold { k: 1, keys: descending },
        KeyPolicy::Threshold { k: 1, keys: vec![public(2); 2] },
    ]
}

fn world_with_bank() -> World {
    let mut world = World::new();
    world.run(REGISTRAR, op::set_institution(BANK, "Bank", public(0))).unwrap();
    world
}

/// A policy of `keys` keys, good or not.
fn policy_of(keys: usize) -> KeyPolicy {
    KeyPolicy::Threshold { k: 1, keys: vec![public(2); keys] }
}

#[test]
fn a_registration_is_refused_in_order_and_then_opens_an_empty_account() {
    let mut world = world_with_bank();
    let mut op = RegisterAccount {
        policy: KeyPolicy::Single(Holder(0).key().public()),
        kyc_class: 3,
        kyc_until: world.now(),
        institution: BANK + 1,
        memo_required: true,
    };
    for who in [Holder(0), MINTER] {
        assert_eq!(world.try_run(who, Op::RegisterAccount(op.clone())), Err(Code::Unauthorized));
    }
    refused_in_order(
        (&mut world, REGISTRAR, &mut op),
        Op::RegisterAccount,
        &[
            (Code::AlreadyRegistered, |_, op| op.policy = KeyPolicy::Single(BAD_KEY)),
            (Code::BadPolicy, |_, op| op.policy = two_of_three()),
            (Code::InvalidArgument, |_, op| op.kyc_class = 2),
            (Code::InvalidArgument, |world, op| op.kyc_until = world.now() + 1),
            (Code::InvalidArgument, |_, op| op.institution = BANK),
        ],
    );
    let no_quota = RegisterAccount { kyc_class: 3, ..op.clone() };
    let refused = world.try_run(REGISTRAR, Op::RegisterAccount(no_quota));
    assert_eq!(refused, Err(Code::InvalidArgument), "classes 0 to 2 have a quota");
    for policy in bad_policies() {
        let bad = RegisterAccount { policy, ..op.clone() };
        assert_eq!(world.try_run(REGISTRAR, Op::RegisterAccount(bad)), Err(Code::BadPolicy));
    }
    for (policy, kyc_class, institution) in
        [(two_of_three(), 2, BANK), (KeyPolicy::Single(public(5)), 0, 0)]
    {
        let account = Address::of(&policy);
        let kyc_until = world.now() + 1;
        let len = world.state.len();
        let op = RegisterAccount { policy, kyc_class, kyc_until, institution, ..op.clone() };
        assert_eq!(
            world.run(REGISTRAR, Op::RegisterAccount(op.clone())),
            Ok(vec![Event::AccountRegistered { account, kyc_class, institution }])
        );
        let opened = Account {
            policy: op.policy,
            balance: 0,
            hold: 0,
            freeze: FreezeState::default(),
            replay: ReplayWindow::default(),
            kyc_class,
            kyc_until,
            institution,
            memo_required: true,
            quota: Bucket::default(),
            objects: 0,
        };
        assert_eq!(world.state.account(&account), Some(&opened));
        assert_eq!(world.state.len(), len + 1);
    }
}

#[test]
fn a_registration_is_changed_in_order_and_only_where_the_operation_says() {
    let mut world = world_with_bank();
    let account = Holder(1).address();
    let mut op = SetKyc {
        account: NOBODY,
        kyc_class: 3,
        kyc_until: 0,
        institution: BANK + 1,
        memo_required: true,
    };
    assert_eq!(world.try_run(MINTER, Op::SetKyc(op)), Err(Code::Unauthorized));
    refused_in_order(
        (&mut world, REGISTRAR, &mut op),
        Op::SetKyc,
        &[
            (Code::UnknownTarget, |_, op| op.account = Holder(1).address()),
            (Code::InvalidArgument, |_, op| op.kyc_class = 0),
            (Code::InvalidArgument, |_, op| op.institution = BANK),
        ],
    );
    world.edit_account(Holder(1), |account| {
        account.hold = 3;
        account.freeze = frozen(true, true);
    });
    let before = world.account(Holder(1)).clone();
    let (kyc_class, kyc_until, institution, memo_required) = (0, 0, BANK, true);
    assert_eq!(
        world.run(REGISTRAR, Op::SetKyc(op)),
        Ok(vec![Event::KycSet { account, kyc_class, kyc_until, institution, memo_required }]),
        "a registration may be ended"
    );
    let after = Account { kyc_class, kyc_until, institution, memo_required, ..before };
    assert_eq!(world.account(Holder(1)), &after);
    let renewed = op::set_kyc(account, 1, u64::MAX, 0);
    assert!(world.run(REGISTRAR, renewed).is_ok(), "0 stands for no institution");
    assert_eq!(world.account(Holder(1)).institution, 0);
}

#[test]
fn an_institution_is_refused_in_order_then_made_and_then_changed() {
    let mut world = World::new();
    let mut op = SetInstitution { institution: BANK, name: "Bank".to_owned(), key: BAD_KEY };
    assert_eq!(world.try_run(MINTER, Op::SetInstitution(op.clone())), Err(Code::Unauthorized));
    refused_in_order(
        (&mut world, REGISTRAR, &mut op),
        Op::SetInstitution,
        &[(Code::BadPolicy, |_, op| op.key = public(0))],
    );
    let len = world.state.len();
    for (name, key) in [("Bank", public(0)), ("Another Bank", public(1))] {
        let (institution, name) = (BANK, name.to_owned());
        let set = Event::InstitutionSet { institution, name: name.clone(), key };
        assert_eq!(world.run(REGISTRAR, op::set_institution(BANK, &name, key)), Ok(vec![set]));
        let stored = world.state.get(&Key::Institution(BANK));
        assert_eq!(stored, Some(&Object::Institution(Institution { name, key })));
        assert_eq!(world.state.len(), len + 1);
    }
}

#[test]
fn a_key_policy_is_rotated_by_its_owner_and_the_address_stays() {
    let mut world = World::new();
    let account = Holder(1).address();
    for policy in bad_policies() {
        assert_eq!(world.try_run(Holder(1), op::rotate_key(policy)), Err(Code::BadPolicy));
    }
    world.set_pause(Scope::Transfer, u64::MAX);
    world.edit_account(Holder(1), |account| account.freeze = frozen(true, true));
    let before = world.account(Holder(1)).clone();
    let rotated = Event::KeyRotated { account, document: None };
    let events = world.run(Holder(1), op::rotate_key(two_of_three()));
    assert_eq!(events, Ok(vec![rotated]), "frozen and paused or not");
    let (replay, quota) = (world.account(Holder(1)).replay, world.account(Holder(1)).quota);
    let after = Account { policy: two_of_three(), replay, quota, ..before };
    assert_eq!(world.account(Holder(1)), &after);
    // From the next transaction on only the new keys sign.
    let back = op::rotate_key(KeyPolicy::Single(Holder(1).key().public()));
    assert_eq!(world.run(Holder(1), back.clone()), Err(Code::BadSignature));
    let body = world.body(Holder(1), vec![back]);
    assert_eq!(world.clone().send(unsigned(body.clone(), &[key(2)])), Err(Code::BadSignature));
    assert!(world.send(unsigned(body, &[key(2), key(4)])).is_ok());
}

#[test]
fn the_council_replaces_a_lost_key_policy_with_a_document() {
    let mut world = World::new();
    let (account, document) = (Holder(1).address(), Hash([4; 32]));
    let recover = |account, policy| council::recover_key(account, policy, document);
    let bad = KeyPolicy::Single(BAD_KEY);
    assert_eq!(world.try_by_council([recover(NOBODY, bad)]), Err(Code::UnknownTarget));
    for policy in bad_policies() {
        assert_eq!(world.try_by_council([recover(account, policy)]), Err(Code::BadPolicy));
    }
    let before = world.account(Holder(1)).clone();
    let replaced = Event::KeyRotated { account, document: Some(document) };
    assert_eq!(world.by_council([recover(account, two_of_three())]), Ok(vec![replaced]));
    assert_eq!(world.account(Holder(1)), &Account { policy: two_of_three(), ..before });
}

#[test]
fn operations_of_accounts_decode_within_their_bounds() {
    for (keys, good) in [(0, true), (16, true), (17, false)] {
        let policy = policy_of(keys);
        assert_eq!(decodes(op::register(policy.clone(), 0, 0)), good, "{keys} keys");
        assert_eq!(decodes(op::rotate_key(policy.clone())), good, "{keys} keys");
        let recover = council::recover_key(NOBODY, policy, Hash::default());
        assert_eq!(decodes(op::propose([recover])), good, "{keys} keys");
    }
    for (bytes, good) in [(0, false), (1, true), (64, true), (65, false)] {
        let named = op::set_institution(1, &"x".repeat(bytes), BAD_KEY);
        assert_eq!(decodes(named), good, "a name of {bytes} bytes");
    }
    assert!(!decodes(op::set_institution(0, "Bank", BAD_KEY)), "0 stands for no institution");
}
