//! Each operation: every refusal in order of precedence, then its exact effect. The tables start
//! with everything wrong at once and put one thing right per line.

mod common;

use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, SecretKey};
use ballast_runtime::object::{FreezeState, Role, RoleGrant, Scope};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::{Code, Event};
use common::Who::{Holder, Officer};
use common::{BALANCE, COUNCIL, DAY, DOLLAR, HOUR, World, op, unsigned};

const MINTER: common::Who = Officer(Role::Minter);
const CUSTODIAN: common::Who = Officer(Role::Custodian);
const COMPLIANCE: common::Who = Officer(Role::Compliance);
const NOBODY: Address = Address([5; 32]);

fn frozen(inbound: bool, outbound: bool) -> FreezeState {
    FreezeState { inbound, outbound, confirmed: true, ..FreezeState::default() }
}

#[test]
fn a_transfer_is_refused_in_order_and_then_moves_exactly_its_amount() {
    let mut world = World::new();
    let (from, to) = (Holder(0), Holder(1));
    world.set_pause(Scope::Transfer, u64::MAX);
    world.edit_account(from, |account| account.freeze = frozen(false, true));
    world.edit_account(to, |account| {
        account.kyc_until = 0;
        account.freeze = frozen(true, false);
        account.memo_required = true;
    });
    let zero = op::transfer(to, 0);
    assert_eq!(world.try_run(from, zero.clone()), Err(Code::Paused));
    world.set_pause(Scope::Transfer, world.now());
    assert_eq!(world.try_run(from, zero.clone()), Err(Code::KycExpired));
    let ends = world.now() + 1;
    world.edit_account(to, |account| account.kyc_until = ends);
    assert_eq!(world.try_run(from, zero.clone()), Err(Code::AccountFrozen));
    world.edit_account(to, |account| account.freeze = frozen(false, true));
    assert_eq!(world.try_run(from, zero.clone()), Err(Code::AccountFrozen), "the sender still is");
    world.edit_account(from, |account| account.freeze = frozen(true, false));
    assert_eq!(world.try_run(from, zero), Err(Code::ZeroAmount));
    world.edit_account(from, |account| account.freeze = FreezeState::default());
    assert_eq!(world.try_run(from, op::transfer(from, u64::MAX)), Err(Code::SelfTransfer));
    let unknown = op::transfer_to(NOBODY, u64::MAX);
    assert_eq!(world.try_run(from, unknown), Err(Code::UnknownRecipient));
    let too_much = op::transfer(to, BALANCE + 1);
    assert_eq!(world.try_run(from, too_much.clone()), Err(Code::MemoRequired));
    world.edit_account(to, |account| account.memo_required = false);
    assert_eq!(world.try_run(from, too_much), Err(Code::InsufficientAvailable));
    let all = op::transfer(to, BALANCE);
    let mut full = world.clone();
    full.set_cap(u128::MAX);
    full.set_balance(to, u64::MAX - BALANCE + 1);
    assert_eq!(full.try_run(from, all.clone()), Err(Code::Overflow));
    let moved =
        Event::Transferred { from: from.address(), to: to.address(), amount: BALANCE, memo: None };
    assert_eq!(world.run(from, all), Ok(vec![moved]));
    assert_eq!((world.balance(from), world.balance(to)), (0, 2 * BALANCE));
}

#[test]
fn a_memo_satisfies_a_recipient_that_needs_one_and_is_in_the_event() {
    let mut world = World::new();
    world.edit_account(Holder(1), |account| account.memo_required = true);
    let mut body = world.body(Holder(0), vec![op::transfer(Holder(1), 5)]);
    body.memo = Some(b"invoice 12".to_vec());
    let events = world.send(unsigned(body, &Holder(0).keys())).unwrap();
    let memo = Some(b"invoice 12".to_vec());
    let (from, to) = (Holder(0).address(), Holder(1).address());
    assert_eq!(events, [Event::Transferred { from, to, amount: 5, memo }]);
}

