//! What ends is removed, and its slot is used again (ST-2, ST-3, ST-7).

use ballast_primitives::{SecretKey, Signature};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData};
use ballast_runtime::limits::{
    CHECKPOINT_MS_MAX, ENDED_PER_BLOCK, HOUR_MS, INCIDENTS_KEPT, MINUTE_MS, RECORD_KEPT_MS,
};
use ballast_runtime::object::{
    Allowance, Incident, IncidentKind, IncidentLog, Institution, Severity,
};
use ballast_runtime::ops::redeem_request::redemption_id;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::{BlockOutcome, Change, Code, Key, Object, Op, State, Witness};

use crate::common::Who::{Holder, Officer};
use crate::common::{DAY, Who, World, council, op};
use crate::{Address, Hash, Role};

/// A world in which no checkpoint comes between for three quarters of an hour.
fn world() -> World {
    let mut world = World::new();
    world.edit_policy(|policy| policy.checkpoint_ms = CHECKPOINT_MS_MAX);
    world
}

/// The slot of a key.
fn slot_of(world: &World, key: &Key) -> Option<u64> {
    let key = borsh::to_vec(key).unwrap();
    world.state.changes().find(|change| change.key == key).map(|change| change.slot)
}

/// One past the highest slot that holds an object.
fn end_of_slots(world: &World) -> u64 {
    world.state.changes().map(|change| change.slot + 1).max().unwrap()
}

fn spender(n: u64) -> Address {
    let mut bytes = [9; 32];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Address(bytes)
}

fn allowance(who: Who, n: u64) -> Key {
    Key::Allowance(who.address(), spender(n))
}

fn restored(world: &World) -> State {
    State::restore(world.state.changes()).unwrap()
}

#[test]
fn a_new_object_takes_the_lowest_vacant_slot_and_the_tree_ends_with_the_last() {
    let mut world = world();
    let (len, root) = (world.state.len(), |world: &World| world.state.root());
    for n in 0..4 {
        world.run(Holder(0), op::approve(spender(n), 0, 1, u64::MAX)).unwrap();
    }
    let slots = [0, 1, 2, 3].map(|n| slot_of(&world, &allowance(Holder(0), n)));
    assert_eq!(slots, [0, 1, 2, 3].map(|n| Some(len + n)));
    // Vacant in the middle: the lower one is taken first.
    for n in [2, 0] {
        world.run(Holder(0), op::approve(spender(n), 1, 0, 0)).unwrap();
        assert!(world.state.get(&allowance(Holder(0), n)).is_none());
    }
    assert_eq!((world.state.len(), end_of_slots(&world)), (len + 2, len + 4));
    assert_eq!(restored(&world), world.state);
    assert!(world.state.prove(&allowance(Holder(0), 0)).is_none());
    world.run(Holder(1), op::approve(spender(9), 0, 1, u64::MAX)).unwrap();
    assert_eq!(slot_of(&world, &allowance(Holder(1), 9)), Some(len));
    // At the end: the tree is shorter, over the vacant slot before it too.
    world.run(Holder(0), op::approve(spender(3), 1, 0, 0)).unwrap();
    assert_eq!(end_of_slots(&world), len + 2);
    assert_eq!((restored(&world), restored(&world).root()), (world.state.clone(), root(&world)));
    world.run(Holder(1), op::approve(spender(8), 0, 1, u64::MAX)).unwrap();
    assert_eq!(slot_of(&world, &allowance(Holder(1), 8)), Some(len + 2));
}

