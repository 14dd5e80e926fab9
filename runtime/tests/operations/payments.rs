//! Payments: transfers, allowances, authorisations.

use ballast_primitives::{Address, Hash, SecretKey};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData};
use ballast_runtime::object::{
    Allowance, FreezeState, Key, Object, Scope, UsedAuth, UsedTravel, Window,
};
use ballast_runtime::ops::approve::Approve;
use ballast_runtime::ops::pay_auth::PayAuth;
use ballast_runtime::ops::permit::Permit;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::ops::transfer_from::TransferFrom;
use ballast_runtime::{Code, Event, Op};

use crate::common::Who::Holder;
use crate::common::{BALANCE, DAY, DOLLAR, HOUR, START, Who, World, op, unsigned, witnesses};
use crate::{NOBODY, REGISTRAR, decodes, frozen, refused_in_order};

const FROM: Who = Holder(0);
const TO: Who = Holder(1);
/// Spends or relays, for `FROM`.
const OTHER: Who = Holder(2);
/// Institutions of `FROM` and `TO`, where they have one.
const OURS: u32 = 1;
const THEIRS: u32 = 2;
/// From this amount on the travel rule holds.
const THRESHOLD: u64 = 1_000 * DOLLAR;
/// Of what was used before.
const USED: Hash = Hash([1; 32]);
const FRESH: Hash = Hash([2; 32]);

fn institution_key(institution: u32) -> SecretKey {
    SecretKey::dev("institution", &institution.to_string())
}

/// Makes `FROM` and `TO` customers of two institutions.
fn set_institutions(world: &mut World) {
    for institution in [OURS, THEIRS] {
        let key = institution_key(institution).public();
        world.run(REGISTRAR, op::set_institution(institution, "Bank", key)).unwrap();
    }
    world.edit_account(FROM, |account| account.institution = OURS);
    world.edit_account(TO, |account| account.institution = THEIRS);
}

/// Travel data of `THEIRS`, unsigned.
fn travel(nonce: Hash, expires: u64) -> Option<Box<TravelData>> {
    let witness = witnesses(&[institution_key(THEIRS)])[0];
    Some(Box::new(TravelData { data: Hash([8; 32]), nonce, expires, witness }))
}

fn used(world: &World, key: Key) -> bool {
    world.state.get(&key).is_some()
}

/// Everything that can be wrong with a payment from `FROM` to `TO` without being in the operation.
fn everything_wrong() -> World {
    let mut world = World::new();
    set_institutions(&mut world);
    world.set_cap(u128::MAX);
    world.set_balance(TO, u64::MAX - BALANCE + 1);
    world.put_all(vec![
        (
            Key::UsedTravel(THEIRS, USED),
            Object::UsedTravel(UsedTravel { until: u64::MAX, payer: FROM.address() }),
        ),
        (Key::UsedAuth(FROM.address(), USED), Object::UsedAuth(UsedAuth { until: u64::MAX })),
    ]);
    world.set_pause(Scope::Transfer, u64::MAX);
    world.edit_account(FROM, |account| account.freeze = frozen(false, true));
    world.edit_account(TO, |account| {
        account.kyc_until = 0;
        account.freeze = frozen(true, false);
        account.memo_required = true;
    });
    world
}

fn unpause(world: &mut World) {
    world.set_pause(Scope::Transfer, world.now());
}

fn renew(world: &mut World) {
    let ends = world.now() + 1;
    world.edit_account(TO, |account| account.kyc_until = ends);
}

fn open_inbound(world: &mut World) {
    world.edit_account(TO, |account| account.freeze = frozen(false, true));
}

fn open_outbound(world: &mut World, who: Who) {
    world.edit_account(who, |account| account.freeze = frozen(true, false));
}

fn need_no_memo(world: &mut World) {
    world.edit_account(TO, |account| account.memo_required = false);
}

/// Data that expire too early, to be put right with [`extend`].
fn expired_travel(world: &World) -> Option<Box<TravelData>> {
    travel(USED, world.now())
}

