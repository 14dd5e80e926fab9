//! Supply checkpoints, and reconciliation with them.

use ballast_primitives::Hash;
use ballast_runtime::limits::CHECKPOINTS_KEPT;
use ballast_runtime::object::{Checkpoint, Incident, IncidentKind, Key, Object, Scope, Severity};
use ballast_runtime::{Code, Event, Outcome};

use crate::common::Who::Holder;
use crate::common::{DAY, START, World, decode_change, op};
use crate::reports::ticked;
use crate::{ATTESTOR, MANAGER, MINTER, deposited, tripped};

/// Between checkpoints of a dev network.
pub const TICK: u64 = 5_000;

#[test]
fn a_reconciliation_that_agrees_is_an_event_and_no_more() {
    let mut world = ticked();
    let Checkpoint { at: as_of, height, total, .. } =
        *world.state.checkpoint(world.state.reserve().checkpoint).unwrap();
    let reconcile = |as_of, height| op::reconcile(as_of, height, total);
    assert_eq!(world.run(ATTESTOR, reconcile(0, 0)), Err(Code::Unauthorized));
    for (as_of, height) in
        [(0, 0), (as_of + 1, height), (as_of + TICK, height), (as_of, height + 1), (as_of, 0)]
    {
        assert_eq!(world.try_run(MANAGER, reconcile(as_of, height)), Err(Code::UnknownCheckpoint));
    }
    let reconciled = Event::Reconciled { as_of, height, liabilities: total, supply: total };
    assert_eq!(world.run(MANAGER, reconcile(as_of, height)), Ok(vec![reconciled]));
    let of_genesis =
        Event::Reconciled { as_of: START, height: 0, liabilities: total, supply: total };
    assert_eq!(world.run(MANAGER, reconcile(START, 0)), Ok(vec![of_genesis]));
    assert!(!world.state.pause(Scope::Mint).is_paused(world.now()));
}

#[test]
fn a_reconciliation_that_differs_trips_the_breaker_whatever_becomes_of_its_transaction() {
    let world = World::new();
    let total = world.state.supply().total;
    let kind = IncidentKind::ReconcileMismatch;
    for liabilities in [total - 1, total + 1] {
        let mut world = world.clone();
        let now = world.now();
        let reconciled = Event::Reconciled { as_of: START, height: 0, liabilities, supply: total };
        let events = [&[reconciled], &tripped(kind, 0, now)[..]].concat();
        assert_eq!(world.run(MANAGER, op::reconcile(START, 0, liabilities)), Ok(events));
        assert_eq!(world.state.pause(Scope::Mint).until, now + 30 * DAY);
        assert_eq!(world.state.pause(Scope::Mint).short_until, 0, "no short pause of the council");
    }
    // Two differences, then a failure: both trips stay, and nothing else.
    let mut world = world.clone();
    let mismatch = op::reconcile(START, 0, total + 1);
    let unknown = op::reconcile(START, 1, total);
    let good = op::reconcile(START, 0, total);
    let tx = world.tx(MANAGER, vec![good, mismatch.clone(), mismatch, unknown]);
    let (now, id) = (world.now(), tx.id());
    let outcome = world.block(&[tx]);
    let [receipt] = &outcome.receipts[..] else { panic!("{outcome:?}") };
    assert_eq!(receipt.tx, id);
    assert_eq!(receipt.outcome, Outcome::Failed { op: 3, code: Code::UnknownCheckpoint });
    assert_eq!(receipt.events, [tripped(kind, 0, now), tripped(kind, 1, now)].concat());
    assert_eq!(world.state.pause(Scope::Mint).until, now + 30 * DAY);
    assert_eq!(world.state.incidents().next, 2);
    let incident = Incident {
        kind,
        severity: Severity::Critical,
        height: 1,
        at: now,
        subject: Hash::default(),
    };
    for number in 0..2 {
        assert_eq!(world.state.get(&Key::Incident(number)), Some(&Object::Incident(incident)));
    }
}

#[test]
fn a_trip_never_shortens_a_pause() {
    let mut world = World::new();
    world.set_pause(Scope::Mint, u64::MAX);
    let events = world.run(MANAGER, op::reconcile(START, 0, 0)).unwrap();
    assert_eq!(events[1], Event::Paused { scope: Scope::Mint, until: u64::MAX });
    assert_eq!(world.state.pause(Scope::Mint).until, u64::MAX);
}

#[test]
fn a_checkpoint_is_what_the_parent_left_made_by_the_first_block_at_or_after_its_tick() {
    let mut world = World::new();
    let kept = |world: &World, at| world.state.checkpoint(at).copied();
    let total = world.state.supply().total;
    let of = |at, height, total, cum_deposit| {
        Some(Checkpoint { at, height, total, cum_deposit, cum_payout: 0 })
    };
    assert_eq!(kept(&world, START), of(START, 0, total, 0), "genesis makes one");
    let deposit = deposited(&mut world, "a", 100, Holder(0).address());
    world.run(MINTER, op::mint(deposit, 60)).unwrap();
    world.wait(TICK - 3_000 - 1);
    assert_eq!((world.now(), world.context.height), (START + TICK - 1, 2));
    world.run(MINTER, op::mint(deposit, 30)).unwrap();
    assert_eq!(kept(&world, START + TICK), None);
    assert_eq!(world.state.reserve().checkpoint, START);
    // 999 ms after the tick: of the tick, and without what this block mints itself.
    let outcome = {
        let tx = world.tx(MINTER, vec![op::mint(deposit, 10)]);
        world.block(&[tx])
    };
    assert_eq!(world.context.time, START + TICK + 999);
    assert_eq!(kept(&world, START + TICK), of(START + TICK, 3, total + 90, 100));
    let written = outcome.changes.iter().map(|change| decode_change(change).0);
    assert_eq!(written.filter(|key| matches!(key, Key::Checkpoint(_) | Key::Reserve)).count(), 2);
    // A block of the same tick makes none.
    world.block(&[]);
    assert_eq!(kept(&world, START + TICK), of(START + TICK, 3, total + 90, 100));
    // Ticks without a block are missed.
    world.wait(3 * TICK);
    world.block(&[]);
    assert_eq!(kept(&world, START + 4 * TICK), of(START + 4 * TICK, 5, total + 100, 100));
    for missed in [2, 3, 5] {
        assert_eq!(kept(&world, START + missed * TICK), None, "{missed}");
    }
    assert_eq!(world.state.reserve().checkpoint, START + 4 * TICK);
}

#[test]
fn checkpoints_are_kept_in_a_ring() {
    let mut world = World::new();
    let (objects, round) = (world.state.len(), u64::from(CHECKPOINTS_KEPT) * TICK);
    world.wait(round - TICK);
    world.block(&[]);
    let last = START + round - TICK;
    assert!(world.state.checkpoint(START).is_some() && world.state.checkpoint(last).is_some());
    assert_eq!(world.state.len(), objects + 1);
    world.wait(TICK);
    world.block(&[]);
    assert_eq!(world.state.checkpoint(START), None, "its place was taken");
    assert_eq!(world.state.checkpoint(START + round).unwrap().height, 1);
    assert_eq!(world.state.len(), objects + 1);
    let total = world.state.supply().total;
    assert_eq!(world.run(MANAGER, op::reconcile(START, 0, total)), Err(Code::UnknownCheckpoint));
}
