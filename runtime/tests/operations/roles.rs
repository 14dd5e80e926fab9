//! Roles: granted and revoked.

use ballast_runtime::object::{Role, RoleGrant};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::{Code, Event};

use crate::common::Who::{Holder, Member, Officer};
use crate::common::{DAY, DOLLAR, World, council, op};
use crate::{CUSTODIAN, MINTER, NOBODY};

#[test]
fn a_grant_is_refused_in_order_and_ends() {
    let mut world = World::new();
    let holder = Holder(2).address();
    let grant = |valid_until| [council::grant(Role::Custodian, holder, valid_until)];
    for (holder, refusal) in [
        (NOBODY, Code::UnknownTarget),
        (MINTER.address(), Code::RoleConflict),
        (Member(0).address(), Code::RoleConflict),
        (holder, Code::RoleTermTooLong),
    ] {
        let grant = council::grant(Role::Custodian, holder, 0);
        assert_eq!(world.by_council([grant]), Err(refusal));
    }
    let now = world.now();
    assert_eq!(world.try_by_council(grant(now)), Err(Code::RoleTermTooLong));
    assert_eq!(world.try_by_council(grant(now + 366 * DAY + 1)), Err(Code::RoleTermTooLong));
    assert!(world.try_by_council(grant(now + 1)).is_ok());
    assert!(world.try_by_council(grant(now + 366 * DAY)).is_ok());
    let granted = Event::RoleGranted { role: Role::Custodian, holder, valid_until: now + DAY };
    assert_eq!(world.by_council(grant(now + DAY)), Ok(vec![granted]));
    world.run(Holder(2), op::deposit("r", 1, NOBODY)).unwrap();
    let minter = |world: &World| [council::grant(Role::Minter, holder, world.now() + DAY)];
    assert_eq!(world.by_council(minter(&world)), Err(Code::RoleConflict));
    world.wait(now + DAY - world.now());
    assert_eq!(world.run(Holder(2), op::deposit("s", 1, NOBODY)), Err(Code::RoleExpired));
    world.by_council(minter(&world)).expect("the other role has ended");
    let settings = world.state.minter(&holder).unwrap();
    assert_eq!((settings.allowance, settings.window_cap), (0, 0), "it may mint nothing yet");
    assert_eq!((settings.per_tx, settings.suspended), (20_000_000 * DOLLAR, false));
}

#[test]
fn a_grant_is_renewed_before_its_end() {
    let mut world = World::new();
    let holder = CUSTODIAN.address();
    let valid_until = world.now() + DAY;
    let renewed = Event::RoleGranted { role: Role::Custodian, holder, valid_until };
    let grant = council::grant(Role::Custodian, holder, valid_until);
    assert_eq!(world.by_council([grant]), Ok(vec![renewed]));
    let stored = world.state.role(Role::Custodian, &holder);
    assert_eq!(stored, Some(&RoleGrant { valid_until }), "sooner than before");
}

#[test]
fn a_revocation_is_refused_in_order_and_takes_effect_at_once() {
    let mut world = World::new();
    let holder = CUSTODIAN.address();
    let revoke = || [council::revoke(Role::Custodian, holder)];
    let other = council::revoke(Role::Minter, holder);
    assert_eq!(world.by_council([other]), Err(Code::RoleNotHeld));
    let revoked = Event::RoleRevoked { role: Role::Custodian, holder };
    assert_eq!(world.by_council(revoke()), Ok(vec![revoked]));
    assert_eq!(world.run(CUSTODIAN, op::deposit("r", 1, NOBODY)), Err(Code::Unauthorized));
    assert_eq!(world.by_council(revoke()), Err(Code::RoleNotHeld));
    assert_eq!(
        world.state.role(Role::Custodian, &holder),
        Some(&RoleGrant { valid_until: 0 }),
        "the grant stays, closed"
    );
    let mut expired = World::new();
    expired.set_grant(Role::Bridge, expired.now());
    let bridge = council::revoke(Role::Bridge, Officer(Role::Bridge).address());
    assert_eq!(expired.by_council([bridge]), Err(Code::RoleNotHeld));
}

#[test]
fn a_minters_use_survives_revocation_and_a_new_grant() {
    let mut world = World::new();
    let minter = MINTER.address();
    world.run(CUSTODIAN, op::deposit("r", 100 * DOLLAR, Holder(0).address())).unwrap();
    world.run(MINTER, op::mint(deposit_id(&CUSTODIAN.address(), "r"), 60 * DOLLAR)).unwrap();
    let left = world.minter().clone();
    world.by_council([council::revoke(Role::Minter, minter)]).unwrap();
    let again = council::grant(Role::Minter, minter, world.now() + DAY);
    world.by_council([again]).unwrap();
    assert_eq!(world.minter(), &left);
}
