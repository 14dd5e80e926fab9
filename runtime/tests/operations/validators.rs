//! The validator set and upgrades.

use ballast_primitives::{Committee, Hash, PublicKey, SecretKey, Validator};
use ballast_runtime::limits::UPGRADE_AHEAD_MIN;
use ballast_runtime::{BlockContext, Code, Event, Rulebook, Rules, VerifiedTx, execute_block};

use crate::common::Who::{Holder, Member};
use crate::common::{self, World, council, op, unsigned};

fn key(label: &str, n: usize) -> PublicKey {
    SecretKey::dev("validators", &format!("{label} {n}")).public()
}

/// A validator with power 10 that is told apart by its number.
fn validator(n: usize) -> Validator {
    Validator { key: key("key", n), peer: key("peer", n), power: 10, name: format!("v{n}") }
}

/// A chain with validators 0 to n − 1.
fn world(n: usize) -> World {
    let mut genesis = common::genesis();
    genesis.validators = Committee::new((0..n).map(validator).collect()).unwrap();
    World::from(&genesis)
}

fn set(validators: impl IntoIterator<Item = Validator>) -> Committee {
    Committee::new(validators.into_iter().collect()).unwrap()
}

/// What the next change, in the next block, announces.
fn changed(world: &World, set: &Committee) -> Result<Vec<Event>, Code> {
    Ok(vec![Event::ValidatorSetChanged {
        from_height: world.context.height + 3,
        validators: set.len() as u32,
        digest: set.digest(),
    }])
}

#[test]
fn an_addition_is_refused_in_order_and_decides_from_the_height_after_the_next() {
    let mut world = world(4);
    let add = |change: &dyn Fn(&mut Validator)| {
        let mut validator = validator(4);
        change(&mut validator);
        [council::validator_add(validator)]
    };
    let exists = add(&|v| (v.key, v.power) = (key("key", 1), 0));
    assert_eq!(world.by_council(exists), Err(Code::ValidatorExists));
    for bad in [
        add(&|v| (v.peer, v.power) = (key("peer", 1), 1_000)),
        add(&|v| v.power = 0),
        add(&|v| v.power = u64::MAX >> 2),
        add(&|v| v.key = PublicKey([0; 32])),
        add(&|v| v.peer = PublicKey([0; 32])),
    ] {
        assert_eq!(world.by_council(bad), Err(Code::BadValidatorSet));
    }
    let too_much = world.by_council(add(&|v| v.power = 14));
    assert_eq!(too_much, Err(Code::SetChangeTooLarge), "a third of 40 is below 14");
    assert!(world.try_by_council(add(&|v| v.power = 13)).is_ok());
    let (before, after) = (set((0..4).map(validator)), set((0..5).map(validator)));
    let expected = changed(&world, &after);
    assert_eq!(world.by_council(add(&|_| ())), expected);
    let (stored, height) = (world.state.validators(), world.context.height);
    assert_eq!((&stored.set, &stored.before), (&after, &Some(before.clone())));
    assert_eq!(stored.from_height, height + 2);
    assert_eq!(world.state.committee(height + 1), &before);
    assert_eq!(world.state.committee(height + 2), &after);
}

#[test]
fn a_removal_is_refused_in_order() {
    let mut world = world(4);
    let remove = |n| [council::validator_remove(key("key", n))];
    assert_eq!(world.by_council(remove(9)), Err(Code::UnknownValidator));
    let both = [remove(0), remove(1)].concat();
    assert_eq!(world.try_by_council(both), Err(Code::SetChangeTooLarge), "they add up");
    let after = set((1..4).map(validator));
    let expected = changed(&world, &after);
    assert_eq!(world.by_council(remove(0)), expected);
    // In the next block the set of that height is still the old one, with four.
    let height = world.context.height;
    assert_eq!(world.state.committee(height + 1).len(), 4);
    assert!(world.try_by_council(remove(1)).is_ok(), "compared with three, which is a small set");
    // A small set may change at will, but not vanish.
    world.by_council(remove(1)).unwrap();
    world.by_council(remove(2)).unwrap();
    assert_eq!(world.by_council(remove(3)), Err(Code::BadValidatorSet));
}