#[test]
fn a_payer_whose_registration_lapsed_may_pay_out_but_receives_nothing() {
    let mut world = World::new();
    world.edit_account(Holder(0), |account| account.kyc_until = 0);
    assert!(world.run(Holder(0), op::transfer(Holder(1), 5)).is_ok());
    assert_eq!(world.run(Holder(1), op::transfer(Holder(0), 5)), Err(Code::KycExpired));
}

#[test]
fn a_deposit_is_refused_in_order_and_then_recorded_whole() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    let beneficiary = Holder(1).address();
    assert_eq!(world.try_run(Holder(0), op::deposit("r", 0, NOBODY)), Err(Code::Unauthorized));
    let mut expired = world.clone();
    expired.set_grant(Role::Custodian, expired.now());
    assert_eq!(expired.try_run(CUSTODIAN, op::deposit("r", 0, NOBODY)), Err(Code::RoleExpired));
    expired.set_grant(Role::Custodian, 0);
    assert_eq!(
        expired.try_run(CUSTODIAN, op::deposit("r", 0, NOBODY)),
        Err(Code::Unauthorized),
        "a revoked role is no expired one"
    );
    assert_eq!(world.try_run(CUSTODIAN, op::deposit("r", 0, NOBODY)), Err(Code::ZeroAmount));
    let custodian = CUSTODIAN.address();
    let deposit = deposit_id(&custodian, "r");
    let final_at = world.now() + HOUR;
    assert_eq!(
        world.run(CUSTODIAN, op::deposit("r", 7, beneficiary)),
        Ok(vec![Event::DepositConfirmed { deposit, custodian, beneficiary, amount: 7, final_at }])
    );
    let stored = world.deposit(&deposit);
    assert_eq!((stored.amount, stored.minted, stored.final_at), (7, 0, final_at));
    assert_eq!((stored.bank_ref.as_str(), stored.beneficiary), ("r", beneficiary));
    assert_eq!(world.state.supply().cum_deposit, 7);
    assert_eq!(
        world.run(CUSTODIAN, op::deposit("r", 8, NOBODY)),
        Err(Code::DuplicateBankRef),
        "whatever the amount"
    );
    world.run(CUSTODIAN, op::deposit("R", 8, NOBODY)).expect("another reference, any beneficiary");
    assert_ne!(deposit_id(&MINTER.address(), "r"), deposit, "unique for its custodian only");
}

