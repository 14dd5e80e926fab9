//! What a transaction breaks (ST-30 to ST-36), and what it only seems to: decisions of the council
//! joined with payments of the accounts that they name.

use ballast_primitives::{Address, Hash};
use ballast_runtime::authorisation::PayAuthBody;
use ballast_runtime::limits::{ALARMS_MAX, PAUSE_MS_MAX};
use ballast_runtime::object::{
    Alarm, Incident, IncidentKind, Minter, Role, RoleGrant, Scope, Severity,
};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::*;

use crate::common::Who::{self, Holder, Member, Officer};
use crate::common::{DAY, DOLLAR, World, answer, council, op};
use crate::{COMPLIANCE, CUSTODIAN};

const ME: Who = Member(0);
/// More than the threshold of any class.
const VOTERS: [Who; 4] = [Member(1), Member(2), Member(3), Member(4)];

/// A member with money, frozen both ways by an officer.
fn frozen_member() -> World {
    let mut world = World::new();
    world.set_balance(ME, 1_000 * DOLLAR);
    world.run(COMPLIANCE, op::freeze(ME.address(), true, true)).unwrap();
    world
}

/// Has proposals approved, and gives what executes them in order.
fn approved(world: &mut World, decisions: Vec<Vec<CouncilOp>>) -> Vec<Op> {
    let execute = |ops: Vec<CouncilOp>| {
        let number = world.state.council().next_proposal;
        let txs = world.proposal(ops, &VOTERS);
        world.block(&txs);
        op::execute(number)
    };
    decisions.into_iter().map(execute).collect()
}

/// Sends operations of [`ME`] in one transaction.
fn at_once(world: &mut World, ops: Vec<Op>) -> Result<Vec<Event>, Code> {
    let tx = world.tx(ME, ops);
    world.send(tx)
}

/// Every way in which an account's balance falls by its own or another's operation.
fn debits(world: &World) -> Vec<Op> {
    let body = PayAuthBody {
        owner: ME.address(),
        to: Holder(0).address(),
        amount: DOLLAR,
        memo: None,
        nonce: Hash([7; 32]),
        not_before: 0,
        deadline: world.now() + DAY,
        executor: None,
    };
    vec![
        op::transfer(Holder(0), DOLLAR),
        op::pay_auth(body, &ME.keys()),
        op::redeem(20 * DOLLAR, DOLLAR, Hash::default()),
        op::bridge_out(1, DOLLAR, b"remote"),
    ]
}

#[test]
fn a_member_whose_freeze_is_narrowed_pays_in_the_same_transaction() {
    let mut world = frozen_member();
    let narrow = vec![council::freeze(ME.address(), true, false)];
    let execute = approved(&mut world, vec![narrow]).remove(0);
    let pay = op::transfer(Holder(0), DOLLAR);
    let frozen = Err(Code::AccountFrozen);
    assert_eq!(world.try_run(ME, pay.clone()), frozen, "before the decision");
    assert_eq!(at_once(&mut world.clone(), vec![pay.clone(), execute.clone()]), frozen);
    assert!(at_once(&mut world, vec![execute, pay]).is_ok());
    assert_eq!(world.balance(ME), 999 * DOLLAR);
}