#[test]
fn a_failed_transaction_gives_back_what_it_removed_and_created() {
    let mut world = world();
    for n in 0..3 {
        world.run(Holder(0), op::approve(spender(n), 0, 1, u64::MAX)).unwrap();
    }
    world.run(Holder(0), op::approve(spender(1), 1, 0, 0)).unwrap();
    let before = world.clone();
    let ops = vec![
        op::approve(spender(0), 1, 0, 0),
        op::approve(spender(5), 0, 1, u64::MAX),
        op::approve(spender(6), 0, 1, u64::MAX),
        op::approve(spender(2), 1, 0, 0),
        op::approve(spender(0), 0, 7, u64::MAX),
        op::approve(spender(7), 0, 1, u64::MAX),
        op::approve(spender(7), 1, 0, 0),
        op::transfer(Holder(0), 1),
    ];
    let tx = world.tx(Holder(0), ops.clone());
    let outcome = world.block(std::slice::from_ref(&tx));
    assert_eq!((outcome.removed, outcome.changes.len()), (vec![], 1), "the sender alone");
    assert_eq!(world.state.len(), before.state.len());
    assert_eq!(restored(&world), world.state);
    for n in 0..3 {
        let key = allowance(Holder(0), n);
        assert_eq!(slot_of(&world, &key), slot_of(&before, &key), "{n}");
    }
    // A trial of what would succeed leaves no trace either.
    let untouched = world.state.clone();
    let body = world.body(Holder(0), ops[..7].to_vec());
    let trial = crate::common::unsigned(body, &Holder(0).keys());
    let trial = ballast_runtime::simulate::Trial::of_verified(&trial);
    let next = ballast_runtime::execute::BlockContext {
        height: world.context.height + 1,
        time: world.now(),
        ..world.context
    };
    ballast_runtime::simulate::simulate(&mut world.state, &next, &trial);
    assert_eq!(world.state, untouched);
}

#[test]
fn what_a_block_removes_and_writes_again_is_told_whole() {
    let mut world = world();
    for n in 0..3 {
        world.run(Holder(0), op::approve(spender(n), 0, 1, u64::MAX)).unwrap();
    }
    let mut stored: Vec<_> = world.state.changes().collect();
    let ops = vec![
        op::approve(spender(2), 1, 0, 0),
        op::approve(spender(0), 1, 0, 0),
        op::approve(spender(2), 0, 5, u64::MAX),
        op::approve(spender(4), 0, 1, u64::MAX),
        op::approve(spender(1), 1, 0, 0),
    ];
    let tx = world.tx(Holder(0), ops);
    let outcome = world.block(&[tx]);
    assert_eq!(outcome.removed.len(), 3);
    for removed in &outcome.removed {
        let there = |leaf: &Change| leaf.slot == removed.slot && leaf.key == removed.key;
        assert!(stored.iter().any(there));
        stored.retain(|leaf| leaf.slot != removed.slot);
    }
    for change in outcome.changes {
        stored.retain(|leaf| leaf.slot != change.slot);
        stored.push(change);
    }
    assert_eq!(State::restore(stored), Ok(world.state));
}

#[test]
fn an_allowance_is_there_until_its_last_millisecond_and_counts_for_nothing_after_it() {
    let mut world = world();
    let (len, expires) = (world.state.len(), world.now() + 10 * MINUTE_MS);
    world.run(Holder(0), op::approve(Holder(1).address(), 0, 5, expires)).unwrap();
    world.wait(expires - 1 - world.now());
    world.block(&[]);
    assert_eq!(world.state.len(), len + 1);
    world.context.time = expires - 1_000;
    let outcome = world.block(&[]);
    assert_eq!((outcome.removed.len(), outcome.changes.len()), (1, 1), "and its owner's number");
    assert_eq!(world.state.len(), len);
    let spent =
        world.run(Holder(1), op::transfer_from(Holder(0).address(), Holder(2).address(), 1));
    assert_eq!(spent, Err(Code::AllowanceExceeded));
}

#[test]
fn a_block_removes_no_more_than_so_many_the_first_to_end_first() {
    let mut world = world();
    let len = world.state.len();
    let most = ENDED_PER_BLOCK as u64;
    // The one that ends first has the highest slot.
    let ended = |n: u64| {
        let allowance = Allowance { amount: 1, expires: world.now() - n };
        (self::allowance(Holder(0), n), Object::Allowance(allowance))
    };
    let all = (0..=most).map(ended).collect();
    world.put_all(all);
    assert_eq!(world.state.len(), len + most + 1);
    assert_eq!(world.block(&[]).removed.len() as u64, most);
    assert!(world.state.get(&allowance(Holder(0), 0)).is_some(), "the last to end");
    // Not removed yet, and worth nothing.
    let approve = op::approve(spender(0), 1, 3, u64::MAX);
    assert_eq!(world.try_run(Holder(0), approve), Err(Code::AllowanceChanged));
    assert_eq!(world.block(&[]).removed.len(), 1);
    assert_eq!(world.state.len(), len);
    assert_eq!(end_of_slots(&world), len);
    assert_eq!(restored(&world), world.state);
}

