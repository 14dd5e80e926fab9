//! Deposits, minting, burning, their limits, and the breaker.

use ballast_primitives::{Address, Hash, KeyPolicy, SecretKey};
use ballast_runtime::object::{
    Deposit, FreezeState, Incident, IncidentKind, Key, Object, Opinion, Pending, ReportStatus,
    Role, Scope, Severity, Window,
};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::{Code, Event, Op, Outcome};

use crate::common::Who::{Holder, Member, Officer};
use crate::common::{BALANCE, DAY, DOLLAR, HOUR, START, World, council, decode_change, op};
use crate::reports::newer_report;
use crate::{CUSTODIAN, DOCUMENT, MINTER, NOBODY, REGISTRAR, deposited, frozen, tripped};

fn pending(world: &World, deposit: &Hash) -> Option<Pending> {
    match world.state.get(&Key::Pending(world.deposit(deposit).final_at, *deposit)) {
        Some(Object::Pending(pending)) => Some(*pending),
        None => None,
        other => panic!("{other:?}"),
    }
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
    let (confirmed_at, final_at) = (world.now(), world.now() + HOUR);
    assert_eq!(
        world.run(CUSTODIAN, op::deposit("r", 7, beneficiary)),
        Ok(vec![Event::DepositConfirmed { deposit, custodian, beneficiary, amount: 7, final_at }])
    );
    let expected = Deposit {
        custodian,
        bank_ref: "r".to_owned(),
        amount: 7,
        beneficiary,
        confirmed_at,
        final_at,
        minted: 0,
        reversed: false,
    };
    assert_eq!(world.deposit(&deposit), &expected);
    assert_eq!(pending(&world, &deposit), Some(Pending { amount: 7, confirmed_at }));
    assert_eq!(world.state.supply().cum_deposit, 7);
    assert_eq!(
        world.run(CUSTODIAN, op::deposit("r", 8, NOBODY)),
        Err(Code::DuplicateBankRef),
        "whatever the amount"
    );
    world.edit_policy(|policy| policy.rail_hold_ms = 0);
    let at_once = deposited(&mut world, "R", 8, NOBODY);
    assert_eq!(pending(&world, &at_once), None, "another reference, any beneficiary, final now");
    assert_ne!(deposit_id(&MINTER.address(), "r"), deposit, "unique for its custodian only");
    world.edit_policy(|policy| policy.rail_hold_ms = u64::MAX);
    assert_eq!(world.run(CUSTODIAN, op::deposit("s", 1, NOBODY)), Err(Code::Overflow));
}

#[test]
fn a_reversal_is_refused_in_order_and_then_holds_what_was_minted() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    let to = Holder(1);
    let deposit = deposited(&mut world, "r", 100, to.address());
    deposited(&mut world, "s", 11, to.address());
    world.wait(HOUR);
    world.run(MINTER, op::mint(deposit, 60)).unwrap();
    world.edit_account(to, |account| account.hold = u64::MAX - 50);
    let reverse = |deposit| op::reverse(deposit, DOCUMENT);
    let (other, until) = (Holder(3), world.now() + DAY);
    world.by_council([council::grant(Role::Custodian, other.address(), until)]).unwrap();
    assert_eq!(world.try_run(MINTER, reverse(DOCUMENT)), Err(Code::Unauthorized));
    assert_eq!(world.try_run(other, reverse(DOCUMENT)), Err(Code::UnknownDeposit));
    assert_eq!(world.try_run(other, reverse(deposit)), Err(Code::Unauthorized));
    let supply = world.state.supply().clone();
    let (kind, severity, subject) = (IncidentKind::DepositReversed, Severity::High, deposit);
    let beneficiary = to.address();
    assert_eq!(
        world.run(CUSTODIAN, reverse(deposit)),
        Ok(vec![
            Event::DepositReversed { deposit, beneficiary, amount: 100, minted: 60 },
            Event::IncidentPosted { incident: 0, kind, severity, subject },
        ])
    );
    assert!(world.deposit(&deposit).reversed);
    assert_eq!(pending(&world, &deposit), None);
    assert_eq!(world.account(to).hold, u64::MAX, "at most everything");
    assert_eq!(world.balance(to), BALANCE + 60, "what was minted stays");
    let after = world.state.supply();
    assert_eq!((after.cum_deposit, after.cum_mint), (11, supply.cum_mint));
    assert_eq!(after.total, supply.total);
    assert_eq!(world.run(other, reverse(deposit)), Err(Code::Unauthorized), "before its state");
    assert_eq!(world.run(CUSTODIAN, reverse(deposit)), Err(Code::DepositClosed));
    assert_eq!(
        world.run(CUSTODIAN, op::deposit("r", 1, beneficiary)),
        Err(Code::DuplicateBankRef),
        "for ever"
    );
}