#[test]
fn a_third_of_the_power_may_be_exchanged_at_once() {
    let mut world = world(6);
    let rotate = |n: usize| council::validator_rotate(key("key", n), key("new", n), key("np", n));
    let (add, remove) =
        (|n| council::validator_add(validator(n)), |n| council::validator_remove(key("key", n)));
    // What comes and what goes count apart: two of six in, two of six out.
    let third = [remove(0), remove(1), add(6), add(7)];
    assert!(world.try_by_council(third.clone()).is_ok());
    let more = [&third[..], &[rotate(2)]].concat();
    assert_eq!(world.try_by_council(more), Err(Code::SetChangeTooLarge));
    // Gone and come back is no change.
    let back = [remove(0), remove(1), add(0), remove(2)];
    assert!(world.try_by_council(back).is_ok());
    // Several transactions of one block add up too; the next block begins anew.
    let first = world.council_txs(third.to_vec());
    world.block(&first);
    let rotated = Validator { key: key("new", 2), peer: key("np", 2), ..validator(2) };
    let after = set([rotated].into_iter().chain((3..8).map(validator)));
    let expected = changed(&world, &after);
    assert_eq!(world.by_council([rotate(2)]), expected);
    let before = world.state.validators().before.clone().unwrap();
    assert_eq!(before, set((2..8).map(validator)), "the set of the height before");
}

#[test]
fn a_rotation_is_refused_in_order_and_keeps_power_and_name() {
    let mut world = world(4);
    let rotate =
        |n, new_key, new_peer| [council::validator_rotate(key("key", n), new_key, new_peer)];
    let (new, peer) = (key("new", 0), key("new peer", 0));
    assert_eq!(world.by_council(rotate(9, key("key", 1), peer)), Err(Code::UnknownValidator));
    for (new, peer) in [(key("key", 1), peer), (new, key("peer", 1)), (PublicKey([0; 32]), peer)] {
        assert_eq!(world.by_council(rotate(0, new, peer)), Err(Code::BadValidatorSet));
    }
    let mut heavy = world.clone();
    let heavier = Validator { power: 13, ..validator(4) };
    heavy.by_council([council::validator_add(heavier)]).unwrap();
    heavy.block(&[]);
    let third = heavy.by_council(rotate(4, key("new", 4), peer));
    assert!(third.is_ok(), "13 of 53");
    let second = [rotate(0, new, peer), rotate(1, key("new", 1), key("new peer", 1))].concat();
    assert_eq!(world.by_council(second), Err(Code::SetChangeTooLarge));
    let rotated = Validator { key: new, peer, ..validator(0) };
    let after = set([rotated.clone()].into_iter().chain((1..4).map(validator)));
    let expected = changed(&world, &after);
    assert_eq!(world.by_council(rotate(0, new, peer)), expected);
    assert_eq!(world.state.validators().set.get(&new), Some(&rotated));
    // The peer alone is no change of power.
    world.block(&[]);
    let peers: Vec<_> = (1..4)
        .map(|n| council::validator_rotate(key("key", n), key("key", n), key("other peer", n)))
        .collect();
    assert!(world.by_council(peers).is_ok());
}

#[test]
fn an_upgrade_is_the_next_version_far_enough_ahead_and_stays_movable_until_it_is_near() {
    let mut world = World::new();
    let code = Hash([3; 32]);
    let schedule = |version, height| [council::schedule_upgrade(version, code, height)];
    let refused = Err(Code::UpgradeOutOfOrder);
    let height = world.context.height;
    for (version, ahead, expected) in [
        (0, 1_000, refused),
        (1, 1_000, refused),
        (3, 1_000, refused),
        (u32::MAX, 1_000, refused),
        (2, UPGRADE_AHEAD_MIN - 1, refused),
        (2, u64::MAX - height - 100, Ok(())),
        (2, 20, Ok(())),
        (2, UPGRADE_AHEAD_MIN, Ok(())),
        // From here on the one scheduled is nearer than that.
        (2, 1_000, refused),
    ] {
        let height = world.context.height + 1 + ahead;
        let events = expected.map(|()| vec![Event::UpgradeScheduled { version, code, height }]);
        assert_eq!(world.by_council(schedule(version, height)), events, "{version} at {ahead}");
    }
    let stored = world.state.upgrade();
    assert_eq!((stored.current, stored.version, stored.code), (1, 2, code));
    assert_eq!(stored.height, world.context.height + UPGRADE_AHEAD_MIN - 1);
}

/// Longer memos, fewer operations, no burning.
const VERSIONS: &[Rules] = &[
    Rules::V1,
    Rules { version: 2, memo_bytes_max: 64, ops_max: 4, lacks: &["Burn", "SetCap"], ..Rules::V1 },
];
const BOTH: Rulebook = Rulebook::new(VERSIONS);