/// When travel data may end that are used in this month.
const FAR: u64 = START + 29 * DAY;

fn extend(world: &World, travel: &mut Option<Box<TravelData>>) {
    travel.as_mut().unwrap().expires = world.now() + 1;
}

fn renumber(travel: &mut Option<Box<TravelData>>) {
    travel.as_mut().unwrap().nonce = FRESH;
}

/// Lets `OTHER` spend for `FROM`, until `rest` milliseconds after now.
fn set_allowance(world: &mut World, amount: u64, rest: u64) {
    let key = Key::Allowance(FROM.address(), OTHER.address());
    let allowance = Allowance { amount, expires: world.now() + rest };
    world.put_all(vec![(key, Object::Allowance(allowance))]);
}

fn moved(memo: Option<&[u8]>) -> Event {
    let (from, to) = (FROM.address(), TO.address());
    Event::Transferred { from, to, amount: BALANCE, memo: memo.map(<[u8]>::to_vec) }
}

/// That all of `FROM`'s went to `TO`, which had nothing, and that the travel rule's traces are
/// there.
fn assert_all_moved(world: &World) {
    assert_eq!((world.balance(FROM), world.balance(TO)), (0, BALANCE));
    let window = Window::default().with(world.context.time, BALANCE).unwrap();
    let pair = world.state.get(&Key::Pair(FROM.address(), TO.address()));
    assert_eq!(pair, Some(&Object::Pair(Box::new(window))));
    assert!(used(world, Key::UsedTravel(THEIRS, FRESH)));
}

#[test]
fn a_transfer_is_refused_in_order_and_then_moves_exactly_its_amount() {
    let mut world = everything_wrong();
    let mut op = Transfer { to: TO.address(), amount: 0, travel: None };
    refused_in_order(
        (&mut world, FROM, &mut op),
        Op::Transfer,
        &[
            (Code::Paused, |world, _| unpause(world)),
            (Code::KycExpired, |world, _| renew(world)),
            (Code::AccountFrozen, |world, _| open_inbound(world)),
            (Code::AccountFrozen, |world, _| open_outbound(world, FROM)),
            (Code::ZeroAmount, |_, op| (op.to, op.amount) = (FROM.address(), u64::MAX)),
            // `FROM` is in-frozen now, like a recipient that must not receive.
            (Code::AccountFrozen, |world, _| {
                world.edit_account(FROM, |account| account.freeze = FreezeState::default());
            }),
            (Code::SelfTransfer, |_, op| op.to = NOBODY),
            (Code::UnknownRecipient, |_, op| op.to = TO.address()),
            (Code::MemoRequired, |world, _| need_no_memo(world)),
            (Code::TravelDataRequired, |world, op| op.travel = expired_travel(world)),
            (Code::TravelDataInvalid, |world, op| extend(world, &mut op.travel)),
            (Code::TravelReplay, |_, op| renumber(&mut op.travel)),
            (Code::InsufficientAvailable, |_, op| op.amount = BALANCE),
            (Code::Overflow, |world, _| world.set_balance(TO, 0)),
        ],
    );
    let len = world.state.len();
    assert_eq!(world.run(FROM, Op::Transfer(op)), Ok(vec![moved(None)]));
    assert_all_moved(&world);
    assert_eq!(world.state.len(), len + 2, "the pair and the used data");
}

#[test]
fn a_memo_satisfies_a_recipient_that_needs_one_and_is_in_the_event() {
    for memo in [b"invoice 12".to_vec(), Vec::new()] {
        let mut world = World::new();
        world.edit_account(TO, |account| account.memo_required = true);
        let mut body = world.body(FROM, vec![op::transfer(TO, BALANCE)]);
        body.memo = Some(memo.clone());
        let events = world.send(unsigned(body, &FROM.keys())).unwrap();
        assert_eq!(events, [moved(Some(&memo))], "an empty memo is one");
    }
}

