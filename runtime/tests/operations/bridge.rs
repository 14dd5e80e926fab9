//! Bridges to other chains.

use ballast_primitives::Hash;
use ballast_runtime::object::{Bridge, FreezeState, Key, Object, Role, Scope, UsedRemote, Window};
use ballast_runtime::ops::bridge_in::BridgeIn;
use ballast_runtime::ops::bridge_out::BridgeOut;
use ballast_runtime::{Code, Event, Op};

use crate::common::Who::{Holder, Officer};
use crate::common::{BALANCE, HOUR, START, Who, World, council, op};
use crate::{MINTER, NOBODY, decodes, frozen, refused_in_order};

const OPERATOR: Who = Officer(Role::Bridge);
const FROM: Who = Holder(0);
const TO: Who = Holder(1);
const BRIDGE: u32 = 4;
const UNKNOWN: u32 = 5;
/// Transactions of the other chain: used, and not.
const USED: Hash = Hash([1; 32]);
const FRESH: Hash = Hash([2; 32]);

fn set_bridge(world: &mut World, day_cap: u64, open: bool) {
    world.by_council([council::set_bridge(BRIDGE, "Elsewhere", day_cap, open)]).unwrap();
}

fn bridge(world: &World) -> &Bridge {
    match world.state.get(&Key::Bridge(BRIDGE)) {
        Some(Object::Bridge(bridge)) => bridge,
        other => panic!("no bridge: {other:?}"),
    }
}

fn escrows(world: &World) -> (u128, u128) {
    (bridge(world).escrow, world.state.supply().bridge_escrow)
}

/// A world with an open bridge, and `amount` of `FROM`'s in its escrow.
fn bridged(amount: u64) -> World {
    let mut world = World::new();
    set_bridge(&mut world, u64::MAX, true);
    world.run(FROM, op::bridge_out(BRIDGE, amount, b"there")).unwrap();
    world
}

#[test]
fn a_bridge_is_made_empty_and_then_changed_without_touching_what_it_holds() {
    let mut world = World::new();
    let set = |name: &str, day_cap, open| Event::BridgeSet {
        bridge: BRIDGE,
        name: name.to_owned(),
        day_cap,
        open,
    };
    let made = world.by_council([council::set_bridge(BRIDGE, "Elsewhere", 7, true)]);
    assert_eq!(made, Ok(vec![set("Elsewhere", 7, true)]));
    let empty = Bridge {
        name: "Elsewhere".to_owned(),
        escrow: 0,
        day_cap: 7,
        window_out: Window::default(),
        window_in: Window::default(),
        open: true,
    };
    assert_eq!(bridge(&world), &empty);
    world.run(FROM, op::bridge_out(BRIDGE, 5, b"there")).unwrap();
    world.run(OPERATOR, op::bridge_in(BRIDGE, FRESH, TO.address(), 2)).unwrap();
    let before = bridge(&world).clone();
    let changed = world.by_council([council::set_bridge(BRIDGE, "Nowhere", 3, false)]);
    assert_eq!(changed, Ok(vec![set("Nowhere", 3, false)]));
    let after = Bridge { name: "Nowhere".to_owned(), day_cap: 3, open: false, ..before };
    assert_eq!((bridge(&world), after.escrow), (&after, 3));
}