#[test]
fn a_mint_is_refused_in_order_and_then_makes_exactly_its_amount() {
    let mut world = World::new();
    let to = Holder(1);
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    world.run(CUSTODIAN, op::deposit("r", 100, to.address())).unwrap();
    let deposit = deposit_id(&CUSTODIAN.address(), "r");
    let kyc_until = world.account(to).kyc_until;
    world.set_pause(Scope::Mint, u64::MAX);
    world.set_grant(Role::Minter, world.now());
    world.edit_account(to, |account| {
        account.kyc_until = 0;
        account.freeze = frozen(true, false);
    });
    world.edit_minter(|minter| {
        minter.suspended = true;
        minter.per_tx = 50;
        minter.allowance = 40;
    });
    world.set_cap(world.state.supply().total + 30);
    let nothing = op::mint(deposit, 0);
    assert_eq!(world.try_run(Holder(0), nothing.clone()), Err(Code::Paused));
    world.set_pause(Scope::Mint, 0);
    assert_eq!(world.try_run(Holder(0), nothing.clone()), Err(Code::Unauthorized));
    assert_eq!(world.try_run(MINTER, nothing.clone()), Err(Code::RoleExpired));
    world.set_grant(Role::Minter, u64::MAX);
    assert_eq!(world.try_run(MINTER, nothing.clone()), Err(Code::KycExpired));
    world.edit_account(to, |account| account.kyc_until = kyc_until);
    assert_eq!(world.try_run(MINTER, nothing.clone()), Err(Code::AccountFrozen));
    world.edit_account(to, |account| account.freeze = frozen(false, true));
    assert_eq!(world.try_run(MINTER, nothing), Err(Code::ZeroAmount));
    let of_none = op::mint(Hash([1; 32]), 101);
    assert_eq!(world.try_run(MINTER, of_none), Err(Code::UnknownDeposit));
    let mint = |amount| op::mint(deposit, amount);
    assert_eq!(world.try_run(MINTER, mint(101)), Err(Code::MinterSuspended));
    world.edit_minter(|minter| minter.suspended = false);
    assert_eq!(world.try_run(MINTER, mint(101)), Err(Code::DepositNotFinal));
    world.wait(HOUR - 1_001);
    assert_eq!(world.try_run(MINTER, mint(101)), Err(Code::DepositNotFinal), "1 ms too early");
    world.wait(1);
    assert_eq!(world.try_run(MINTER, mint(101)), Err(Code::DepositExceeded));
    assert_eq!(world.try_run(MINTER, mint(100)), Err(Code::PerTxLimit));
    assert_eq!(world.try_run(MINTER, mint(50)), Err(Code::MinterAllowance));
    assert_eq!(world.try_run(MINTER, mint(40)), Err(Code::CapExceeded));
    let mut full = world.clone();
    full.set_cap(u128::MAX);
    full.set_balance(to, u64::MAX);
    assert_eq!(full.try_run(MINTER, mint(1)), Err(Code::Overflow));
    let minted = Event::Minted { deposit, minter: MINTER.address(), to: to.address(), amount: 30 };
    assert_eq!(world.run(MINTER, mint(30)), Ok(vec![minted]));
    assert_eq!(world.balance(to), BALANCE + 30);
    assert_eq!(world.state.minter(&MINTER.address()).unwrap().allowance, 10);
    assert_eq!(world.deposit(&deposit).minted, 30);
    let supply = world.state.supply();
    assert_eq!((supply.total, supply.cum_mint), (supply.cap, 30));
}

#[test]
fn a_mint_for_a_beneficiary_that_is_not_registered_waits_for_its_registration() {
    let mut world = World::new();
    let policy = KeyPolicy::Single(SecretKey::dev("late", "1").public());
    let beneficiary = Address::of(&policy);
    world.run(CUSTODIAN, op::deposit("r", 100, beneficiary)).unwrap();
    let mint = op::mint(deposit_id(&CUSTODIAN.address(), "r"), 100);
    assert_eq!(world.run(MINTER, mint.clone()), Err(Code::UnknownRecipient));
    let registration = op::register(policy, 0, world.now() + DAY);
    world.run(Officer(Role::Registrar), registration).unwrap();
    world.run(MINTER, mint).unwrap();
    assert_eq!(world.state.account(&beneficiary).unwrap().balance, 100);
}

#[test]
fn the_policy_limits_one_mint_where_the_minters_own_limit_is_higher() {
    let mut world = World::new();
    world.run(CUSTODIAN, op::deposit("r", 100, Holder(0).address())).unwrap();
    let deposit = deposit_id(&CUSTODIAN.address(), "r");
    world.edit_policy(|policy| policy.mint_per_tx_max = 10);
    assert_eq!(world.run(MINTER, op::mint(deposit, 11)), Err(Code::PerTxLimit));
    assert!(world.run(MINTER, op::mint(deposit, 10)).is_ok());
}