#[test]
fn a_payer_whose_registration_lapsed_may_pay_out_but_receives_nothing() {
    let mut world = World::new();
    let ends = world.now();
    world.edit_account(FROM, |account| account.kyc_until = ends);
    assert!(world.try_run(FROM, op::transfer(TO, 5)).is_ok());
    assert_eq!(world.try_run(TO, op::transfer(FROM, 5)), Err(Code::KycExpired));
    world.edit_account(FROM, |account| account.kyc_until = ends + 1);
    assert!(world.run(TO, op::transfer(FROM, 5)).is_ok(), "to its last millisecond");
}

#[test]
fn what_is_on_hold_is_not_available_even_when_the_hold_exceeds_the_balance() {
    let mut world = World::new();
    world.edit_account(FROM, |account| account.hold = 10);
    let refused = Err(Code::InsufficientAvailable);
    assert_eq!(world.try_run(FROM, op::transfer(TO, BALANCE - 9)), refused);
    assert!(world.try_run(FROM, op::transfer(TO, BALANCE - 10)).is_ok());
    world.edit_account(FROM, |account| account.hold = u64::MAX);
    assert_eq!(world.try_run(FROM, op::transfer(TO, 1)), refused);
}

#[test]
fn between_institutions_a_days_payments_of_one_pair_need_travel_data_from_the_threshold_on() {
    let mut world = World::new();
    set_institutions(&mut world);
    world.set_cap(u128::MAX);
    world.set_balance(FROM, 10 * THRESHOLD);
    let required = Err(Code::TravelDataRequired);
    let pay = |amount| op::transfer(TO, amount);
    assert_eq!(world.try_run(FROM, pay(THRESHOLD)), required);
    let first_hour = world.now() / HOUR;
    assert!(world.run(FROM, pay(THRESHOLD - 2)).is_ok());
    assert_eq!(world.try_run(FROM, pay(2)), required, "with what was paid before");
    assert!(world.run(FROM, pay(1)).is_ok());
    assert_eq!(world.try_run(FROM, pay(1)), required);
    assert!(world.try_run(TO, op::transfer(FROM, THRESHOLD - 1)).is_ok(), "another pair");
    assert!(world.try_run(FROM, op::transfer(OTHER, THRESHOLD)).is_ok(), "of no institution");
    let with_data = Transfer { to: TO.address(), amount: THRESHOLD, travel: travel(FRESH, FAR) };
    let mut paid_with_data = world.clone();
    assert!(paid_with_data.run(FROM, Op::Transfer(with_data)).is_ok());
    // The first hour counts until the 25th after it begins.
    world.wait((first_hour + 25) * HOUR - 1 - world.now());
    assert_eq!(world.try_run(FROM, pay(1)), required);
    world.wait(1);
    assert!(world.try_run(FROM, pay(THRESHOLD - 1)).is_ok());
    assert_eq!(world.try_run(FROM, pay(THRESHOLD)), required);
    paid_with_data.wait(23 * HOUR);
    assert_eq!(paid_with_data.run(FROM, pay(1)), required, "what had data counts too");
}