#[test]
fn a_reversal_asks_nothing_of_its_beneficiary() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "r", 100, NOBODY);
    assert!(world.run(CUSTODIAN, op::reverse(deposit, DOCUMENT)).is_ok(), "not registered");
    let deposit = deposited(&mut world, "s", 100, Holder(1).address());
    world.run(MINTER, op::mint(deposit, 70)).unwrap();
    world.edit_account(Holder(1), |account| {
        account.freeze = frozen(true, true);
        account.kyc_until = 0;
        account.hold = 5;
    });
    world.run(CUSTODIAN, op::reverse(deposit, DOCUMENT)).unwrap();
    assert_eq!(world.account(Holder(1)).hold, 75, "the minted part, on top of what was held");
}

/// Every refusal of a mint, in order. Everything is wrong at first; each line puts one thing
/// right.
#[test]
fn a_mint_is_refused_in_order_and_then_makes_exactly_its_amount() {
    let mut world = World::new();
    let to = Holder(1);
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    let deposit = deposited(&mut world, "r", 100, to.address());
    let reversed = deposited(&mut world, "s", 100, to.address());
    world.run(CUSTODIAN, op::reverse(reversed, DOCUMENT)).unwrap();
    let orphan = deposited(&mut world, "t", 100, NOBODY);
    let (kyc_until, final_at) = (world.account(to).kyc_until, world.deposit(&deposit).final_at);
    let window_of = |amount| Window::default().with(final_at, amount).unwrap();
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
        minter.window_cap = 45;
        minter.window = window_of(10);
    });
    world.edit_policy(|policy| {
        policy.global_window_cap = 45;
        policy.report_max_age_ms = final_at - START;
        policy.custodian_share_max_bps = Some(1);
    });
    world.edit(Key::Window, |object| *object = Object::Window(Box::new(window_of(14))));
    let total = world.state.supply().total;
    world.set_cap(total + 30);
    world.edit_report(1, |report| {
        report.status = ReportStatus::Revoked;
        report.body.opinion = Opinion::Qualified;
        report.body.lines.truncate(1);
        report.body.lines[0].market = u64::try_from(total).unwrap() + 29;
    });
    let refused = |world: &World, op: Op, code| {
        assert_eq!(world.try_run(MINTER, op), Err(code));
    };
    let mint = |amount| op::mint(deposit, amount);
    assert_eq!(world.try_run(Holder(0), mint(0)), Err(Code::Paused));
    world.set_pause(Scope::Mint, 0);
    assert_eq!(world.try_run(Holder(0), mint(0)), Err(Code::Unauthorized));
    refused(&world, mint(0), Code::RoleExpired);
    world.set_grant(Role::Minter, u64::MAX);
    refused(&world, mint(0), Code::KycExpired);
    world.edit_account(to, |account| account.kyc_until = kyc_until);
    refused(&world, mint(0), Code::AccountFrozen);
    world.edit_account(to, |account| account.freeze = frozen(false, true));
    refused(&world, mint(0), Code::ZeroAmount);
    refused(&world, op::mint(DOCUMENT, 101), Code::UnknownDeposit);
    refused(&world, op::mint(orphan, 101), Code::MinterSuspended);
    world.edit_minter(|minter| minter.suspended = false);
    refused(&world, op::mint(orphan, 101), Code::UnknownRecipient);
    refused(&world, op::mint(reversed, 101), Code::DepositClosed);
    refused(&world, mint(101), Code::DepositNotFinal);
    world.wait(final_at - world.now() - 1);
    refused(&world, mint(101), Code::DepositNotFinal);
    world.wait(1);
    refused(&world, mint(101), Code::DepositExceeded);
    refused(&world, mint(100), Code::PerTxLimit);
    refused(&world, mint(51), Code::PerTxLimit);
    refused(&world, mint(50), Code::MinterAllowance);
    refused(&world, mint(41), Code::MinterAllowance);
    refused(&world, mint(40), Code::MinterWindow);
    refused(&world, mint(36), Code::MinterWindow);
    refused(&world, mint(35), Code::GlobalWindow);
    refused(&world, mint(32), Code::GlobalWindow);
    refused(&world, mint(31), Code::CapExceeded);
    refused(&world, mint(30), Code::NoReport);
    world.edit_report(1, |report| report.status = ReportStatus::Effective);
    refused(&world, mint(30), Code::ReportStale);
    world.edit_policy(|policy| policy.report_max_age_ms += 1);
    refused(&world, mint(30), Code::ReportModified);
    world.edit_report(1, |report| report.body.opinion = Opinion::Unmodified);
    refused(&world, mint(30), Code::ReportConcentrated);
    world.edit_policy(|policy| policy.custodian_share_max_bps = Some(10_000));
    refused(&world, mint(30), Code::ReserveCeiling);
    let mut full = world.clone();
    full.set_cap(u128::MAX);
    full.edit_report(1, |report| {
        report.body.lines = vec![report.body.lines[0].clone(); 64];
        report.body.lines.iter_mut().for_each(|line| {
            (line.market, line.amortised) = (u64::MAX, u64::MAX);
        });
    });
    full.set_balance(to, u64::MAX - 28);
    refused(&full, mint(29), Code::Overflow);
    let (minter, to_address) = (MINTER.address(), to.address());
    let minted = Event::Minted { deposit, minter, to: to_address, amount: 29, report: 1 };
    assert_eq!(world.run(MINTER, mint(29)), Ok(vec![minted]));
    assert_eq!(world.balance(to), BALANCE + 29);
    assert_eq!(world.minter().allowance, 11);
    assert_eq!(world.minter().window, window_of(39));
    assert_eq!(world.state.window(), &window_of(43));
    assert_eq!(world.deposit(&deposit).minted, 29);
    let supply = world.state.supply();
    assert_eq!((supply.total, supply.cum_mint), (total + 29, 29));
}