/// The siblings: every debit, after every decision that lets it through, and before every decision
/// that would not; in one transaction and in one block.
#[test]
fn every_debit_is_judged_by_what_is_in_force_when_it_happens() {
    let me = ME.address();
    let lets = |hold| {
        vec![
            vec![council::freeze(me, true, false), council::set_hold(me, hold, 0)],
            vec![council::unfreeze(me), council::set_hold(me, hold, 0)],
        ]
    };
    let stops = || {
        vec![
            vec![council::freeze(me, false, true)],
            vec![council::freeze(me, true, true)],
            vec![council::set_hold(me, 0, u64::MAX)],
            vec![council::freeze(me, false, true), council::seize(me, DOLLAR, None)],
        ]
    };
    for let_through in lets(990 * DOLLAR) {
        for stop in stops() {
            for number in 0..4 {
                let mut world = frozen_member();
                world.by_council([council::set_bridge(1, "b", 100 * DOLLAR, true)]).unwrap();
                world.edit_account(ME, |account| account.hold = 990 * DOLLAR);
                let pay = debits(&world).remove(number);
                let executes = approved(&mut world, vec![let_through.clone(), stop.clone()]);
                let [open, close] = &executes[..] else { panic!("two decisions") };
                let refused = world.try_run(ME, pay.clone());
                assert_eq!(refused, Err(Code::AccountFrozen));
                let joined = vec![open.clone(), pay.clone(), close.clone()];
                at_once(&mut world.clone(), joined).unwrap();
                let by_others = [(Member(1), open), (ME, &pay), (Member(2), close)];
                let txs = by_others.map(|(who, op)| world.tx(who, vec![op.clone()]));
                let outcome = world.block(&txs);
                let done = outcome.receipts.iter().map(answer).filter(Result::is_ok);
                assert_eq!(done.count(), 3, "{:?}", outcome.receipts);
            }
        }
    }
}

#[test]
fn signatures_of_the_council_and_payments_join_as_well() {
    let mut world = frozen_member();
    let narrow = [council::freeze(ME.address(), true, false)];
    let exec = world.council_exec(narrow, &VOTERS[..3]);
    at_once(&mut world, vec![exec, op::transfer(Holder(0), DOLLAR)]).unwrap();
}

/// Who leaves the council for a role, in one decision, mints in the same transaction.
#[test]
fn a_member_that_becomes_a_minter_mints_at_once() {
    let mut world = World::new();
    world.run(CUSTODIAN, op::deposit("r", 5 * DOLLAR, Holder(0).address())).unwrap();
    let deposit = deposit_id(&CUSTODIAN.address(), "r");
    let until = world.now() + DAY;
    let (minter, me) = (Officer(Role::Minter).address(), ME.address());
    let leave = vec![
        council::council_set(&VOTERS, [1, 2, 3, 3]),
        council::revoke(Role::Minter, minter),
        council::grant(Role::Minter, me, until),
        council::set_minter_limits(me, 5 * DOLLAR, 5 * DOLLAR),
        council::set_limits(DOLLAR, 5 * DOLLAR, 5 * DOLLAR),
    ];
    let execute = approved(&mut world, vec![leave]).remove(0);
    // It was a minter once, and has something left of its allowance.
    let settings = Minter { allowance: 9 * DOLLAR, ..world.minter().clone() };
    world.put_all(vec![(Key::Minter(me), Object::Minter(Box::new(settings)))]);
    let ops = vec![execute, op::mint(deposit, DOLLAR), op::mint(deposit, 4 * DOLLAR)];
    at_once(&mut world, ops).unwrap();
    assert_eq!(world.deposit(&deposit).minted, 5 * DOLLAR);
}

// ---- what is broken all the same ----

/// A state that no operation leads to: a holder of three live roles, so that to take one of them
/// leaves two.
fn unsound(holders: &[Who]) -> World {
    let mut world = World::new();
    let grant = RoleGrant { valid_until: world.now() + 300 * DAY };
    let roles = [Role::Bridge, Role::Registrar, Role::Redeemer];
    let all = holders.iter().flat_map(|who| roles.map(|role| Key::Role(role, who.address())));
    world.put_all(all.map(|key| (key, Object::Role(grant))).collect());
    world
}

/// Executes a block with one transaction that takes a role from `holder` on the council's word:
/// its receipt.
fn take_role(world: &mut World, sender: Who, holder: Who) -> Receipt {
    let ops = [council::revoke(Role::Bridge, holder.address())];
    let exec = world.council_exec(ops, &VOTERS[..2]);
    let tx = world.tx(sender, vec![op::cancel_auth(Hash([9; 32]), u64::MAX), exec]);
    world.context.height += 1;
    world.context.time += 1_000;
    let mut outcome = execute_block(&mut world.state, &world.context, &[tx]).unwrap();
    outcome.receipts.remove(0)
}