#[test]
fn a_burn_is_refused_in_order_and_then_destroys_exactly_its_amount() {
    let mut world = World::new();
    world.set_balance(MINTER, 100);
    world.set_pause(Scope::Mint, u64::MAX);
    world.edit_account(MINTER, |account| {
        account.freeze = frozen(false, true);
        account.hold = 40;
    });
    assert_eq!(world.try_run(MINTER, op::burn(0)), Err(Code::Paused));
    world.set_pause(Scope::Mint, 0);
    assert_eq!(world.try_run(Holder(0), op::burn(0)), Err(Code::Unauthorized));
    assert_eq!(world.try_run(MINTER, op::burn(0)), Err(Code::AccountFrozen));
    world.edit_account(MINTER, |account| account.freeze = FreezeState::default());
    assert_eq!(world.try_run(MINTER, op::burn(0)), Err(Code::ZeroAmount));
    assert_eq!(world.try_run(MINTER, op::burn(61)), Err(Code::InsufficientAvailable));
    let before = world.state.supply().clone();
    let burned = Event::Burned { minter: MINTER.address(), amount: 60 };
    assert_eq!(world.run(MINTER, op::burn(60)), Ok(vec![burned]));
    let after = world.state.supply();
    assert_eq!((after.total, after.cum_burn), (before.total - 60, 60));
    assert_eq!(world.balance(MINTER), 40);
}

#[test]
fn an_allowance_is_refused_in_order_and_then_set() {
    let mut world = World::new();
    let controller = Officer(Role::MintController);
    let minter = MINTER.address();
    let (max, current) = (500_000_000 * DOLLAR, 200_000_000 * DOLLAR);
    let cases = [
        (COUNCIL, op::allowance(NOBODY, 1, max + 1), Err(Code::Unauthorized)),
        (controller, op::allowance(NOBODY, 1, max + 1), Err(Code::RoleNotHeld)),
        (controller, op::allowance(minter, current - 1, max + 1), Err(Code::AllowanceChanged)),
        (controller, op::allowance(minter, current, max + 1), Err(Code::AllowanceAboveMax)),
        (
            controller,
            op::allowance(minter, current, max),
            Ok(vec![Event::MinterConfigured { minter, allowance: max }]),
        ),
        (controller, op::allowance(minter, current, 0), Err(Code::AllowanceChanged)),
        (
            controller,
            op::allowance(minter, max, 0),
            Ok(vec![Event::MinterConfigured { minter, allowance: 0 }]),
        ),
    ];
    for (number, (who, op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(world.run(who, op), expected, "case {number}");
    }
    assert_eq!(world.state.minter(&minter).unwrap().allowance, 0);
}

#[test]
fn an_officers_freeze_lapses_after_72_hours_and_cools_down_for_7_days() {
    let mut world = World::new();
    let target = Holder(1).address();
    let out = op::freeze(target, false, true);
    let both = op::freeze(target, true, true);
    let frozen_at = world.now();
    let until = Some(frozen_at + 72 * HOUR);
    let event = |inbound| Event::Frozen {
        account: target,
        inbound,
        outbound: true,
        until,
        order: op::ORDER,
    };
    assert_eq!(world.run(COMPLIANCE, out.clone()), Ok(vec![event(false)]));
    world.wait(HOUR);
    assert_eq!(world.run(COMPLIANCE, both), Ok(vec![event(true)]), "wider, but no longer");
    assert_eq!(world.run(Holder(1), op::transfer(Holder(0), 1)), Err(Code::AccountFrozen));
    assert_eq!(world.run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::AccountFrozen));
    let mut lapsed = world.clone();
    lapsed.wait(frozen_at + 72 * HOUR - lapsed.now());
    assert!(lapsed.try_run(Holder(1), op::transfer(Holder(0), 1)).is_ok());
    assert_eq!(lapsed.try_run(COUNCIL, op::unfreeze(target)), Err(Code::NotFrozen));
    assert_eq!(lapsed.run(COMPLIANCE, out.clone()), Err(Code::FreezeCooldown));
    lapsed.wait(frozen_at + 72 * HOUR + 7 * DAY - 1 - lapsed.now());
    assert_eq!(lapsed.try_run(COMPLIANCE, out.clone()), Err(Code::FreezeCooldown));
    assert!(lapsed.try_run(COUNCIL, out.clone()).is_ok(), "the council need not wait");
    lapsed.wait(1);
    assert!(lapsed.try_run(COMPLIANCE, out.clone()).is_ok());
    // Lifted by the council, it did not lapse.
    let lifted = Event::Unfrozen { account: target };
    assert_eq!(world.run(COUNCIL, op::unfreeze(target)), Ok(vec![lifted]));
    assert_eq!(world.run(COUNCIL, op::unfreeze(target)), Err(Code::NotFrozen));
    assert!(world.run(Holder(1), op::transfer(Holder(0), 1)).is_ok());
    assert!(world.run(COMPLIANCE, out).is_ok());
}

