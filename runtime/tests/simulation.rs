//! A simulation says what the block then does, and the state does not notice it.

#[path = "properties/any.rs"]
mod any;
mod common;

use any::{any_op, informed, sender, who};
use ballast_primitives::{KeyPolicy, SecretKey};
use ballast_runtime::object::Role;
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::simulate::{BalanceChange, Simulated, Trial, simulate};
use ballast_runtime::*;
use common::Who::{Holder, Officer};
use common::{DAY, HOUR, World, op};
use proptest::prelude::*;

/// What the next block would say of a body that nobody has signed.
fn tried(world: &mut World, body: TxBody) -> Simulated {
    let trial = Trial::new(SignedTx { body, witnesses: Vec::new() }).unwrap();
    run(world, &trial)
}

fn run(world: &mut World, trial: &Trial) -> Simulated {
    let context = BlockContext {
        height: world.context.height + 1,
        time: world.context.time + 1_000,
        ..world.context
    };
    simulate(&mut world.state, &context, trial)
}

/// As a receipt would put it.
fn outcome(simulated: &Simulated) -> Result<Vec<Event>, Code> {
    match simulated {
        Simulated::Refused(code) => Err(*code),
        Simulated::Included { outcome: Outcome::Failed { code, .. }, .. } => Err(*code),
        Simulated::Included { events, .. } => Ok(events.clone()),
    }
}

/// Tries a transaction, then executes it: both must agree, on every balance too.
fn check(world: &mut World, tx: &VerifiedTx) {
    let before = world.clone();
    let simulated = run(world, &Trial::of_verified(tx));
    assert_eq!(world.state, before.state);
    let outcome_then = world.block(std::slice::from_ref(tx));
    match (&simulated, &outcome_then.receipts[..], &outcome_then.dropped[..]) {
        (Simulated::Refused(code), [], [(0, dropped)]) => assert_eq!(code, dropped),
        (Simulated::Included { outcome, events, balances }, [receipt], []) => {
            assert_eq!((outcome, events), (&receipt.outcome, &receipt.events));
            assert_eq!(*balances, changed(&before, world));
        }
        other => panic!("{other:?}"),
    }
}

/// Accounts that both states have, and whose balances differ.
fn changed(before: &World, after: &World) -> Vec<BalanceChange> {
    let balance = |world: &World, key: &Key| match (key, world.state.get(key)) {
        (Key::Account(account), Some(Object::Account(found))) => Some((*account, found.balance)),
        _ => None,
    };
    let mut changes: Vec<_> = after
        .state
        .changes()
        .filter_map(|change| {
            let key = common::decode_change(&change).0;
            let ((account, before), (_, after)) = (balance(before, &key)?, balance(after, &key)?);
            (before != after).then_some(BalanceChange { account, before, after })
        })
        .collect();
    changes.sort_unstable();
    changes
}

proptest! {
    #[test]
    fn whatever_is_tried_the_block_agrees(
        steps in prop::collection::vec(
            (prop::collection::vec(any_op(), 1..4), prop::option::weighted(0.3, who()), 0..DAY),
            1..8,
        ),
    ) {
        let mut world = World::new();
        for (ops, stray, wait) in steps {
            let who = sender(&ops[0], stray, 0);
            let ops: Vec<_> = ops.into_iter().map(|op| informed(&world, who, op)).collect();
            world.wait(wait);
            let tx = world.tx(who, ops);
            if tx.tx().check_shape().is_ok() {
                check(&mut world, &tx);
            }
        }
    }
}

#[test]
fn a_payment_is_tried_signed_or_not_and_a_wrong_signature_is_found() {
    let mut world = World::new();
    let body = world.body(Holder(0), vec![op::transfer(Holder(1), 5)]);
    let unsigned = tried(&mut world, body.clone());
    let Simulated::Included { outcome: Outcome::Success, balances, .. } = &unsigned else {
        panic!("{unsigned:?}");
    };
    let mut moved: Vec<_> =
        balances.iter().map(|b| i128::from(b.after) - i128::from(b.before)).collect();
    moved.sort_unstable();
    assert_eq!(moved, [-5, 5]);
    let signed = Trial::new(body.clone().sign(&[&Holder(0).key()])).unwrap();
    assert_eq!(run(&mut world, &signed), unsigned);
    let mut forged = body.clone().sign(&[&Holder(0).key()]);
    forged.witnesses[0].signature.0[0] ^= 1;
    let stranger = body.clone().sign(&[&SecretKey::dev("nobody", "x")]);
    for wrong in [forged, stranger] {
        let trial = Trial::new(wrong).unwrap();
        assert_eq!(run(&mut world, &trial), Simulated::Refused(Code::BadSignature));
    }
    // A signature is said before what comes after it in the order of precedence, and after what
    // comes before it.
    let mut used = TxBody { nonce: 0, ..body.clone() }.sign(&[&Holder(0).key()]);
    let trial = Trial::new(used.clone()).unwrap();
    assert_eq!(run(&mut world, &trial), Simulated::Refused(Code::NonceTooOld));
    used.witnesses[0].signature.0[0] ^= 1;
    let trial = Trial::new(used).unwrap();
    assert_eq!(run(&mut world, &trial), Simulated::Refused(Code::BadSignature));
    let mut late = TxBody { valid_until: 1, ..body }.sign(&[&Holder(0).key()]);
    late.witnesses[0].signature.0[0] ^= 1;
    let trial = Trial::new(late).unwrap();
    assert_eq!(run(&mut world, &trial), Simulated::Refused(Code::Expired));
}

#[test]
fn trying_uses_up_neither_nonce_nor_quota_nor_an_address() {
    let mut world = World::new();
    let body = world.body(Holder(0), vec![op::transfer(Holder(1), 5)]);
    for _ in 0..1_000 {
        assert!(outcome(&tried(&mut world, body.clone())).is_ok());
    }
    let key = SecretKey::dev("simulation", "new").public();
    let register = op::register(KeyPolicy::Single(key), 1, world.now() + HOUR);
    let body = world.body(Officer(Role::Registrar), vec![register.clone()]);
    let objects = world.state.len();
    assert!(outcome(&tried(&mut world, body.clone())).is_ok());
    assert!(outcome(&tried(&mut world, body)).is_ok());
    assert_eq!(world.state.len(), objects);
    assert!(world.run(Officer(Role::Registrar), register).is_ok());
}

#[test]
fn a_mint_that_would_trip_the_breaker_trips_nothing_when_it_is_tried() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.global_window_cap = 100);
    let deposit = op::deposit("r", 1_000, Holder(0).address());
    world.run(Officer(Role::Custodian), deposit).unwrap();
    let id = deposit_id(&Officer(Role::Custodian).address(), "r");
    let (before, root) = (world.clone(), world.state.root());
    let body = world.body(Officer(Role::Minter), vec![op::mint(id, 101)]);
    let tried = tried(&mut world, body);
    let Simulated::Included { outcome, events, balances } = &tried else { panic!("{tried:?}") };
    assert_eq!(*outcome, Outcome::Failed { op: 0, code: Code::GlobalWindow });
    assert_eq!((events.len(), balances.len()), (2, 0), "the pause and its incident are foreseen");
    assert_eq!((&world.state, world.state.root()), (&before.state, root));
    let tx = world.tx(Officer(Role::Minter), vec![op::mint(id, 101)]);
    check(&mut world, &tx);
    assert_ne!(world.state.root(), root, "the block does trip it");
}