#[test]
fn a_mint_names_the_report_that_carries_it() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "r", 100, Holder(0).address());
    let number = newer_report(&mut world);
    let events = world.run(MINTER, op::mint(deposit, 1)).unwrap();
    assert!(matches!(events[..], [Event::Minted { report, .. }] if report == number && number > 1));
}

#[test]
fn a_mint_for_a_beneficiary_that_is_not_registered_waits_for_its_registration() {
    let mut world = World::new();
    let policy = KeyPolicy::Single(SecretKey::dev("late", "1").public());
    let beneficiary = Address::of(&policy);
    let deposit = deposited(&mut world, "r", 100, beneficiary);
    let mint = op::mint(deposit, 100);
    assert_eq!(world.run(MINTER, mint.clone()), Err(Code::UnknownRecipient));
    let registration = op::register(policy, 0, world.now() + DAY);
    world.run(REGISTRAR, registration).unwrap();
    world.run(MINTER, mint).unwrap();
    assert_eq!(world.state.account(&beneficiary).unwrap().balance, 100);
}

#[test]
fn the_policy_limits_one_mint_where_the_minters_own_limit_is_higher() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "r", 100, Holder(0).address());
    world.edit_policy(|policy| policy.mint_per_tx_max = 10);
    assert_eq!(world.run(MINTER, op::mint(deposit, 11)), Err(Code::PerTxLimit));
    assert!(world.run(MINTER, op::mint(deposit, 10)).is_ok());
}

#[test]
fn what_was_minted_in_an_hour_counts_through_the_24_hours_after_it() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "r", 100, Holder(0).address());
    world.edit_minter(|minter| minter.window_cap = 10);
    world.run(MINTER, op::mint(deposit, 10)).unwrap();
    let next_day = world.context.time - world.context.time % HOUR + 25 * HOUR;
    world.wait(next_day - world.now() - 1);
    assert_eq!(world.try_run(MINTER, op::mint(deposit, 1)), Err(Code::MinterWindow));
    world.wait(1);
    world.run(MINTER, op::mint(deposit, 10)).unwrap();
    assert_eq!(world.minter().window, Window::default().with(next_day, 10).unwrap());
}

#[test]
fn all_minters_share_one_window_and_each_has_its_own() {
    let mut world = World::new();
    let (second, until) = (Holder(3), world.now() + 30 * DAY);
    world.by_council([council::grant(Role::Minter, second.address(), until)]).unwrap();
    world.by_council([council::set_minter_limits(second.address(), 100, 100)]).unwrap();
    let allowance = op::allowance(second.address(), 0, 100);
    world.run(Officer(Role::MintController), allowance).unwrap();
    world.edit_minter(|minter| minter.window_cap = 60);
    world.edit_policy(|policy| policy.global_window_cap = 100);
    let deposit = deposited(&mut world, "r", 1_000, Holder(0).address());
    let mint = |amount| op::mint(deposit, amount);
    world.run(MINTER, mint(60)).unwrap();
    assert_eq!(world.run(MINTER, mint(1)), Err(Code::MinterWindow));
    world.run(second, mint(40)).unwrap();
    assert_eq!(world.state.minter(&second.address()).unwrap().window.total(world.now()), 40);
    assert_eq!(world.state.window().total(world.now()), 100);
    assert_eq!(world.run(second, mint(1)), Err(Code::GlobalWindow));
}