#[test]
fn travel_data_are_of_the_payees_institution_unexpired_used_once_and_never_idle() {
    let mut world = World::new();
    set_institutions(&mut world);
    let now = world.now();
    let pay = |travel: Option<Box<TravelData>>| {
        Op::Transfer(Transfer { to: TO.address(), amount: 1, travel })
    };
    let invalid = Err(Code::TravelDataInvalid);
    assert_eq!(world.try_run(FROM, pay(travel(FRESH, now))), invalid, "expired");
    assert!(world.try_run(FROM, pay(travel(FRESH, now + 1))).is_ok());
    let mut ours = travel(FRESH, FAR);
    ours.as_mut().unwrap().witness = witnesses(&[institution_key(OURS)])[0];
    assert_eq!(world.try_run(FROM, pay(ours)), invalid, "of the payer's institution");
    for (payer, payee) in [(OURS, OURS), (0, THEIRS), (OURS, 0), (0, 0)] {
        let mut idle = world.clone();
        idle.edit_account(FROM, |account| account.institution = payer);
        idle.edit_account(TO, |account| account.institution = payee);
        let len = idle.state.len();
        assert_eq!(idle.run(FROM, pay(travel(FRESH, FAR))), invalid, "{payer} to {payee}");
        assert!(idle.run(FROM, pay(None)).is_ok());
        assert_eq!(idle.state.len(), len, "no window between {payer} and {payee}");
    }
    assert!(world.run(FROM, pay(travel(FRESH, FAR))).is_ok());
    assert_eq!(world.run(FROM, pay(travel(FRESH, FAR))), Err(Code::TravelReplay));
    let key = institution_key(THEIRS).public();
    world.run(REGISTRAR, op::set_institution(OURS, "Bank", key)).unwrap();
    let back = Transfer { to: FROM.address(), amount: 1, travel: travel(FRESH, FAR) };
    assert!(world.run(TO, Op::Transfer(back)).is_ok(), "nonces are each institution's own");
}

#[test]
fn a_pairs_window_that_leaves_its_range_stops_the_payment() {
    let mut world = World::new();
    set_institutions(&mut world);
    let full = Window::default().with(world.now(), u64::MAX - 4).unwrap();
    let key = Key::Pair(FROM.address(), TO.address());
    world.put_all(vec![(key, Object::Pair(Box::new(full)))]);
    let pay = |amount, nonce| {
        Op::Transfer(Transfer { to: TO.address(), amount, travel: travel(nonce, FAR) })
    };
    let insufficient = Err(Code::InsufficientAvailable);
    assert_eq!(world.try_run(FROM, pay(BALANCE + 1, FRESH)), insufficient, "comes before");
    assert_eq!(world.run(FROM, pay(5, FRESH)), Err(Code::Overflow));
    assert!(world.run(FROM, pay(4, FRESH)).is_ok(), "what failed used nothing up");
}

#[test]
fn an_allowance_is_refused_in_order_and_then_set() {
    let mut world = World::new();
    let mut op = Approve { spender: FROM.address(), expected: 1, amount: 7, expires: world.now() };
    refused_in_order(
        (&mut world, FROM, &mut op),
        Op::Approve,
        &[
            (Code::SelfTransfer, |_, op| op.spender = NOBODY),
            (Code::AllowanceChanged, |_, op| op.expected = 0),
            (Code::AllowanceExpired, |world, op| op.expires = world.now() + 1),
        ],
    );
    let (owner, spender, expires) = (FROM.address(), NOBODY, op.expires);
    let key = Key::Allowance(owner, spender);
    let len = world.state.len();
    let approved = Event::Approved { owner, spender, amount: 7, expires };
    assert_eq!(world.run(FROM, Op::Approve(op)), Ok(vec![approved]));
    let stored = Object::Allowance(Allowance { amount: 7, expires });
    assert_eq!(world.state.get(&key), Some(&stored));
    assert_eq!(world.state.len(), len + 1);
    // From its end on what is there is nothing, and nothing needs no end.
    let revoke = |expected| op::approve(spender, expected, 0, 0);
    assert_eq!(world.try_run(FROM, revoke(7)), Err(Code::AllowanceChanged));
    let revoked = Event::Approved { owner, spender, amount: 0, expires: 0 };
    assert_eq!(world.run(FROM, revoke(0)), Ok(vec![revoked]));
    assert_eq!(world.state.get(&key), None);
    assert_eq!(world.state.len(), len);
}

#[test]
fn an_allowance_that_holds_must_be_expected_and_neither_pause_nor_freeze_stops_its_change() {
    let mut world = World::new();
    let set = |expected, amount| op::approve(NOBODY, expected, amount, u64::MAX);
    world.run(FROM, set(0, 7)).unwrap();
    world.set_pause(Scope::Transfer, u64::MAX);
    world.edit_account(FROM, |account| account.freeze = frozen(true, true));
    for wrong in [0, 6, 8] {
        assert_eq!(world.run(FROM, set(wrong, 9)), Err(Code::AllowanceChanged), "{wrong}");
    }
    assert!(world.run(FROM, set(7, 9)).is_ok());
}