#[test]
fn what_leaves_is_refused_in_order_and_then_locked() {
    let mut world = World::new();
    set_bridge(&mut world, BALANCE - 1, false);
    for scope in [Scope::Transfer, Scope::Bridge] {
        world.set_pause(scope, u64::MAX);
    }
    world.edit_account(FROM, |account| account.freeze = frozen(false, true));
    let recipient = b"there".to_vec();
    let mut op = BridgeOut { bridge: UNKNOWN, amount: 0, recipient: recipient.clone() };
    refused_in_order(
        (&mut world, FROM, &mut op),
        Op::BridgeOut,
        &[
            (Code::Paused, |world, _| world.set_pause(Scope::Transfer, world.now())),
            (Code::Paused, |world, _| world.set_pause(Scope::Bridge, world.now())),
            (Code::AccountFrozen, |world, _| {
                // One that may still not receive, whose registration has ended.
                world.edit_account(FROM, |account| {
                    account.freeze = frozen(true, false);
                    account.kyc_until = 0;
                });
            }),
            (Code::ZeroAmount, |_, op| op.amount = BALANCE + 1),
            (Code::UnknownBridge, |_, op| op.bridge = BRIDGE),
            (Code::BridgeClosed, |world, _| set_bridge(world, BALANCE, true)),
            (Code::BridgeDayCap, |world, _| set_bridge(world, BALANCE + 1, true)),
            (Code::InsufficientAvailable, |_, op| op.amount = BALANCE),
        ],
    );
    let total = world.state.supply().total;
    let (bridge_number, from, amount) = (BRIDGE, FROM.address(), BALANCE);
    let left = Event::BridgedOut { bridge: bridge_number, from, amount, recipient };
    assert_eq!(world.run(FROM, Op::BridgeOut(op)), Ok(vec![left]));
    assert_eq!((world.balance(FROM), world.state.supply().total), (0, total));
    assert_eq!(escrows(&world), (u128::from(BALANCE), u128::from(BALANCE)));
    let window = Window::default().with(world.context.time, BALANCE).unwrap();
    assert_eq!((bridge(&world).window_out, bridge(&world).window_in), (window, Window::default()));
}

#[test]
fn what_comes_back_is_refused_in_order_and_then_released() {
    let mut world = bridged(BALANCE);
    set_bridge(&mut world, BALANCE - 1, false);
    world.set_cap(u128::MAX);
    world.set_balance(TO, u64::MAX - BALANCE + 1);
    let remote = (Key::UsedRemote(BRIDGE, USED), Object::UsedRemote(UsedRemote { at: START }));
    world.put_all(vec![remote]);
    for scope in [Scope::Transfer, Scope::Bridge] {
        world.set_pause(scope, u64::MAX);
    }
    world.edit_account(TO, |account| {
        account.kyc_until = 0;
        account.freeze = frozen(true, false);
        account.memo_required = true;
    });
    let mut op = BridgeIn { bridge: UNKNOWN, remote_tx: USED, to: TO.address(), amount: 0 };
    refused_in_order(
        (&mut world, MINTER, &mut op),
        Op::BridgeIn,
        &[
            (Code::Paused, |world, _| world.set_pause(Scope::Transfer, world.now())),
            (Code::Paused, |world, _| world.set_pause(Scope::Bridge, world.now())),
            (Code::Unauthorized, |_, _| ()),
        ],
    );
    refused_in_order(
        (&mut world, OPERATOR, &mut op),
        Op::BridgeIn,
        &[
            (Code::KycExpired, |world, _| {
                let ends = world.now() + 1_000_000;
                world.edit_account(TO, |account| account.kyc_until = ends);
            }),
            (Code::AccountFrozen, |world, _| {
                world.edit_account(TO, |account| account.freeze = frozen(false, true));
            }),
            (Code::ZeroAmount, |_, op| (op.to, op.amount) = (NOBODY, BALANCE + 1)),
            (Code::UnknownBridge, |_, op| op.bridge = BRIDGE),
            (Code::BridgeClosed, |world, _| set_bridge(world, BALANCE, true)),
            (Code::UnknownRecipient, |_, op| op.to = TO.address()),
            (Code::MemoRequired, |world, _| {
                world.edit_account(TO, |account| account.memo_required = false);
            }),
            (Code::RemoteTxUsed, |_, op| op.remote_tx = FRESH),
            (Code::BridgeDayCap, |world, _| set_bridge(world, BALANCE + 1, true)),
            (Code::EscrowExceeded, |_, op| op.amount = BALANCE),
            (Code::Overflow, |world, _| world.set_balance(TO, 0)),
        ],
    );
    world.edit_account(TO, |account| account.freeze = FreezeState::default());
    let (total, window_out) = (world.state.supply().total, bridge(&world).window_out);
    let (to, amount) = (TO.address(), BALANCE);
    let back = Event::BridgedIn { bridge: BRIDGE, to, amount, remote_tx: FRESH };
    assert_eq!(world.run(OPERATOR, Op::BridgeIn(op)), Ok(vec![back]));
    assert_eq!((world.balance(TO), world.state.supply().total), (BALANCE, total));
    assert_eq!(escrows(&world), (0, 0));
    let at = world.context.time;
    let used = world.state.get(&Key::UsedRemote(BRIDGE, FRESH));
    assert_eq!(used, Some(&Object::UsedRemote(UsedRemote { at })));
    let window_in = Window::default().with(at, BALANCE).unwrap();
    assert_eq!((bridge(&world).window_out, bridge(&world).window_in), (window_out, window_in));
    assert_eq!(world.run(OPERATOR, Op::BridgeIn(op)), Err(Code::RemoteTxUsed));
}

