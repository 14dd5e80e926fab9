//! The worked examples of the rules that this version covers, with their numbers.

mod common;

use ballast_runtime::object::Role;
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::{Code, Outcome};
use common::Who::{Holder, Officer};
use common::{COUNCIL, DOLLAR, World, op};

const MILLION: u64 = 1_000_000 * DOLLAR;
const MINTER: common::Who = Officer(Role::Minter);
const CUSTODIAN: common::Who = Officer(Role::Custodian);

/// Supply 500 M, cap 1,000 M, minter allowance 200 M, per-tx 20 M.
fn world() -> World {
    let mut world = World::new();
    for n in 1..common::ACCOUNTS {
        world.set_balance(Holder(n), 0);
    }
    world.set_balance(Holder(0), 500 * MILLION);
    world.set_cap(u128::from(1_000 * MILLION));
    world
}

fn deposit(world: &mut World, bank_ref: &str, amount: u64) -> ballast_primitives::Hash {
    let op = op::deposit(bank_ref, amount, Holder(1).address());
    world.run(CUSTODIAN, op).unwrap();
    deposit_id(&CUSTODIAN.address(), bank_ref)
}

#[test]
fn example_1_minting_one_million() {
    let mut world = world();
    let id = deposit(&mut world, "a", MILLION);
    world.run(MINTER, op::mint(id, MILLION)).unwrap();
    assert_eq!(world.state.supply().total, u128::from(501 * MILLION));
    assert_eq!(world.state.minter(&MINTER.address()).unwrap().allowance, 199 * MILLION);
    assert_eq!(world.deposit(&id).amount - world.deposit(&id).minted, 0);
}

#[test]
fn example_2_the_last_micro_dollar_below_the_ceiling_and_the_one_above() {
    // The reserve ceiling comes with reports; until then the cap is the ceiling.
    let mut world = world();
    world.set_balance(Holder(0), 600 * MILLION - 1);
    world.set_cap(u128::from(600 * MILLION));
    let id = deposit(&mut world, "a", MILLION);
    assert!(world.run(MINTER, op::mint(id, 1)).is_ok());
    assert_eq!(world.run(MINTER, op::mint(id, 1)), Err(Code::CapExceeded));
}

#[test]
fn example_3_a_deposit_is_minted_in_parts_within_its_amount() {
    let mut world = world();
    let id = deposit(&mut world, "a", MILLION);
    let thousand = 1_000 * DOLLAR;
    assert!(world.run(MINTER, op::mint(id, 600 * thousand)).is_ok());
    assert_eq!(world.run(MINTER, op::mint(id, 500 * thousand)), Err(Code::DepositExceeded));
    assert!(world.run(MINTER, op::mint(id, 400 * thousand)).is_ok());
}

#[test]
fn example_4_use_survives_a_revoked_role() {
    // Windows come later; what survives is the allowance.
    let mut world = world();
    let minter = MINTER.address();
    for bank_ref in ["a", "b", "c"] {
        let id = deposit(&mut world, bank_ref, 20 * MILLION);
        world.run(MINTER, op::mint(id, 20 * MILLION)).unwrap();
    }
    world.run(COUNCIL, op::revoke(Role::Minter, minter)).unwrap();
    let valid_until = world.now() + common::DAY;
    world.run(COUNCIL, op::grant(Role::Minter, minter, valid_until)).unwrap();
    assert_eq!(world.state.minter(&minter).unwrap().allowance, 140 * MILLION);
}

#[test]
fn example_6_the_councils_operations_are_beyond_freezes_and_pauses() {
    // Until proposals exist the council is an account: it cannot be frozen, and no pause or
    // freeze stops its operations; a frozen holder's transfer fails.
    let mut world = world();
    world.run(COUNCIL, op::freeze(Holder(0).address(), true, true)).unwrap();
    assert_eq!(world.run(Holder(0), op::transfer(Holder(1), 1)), Err(Code::AccountFrozen));
    let until = world.now() + common::DAY;
    let all = ballast_runtime::object::Scope::ALL;
    world.run(COUNCIL, op::pause(&all, until)).unwrap();
    world.run(COUNCIL, op::revoke(Role::Minter, MINTER.address())).unwrap();
    world.run(COUNCIL, op::unfreeze(Holder(0).address())).unwrap();
    world.run(COUNCIL, op::unpause(&all)).unwrap();
}

#[test]
fn example_7_a_hold_may_exceed_the_balance() {
    let mut world = world();
    world.set_balance(Holder(2), 200);
    world.edit_account(Holder(2), |account| account.hold = 500);
    world.run(Holder(0), op::transfer(Holder(2), 400)).unwrap();
    let pay = |amount| op::transfer(Holder(3), amount);
    assert_eq!(world.run(Holder(2), pay(101)), Err(Code::InsufficientAvailable));
    assert!(world.run(Holder(2), pay(100)).is_ok());
    assert_eq!(world.run(Holder(2), pay(1)), Err(Code::InsufficientAvailable));
}

#[test]
fn example_10_a_batch_whose_third_operation_fails_does_nothing_but_use_its_nonce() {
    let mut world = world();
    let ops = vec![
        op::transfer(Holder(1), 5),
        op::transfer(Holder(2), 6),
        op::transfer(Holder(3), u64::MAX),
    ];
    let tx = world.tx(Holder(0), ops);
    let before = world.clone();
    let outcome = world.block(std::slice::from_ref(&tx));
    let failed = Outcome::Failed { op: 2, code: Code::InsufficientAvailable };
    assert_eq!(outcome.receipts[0].outcome, failed);
    assert!(outcome.receipts[0].events.is_empty());
    for n in 0..common::ACCOUNTS {
        assert_eq!(world.balance(Holder(n)), before.balance(Holder(n)));
    }
    assert_eq!(outcome.changes.len(), 1, "only the sender's nonce and quota changed");
    assert_eq!(world.send(tx), Err(Code::NonceUsed));
}

#[test]
fn example_11_nonces_1_to_128_commit_in_any_order() {
    let mut world = world();
    let txs: Vec<_> =
        (1..=128).map(|n| world.tx(Holder(0), vec![op::transfer(Holder(1), n)])).collect();
    // Four validators' batches: each takes every fourth, one of them backwards.
    let mut order: Vec<_> = (0..4).flat_map(|v| (v..128).step_by(4)).collect();
    order[..64].reverse();
    let shuffled: Vec<_> = order.into_iter().map(|at: usize| txs[at].clone()).collect();
    for part in shuffled.chunks(50) {
        assert!(world.block(part).dropped.is_empty());
    }
    assert_eq!(world.balance(Holder(1)), (1..=128).sum());
    assert_eq!(world.account(Holder(0)).replay.high, 128);
}
