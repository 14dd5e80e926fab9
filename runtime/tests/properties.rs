//! Properties over random blocks, operations and bytes.

#[path = "properties/any.rs"]
mod any;
mod common;
#[path = "properties/refusals.rs"]
mod refusals;
#[path = "properties/steps.rs"]
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use any::{amount, any_council_op, any_op, informed, sender, who};
use ballast_primitives::{Hash, KeyPolicy, SecretKey, codec, merkle};
use ballast_runtime::object::{Object, Role, Scope};
use ballast_runtime::replay::{ReplayWindow, WINDOW};
use ballast_runtime::*;
use common::Who::{self, Holder, Officer};
use common::aim::aim;
use common::{DAY, DOLLAR, HOUR, World, council, every, op};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use refusals::{Defect, shared_refusal};
use steps::{step, tx, txs};

fn root_of_all_leaves(state: &State) -> Hash {
    let mut leaves = Vec::new();
    for change in state.changes() {
        leaves.resize(change.slot as usize, Hash::ZERO);
        leaves.push(change.leaf());
    }
    merkle::STATE.root_of(&leaves)
}

fn balances_and_escrows(state: &State) -> u128 {
    let escrows = state.supply().redeem_escrow + state.supply().bridge_escrow;
    let balance = |change: Change| match common::decode_change(&change).1 {
        Object::Account(account) => u128::from(account.balance),
        _ => 0,
    };
    state.changes().map(balance).sum::<u128>() + escrows
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    /// Blocks of random transactions never panic nor break an invariant, conserve the supply,
    /// keep the tree equal to one built at once, and write exactly what changed.
    #[test]
    fn random_blocks_keep_every_invariant(
        blocks in prop::collection::vec(prop::collection::vec(step(), 0..12), 1..8),
    ) {
        let mut world = World::new();
        let mut stored: BTreeMap<_, _> =
            world.state.changes().map(|change| (change.slot, change)).collect();
        for steps in blocks {
            let txs = txs(&mut world, &steps);
            world.wait(steps.iter().map(|step| step.1).max().unwrap_or(0));
            // `block` checks every invariant over the whole state.
            let outcome = world.block(&txs);
            prop_assert_eq!(outcome.receipts.len() + outcome.dropped.len(), txs.len());
            prop_assert_eq!(balances_and_escrows(&world.state), world.state.supply().total);
            prop_assert_eq!(world.state.root(), root_of_all_leaves(&world.state));
            for removed in outcome.removed {
                stored.remove(&removed.slot);
            }
            stored.extend(outcome.changes.into_iter().map(|change| (change.slot, change)));
            let leaves = || stored.values().cloned();
            prop_assert!(leaves().eq(world.state.changes()), "changes are complete");
            let restored = State::restore(leaves().rev());
            prop_assert_eq!(restored, Ok(world.state.clone()));
        }
    }

    /// What the council decides, and what the accounts that it decides about do, breaks no
    /// invariant however the two are joined: in one transaction of a member that all is about, or
    /// in one block. (`block` refuses a receipt that says so.)
    #[test]
    fn decisions_join_with_operations_of_the_accounts_they_name(
        joined in prop::collection::vec((any_council_op(), any_op(), any::<bool>()), 1..5),
        about in who(),
        at_once in any::<bool>(),
        frozen in any::<(bool, bool)>(),
    ) {
        let mut world = World::new();
        let about = if at_once { Who::Member(0) } else { about };
        world.set_balance(about, 10_000 * DOLLAR);
        let start = council::freeze(about.address(), frozen.0, frozen.1);
        if frozen.0 || frozen.1 {
            // The account of fees cannot be frozen.
            let _ = world.by_council([start]);
        }
        let mut all = Vec::new();
        for (decision, op, decision_first) in joined {
            let decision = aim(decision, about.address(), &world.state);
            let number = world.state.council().next_proposal;
            let txs = world.proposal([decision], &[1, 2, 3, 4].map(Who::Member));
            if !txs.iter().all(|tx| tx.tx().check_shape().is_ok()) {
                continue;
            }
            world.block(&txs);
            let op = informed(&world, about, op);
            let pair = [(Who::Member(1), op::execute(number)), (about, op)];
            all.extend(if decision_first { pair } else { { let [a, b] = pair; [b, a] } });
        }
        let txs = if at_once {
            vec![world.tx(about, all.into_iter().map(|(_, op)| op).collect())]
        } else {
            all.into_iter().map(|(who, op)| world.tx(who, vec![op])).collect()
        };
        let txs: Vec<_> = txs.into_iter().filter(|tx| tx.tx().check_shape().is_ok()).collect();
        world.block(&txs);
    }

    /// A failed transaction leaves the state that its nonce and quota alone would leave.
    #[test]
    fn all_operations_of_a_transaction_happen_or_none(
        before in prop::collection::vec(step(), 0..6),
        ops in prop::collection::vec(any_op(), 1..5),
        stray in prop::option::weighted(0.3, who()),
    ) {
        let mut world = World::new();
        let txs = txs(&mut world, &before);
        world.block(&txs);
        let who = sender(&ops[0], stray, 0);
        let fails = [ops, vec![op::burn(0), op::transfer(who, 0)]].concat();
        let attempt = world.tx(who, fails);
        let mut after = world.clone();
        let outcome = after.block(&[attempt]);
        let Some(receipt) = outcome.receipts.first() else {
            prop_assert!(after.state == world.state, "dropped without a trace");
            return Ok(());
        };
        let failed = matches!(receipt.outcome, Outcome::Failed { .. });
        prop_assert!(failed);
        // A breaker that tripped is all that may stay besides.
        let trip = |event: &Event| {
            matches!(event, Event::Paused { .. } | Event::IncidentPosted { .. })
        };
        prop_assert!(receipt.events.iter().all(trip));
        let trips = receipt.events.len() / 2;
        prop_assert_eq!(outcome.changes.len(), if trips == 0 { 1 } else { 3 + trips });
        let mut sender = after.account(who).clone();
        sender.replay = world.account(who).replay;
        sender.quota = world.account(who).quota;
        prop_assert_eq!(&sender, world.account(who));
        prop_assert_eq!(after.state.len(), world.state.len() + trips as u64);
    }

    /// Transfers between different pairs commute.
    #[test]
    fn the_order_of_transfers_that_share_no_account_does_not_matter(
        amounts in prop::collection::vec((amount(), any::<bool>()), 1..12),
        delay in 0..12usize,
    ) {
        let mut world = World::new();
        let txs: Vec<_> = amounts
            .iter()
            .map(|(amount, first)| {
                let (from, to) = if *first { (0, 1) } else { (2, 3) };
                (*first, world.tx(Holder(from), vec![op::transfer(Holder(to), *amount)]))
            })
            .collect();
        // Keeps each pair's own order: one pair is delayed against the other.
        let mut order: Vec<_> = txs.iter().enumerate().collect();
        order.sort_by_key(|(at, (first, _))| if *first { *at } else { delay });
        let mut other = world.clone();
        let straight: Vec<_> = txs.iter().map(|(_, tx)| tx.clone()).collect();
        let shuffled: Vec<_> = order.into_iter().map(|(_, (_, tx))| tx.clone()).collect();
        world.block(&straight);
        other.block(&shuffled);
        prop_assert_eq!(world.state.root(), other.state.root());
    }

    /// The window against the plain meaning of its rule.
    #[test]
    fn the_replay_window_is_a_set_of_used_nonces(
        start in prop_oneof![Just(0u64), any::<u64>()],
        jumps in prop::collection::vec((0u64..300, any::<bool>()), 0..300),
    ) {
        let mut window = ReplayWindow { high: start, seen: u128::MAX };
        let mut used: BTreeSet<u64> = (start.saturating_sub(WINDOW - 1)..=start).collect();
        for (jump, up) in jumps {
            let high = *used.last().unwrap();
            let nonce = if up { high.saturating_add(jump) } else { high.saturating_sub(jump) };
            let expected = if used.contains(&nonce) && high - nonce < WINDOW && nonce != 0 {
                Err(Code::NonceUsed)
            } else if nonce > high && nonce - high > WINDOW {
                Err(Code::NonceTooNew)
            } else if nonce == 0 || high.saturating_sub(nonce) >= WINDOW {
                Err(Code::NonceTooOld)
            } else {
                Ok(())
            };
            prop_assert_eq!(window.check(nonce), expected, "{} at {}", nonce, high);
            prop_assert_eq!(window.consume(nonce), expected);
            if expected.is_ok() {
                used.insert(nonce);
            }
        }
    }

    /// Whatever the bytes, decoding answers, and what decodes encodes back.
    #[test]
    fn decoding_never_panics_and_is_canonical(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        ops in prop::collection::vec(any_op(), 1..4),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let key = &Holder(0).keys()[0];
        let body = World::new().body(Holder(0), ops);
        let mut damaged = body.sign(&[key]).encode();
        for (at, byte) in flips {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        for bytes in [bytes, damaged] {
            if let Ok(tx) = SignedTx::decode(&bytes) {
                prop_assert_eq!(tx.encode(), &bytes[..]);
            }
            let _ = codec::decode::<Key>(&bytes, 1_000);
            let _ = codec::decode::<Object>(&bytes, 1_000);
            let _ = codec::decode::<Receipt>(&bytes, 1_000);
            let _ = codec::decode::<Change>(&bytes, 1_000);
            let _ = Genesis::decode(&bytes);
        }
    }

    /// Admission and execution agree on every transaction, on the same state and time.
    #[test]
    fn admission_says_what_execution_does(
        before in prop::collection::vec(step(), 0..4),
        step in step(),
        nonce in prop_oneof![Just(None), (0..300u64).prop_map(Some)],
        ahead in prop_oneof![4 => Just(HOUR), 1 => 0..3 * DAY],
    ) {
        let mut world = World::new();
        let txs = txs(&mut world, &before);
        world.block(&txs);
        let Some(made) = tx(&mut world, &step).pop() else { return Ok(()) };
        let mut tx = made.tx().clone();
        tx.body.nonce = nonce.unwrap_or(tx.body.nonce);
        tx.body.valid_until = world.context.time + ahead;
        let id = tx.body.id();
        let made = VerifiedTx::assume_verified(tx, id);
        let next = BlockContext { height: 2, time: world.now(), ..world.context };
        let admission = admission::check(&world.state, &next, made.tx());
        let outcome = world.block(&[made]);
        let execution = outcome.dropped.first().map_or(Ok(()), |(_, code)| Err(*code));
        prop_assert_eq!(admission, execution);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    /// A chain that is read back from bytes, from the start or from somewhere on the way, comes to
    /// the same receipts, state and root as the one that ran.
    #[test]
    fn a_replay_is_the_same_chain(
        blocks in prop::collection::vec(prop::collection::vec(step(), 0..8), 1..8),
        restart in any::<prop::sample::Index>(),
    ) {
        let mut live = World::new();
        let mut replayed = State::from_genesis(&common::genesis()).unwrap();
        let restart = restart.index(blocks.len());
        for (number, steps) in blocks.iter().enumerate() {
            let txs = txs(&mut live, steps);
            live.wait(steps.iter().map(|step| step.1).max().unwrap_or(0));
            let outcome = live.block(&txs);
            if number == restart {
                replayed = State::restore(replayed.changes()).unwrap();
            }
            let read_back = |tx: &VerifiedTx| {
                let tx = SignedTx::decode(&tx.tx().encode()).unwrap();
                let id = tx.body.id();
                VerifiedTx::assume_verified(tx, id)
            };
            let txs: Vec<_> = txs.iter().map(read_back).collect();
            prop_assert_eq!(execute_block(&mut replayed, &live.context, &txs), Ok(outcome));
            prop_assert!(replayed == live.state);
        }
    }

    /// Transactions that touch nothing in common leave the same objects in whatever order they
    /// come. (New objects get other slots, so the root may be another.)
    #[test]
    fn the_order_of_transactions_that_share_nothing_does_not_matter(
        amounts in prop::array::uniform5(1..1_000u64),
        order in Just((0..7usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut world = World::new();
        let [a, b, c, d, e] = amounts;
        let (minter, registrar) = (Officer(Role::Minter), Officer(Role::Registrar));
        let key = SecretKey::dev("property", "new").public();
        let until = world.now() + DAY;
        let ops = [
            (Holder(0), op::transfer(Holder(1), a)),
            (Officer(Role::Custodian), op::deposit("one", b, Holder(0).address())),
            (Holder(2), op::approve(Holder(3).address(), 0, c, until)),
            (Officer(Role::MintController), {
                let allowance = world.minter().allowance;
                op::allowance(minter.address(), allowance, d)
            }),
            (registrar, op::register(KeyPolicy::Single(key), 0, until)),
            (Officer(Role::Compliance), op::set_hold(Who::Fees.address(), e, e)),
            (Holder(3), op::cancel_auth(Hash([7; 32]), until)),
        ];
        let txs: Vec<_> =
            ops.into_iter().map(|(who, op)| world.tx(who, vec![op])).collect();
        let mut other = world.clone();
        let shuffled: Vec<_> = order.iter().map(|at| txs[*at].clone()).collect();
        let outcomes = [world.block(&txs), other.block(&shuffled)];
        let results = outcomes.map(|outcome| {
            let results = outcome.receipts.into_iter().map(|r| (r.tx, (r.outcome, r.events)));
            results.collect::<BTreeMap<_, _>>()
        });
        prop_assert_eq!(results[0].len(), 7);
        prop_assert_eq!(&results[0], &results[1]);
        let objects = |state: &State| {
            state.changes().map(|change| (change.key, change.value)).collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(objects(&world.state), objects(&other.state));
    }

    /// Whatever is wrong with a transaction, the first thing in the order of TX-30 is the answer.
    #[test]
    fn the_first_defect_decides_whether_a_transaction_is_included(
        defects in prop::sample::subsequence(Defect::ALL.to_vec(), 0..=Defect::ALL.len()),
    ) {
        let mut world = World::new();
        world.edit_account(Holder(0), |account| account.replay.high = 1_000);
        let mut tx = world.tx(Holder(0), vec![op::transfer(Holder(1), 1)]).tx().clone();
        tx.body.nonce = 1_001;
        // The first one last: two of them are about one field.
        for defect in defects.iter().rev() {
            defect.inflict(&mut world, &mut tx);
        }
        let next = BlockContext { height: 1, time: world.now(), ..world.context };
        let expected = defects.first().map_or(Ok(()), |defect| Err(defect.code()));
        prop_assert_eq!(admission::check(&world.state, &next, &tx), expected);
    }

    /// Pauses come before roles, and both before anything of the operation's own (OP-1).
    #[test]
    fn what_all_operations_share_decides_first(
        before in prop::collection::vec(step(), 0..4),
        op in any_op(),
        stray in prop::option::weighted(0.5, who()),
        paused in prop::sample::subsequence(Scope::ALL.to_vec(), 0..=4),
        grants in prop::sample::select(vec![None, Some(0), Some(1), Some(u64::MAX)]),
    ) {
        let mut world = World::new();
        let txs = txs(&mut world, &before);
        world.block(&txs);
        let now = world.now();
        for scope in Scope::ALL {
            world.set_pause(scope, if paused.contains(&scope) { now + 1 } else { now });
        }
        let who = sender(&op, stray, 0);
        if let (Officer(role), Some(valid_until)) = (who, grants) {
            world.set_grant(role, valid_until);
        }
        let op = informed(&world, who, op);
        let tx = world.tx(who, vec![op.clone()]);
        prop_assume!(tx.tx().check_shape().is_ok() && !admission::is_lane0(tx.tx()));
        let expected = shared_refusal(&world, &op, who, &paused, now);
        let Some(receipt) = world.block(&[tx]).receipts.pop() else { return Ok(()) };
        let code = match receipt.outcome {
            Outcome::Failed { code, .. } => Some(code),
            Outcome::Success => None,
        };
        match expected {
            Some(_) => prop_assert_eq!(code, expected),
            None => prop_assert!(code != Some(Code::Paused) && code != Some(Code::RoleExpired)),
        }
    }
}

/// The random blocks above prove little if they only fail: here, that every operation succeeds
/// somewhere in them. Which codes each reaches is for the differential test to count.
#[test]
fn every_operation_succeeds_somewhere_in_random_blocks() {
    let mut runner = TestRunner::deterministic();
    let steps = step();
    let mut succeeded = BTreeSet::new();
    for _ in 0..150 {
        let mut world = World::new();
        for _ in 0..150 {
            let step = steps.new_tree(&mut runner).unwrap().current();
            let made = tx(&mut world, &step);
            world.wait(step.1 / 30);
            let outcome = world.block(&made);
            for (receipt, origin) in outcome.receipts.iter().zip(&outcome.origins) {
                if receipt.outcome == Outcome::Success {
                    let ops = &made[*origin as usize].body().ops;
                    succeeded.extend(ops.iter().map(Op::name));
                    succeeded.extend(council_ops(&world, ops).iter().map(CouncilOp::name));
                }
            }
        }
    }
    let every = every::ops().into_iter().map(|op| op.name());
    let every: BTreeSet<_> =
        every.chain(every::council_ops().into_iter().map(|op| op.name())).collect();
    let missing: Vec<_> = every.difference(&succeeded).collect();
    assert!(missing.is_empty(), "never succeeded: {missing:?}");
}

/// What the council did in a transaction that succeeded.
fn council_ops(world: &World, ops: &[Op]) -> Vec<CouncilOp> {
    let done = |op: &Op| match op {
        Op::CouncilExec(exec) => exec.ops.clone(),
        Op::Execute(execute) => world.state.proposal(execute.proposal).unwrap().ops.clone(),
        _ => vec![],
    };
    ops.iter().flat_map(done).collect()
}