#[test]
fn a_bank_reference_is_for_ever() {
    let mut world = World::new();
    let custodian = Officer(Role::Custodian);
    world.run(custodian, op::deposit("r", 5, Holder(0).address())).unwrap();
    world.wait(10_000 * DAY);
    world.block(&[]);
    world.set_grant(Role::Custodian, u64::MAX);
    let again = op::deposit("r", 5, Holder(0).address());
    assert_eq!(world.run(custodian, again), Err(Code::DuplicateBankRef));
    assert!(!Key::Deposit(Hash::default()).may_be_removed());
}

/// The block at `time`.
fn block_at(world: &mut World, time: u64) -> BlockOutcome {
    world.context.time = time - 1_000;
    world.block(&[])
}

/// What is under `key` is there until the last millisecond before `end`, and not at it.
fn ends_at(world: &mut World, key: &Key, end: u64) {
    assert!(key.may_be_removed());
    block_at(world, end - 1);
    assert!(world.state.get(key).is_some(), "{key:?} is gone too early");
    block_at(world, end);
    assert!(world.state.get(key).is_none(), "{key:?} is still there");
    assert_eq!(restored(world), world.state);
}

#[test]
fn an_authorisation_is_remembered_until_its_deadline_and_cannot_be_used_after_it() {
    let mut world = World::new();
    let (owner, deadline) = (Holder(0), world.now() + DAY);
    let body = PayAuthBody {
        owner: owner.address(),
        to: Holder(1).address(),
        amount: 1,
        memo: None,
        nonce: Hash([1; 32]),
        not_before: 0,
        deadline,
        executor: None,
    };
    let pay = op::pay_auth(body, &owner.keys());
    world.run(Holder(2), pay.clone()).unwrap();
    let cancelled = Key::UsedAuth(owner.address(), Hash([2; 32]));
    world.run(owner, op::cancel_auth(Hash([2; 32]), deadline + 1)).unwrap();
    assert_eq!(world.account(owner).objects, 2);
    block_at(&mut world, deadline - 1_001);
    assert_eq!(world.try_run(Holder(2), pay.clone()), Err(Code::AuthUsed));
    ends_at(&mut world, &Key::UsedAuth(owner.address(), Hash([1; 32])), deadline);
    assert_eq!(world.try_run(Holder(2), pay), Err(Code::AuthExpired));
    ends_at(&mut world, &cancelled, deadline + 1);
    assert_eq!(world.account(owner).objects, 0);
}

#[test]
fn a_redemption_that_is_over_can_be_looked_up_for_30_days() {
    let mut world = World::new();
    let owner = Holder(0);
    let tx = world.tx(owner, vec![op::redeem(20_000_000, u64::MAX, Hash::default())]);
    let id = redemption_id(&owner.address(), tx.body().nonce, 0);
    world.send(tx).unwrap();
    world.wait(100 * DAY);
    world.block(&[]);
    assert!(world.state.redemption(&id).is_some(), "open redemptions do not end");
    world.run(owner, op::cancel(id)).unwrap();
    let closed_at = world.context.time;
    assert_eq!(world.state.redemption(&id).unwrap().closed_at, closed_at);
    assert_eq!(world.account(owner).objects, 1, "it counts until it is gone");
    assert_eq!(world.try_run(owner, op::cancel(id)), Err(Code::RedemptionClosed));
    ends_at(&mut world, &Key::Redemption(id), closed_at + 30 * DAY);
    assert_eq!(world.account(owner).objects, 0);
    assert_eq!(world.try_run(owner, op::cancel(id)), Err(Code::UnknownRedemption));
}

