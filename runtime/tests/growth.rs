//! How much a hundred retail accounts can make the state grow when each does nothing else, from
//! the first minute to the tenth day.

mod common;

use ballast_primitives::{Address, Hash};
use ballast_runtime::object::Object;
use ballast_runtime::ops::redeem_request::redemption_id;
use ballast_runtime::{Key, Op, VerifiedTx, dev, execute_block};
use common::{DAY, DOLLAR, HOUR, SEED, START, Who, World, op, validator};

const ACCOUNTS: u32 = 100;
const MINUTE: u64 = 60_000;
/// What may count for an account of the dev network's retail class: 16 times its burst of 20.
const OBJECTS_MAX: u64 = 320;
/// The largest of what counts, a pair's window, its key, and what else a slot takes.
const OBJECT_BYTES_MAX: u64 = 300;

fn world() -> World {
    let mut genesis = dev::genesis(&dev::DevSpec {
        chain_id: 7,
        time: START,
        validators: vec![validator()],
        accounts: ACCOUNTS,
        balance: 1_000_000 * DOLLAR,
        seed: SEED.to_owned(),
    })
    .unwrap();
    for account in &mut genesis.accounts {
        account.kyc_class = dev::CLASS_RETAIL;
        account.kyc_until = u64::MAX;
    }
    // So that checkpoints are not what grows.
    genesis.policy.checkpoint_ms = HOUR;
    let tick = START - START % HOUR;
    let body = &mut genesis.report.as_mut().unwrap().body;
    (body.as_of, body.period_start) = (tick, tick);
    World::from(&genesis)
}

fn number(n: u64) -> [u8; 32] {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    bytes
}

/// As many operations that leave an object as a burst pays for, of one kind after the other; each
/// kind's objects stay for as long as they can.
fn greedy(world: &mut World, who: Who, round: u64) -> VerifiedTx {
    let far = [u64::MAX, world.now() + HOUR, world.now() + 3 * DAY][(round / 3 % 3) as usize];
    let fresh = |n: u64| 4 * round + n;
    let approve = |n| op::approve(Address(number(fresh(n))), 0, 1, far);
    let cancel = |n| op::cancel_auth(Hash(number(fresh(n))), far);
    let redeem = || op::redeem(10 * DOLLAR, DOLLAR, Hash([1; 32]));
    let ops: Vec<Op> = match round % 3 {
        0 => (0..4).map(approve).collect(),
        1 => (0..4).map(cancel).collect(),
        // What is requested is taken back at once: it costs nothing but quota.
        _ => {
            let nonce = world.body(who, Vec::new()).nonce + 1;
            let taken_back = |n| op::cancel(redemption_id(&who.address(), nonce, n));
            vec![redeem(), redeem(), redeem(), taken_back(0), taken_back(1)]
        }
    };
    world.tx(who, ops)
}

/// Objects that count for accounts, the most of one of them, and the bytes of all leaves.
fn measure(world: &World) -> (u64, u64, u64) {
    let (mut counted, mut most, mut bytes) = (0, 0, 0);
    for change in world.state.changes() {
        let (key, object) = common::decode_change(&change);
        bytes += (change.key.len() + change.value.len()) as u64;
        counted += u64::from(object.counts_for(&key).is_some());
        if let (Key::Account(_), Object::Account(account)) = (key, object) {
            most = most.max(account.objects.into());
        }
    }
    (counted, most, bytes)
}

/// Lets everybody be greedy in a block every so often, until a time.
fn until(world: &mut World, end: u64, every: u64) {
    while world.context.time < end {
        world.context.time += every - 1_000;
        let round = world.context.height;
        let txs: Vec<_> = (0..ACCOUNTS).map(|n| greedy(world, Who::Holder(n), round)).collect();
        world.context.height += 1;
        world.context.time += 1_000;
        execute_block(&mut world.state, &world.context, &txs).unwrap();
    }
}

#[test]
fn what_retail_accounts_can_make_the_state_hold_is_bounded_and_does_not_grow_with_time() {
    let mut world = world();
    let (none, _, at_first) = measure(&world);
    assert_eq!(none, 0);
    until(&mut world, START + DAY, 2 * MINUTE);
    let (first, most, bytes) = measure(&world);
    println!("after a day: {first} objects, {most} of one account, {bytes} bytes");
    assert!(first > u64::from(ACCOUNTS) * OBJECTS_MAX * 3 / 4, "they do what they can: {first}");
    until(&mut world, START + 10 * DAY, 30 * MINUTE);
    let (tenth, most_later, bytes_later) = measure(&world);
    println!("after ten: {tenth} objects, {most_later} of one account, {bytes_later} bytes");
    for (objects, most, bytes) in [(first, most, bytes), (tenth, most_later, bytes_later)] {
        assert!(objects <= u64::from(ACCOUNTS) * OBJECTS_MAX, "{objects}");
        assert!(most <= OBJECTS_MAX, "{most}");
        let bound = u64::from(ACCOUNTS) * OBJECTS_MAX * OBJECT_BYTES_MAX;
        // Checkpoints are a ring: a day has 24.
        assert!(bytes <= at_first + bound + 300 * 100, "{bytes}");
    }
    ballast_runtime::invariants::check_all(&world.state, world.context.time).unwrap();
    assert_eq!(ballast_runtime::State::restore(world.state.changes()), Ok(world.state));
}