/// A world in which all minters together may make 100, and one has made 60.
fn nearly_full() -> (World, Hash) {
    let mut world = World::new();
    world.edit_policy(|policy| policy.global_window_cap = 100);
    let deposit = deposited(&mut world, "r", 1_000, Holder(0).address());
    world.run(MINTER, op::mint(deposit, 60)).unwrap();
    (world, deposit)
}

#[test]
fn a_mint_above_the_global_window_fails_and_leaves_the_breaker_tripped() {
    let (mut world, deposit) = nearly_full();
    // Two operations that succeed go before it in its transaction: nothing of them stays.
    let ops = [39, 1, 1].map(|amount| op::mint(deposit, amount)).to_vec();
    let (tx, next) = (world.tx(MINTER, ops), world.tx(MINTER, vec![op::mint(deposit, 1)]));
    let (before, now) = (world.clone(), world.now());
    let outcome = world.block(&[tx, next]);
    let [first, after] = &outcome.receipts[..] else { panic!("{outcome:?}") };
    assert_eq!(first.outcome, Outcome::Failed { op: 2, code: Code::GlobalWindow });
    assert_eq!(first.events, tripped(IncidentKind::MintBreaker, 0, now));
    assert_eq!(after.outcome, Outcome::Failed { op: 0, code: Code::Paused }, "in the same block");
    assert_eq!(after.events, []);
    let pause = world.state.pause(Scope::Mint);
    assert_eq!((pause.until, pause.short_until), (now + 30 * DAY, 0));
    let (kind, severity, subject) =
        (IncidentKind::MintBreaker, Severity::Critical, Hash::default());
    let incident = Incident { kind, severity, height: world.context.height, at: now, subject };
    assert_eq!(world.state.get(&Key::Incident(0)), Some(&Object::Incident(incident)));
    let mut written: Vec<_> =
        outcome.changes.iter().map(|change| decode_change(change).0).collect();
    written.sort();
    let sender = Key::Account(MINTER.address());
    let expected = [Key::Pause(Scope::Mint), Key::Incidents, sender, Key::Incident(0)];
    assert_eq!(written, expected, "the sender's for nonce and quota");
    assert_eq!(world.state.supply(), before.state.supply());
    assert_eq!(world.state.window(), before.state.window());
    assert_eq!(world.minter(), before.minter());

    // The pause ends when the council has looked; the window is as full as it was.
    assert_eq!(world.run(MINTER, op::mint(deposit, 1)), Err(Code::Paused));
    world.by_council([council::unpause(&[Scope::Mint])]).unwrap();
    assert!(world.try_run(MINTER, op::mint(deposit, 40)).is_ok());
    let now = world.now();
    let again = world.tx(MINTER, vec![op::mint(deposit, 41)]);
    let outcome = world.block(&[again]);
    assert_eq!(outcome.receipts[0].events, tripped(IncidentKind::MintBreaker, 1, now));
}

#[test]
fn only_the_global_window_trips_the_breaker() {
    let (mut world, deposit) = nearly_full();
    world.edit_minter(|minter| minter.window_cap = 70);
    assert_eq!(world.run(MINTER, op::mint(deposit, 50)), Err(Code::MinterWindow));
    world.edit_minter(|minter| minter.allowance = 5);
    assert_eq!(world.run(MINTER, op::mint(deposit, 50)), Err(Code::MinterAllowance));
    assert_eq!(world.state.incidents().next, 0);
    assert!(world.run(MINTER, op::mint(deposit, 5)).is_ok());
}

#[test]
fn a_cap_that_the_council_lowers_below_use_stops_mints_and_nothing_else() {
    let (mut world, deposit) = nearly_full();
    // In the block of a mint, after it: the window is above the cap, and that is no breach.
    let lowered = council::set_limits(u64::MAX, u64::MAX, 10);
    world.by_council([council::set_limits(u64::MAX, u64::MAX, 100)]).unwrap();
    let mint = world.tx(MINTER, vec![op::mint(deposit, 40)]);
    let members = [Member(0), Member(1), Member(2)];
    let lower = world.council_exec([lowered], &members);
    let lower = world.tx(Member(0), vec![lower]);
    let outcome = world.block(&[mint, lower]);
    assert!(outcome.receipts.iter().all(|receipt| receipt.outcome == Outcome::Success));
    assert_eq!(world.state.window().total(world.now()), 100);
    assert_eq!(world.run(MINTER, op::mint(deposit, 1)), Err(Code::GlobalWindow));
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
    assert_eq!(world.minter().window, Window::default(), "no room comes back");
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