#[test]
fn what_a_payment_between_institutions_leaves_ends_with_its_window_and_its_data() {
    let mut world = World::new();
    let bank = SecretKey::dev("ending", "bank");
    let institutions = [1, 2].map(|number| {
        let (name, key) = ("a bank".to_owned(), bank.public());
        (Key::Institution(number), Object::Institution(Institution { name, key }))
    });
    world.put_all(institutions.to_vec());
    world.edit_account(Holder(0), |account| account.institution = 1);
    world.edit_account(Holder(1), |account| account.institution = 2);
    let expires = world.now() + 30 * DAY;
    let pay = |expires| {
        let witness = Witness { key: bank.public(), signature: Signature([0; 64]) };
        let (data, nonce) = (Hash([1; 32]), Hash([2; 32]));
        let travel = Some(Box::new(TravelData { data, nonce, expires, witness }));
        Op::Transfer(Transfer { to: Holder(1).address(), amount: 5, travel })
    };
    let too_long = world.try_run(Holder(0), pay(expires + 1));
    assert_eq!(too_long, Err(Code::TravelDataInvalid), "more than 30 days");
    world.run(Holder(0), pay(expires)).unwrap();
    assert_eq!((world.account(Holder(0)).objects, world.account(Holder(1)).objects), (2, 0));
    let hour = world.context.time / HOUR_MS;
    let pair = Key::Pair(Holder(0).address(), Holder(1).address());
    ends_at(&mut world, &pair, (hour + 25) * HOUR_MS);
    ends_at(&mut world, &Key::UsedTravel(2, Hash([2; 32])), expires);
    assert_eq!(world.try_run(Holder(0), pay(expires)), Err(Code::TravelDataInvalid));
    assert_eq!(world.account(Holder(0)).objects, 0);
}

#[test]
fn a_proposal_that_is_closed_can_be_looked_up_for_400_days() {
    let mut world = World::new();
    let before = world.state.council().next_proposal;
    world.by_council([council::set_bridge(9, "bridge", 1, true)]).unwrap();
    let proposal = world.state.proposal(before).unwrap();
    assert!(proposal.status.is_closed());
    let end = proposal.created + RECORD_KEPT_MS;
    ends_at(&mut world, &Key::Proposal(before), end);
}

#[test]
fn the_newest_incidents_are_kept() {
    let mut world = World::new();
    let incident = Incident {
        kind: IncidentKind::Other,
        severity: Severity::Low,
        height: 0,
        at: 0,
        subject: Hash::default(),
    };
    world.put_all(vec![
        (Key::Incident(0), Object::Incident(incident)),
        (Key::Incident(1), Object::Incident(incident)),
        (
            Key::Incidents,
            Object::Incidents(IncidentLog { next: INCIDENTS_KEPT, alarms: Vec::new() }),
        ),
    ]);
    world.run(Officer(Role::Compliance), op::freeze(Holder(0).address(), true, true)).unwrap();
    let there = [0, 1, INCIDENTS_KEPT].map(|n| world.state.get(&Key::Incident(n)).is_some());
    assert_eq!(there, [false, true, true]);
}

#[test]
fn as_many_objects_count_for_an_account_as_its_class_may_have() {
    let mut world = World::new();
    world.edit_account(Holder(0), |account| account.kyc_class = 0);
    let most = world.state.policy().quotas[0].objects_max();
    assert_eq!(most, 320);
    let object = || Object::Allowance(Allowance { amount: 1, expires: u64::MAX });
    world.put_all((0..most - 1).map(|n| (allowance(Holder(0), n), object())).collect());
    let approve = |n| op::approve(spender(n), 0, 1, u64::MAX);
    world.run(Holder(0), approve(most - 1)).unwrap();
    assert_eq!(u64::from(world.account(Holder(0)).objects), most);
    let far = world.now() + DAY;
    let redeem = op::redeem(20_000_000, u64::MAX, Hash::default());
    for op in [approve(most), op::cancel_auth(Hash([1; 32]), far), redeem] {
        assert_eq!(world.try_run(Holder(0), op), Err(Code::TooManyObjects));
    }
    // It is the owner's number that counts, whoever relays or pays the quota.
    let permit = PermitBody {
        owner: Holder(0).address(),
        spender: spender(0),
        expected: 1,
        amount: 2,
        expires: far,
        nonce: Hash([1; 32]),
        not_before: 0,
        deadline: far,
        executor: None,
    };
    let relayed = op::permit(permit, &Holder(0).keys());
    assert_eq!(world.try_run(Holder(1), relayed), Err(Code::TooManyObjects));
    // What is there can be changed, and what is given up makes room.
    world.wait(HOUR_MS);
    world.run(Holder(0), op::approve(spender(0), 1, 2, u64::MAX)).unwrap();
    world.run(Holder(0), op::approve(spender(0), 2, 0, 0)).unwrap();
    world.run(Holder(0), approve(most)).unwrap();
    assert_eq!(world.try_run(Holder(0), approve(most + 1)), Err(Code::TooManyObjects));
}
