//! Payments: transfers, allowances, authorisations.

use ballast_runtime::object::{FreezeState, Scope};
use ballast_runtime::{Code, Event};

use crate::common::Who::Holder;
use crate::common::{BALANCE, World, op, unsigned};
use crate::{NOBODY, frozen};

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