#[test]
fn the_day_cap_holds_each_way_over_the_running_hour_and_the_24_before_it() {
    let mut world = World::new();
    set_bridge(&mut world, 10, true);
    let out = |amount| op::bridge_out(BRIDGE, amount, b"there");
    let back = |nonce, amount| op::bridge_in(BRIDGE, Hash([nonce; 32]), TO.address(), amount);
    let capped = Err(Code::BridgeDayCap);
    let first_hour = world.now() / HOUR;
    assert_eq!(world.try_run(FROM, out(11)), capped);
    assert!(world.run(FROM, out(4)).is_ok());
    assert!(world.run(FROM, out(6)).is_ok());
    assert_eq!(world.run(FROM, out(1)), capped);
    // What comes back has a window of its own, and makes no room for more to leave.
    assert_eq!(world.run(OPERATOR, back(1, 11)), capped);
    assert!(world.run(OPERATOR, back(1, 10)).is_ok());
    assert_eq!(world.run(OPERATOR, back(2, 1)), capped);
    assert_eq!(world.run(FROM, out(1)), capped);
    world.wait((first_hour + 25) * HOUR - 1 - world.now());
    assert_eq!(world.try_run(FROM, out(1)), capped);
    world.wait(1);
    assert!(world.run(FROM, out(10)).is_ok());
    assert!(world.run(OPERATOR, back(2, 10)).is_ok());
}

#[test]
fn a_bridge_releases_no_more_than_left_over_it_and_a_remote_transaction_is_one_bridges() {
    let mut world = bridged(5);
    world.by_council([council::set_bridge(UNKNOWN, "Third", u64::MAX, true)]).unwrap();
    world.run(FROM, op::bridge_out(UNKNOWN, 7, b"there")).unwrap();
    let back = |bridge, nonce, amount| op::bridge_in(bridge, nonce, TO.address(), amount);
    assert_eq!(world.run(OPERATOR, back(BRIDGE, FRESH, 6)), Err(Code::EscrowExceeded));
    assert!(world.run(OPERATOR, back(BRIDGE, FRESH, 5)).is_ok(), "what failed used nothing up");
    assert!(world.run(OPERATOR, back(UNKNOWN, FRESH, 7)).is_ok());
    assert_eq!(escrows(&world), (0, 0));
    assert_eq!(world.run(OPERATOR, back(UNKNOWN, USED, 1)), Err(Code::EscrowExceeded));
}

#[test]
fn operations_of_bridges_decode_within_their_bounds() {
    for (bytes, good) in [(0, false), (1, true), (64, true), (65, false)] {
        let out = op::bridge_out(BRIDGE, 1, &vec![b'x'; bytes]);
        assert_eq!(decodes(out), good, "a recipient of {bytes} bytes");
        let named = council::set_bridge(BRIDGE, &"x".repeat(bytes), 0, false);
        assert_eq!(decodes(op::propose([named])), good, "a name of {bytes} bytes");
    }
}
