//! Freezes, holds, seizure, pauses.

use ballast_primitives::Hash;
use ballast_runtime::object::{FreezeState, IncidentKind, Role, Scope, Severity};
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::{Code, Event, Op};

use crate::common::Who::{Fees, Holder, Officer};
use crate::common::{BALANCE, DAY, HOUR, World, council, op};
use crate::{COMPLIANCE, MINTER, NOBODY, frozen};

/// The incident that a freeze under [`op::ORDER`] files.
fn frozen_incident(incident: u64) -> Event {
    let (kind, severity) = (IncidentKind::Freeze, Severity::Medium);
    Event::IncidentPosted { incident, kind, severity, subject: op::ORDER }
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
    let first = vec![event(false), frozen_incident(0)];
    assert_eq!(world.run(COMPLIANCE, out.clone()), Ok(first));
    world.wait(HOUR);
    let wider = vec![event(true), frozen_incident(1)];
    assert_eq!(world.run(COMPLIANCE, both.clone()), Ok(wider), "wider, but no longer");
    assert_eq!(world.run(COMPLIANCE, both), Ok(vec![event(true)]), "nothing changes");
    assert_eq!(world.run(Holder(1), op::transfer(Holder(0), 1)), Err(Code::AccountFrozen));
    assert_eq!(world.run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::AccountFrozen));
    let mut lapsed = world.clone();
    lapsed.wait(frozen_at + 72 * HOUR - 1 - lapsed.now());
    assert_eq!(lapsed.try_run(Holder(1), op::transfer(Holder(0), 1)), Err(Code::AccountFrozen));
    lapsed.wait(1);
    assert!(lapsed.try_run(Holder(1), op::transfer(Holder(0), 1)).is_ok());
    assert_eq!(lapsed.try_by_council([council::unfreeze(target)]), Err(Code::NotFrozen));
    assert_eq!(lapsed.run(COMPLIANCE, out.clone()), Err(Code::FreezeCooldown));
    lapsed.wait(frozen_at + 72 * HOUR + 7 * DAY - 1 - lapsed.now());
    assert_eq!(lapsed.try_run(COMPLIANCE, out.clone()), Err(Code::FreezeCooldown));
    let by_council = council::freeze(target, false, true);
    assert!(lapsed.try_by_council([by_council]).is_ok(), "the council need not wait");
    lapsed.wait(1);
    assert!(lapsed.try_run(COMPLIANCE, out.clone()).is_ok());
    // Lifted by the council, it did not lapse.
    let lifted = Event::Unfrozen { account: target };
    assert_eq!(world.by_council([council::unfreeze(target)]), Ok(vec![lifted]));
    let unfrozen = FreezeState { order: op::ORDER, ..FreezeState::default() };
    assert_eq!(world.account(Holder(1)).freeze, unfrozen);
    assert_eq!(world.by_council([council::unfreeze(target)]), Err(Code::NotFrozen));
    assert!(world.run(Holder(1), op::transfer(Holder(0), 1)).is_ok());
    assert!(world.run(COMPLIANCE, out).is_ok());
}

#[test]
fn an_officer_widens_a_freeze_in_either_direction_under_the_newer_order() {
    let (newer, order) = (Hash([0x99; 32]), op::ORDER);
    let target = Holder(1).address();
    let freeze =
        |inbound, outbound, order| Op::Freeze(Freeze { account: target, inbound, outbound, order });
    for (inbound, outbound) in [(true, false), (false, true)] {
        let mut world = World::new();
        let until = world.now() + 72 * HOUR;
        world.run(COMPLIANCE, freeze(inbound, outbound, order)).unwrap();
        world.wait(HOUR);
        world.run(COMPLIANCE, freeze(!inbound, !outbound, newer)).unwrap();
        let both =
            FreezeState { inbound: true, outbound: true, until, confirmed: false, order: newer };
        assert_eq!(world.account(Holder(1)).freeze, both);
        world.run(COMPLIANCE, freeze(inbound, outbound, order)).unwrap();
        assert_eq!(world.account(Holder(1)).freeze, FreezeState { order, ..both }, "not narrower");
    }
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
    let out = council::freeze(target, false, true);
    let events = vec![permanent.clone(), frozen_incident(1)];
    assert_eq!(world.by_council([out.clone()]), Ok(events));
    assert_eq!(world.by_council([out]), Ok(vec![permanent.clone()]), "it stands");
    let widened = op::freeze(target, true, true);
    assert_eq!(world.run(COMPLIANCE, widened), Err(Code::FreezeConfirmed));
    let before = world.account(Holder(1)).freeze;
    let narrower = op::freeze(target, false, true);
    assert_eq!(world.run(COMPLIANCE, narrower), Ok(vec![permanent]), "nothing to add");
    assert_eq!(world.account(Holder(1)).freeze, before);
    world.wait(1_000 * DAY);
    assert_eq!(world.run(Holder(1), op::transfer(Holder(0), 1)), Err(Code::AccountFrozen));
    assert!(world.run(Holder(0), op::transfer(Holder(1), 1)).is_ok(), "inbound was not named");
}