#[test]
fn an_allowance_is_expected_to_its_last_millisecond_and_none_after_it() {
    let mut world = World::new();
    let expires = world.now() + HOUR;
    let set = |expected| op::approve(OTHER.address(), expected, 9, u64::MAX);
    world.run(FROM, op::approve(OTHER.address(), 0, 7, expires)).unwrap();
    world.wait(expires - 1 - world.now());
    assert_eq!(world.try_run(FROM, set(0)), Err(Code::AllowanceChanged));
    assert!(world.try_run(FROM, set(7)).is_ok());
    world.wait(1);
    assert_eq!(world.try_run(FROM, set(7)), Err(Code::AllowanceChanged));
    assert!(world.try_run(FROM, set(0)).is_ok());
}

#[test]
fn a_transfer_from_is_refused_in_order_and_then_spends_the_allowance() {
    let mut world = everything_wrong();
    world.edit_account(OTHER, |account| account.freeze = frozen(false, true));
    set_allowance(&mut world, 1, 0);
    let (owner, to) = (FROM.address(), TO.address());
    let mut op = TransferFrom { owner, to, amount: 0, travel: None };
    refused_in_order(
        (&mut world, OTHER, &mut op),
        Op::TransferFrom,
        &[
            (Code::Paused, |world, _| unpause(world)),
            (Code::KycExpired, |world, _| renew(world)),
            (Code::AccountFrozen, |world, _| open_inbound(world)),
            (Code::AccountFrozen, |world, _| open_outbound(world, FROM)),
            (Code::AccountFrozen, |world, _| open_outbound(world, OTHER)),
            (Code::ZeroAmount, |_, op| (op.owner, op.to, op.amount) = (NOBODY, NOBODY, u64::MAX)),
            (Code::SelfTransfer, |_, op| op.to = Address([6; 32])),
            (Code::UnknownTarget, |_, op| op.owner = FROM.address()),
            (Code::UnknownRecipient, |_, op| op.to = TO.address()),
            (Code::MemoRequired, |world, _| need_no_memo(world)),
            (Code::TravelDataRequired, |world, op| op.travel = expired_travel(world)),
            (Code::TravelDataInvalid, |world, op| extend(world, &mut op.travel)),
            (Code::TravelReplay, |_, op| renumber(&mut op.travel)),
            (Code::AllowanceExceeded, |world, _| set_allowance(world, BALANCE - 1, 1)),
            (Code::AllowanceExceeded, |_, op| op.amount = BALANCE),
            (Code::AllowanceExceeded, |world, _| {
                set_allowance(world, BALANCE, 1);
                world.edit_account(FROM, |account| account.hold = 1);
            }),
            (Code::InsufficientAvailable, |world, _| {
                world.edit_account(FROM, |account| account.hold = 0);
            }),
            (Code::Overflow, |world, _| world.set_balance(TO, 0)),
        ],
    );
    set_allowance(&mut world, BALANCE + 3, 1);
    let expires = world.now() + 1;
    let left = Event::Approved { owner, spender: OTHER.address(), amount: 3, expires };
    assert_eq!(world.run(OTHER, Op::TransferFrom(op)), Ok(vec![moved(None), left]));
    assert_all_moved(&world);
    assert_eq!(world.balance(OTHER), BALANCE);
    let stored = world.state.get(&Key::Allowance(owner, OTHER.address()));
    assert_eq!(stored, Some(&Object::Allowance(Allowance { amount: 3, expires })));
}