#[test]
fn a_transaction_that_breaks_an_invariant_fails_and_leaves_an_incident() {
    let mut world = unsound(&[Holder(0)]);
    let before = world.clone();
    let receipt = take_role(&mut world, ME, Holder(0));
    let failed = Outcome::Failed { op: 1, code: Code::InvariantBroken };
    assert_eq!(receipt.outcome, failed);
    let (kind, severity) = (IncidentKind::PowerBroken, Severity::Critical);
    let subject = Hash(ME.address().0);
    let posted = Event::IncidentPosted { incident: 0, kind, severity, subject };
    assert_eq!(receipt.events, [posted], "and powers pause nothing");
    let at = world.context.time;
    let incident = Incident { kind, severity, height: world.context.height, at, subject };
    assert_eq!(world.state.get(&Key::Incident(0)), Some(&Object::Incident(incident)));
    let alarms = &world.state.incidents().alarms;
    assert_eq!(alarms, &[Alarm { kind, account: ME.address(), at }]);
    assert_eq!(world.state.council(), before.state.council(), "its number is not used up");
    assert!(world.state.holds(Role::Bridge, &Holder(0).address(), at));
    assert_eq!(world.account(ME).replay.high, 1, "the nonce is");
    assert_eq!(world.state.len(), before.state.len() + 1);
}

#[test]
fn an_incident_is_filed_once_a_day_for_each_sender_and_kind() {
    let mut world = unsound(&[Holder(0)]);
    let start = world.now();
    let events = |world: &mut World, who, at: u64| {
        world.context.time = at - 1_000;
        take_role(world, who, Holder(0)).events.len()
    };
    assert_eq!(events(&mut world, Member(0), start), 1);
    assert_eq!(events(&mut world, Member(0), start + 1_000), 0);
    assert_eq!(events(&mut world, Member(1), start + 2_000), 1, "another sender");
    assert_eq!(events(&mut world, Member(0), start + DAY - 1), 0);
    assert_eq!(events(&mut world, Member(0), start + DAY), 1);
    let alarms = world.state.incidents().alarms.clone();
    assert_eq!(alarms.len(), 2, "what is a day old is forgotten");
    assert_eq!(world.state.incidents().next, 3);
}

#[test]
fn no_more_incidents_are_filed_in_a_day_than_there_is_room_for() {
    let mut world = unsound(&[Holder(0)]);
    let at = world.now();
    let alarm = |n: usize| Alarm {
        kind: IncidentKind::PowerBroken,
        account: Address([u8::try_from(n).unwrap(); 32]),
        at,
    };
    let fill = |world: &mut World, count| {
        world.edit(Key::Incidents, |object| {
            if let Object::Incidents(log) = object {
                log.alarms = (0..count).map(alarm).collect();
            }
        });
    };
    let mut full = world.clone();
    fill(&mut full, ALARMS_MAX);
    assert_eq!(take_role(&mut full, ME, Holder(0)).events, []);
    assert_eq!(full.state.incidents().alarms.len(), ALARMS_MAX);
    fill(&mut world, ALARMS_MAX - 1);
    assert_eq!(take_role(&mut world, ME, Holder(0)).events.len(), 1);
}

/// The pause of the table is set by one with power; nobody else pauses anything.
#[test]
fn only_a_sender_with_power_pauses() {
    use ballast_runtime::invariants::Invariant;
    let paused = Invariant::ALL.map(|invariant| (invariant, invariant.pauses()));
    let mint = Some(Scope::Mint);
    let expected = [mint, mint, None, Some(Scope::Bridge), None, None, None, None];
    assert_eq!(paused.map(|(_, scope)| scope), expected);
    const { assert!(PAUSE_MS_MAX == 30 * DAY) };
}