#[test]
fn the_councils_freeze_is_permanent_replaces_an_officers_and_is_beyond_an_officer() {
    let mut world = World::new();
    let target = Holder(1).address();
    world.run(COMPLIANCE, op::freeze(target, true, true)).unwrap();
    let permanent = Event::Frozen {
        account: target,
        inbound: false,
        outbound: true,
        until: None,
        order: op::ORDER,
    };
    let out = op::freeze(target, false, true);
    assert_eq!(world.run(COUNCIL, out.clone()), Ok(vec![permanent.clone()]));
    let widened = op::freeze(target, true, true);
    assert_eq!(world.run(COMPLIANCE, widened), Err(Code::FreezeConfirmed));
    let before = world.account(Holder(1)).freeze;
    assert_eq!(world.run(COMPLIANCE, out), Ok(vec![permanent]), "nothing to add");
    assert_eq!(world.account(Holder(1)).freeze, before);
    world.wait(1_000 * DAY);
    assert_eq!(world.run(Holder(1), op::transfer(Holder(0), 1)), Err(Code::AccountFrozen));
    assert!(world.run(Holder(0), op::transfer(Holder(1), 1)).is_ok(), "inbound was not named");
}

#[test]
fn freezes_are_refused_in_order() {
    let mut world = World::new();
    let council = COUNCIL.address();
    let cases = [
        (Holder(0), op::freeze(council, true, true), Err(Code::LaneUnauthorized)),
        (Officer(Role::Registrar), op::freeze(council, true, true), Err(Code::LaneUnauthorized)),
        (COMPLIANCE, op::freeze(NOBODY, true, true), Err(Code::UnknownTarget)),
        (COMPLIANCE, op::freeze(council, true, true), Err(Code::SystemAccount)),
        (COUNCIL, op::freeze(council, true, true), Err(Code::SystemAccount)),
        (COMPLIANCE, op::unfreeze(NOBODY), Err(Code::Unauthorized)),
        (COUNCIL, op::unfreeze(NOBODY), Err(Code::UnknownTarget)),
        (COUNCIL, op::unfreeze(Holder(0).address()), Err(Code::NotFrozen)),
    ];
    for (number, (who, op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(world.run(who, op), expected, "case {number}");
    }
}

#[test]
fn a_pause_runs_at_most_30_days_is_never_shortened_and_ends_by_itself() {
    let mut world = World::new();
    let scopes = [Scope::Transfer, Scope::Bridge];
    let pause = |until| op::pause(&scopes, until);
    let now = world.now();
    assert_eq!(world.try_run(COMPLIANCE, pause(now)), Err(Code::LaneUnauthorized));
    assert_eq!(world.try_run(COUNCIL, pause(now)), Err(Code::PauseTooLong));
    assert_eq!(world.try_run(COUNCIL, pause(now + 30 * DAY + 1)), Err(Code::PauseTooLong));
    assert_eq!(world.try_run(COUNCIL, op::unpause(&scopes)), Err(Code::NotPaused));
    let until = now + 30 * DAY;
    let paused = |until| scopes.map(|scope| Event::Paused { scope, until }).to_vec();
    assert_eq!(world.run(COUNCIL, pause(until)), Ok(paused(until)));
    assert_eq!(world.run(COUNCIL, pause(now + DAY)), Ok(paused(until)), "not shortened");
    assert_eq!(world.try_run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::Paused));
    assert!(world.try_run(MINTER, op::burn(0)) == Err(Code::ZeroAmount), "another scope");
    let mixed = op::unpause(&[Scope::Transfer, Scope::Mint]);
    assert_eq!(world.run(COUNCIL, mixed), Err(Code::NotPaused));
    assert!(world.state.pause(Scope::Transfer).is_paused(world.now()), "all or nothing");
    let mut later = world.clone();
    later.wait(until - later.now() - 1);
    assert_eq!(later.try_run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::Paused));
    later.wait(1);
    assert!(later.run(Holder(0), op::transfer(Holder(1), 1)).is_ok());
    let unpaused = scopes.map(|scope| Event::Unpaused { scope }).to_vec();
    assert_eq!(world.run(COUNCIL, op::unpause(&scopes)), Ok(unpaused));
    assert!(world.run(Holder(0), op::transfer(Holder(1), 1)).is_ok());
}