#[test]
fn a_version_holds_from_its_height_on_and_says_so_in_the_state() {
    let mut world = World::new();
    let height = world.context.height + 1 + UPGRADE_AHEAD_MIN;
    world.by_council([council::schedule_upgrade(2, Hash([3; 32]), height)]).unwrap();
    let payment = |n: usize| (0..n).map(|_| op::transfer(Holder(1), 1)).collect::<Vec<_>>();
    let memo = |world: &mut World| {
        let mut body = world.body(Holder(0), payment(1));
        body.memo = Some(vec![7; 33]);
        unsigned(body, &Holder(0).keys())
    };
    let five = |world: &mut World| world.tx(Holder(0), payment(5));
    loop {
        let next = world.context.height + 1;
        let version = if next < height { 1 } else { 2 };
        let rules = BOTH.at(world.state.upgrade(), next).unwrap();
        assert_eq!(rules.version, version);
        let txs = [memo(&mut world), five(&mut world)];
        let since = |tx| BOTH.since([tx]);
        assert_eq!(txs.each_ref().map(since), [Some(2), Some(1)]);
        assert_eq!(BOTH.since(&txs), Some(2));
        let time = world.context.time + 1_000;
        world.context = BlockContext { height: next, time, rules, ..world.context };
        // What the block's rules do not know is left out, and nothing else is.
        let outcome = execute_block(&mut world.state, &world.context, &txs).unwrap();
        let unknown = if version == 1 { 0 } else { 1 };
        assert_eq!(outcome.dropped, [(unknown, Code::Decode)], "block {next}");
        assert_eq!(outcome.receipts[0].tx, txs[1 - unknown as usize].id());
        assert_eq!(world.state.upgrade().current, version);
        if next == height + 2 {
            break;
        }
    }
    // The one after it comes next.
    let code = Hash([4; 32]);
    let later = world.context.height + 1_000;
    assert!(world.by_council([council::schedule_upgrade(2, code, later)]).is_err());
    assert!(world.by_council([council::schedule_upgrade(3, code, later)]).is_ok());
    let upgrade = world.state.upgrade();
    assert_eq!((BOTH.at(upgrade, later - 1).unwrap().version, BOTH.at(upgrade, later)), (2, None));
}

#[test]
fn operations_that_a_version_lacks_are_unknown_under_it_wherever_they_stand() {
    let mut world = World::new();
    let [v1, v2] = VERSIONS else { unreachable!() };
    let raise = council::set_cap(u128::MAX);
    let exec = world.council_exec(vec![raise.clone()], &[Member(0)]);
    for op in [op::burn(1), op::propose(vec![raise]), exec] {
        let tx = world.tx(Holder(0), vec![op]);
        assert_eq!(v1.takes(&tx), Ok(()), "{tx:?}");
        assert_eq!(v2.takes(&tx), Err(Code::Decode), "{tx:?}");
    }
    // Whoever executes both decodes what either knows.
    let burn = world.tx(Holder(0), vec![op::burn(1)]).tx().encode();
    let mut body = world.body(Holder(0), vec![op::transfer(Holder(1), 1)]);
    body.memo = Some(vec![7; 64]);
    let memo = body.clone().sign(&[&Holder(0).key()]).encode();
    body.memo = Some(vec![7; 65]);
    let neither = body.sign(&[&Holder(0).key()]).encode();
    let by = |book: Rulebook| [&burn, &memo, &neither].map(|bytes| book.decode(bytes).is_ok());
    assert_eq!((by(BOTH), by(Rulebook::SHIPPED)), ([true, true, false], [true, false, false]));
}

#[test]
fn a_block_is_not_executed_by_rules_that_are_not_the_states() {
    let mut world = World::new();
    let height = world.context.height + 1 + UPGRADE_AHEAD_MIN;
    world.by_council([council::schedule_upgrade(2, Hash([3; 32]), height)]).unwrap();
    let [v1, v2] = VERSIONS else { unreachable!() };
    for (height, wrong) in [(height - 1, v2), (height, v1), (height + 1_000, v1)] {
        let context = BlockContext { height, rules: wrong, ..world.context };
        let mut state = world.state.clone();
        let breach = execute_block::<VerifiedTx>(&mut state, &context, &[]).unwrap_err();
        assert_eq!(breach.height, Some(height));
        assert_eq!(state, world.state, "nothing was done");
    }
    assert_eq!(Rulebook::SHIPPED.at(world.state.upgrade(), height), None);
    assert!(Rulebook::SHIPPED.at(world.state.upgrade(), height - 1).is_some());
}