#[test]
fn freezes_are_refused_in_order() {
    let mut world = World::new();
    let fees = Fees.address();
    let lane = Err(Code::LaneUnauthorized);
    for (who, account, refusal) in [
        (Holder(0), NOBODY, lane.clone()),
        (Officer(Role::Registrar), NOBODY, lane),
        (COMPLIANCE, NOBODY, Err(Code::UnknownTarget)),
        (COMPLIANCE, fees, Err(Code::SystemAccount)),
    ] {
        assert_eq!(world.run(who, op::freeze(account, true, true)), refusal);
    }
    for (op, refusal) in [
        (council::freeze(NOBODY, true, true), Code::UnknownTarget),
        (council::freeze(fees, true, true), Code::SystemAccount),
        (council::unfreeze(NOBODY), Code::UnknownTarget),
        (council::unfreeze(Holder(0).address()), Code::NotFrozen),
    ] {
        assert_eq!(world.by_council([op]), Err(refusal));
    }
}

#[test]
fn the_council_makes_an_officers_freeze_permanent() {
    let mut world = World::new();
    let target = Holder(1).address();
    let order = Hash([7; 32]);
    let confirm = |account| [council::confirm_freeze(account, order)];
    assert_eq!(world.by_council(confirm(NOBODY)), Err(Code::UnknownTarget));
    assert_eq!(world.by_council(confirm(target)), Err(Code::NotFrozen));
    let lapses_at = world.now() + 72 * HOUR;
    world.run(COMPLIANCE, op::freeze(target, false, true)).unwrap();
    let mut lapsed = world.clone();
    lapsed.wait(lapses_at - lapsed.now());
    assert_eq!(lapsed.by_council(confirm(target)), Err(Code::NotFrozen));
    let (inbound, outbound) = (false, true);
    let events = vec![Event::Frozen { account: target, inbound, outbound, until: None, order }];
    assert_eq!(world.by_council(confirm(target)), Ok(events));
    let freeze = FreezeState { inbound, outbound, until: 0, confirmed: true, order };
    assert_eq!(world.account(Holder(1)).freeze, freeze);
}

#[test]
fn a_hold_is_refused_in_order_raised_by_an_officer_and_lowered_by_the_council() {
    let mut world = World::new();
    let (target, fees) = (Holder(1).address(), Fees.address());
    let set = |hold| Ok(vec![Event::HoldSet { account: target, hold, order: op::ORDER }]);
    for (who, op, expected) in [
        (Holder(0), op::set_hold(NOBODY, 5, 4), Err(Code::LaneUnauthorized)),
        (COMPLIANCE, op::set_hold(NOBODY, 5, 4), Err(Code::UnknownTarget)),
        (COMPLIANCE, op::set_hold(fees, 5, 4), Err(Code::SystemAccount)),
        (COMPLIANCE, op::set_hold(target, 5, 4), Err(Code::HoldChanged)),
        (COMPLIANCE, op::set_hold(target, 0, 10), set(10)),
        (COMPLIANCE, op::set_hold(target, 10, 9), Err(Code::HoldOnlyRaised)),
        (COMPLIANCE, op::set_hold(target, 10, 10), set(10)),
    ] {
        assert_eq!(world.run(who, op), expected);
    }
    for (op, expected) in [
        (council::set_hold(NOBODY, 5, 4), Err(Code::UnknownTarget)),
        (council::set_hold(fees, 5, 4), Err(Code::SystemAccount)),
        (council::set_hold(target, 5, 4), Err(Code::HoldChanged)),
        (council::set_hold(target, 10, 9), set(9)),
        (council::set_hold(target, 9, u64::MAX), set(u64::MAX)),
    ] {
        assert_eq!(world.by_council([op]), expected);
    }
    assert_eq!(world.account(Holder(1)).hold, u64::MAX, "it may exceed the balance");
    let pay = op::transfer(Holder(0), 1);
    assert_eq!(world.run(Holder(1), pay), Err(Code::InsufficientAvailable));
}