#[test]
fn nothing_can_be_spent_without_an_allowance_or_beyond_what_is_left_of_one() {
    let mut world = World::new();
    let spend = |amount| op::transfer_from(FROM.address(), TO.address(), amount);
    let exceeded = Err(Code::AllowanceExceeded);
    assert_eq!(world.run(OTHER, spend(1)), exceeded, "there never was one");
    assert_eq!(world.run(FROM, spend(1)), exceeded, "nor has an owner one of its own");
    let expires = world.now() + HOUR;
    world.run(FROM, op::approve(OTHER.address(), 0, 5, expires)).unwrap();
    assert!(world.run(OTHER, spend(3)).is_ok());
    assert_eq!(world.run(OTHER, spend(3)), exceeded);
    assert_eq!(world.run(TO, spend(1)), exceeded, "it is one spender's");
    let rest = op::transfer(TO, BALANCE - 3);
    assert!(world.try_run(FROM, rest).is_ok(), "an allowance sets nothing aside");
    world.wait(expires - 1 - world.now());
    assert!(world.try_run(OTHER, spend(2)).is_ok(), "to its last millisecond");
    let mut spent = world.clone();
    spent.run(OTHER, spend(2)).unwrap();
    assert_eq!(spent.run(OTHER, spend(1)), exceeded, "nothing is left of it");
    assert_eq!(spent.state.get(&Key::Allowance(FROM.address(), OTHER.address())), None);
    world.wait(1);
    assert_eq!(world.run(OTHER, spend(2)), exceeded);
}

/// Relayed by `OTHER`, with everything wrong but the times' order.
fn permit(world: &World) -> Permit {
    let body = PermitBody {
        owner: NOBODY,
        spender: FROM.address(),
        expected: 1,
        amount: 7,
        expires: world.now(),
        nonce: USED,
        not_before: world.now() + 1,
        deadline: world.now(),
        executor: Some(TO.address()),
    };
    Permit { body: Box::new(body), witnesses: witnesses(&OTHER.keys()) }
}

#[test]
fn a_permit_is_refused_in_order_and_then_sets_the_allowance_once() {
    let mut world = everything_wrong();
    let mut op = permit(&world);
    refused_in_order(
        (&mut world, OTHER, &mut op),
        Op::Permit,
        &[
            (Code::UnknownTarget, |_, op| op.body.owner = FROM.address()),
            (Code::AuthNotYet, |world, op| op.body.not_before = world.now()),
            (Code::AuthExpired, |world, op| op.body.deadline = world.now() + 30 * DAY + 1),
            (Code::AuthExpired, |world, op| op.body.deadline = world.now() + 30 * DAY),
            (Code::AuthUsed, |_, op| op.body.nonce = FRESH),
            (Code::WrongExecutor, |_, op| op.body.executor = Some(OTHER.address())),
            (Code::BadAuth, |_, op| op.witnesses = witnesses(&FROM.keys())),
            (Code::SelfTransfer, |_, op| op.body.spender = OTHER.address()),
            (Code::AllowanceChanged, |_, op| op.body.expected = 0),
            (Code::AllowanceExpired, |world, op| op.body.expires = world.now() + 1),
        ],
    );
    let (owner, spender, expires) = (FROM.address(), OTHER.address(), op.body.expires);
    assert!(!used(&world, Key::UsedAuth(owner, FRESH)));
    let len = world.state.len();
    let approved = Event::Approved { owner, spender, amount: 7, expires };
    let until = op.body.deadline;
    assert_eq!(world.run(OTHER, Op::Permit(op.clone())), Ok(vec![approved]));
    let stored = world.state.get(&Key::Allowance(owner, spender));
    assert_eq!(stored, Some(&Object::Allowance(Allowance { amount: 7, expires })));
    let spent = world.state.get(&Key::UsedAuth(owner, FRESH));
    assert_eq!(spent, Some(&Object::UsedAuth(UsedAuth { until })));
    assert_eq!(world.state.len(), len + 2);
    assert_eq!(world.run(OTHER, Op::Permit(op)), Err(Code::AuthUsed));
}