#[test]
fn a_registration_is_refused_in_order_and_then_opens_an_empty_account() {
    let mut world = World::new();
    let registrar = Officer(Role::Registrar);
    let key = |n: u32| SecretKey::dev("new", &n.to_string()).public();
    let bad = KeyPolicy::Threshold { k: 3, keys: vec![key(0)] };
    let later = world.now() + DAY;
    let single = KeyPolicy::Single(key(1));
    let known = KeyPolicy::Single(Holder(0).keys()[0].public());
    let small_order = KeyPolicy::Single(PublicKey([0; 32]));
    let cases = [
        (COUNCIL, op::register(known.clone(), 9, 0), Err(Code::Unauthorized)),
        (registrar, op::register(known, 9, 0), Err(Code::AlreadyRegistered)),
        (registrar, op::register(bad, 9, 0), Err(Code::BadPolicy)),
        (registrar, op::register(small_order, 9, 0), Err(Code::BadPolicy)),
        (registrar, op::register(single.clone(), 3, later), Err(Code::InvalidArgument)),
        (registrar, op::register(single.clone(), 0, 0), Err(Code::InvalidArgument)),
    ];
    for (number, (who, op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(world.run(who, op), expected, "case {number}");
    }
    let threshold = KeyPolicy::threshold(2, vec![key(2), key(3), key(4)]).unwrap();
    for (policy, kyc_class) in [(single, 0), (threshold, 1)] {
        let account = Address::of(&policy);
        let len = world.state.len();
        assert_eq!(
            world.run(registrar, op::register(policy.clone(), kyc_class, later)),
            Ok(vec![Event::AccountRegistered { account, kyc_class, institution: 3 }])
        );
        let stored = world.state.account(&account).unwrap();
        assert_eq!((stored.balance, stored.hold, stored.kyc_until), (0, 0, later));
        assert_eq!((&stored.policy, stored.kyc_class), (&policy, kyc_class));
        assert_eq!(world.state.len(), len + 1);
    }
}

#[test]
fn a_grant_is_refused_in_order_and_ends() {
    let mut world = World::new();
    let holder = Holder(2).address();
    let grant = |valid_until| op::grant(Role::Custodian, holder, valid_until);
    let officer = MINTER.address();
    let cases = [
        (COMPLIANCE, op::grant(Role::Custodian, NOBODY, 0), Err(Code::Unauthorized)),
        (COUNCIL, op::grant(Role::Custodian, NOBODY, 0), Err(Code::UnknownTarget)),
        (COUNCIL, op::grant(Role::Custodian, officer, 0), Err(Code::RoleConflict)),
        (COUNCIL, op::grant(Role::Custodian, COUNCIL.address(), 0), Err(Code::RoleConflict)),
        (COUNCIL, grant(0), Err(Code::RoleTermTooLong)),
    ];
    for (number, (who, op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(world.run(who, op), expected, "case {number}");
    }
    let now = world.now();
    assert_eq!(world.try_run(COUNCIL, grant(now)), Err(Code::RoleTermTooLong));
    assert_eq!(world.try_run(COUNCIL, grant(now + 366 * DAY + 1)), Err(Code::RoleTermTooLong));
    assert!(world.try_run(COUNCIL, grant(now + 366 * DAY)).is_ok());
    let granted = Event::RoleGranted { role: Role::Custodian, holder, valid_until: now + DAY };
    assert_eq!(world.run(COUNCIL, grant(now + DAY)), Ok(vec![granted]));
    world.run(Holder(2), op::deposit("r", 1, NOBODY)).unwrap();
    assert_eq!(
        world.run(COUNCIL, op::grant(Role::Minter, holder, now + DAY)),
        Err(Code::RoleConflict)
    );
    world.wait(now + DAY - world.now());
    assert_eq!(world.run(Holder(2), op::deposit("s", 1, NOBODY)), Err(Code::RoleExpired));
    let minter = op::grant(Role::Minter, holder, world.now() + DAY);
    world.run(COUNCIL, minter).expect("the other role has ended");
    assert_eq!(world.state.minter(&holder).unwrap().allowance, 0, "a new minter may mint nothing");
}

#[test]
fn an_account_that_shares_a_key_with_the_council_holds_no_role() {
    let mut world = World::new();
    let member = ballast_runtime::dev::council_keys(common::SEED)[4].public();
    let other = SecretKey::dev("other", "1").public();
    let policy = KeyPolicy::threshold(1, vec![member, other]).unwrap();
    let registration = op::register(policy.clone(), 0, world.now() + DAY);
    world.run(Officer(Role::Registrar), registration).unwrap();
    let grant = op::grant(Role::Bridge, Address::of(&policy), world.now() + DAY);
    assert_eq!(world.run(COUNCIL, grant), Err(Code::RoleConflict));
}

#[test]
fn a_revocation_is_refused_in_order_and_takes_effect_at_once() {
    let mut world = World::new();
    let holder = CUSTODIAN.address();
    let revoke = op::revoke(Role::Custodian, holder);
    assert_eq!(world.run(COMPLIANCE, revoke.clone()), Err(Code::LaneUnauthorized));
    assert_eq!(world.run(COUNCIL, op::revoke(Role::Minter, holder)), Err(Code::RoleNotHeld));
    let revoked = Event::RoleRevoked { role: Role::Custodian, holder };
    assert_eq!(world.run(COUNCIL, revoke.clone()), Ok(vec![revoked]));
    assert_eq!(world.run(CUSTODIAN, op::deposit("r", 1, NOBODY)), Err(Code::Unauthorized));
    assert_eq!(world.run(COUNCIL, revoke), Err(Code::RoleNotHeld));
    assert_eq!(
        world.state.role(Role::Custodian, &holder),
        Some(&RoleGrant { valid_until: 0 }),
        "the grant stays, closed"
    );
    let mut expired = World::new();
    expired.set_grant(Role::Bridge, expired.now());
    let bridge = op::revoke(Role::Bridge, Officer(Role::Bridge).address());
    assert_eq!(expired.run(COUNCIL, bridge), Err(Code::RoleNotHeld));
}

#[test]
fn a_minters_use_survives_revocation_and_a_new_grant() {
    let mut world = World::new();
    let minter = MINTER.address();
    world.run(CUSTODIAN, op::deposit("r", 100 * DOLLAR, Holder(0).address())).unwrap();
    world.run(MINTER, op::mint(deposit_id(&CUSTODIAN.address(), "r"), 60 * DOLLAR)).unwrap();
    let left = *world.state.minter(&minter).unwrap();
    world.run(COUNCIL, op::revoke(Role::Minter, minter)).unwrap();
    let again = op::grant(Role::Minter, minter, world.now() + DAY);
    world.run(COUNCIL, again).unwrap();
    assert_eq!(world.state.minter(&minter), Some(&left));
}