#[test]
fn a_seizure_is_refused_in_order_and_moves_exactly_its_amount() {
    let mut world = World::new();
    let (from, to) = (Holder(1), Holder(2));
    world.edit_account(to, |account| {
        account.kyc_until = 0;
        account.freeze = frozen(true, false);
    });
    let seize = |from, amount, to| [council::seize(from, amount, to)];
    let (source, target) = (from.address(), Some(to.address()));
    assert_eq!(world.by_council(seize(NOBODY, 0, target)), Err(Code::KycExpired));
    world.edit_account(to, |account| account.kyc_until = u64::MAX);
    assert_eq!(world.by_council(seize(NOBODY, 0, target)), Err(Code::AccountFrozen));
    world.edit_account(to, |account| account.freeze = frozen(false, true));
    assert_eq!(world.by_council(seize(NOBODY, 0, target)), Err(Code::UnknownTarget));
    assert_eq!(world.by_council(seize(source, 0, Some(source))), Err(Code::ZeroAmount));
    assert_eq!(world.by_council(seize(source, 1, Some(source))), Err(Code::SelfTransfer));
    assert_eq!(world.by_council(seize(source, 1, Some(NOBODY))), Err(Code::UnknownRecipient));
    let more = BALANCE + 1;
    assert_eq!(world.by_council(seize(source, more, target)), Err(Code::NotSeizable));
    world.run(COMPLIANCE, op::freeze(source, false, true)).unwrap();
    assert_eq!(world.by_council(seize(source, more, target)), Err(Code::NotSeizable), "lapses");
    world.edit_account(from, |account| account.freeze = frozen(true, false));
    assert_eq!(world.by_council(seize(source, more, target)), Err(Code::NotSeizable), "inbound");
    world.edit_account(from, |account| account.freeze = frozen(false, true));
    let refused = world.by_council(seize(source, more, target));
    assert_eq!(refused, Err(Code::InsufficientAvailable));
    let mut full = world.clone();
    full.set_cap(u128::MAX);
    full.set_balance(to, u64::MAX);
    assert_eq!(full.by_council(seize(source, 1, target)), Err(Code::Overflow));
    world.edit_account(from, |account| account.hold = 10);
    let taken = |amount, to, incident| {
        let (kind, severity) = (IncidentKind::Seizure, Severity::High);
        let seized = Event::Seized { from: source, to, amount, order: op::ORDER };
        Ok(vec![seized, Event::IncidentPosted { incident, kind, severity, subject: op::ORDER }])
    };
    assert_eq!(world.by_council(seize(source, 4, target)), taken(4, target, 1));
    assert_eq!((world.balance(from), world.account(from).hold), (BALANCE - 4, 6));
    assert_eq!(world.balance(to), BALANCE + 4);
    assert!(world.account(from).freeze.confirmed, "still frozen");
    let before = world.state.supply().clone();
    let rest = BALANCE - 4;
    assert_eq!(world.by_council(seize(source, rest, None)), taken(rest, None, 2));
    assert_eq!((world.balance(from), world.account(from).hold), (0, 0));
    let supply = world.state.supply();
    assert_eq!(supply.total, before.total - u128::from(rest));
    assert_eq!(supply.cum_burn, before.cum_burn + u128::from(rest));
}

#[test]
fn a_hold_of_the_amount_allows_a_seizure_without_a_freeze() {
    let mut world = World::new();
    let (from, to) = (Holder(1).address(), Some(Holder(2).address()));
    world.edit_account(Holder(1), |account| account.hold = 99);
    assert_eq!(world.by_council([council::seize(from, 100, to)]), Err(Code::NotSeizable));
    assert!(world.by_council([council::seize(from, 99, to)]).is_ok());
    assert_eq!((world.balance(Holder(1)), world.account(Holder(1)).hold), (BALANCE - 99, 0));
}