#[test]
fn a_payment_authorisation_is_refused_in_order_and_then_pays_once() {
    let mut world = everything_wrong();
    let body = PayAuthBody {
        owner: FROM.address(),
        to: TO.address(),
        amount: 0,
        memo: None,
        nonce: USED,
        not_before: world.now() + 1,
        deadline: world.now(),
        executor: Some(TO.address()),
    };
    let witnesses_of_another = witnesses(&OTHER.keys());
    let mut op = PayAuth { body: Box::new(body), witnesses: witnesses_of_another, travel: None };
    refused_in_order(
        (&mut world, OTHER, &mut op),
        Op::PayAuth,
        &[
            (Code::Paused, |world, _| unpause(world)),
            (Code::KycExpired, |world, _| renew(world)),
            (Code::AccountFrozen, |world, _| open_inbound(world)),
            (Code::AccountFrozen, |world, op| {
                open_outbound(world, FROM);
                op.body.owner = NOBODY;
            }),
            (Code::UnknownTarget, |_, op| op.body.owner = FROM.address()),
            (Code::AuthNotYet, |world, op| op.body.not_before = world.now()),
            (Code::AuthExpired, |world, op| op.body.deadline = world.now() + 30 * DAY + 1),
            (Code::AuthExpired, |world, op| op.body.deadline = world.now() + 5_000),
            (Code::AuthUsed, |_, op| op.body.nonce = FRESH),
            (Code::WrongExecutor, |_, op| op.body.executor = None),
            (Code::BadAuth, |_, op| op.witnesses = witnesses(&FROM.keys())),
            (Code::ZeroAmount, |_, op| (op.body.to, op.body.amount) = (FROM.address(), u64::MAX)),
            (Code::AccountFrozen, |world, _| {
                world.edit_account(FROM, |account| account.freeze = FreezeState::default());
            }),
            (Code::SelfTransfer, |_, op| op.body.to = NOBODY),
            (Code::UnknownRecipient, |_, op| op.body.to = TO.address()),
            (Code::MemoRequired, |_, op| op.body.memo = Some(b"12".to_vec())),
            (Code::TravelDataRequired, |world, op| op.travel = expired_travel(world)),
            (Code::TravelDataInvalid, |world, op| extend(world, &mut op.travel)),
            (Code::TravelReplay, |_, op| renumber(&mut op.travel)),
            (Code::InsufficientAvailable, |_, op| op.body.amount = BALANCE),
            (Code::Overflow, |world, _| world.set_balance(TO, 0)),
        ],
    );
    let len = world.state.len();
    // The relayer's own freeze and the transaction's memo do not matter.
    world.edit_account(OTHER, |account| account.freeze = frozen(true, true));
    let mut body = world.body(OTHER, vec![Op::PayAuth(op.clone())]);
    body.memo = Some(b"of the relayer".to_vec());
    assert_eq!(world.send(unsigned(body, &OTHER.keys())), Ok(vec![moved(Some(b"12"))]));
    assert_all_moved(&world);
    let until = op.body.deadline;
    let spent = world.state.get(&Key::UsedAuth(FROM.address(), FRESH));
    assert_eq!(spent, Some(&Object::UsedAuth(UsedAuth { until })));
    assert_eq!(world.state.len(), len + 3, "the authorisation, the pair, the used data");
    world.edit_account(TO, |account| account.kyc_until = u64::MAX);
    assert_eq!(world.run(OTHER, Op::PayAuth(op)), Err(Code::AuthUsed));
}

#[test]
fn an_authorisation_needs_as_many_of_its_owners_keys_and_no_other() {
    let mut world = World::new();
    let key = |n: u32| SecretKey::dev("owner", &n.to_string());
    let policy =
        ballast_primitives::KeyPolicy::threshold(2, (0..3).map(|n| key(n).public()).collect());
    world.edit_account(FROM, |account| account.policy = policy.unwrap());
    let allow = |keys: &[SecretKey]| {
        let mut op = permit(&world);
        op.body.owner = FROM.address();
        (op.body.not_before, op.body.deadline) = (0, world.now() + 1);
        (op.body.executor, op.body.nonce) = (None, FRESH);
        (op.body.spender, op.body.expected, op.body.amount) = (NOBODY, 0, 0);
        op.witnesses = witnesses(keys);
        world.try_run(OTHER, Op::Permit(op)).map(|_| ())
    };
    assert_eq!(allow(&[key(0)]), Err(Code::BadAuth));
    assert_eq!(allow(&[key(0), key(3)]), Err(Code::BadAuth));
    assert_eq!(allow(&[key(0), key(2), key(3)]), Err(Code::BadAuth));
    assert_eq!(allow(&[key(0), key(2)]), Ok(()));
    assert_eq!(allow(&[key(0), key(1), key(2)]), Ok(()));
    assert_eq!(allow(&FROM.keys()), Err(Code::BadAuth), "the first key's policy was replaced");
}

