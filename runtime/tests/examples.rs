//! The worked examples of the rules that this version covers, with their numbers.

mod common;

use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::{ProposalStatus, Role, Scope};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::{Code, Event, Outcome};
use common::Who::{self, Holder, Member, Officer};
use common::{DOLLAR, World, council, op};

const MILLION: u64 = 1_000_000 * DOLLAR;
const MINTER: common::Who = Officer(Role::Minter);
const CUSTODIAN: common::Who = Officer(Role::Custodian);
const REDEEMER: common::Who = Officer(Role::Redeemer);

/// Supply 500 M, cap 1,000 M, U 600 M and fresh. (Allowance 200 M, per-tx 20 M, window 60 M and
/// global window 100 M are those of a dev network.)
fn world() -> World {
    let mut world = World::new();
    for n in 1..common::ACCOUNTS {
        world.set_balance(Holder(n), 0);
    }
    world.set_balance(Holder(0), 500 * MILLION);
    world.set_cap(u128::from(1_000 * MILLION));
    world.edit_report(1, |report| {
        report.body.lines.truncate(1);
        let cash = &mut report.body.lines[0];
        (cash.market, cash.amortised) = (600 * MILLION, 600 * MILLION);
    });
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
    let mut world = world();
    world.set_balance(Holder(0), 600 * MILLION - 1);
    let id = deposit(&mut world, "a", MILLION);
    assert!(world.run(MINTER, op::mint(id, 1)).is_ok());
    assert_eq!(world.state.supply().total, u128::from(600 * MILLION));
    assert_eq!(world.run(MINTER, op::mint(id, 1)), Err(Code::ReserveCeiling));
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
    let mut world = world();
    let minter = MINTER.address();
    for bank_ref in ["a", "b", "c"] {
        let id = deposit(&mut world, bank_ref, 20 * MILLION);
        world.run(MINTER, op::mint(id, 20 * MILLION)).unwrap();
    }
    let first_hour = world.context.time / common::HOUR;
    world.by_council([council::revoke(Role::Minter, minter)]).unwrap();
    let valid_until = world.now() + common::DAY;
    world.by_council([council::grant(Role::Minter, minter, valid_until)]).unwrap();
    let id = deposit(&mut world, "d", MILLION);
    assert_eq!(world.run(MINTER, op::mint(id, 1)), Err(Code::MinterWindow));
    assert_eq!(world.context.time / common::HOUR, first_hour, "within the hour");
    assert_eq!(world.minter().allowance, 140 * MILLION);
}

#[test]
fn example_5_a_vote_on_what_another_council_was_asked_is_stale() {
    let mut world = world();
    let [a, b, c] = [Member(0), Member(1), Member(2)];
    let new = Holder(3);
    let council = |members: &[Who]| [council::council_set(members, [3; 4])];
    world.by_council(council(&[a, b, c])).unwrap();
    // P, to which A says yes; then A is swapped for A′.
    let ops = vec![council::seize(Holder(0).address(), 1, None)];
    let (p, digest) = (world.state.council().next_proposal, ops_digest(&ops));
    world.run(b, op::propose(ops)).unwrap();
    world.run(a, op::vote(p, digest, Choice::Yes)).unwrap();
    world.by_council(council(&[new, b, c])).unwrap();
    let vote = op::vote(p, digest, Choice::Yes);
    assert_eq!(world.run(new, vote.clone()), Err(Code::ProposalStale));
    assert_eq!(world.run(c, vote.clone()), Err(Code::ProposalStale));
    assert_eq!(world.run(b, op::execute(p)), Err(Code::ProposalStale));
    assert_eq!(world.run(a, vote), Err(Code::Unauthorized));
    assert_eq!(world.state.proposal(p).unwrap().status, ProposalStatus::Stale);
}

#[test]
fn example_6_a_frozen_member_votes_and_does_not_pay() {
    let mut world = world();
    let member = Member(1);
    world.set_balance(member, 10);
    world.by_council([council::freeze(member.address(), true, true)]).unwrap();
    assert_eq!(world.run(member, op::transfer(Holder(1), 1)), Err(Code::AccountFrozen));
    let (all, until) = (Scope::ALL, world.now() + common::DAY);
    world.by_council([council::pause(&all, until)]).unwrap();
    let ops = vec![council::unpause(&all)];
    let (p, digest) = (world.state.council().next_proposal, ops_digest(&ops));
    world.run(Member(0), op::propose(ops)).unwrap();
    world.run(member, op::vote(p, digest, Choice::Yes)).unwrap();
    assert_eq!(world.state.proposal(p).unwrap().yes.len(), 2);
    world.run(Member(2), op::vote(p, digest, Choice::Yes)).unwrap();
    world.run(member, op::execute(p)).unwrap();
    assert!(!world.state.pause(Scope::Transfer).is_paused(world.now()));
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

/// A redemption of 1 M that was asked for, and `then` settled.
fn redeem(world: &mut World, then: impl FnOnce(&mut World)) {
    world.edit_terms(|terms| (terms.fee_bps, terms.fee_flat) = (5, 25 * DOLLAR));
    let ask = op::redeem(MILLION, 500 * DOLLAR, op::ORDER);
    let events = world.run(Holder(0), ask).unwrap();
    let [Event::RedemptionRequested { redemption, fee, net, .. }] = events[..] else { panic!() };
    assert_eq!((fee, net), (500 * DOLLAR, 999_500 * DOLLAR));
    then(world);
    let before = world.state.supply().clone();
    assert_eq!(before.redeem_escrow, u128::from(MILLION));
    world.run(REDEEMER, op::accept(redemption)).unwrap();
    world.run(CUSTODIAN, op::payout(redemption, "p", net)).unwrap();
    world.run(REDEEMER, op::settle(redemption)).unwrap();
    let after = world.state.supply();
    assert_eq!(before.total - after.total, u128::from(999_500 * DOLLAR));
    assert_eq!(before.redeem_escrow - after.redeem_escrow, u128::from(MILLION));
    assert_eq!(world.balance(Who::Fees), 500 * DOLLAR);
}

#[test]
fn example_8_redeeming_one_million() {
    redeem(&mut world(), |_| ());
}

#[test]
fn example_9_a_redemption_keeps_the_terms_it_was_requested_under() {
    redeem(&mut world(), |world| {
        let raised = council::set_terms(world, |terms| terms.fee_bps = 50);
        world.by_council([raised]).unwrap();
    });
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