#[test]
fn a_pause_runs_at_most_30_days_is_never_shortened_and_ends_by_itself() {
    let mut world = World::new();
    let scopes = [Scope::Transfer, Scope::Bridge];
    let pause = |until| [council::pause(&scopes, until)];
    let unpause = || [council::unpause(&scopes)];
    let now = world.now();
    assert_eq!(world.try_by_council(pause(now)), Err(Code::PauseTooLong));
    assert_eq!(world.try_by_council(pause(now + 30 * DAY + 1)), Err(Code::PauseTooLong));
    assert!(world.try_by_council(pause(now + 1)).is_ok());
    assert_eq!(world.try_by_council(unpause()), Err(Code::NotPaused));
    let until = now + 30 * DAY;
    let paused = |until| scopes.map(|scope| Event::Paused { scope, until }).to_vec();
    assert_eq!(world.by_council(pause(until)), Ok(paused(until)));
    assert_eq!(world.by_council(pause(now + DAY)), Ok(paused(until)), "not shortened");
    assert_eq!(world.state.pause(Scope::Transfer).short_until, 0, "no cooldown");
    assert_eq!(world.try_run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::Paused));
    assert!(world.try_run(MINTER, op::burn(0)) == Err(Code::ZeroAmount), "another scope");
    let mixed = [council::unpause(&[Scope::Transfer, Scope::Mint])];
    assert_eq!(world.by_council(mixed), Err(Code::NotPaused));
    assert!(world.state.pause(Scope::Transfer).is_paused(world.now()), "all or nothing");
    let mut later = world.clone();
    later.wait(until - later.now() - 1);
    assert_eq!(later.try_run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::Paused));
    later.wait(1);
    assert!(later.run(Holder(0), op::transfer(Holder(1), 1)).is_ok());
    let unpaused = scopes.map(|scope| Event::Unpaused { scope }).to_vec();
    assert_eq!(world.by_council(unpause()), Ok(unpaused));
    assert!(world.run(Holder(0), op::transfer(Holder(1), 1)).is_ok());
}

#[test]
fn a_short_pause_runs_at_most_72_hours_and_the_next_waits_7_days() {
    let mut world = World::new();
    let pause = |scopes: &[Scope], until| [council::short_pause(scopes, until)];
    let mint = &[Scope::Mint][..];
    let now = world.now();
    assert_eq!(world.try_by_council(pause(mint, now)), Err(Code::PauseTooLong));
    assert_eq!(world.try_by_council(pause(mint, now + 72 * HOUR + 1)), Err(Code::PauseTooLong));
    let until = now + 72 * HOUR;
    let paused = Event::Paused { scope: Scope::Mint, until };
    assert_eq!(world.by_council(pause(mint, until)), Ok(vec![paused]));
    // At once, while it runs and after it ended: the scope has had its short pause.
    let both = [Scope::Mint, Scope::Bridge];
    let hour_more = |world: &World| pause(&both, world.now() + HOUR);
    assert_eq!(world.try_by_council(hour_more(&world)), Err(Code::PauseCooldown));
    assert!(world.try_by_council(pause(&[Scope::Bridge], until)).is_ok(), "each on its own");
    let longer = council::pause(mint, now + 20 * DAY);
    assert!(world.try_by_council([longer]).is_ok(), "a long one need not wait");
    let mut unpaused = world.clone();
    let ended = unpaused.now();
    unpaused.by_council([council::unpause(mint)]).unwrap();
    assert_eq!(unpaused.state.pause(Scope::Mint).short_until, ended);
    for (mut world, end) in [(world, until), (unpaused, ended)] {
        world.wait(end + 7 * DAY - 1 - world.now());
        assert_eq!(world.try_by_council(hour_more(&world)), Err(Code::PauseCooldown));
        world.wait(1);
        let until = world.now() + HOUR;
        assert!(world.by_council(hour_more(&world)).is_ok());
        assert_eq!(world.state.pause(Scope::Mint).short_until, until);
    }
}