#[test]
fn a_cancelled_authorisation_is_never_used_whether_or_not_it_exists() {
    let mut world = World::new();
    let owner = FROM.address();
    let cancelled = Event::AuthCancelled { owner, nonce: FRESH };
    let len = world.state.len();
    let until = world.now() + HOUR;
    let cancel = |nonce| op::cancel_auth(nonce, until);
    let late = op::cancel_auth(FRESH, world.now());
    assert_eq!(world.try_run(FROM, late), Err(Code::AuthExpired), "there is nothing to cancel");
    assert_eq!(world.run(FROM, cancel(FRESH)), Ok(vec![cancelled]));
    let spent = world.state.get(&Key::UsedAuth(owner, FRESH));
    assert_eq!(spent, Some(&Object::UsedAuth(UsedAuth { until })));
    assert_eq!(world.state.len(), len + 1);
    assert_eq!(world.run(FROM, cancel(FRESH)), Err(Code::AuthUsed));
    let pay = |nonce| PayAuthBody {
        owner,
        to: TO.address(),
        amount: 1,
        memo: None,
        nonce,
        not_before: 0,
        deadline: until,
        executor: None,
    };
    let relayed = op::pay_auth(pay(FRESH), &FROM.keys());
    assert_eq!(world.run(OTHER, relayed), Err(Code::AuthUsed));
    let other = op::pay_auth(pay(USED), &FROM.keys());
    assert!(world.run(OTHER, other).is_ok());
    assert_eq!(world.run(FROM, cancel(USED)), Err(Code::AuthUsed), "too late");
    assert!(world.run(OTHER, cancel(FRESH)).is_ok(), "each owner's nonces are its own");
}

#[test]
fn authorisations_decode_within_their_bounds() {
    let keys = |count: u8| -> Vec<_> {
        let key = |n: u8| SecretKey::dev("bounds", &n.to_string());
        (0..count).map(key).collect()
    };
    let world = World::new();
    let permitted = |keys: &[SecretKey]| op::permit(*permit(&world).body, keys);
    let pay = |keys: &[SecretKey], memo: usize| {
        let PermitBody { owner, amount, nonce, not_before, deadline, executor, .. } =
            *permit(&world).body;
        let memo = Some(vec![0; memo]);
        let to = NOBODY;
        let body = PayAuthBody { owner, to, amount, memo, nonce, not_before, deadline, executor };
        op::pay_auth(body, keys)
    };
    for (count, good) in [(0, false), (1, true), (16, true), (17, false)] {
        assert_eq!(decodes(permitted(&keys(count))), good, "{count} witnesses");
        assert_eq!(decodes(pay(&keys(count), 32)), good, "{count} witnesses");
    }
    assert!(!decodes(pay(&keys(1), 33)), "a memo of 33 bytes");
    for reorder in [|w: &mut Vec<_>| w.swap(0, 1), |w: &mut Vec<_>| w[1] = w[0]] {
        let (Op::Permit(mut permit), Op::PayAuth(mut pay)) =
            (permitted(&keys(2)), pay(&keys(2), 0))
        else {
            unreachable!()
        };
        reorder(&mut permit.witnesses);
        reorder(&mut pay.witnesses);
        assert!(!decodes(Op::Permit(permit)) && !decodes(Op::PayAuth(pay)));
    }
}
