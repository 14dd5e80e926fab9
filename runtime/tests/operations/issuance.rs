//! Deposits, minting, burning and their limits.

use ballast_primitives::{Address, Hash, KeyPolicy, SecretKey};
use ballast_runtime::object::{FreezeState, Role, Scope};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::{Code, Event};

use crate::common::Who::{Holder, Member, Officer};
use crate::common::{BALANCE, DAY, DOLLAR, HOUR, World, op};
use crate::{CUSTODIAN, MINTER, NOBODY, REGISTRAR, frozen};

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
    let minted = Event::Minted {
        deposit,
        minter: MINTER.address(),
        to: to.address(),
        amount: 30,
        report: 0,
    };
    assert_eq!(world.run(MINTER, mint(30)), Ok(vec![minted]));
    assert_eq!(world.balance(to), BALANCE + 30);
    assert_eq!(world.minter().allowance, 10);
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
    world.run(REGISTRAR, registration).unwrap();
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
    let configured = |allowance| {
        let (per_tx, window_cap) = (20_000_000 * DOLLAR, 60_000_000 * DOLLAR);
        Ok(vec![Event::MinterConfigured { minter, allowance, per_tx, window_cap }])
    };
    let (max, current) = (500_000_000 * DOLLAR, 200_000_000 * DOLLAR);
    let cases = [
        (Member(0), op::allowance(NOBODY, 1, max + 1), Err(Code::Unauthorized)),
        (controller, op::allowance(NOBODY, 1, max + 1), Err(Code::RoleNotHeld)),
        (controller, op::allowance(minter, current - 1, max + 1), Err(Code::AllowanceChanged)),
        (controller, op::allowance(minter, current, max + 1), Err(Code::AllowanceAboveMax)),
        (controller, op::allowance(minter, current, max), configured(max)),
        (controller, op::allowance(minter, current, 0), Err(Code::AllowanceChanged)),
        (controller, op::allowance(minter, max, 0), configured(0)),
    ];
    for (number, (who, op, expected)) in cases.into_iter().enumerate() {
        assert_eq!(world.run(who, op), expected, "case {number}");
    }
    assert_eq!(world.minter().allowance, 0);
}
