//! What the council sets: the cap, limits of minters, policy, terms.

use ballast_primitives::{Hash, PublicKey, SecretKey};
use ballast_runtime::object::{Key, Object, Officers, Policy, Quota, Role, Terms};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::set_policy::SetPolicy;
use ballast_runtime::ops::set_terms::SetTerms;
use ballast_runtime::{Code, CouncilOp, Event};

use crate::common::Who::{Holder, Officer};
use crate::common::{DAY, DOLLAR, HOUR, SEED, World, council, op};
use crate::{Bound, CUSTODIAN, MINTER, NOBODY, decodes};

fn fits(op: CouncilOp) -> bool {
    decodes(op::propose([op]))
}

#[test]
fn a_cap_is_at_least_the_supply() {
    let mut world = World::new();
    let total = world.state.supply().total;
    assert_eq!(world.by_council([council::set_cap(total - 1)]), Err(Code::CapBelowSupply));
    for cap in [total, total + 1, u128::MAX] {
        assert_eq!(world.by_council([council::set_cap(cap)]), Ok(vec![Event::CapSet { cap }]));
        assert_eq!(world.state.supply().cap, cap);
    }
}

#[test]
fn limits_of_all_minters_are_set_together() {
    let mut world = World::new();
    let set =
        Event::LimitsSet { minter_allowance_max: 1, mint_per_tx_max: 2, global_window_cap: 3 };
    let before = world.state.policy().clone();
    assert_eq!(world.by_council([council::set_limits(1, 2, 3)]), Ok(vec![set]));
    let expected =
        Policy { minter_allowance_max: 1, mint_per_tx_max: 2, global_window_cap: 3, ..before };
    assert_eq!(world.state.policy(), &expected);
    assert_eq!(world.minter().allowance, 200_000_000 * DOLLAR, "what was given stays");
}

#[test]
fn a_minters_limits_are_refused_in_order_and_then_set() {
    let mut world = World::new();
    let minter = MINTER.address();
    let nobody = council::set_minter_limits(Holder(0).address(), 1, 2);
    assert_eq!(world.by_council([nobody]), Err(Code::RoleNotHeld));
    let allowance = world.minter().allowance;
    let set = Event::MinterConfigured { minter, allowance, per_tx: 1, window_cap: 2 };
    let op = council::set_minter_limits(minter, 1, 2);
    assert_eq!(world.by_council([op.clone()]), Ok(vec![set.clone()]));
    assert_eq!((world.minter().per_tx, world.minter().window_cap), (1, 2));
    world.by_council([council::revoke(Role::Minter, minter)]).unwrap();
    assert_eq!(world.by_council([op]), Ok(vec![set]), "who was a minter has settings");
}

#[test]
fn a_suspended_minter_keeps_its_role_and_mints_nothing_until_it_is_resumed() {
    let mut world = World::new();
    let (minter, other) = (MINTER.address(), Holder(0).address());
    world.run(CUSTODIAN, op::deposit("r", 100, other)).unwrap();
    let mint = op::mint(deposit_id(&CUSTODIAN.address(), "r"), 1);
    for (op, expected) in [
        (council::suspend(other), Err(Code::RoleNotHeld)),
        (council::resume(other), Err(Code::RoleNotHeld)),
        (council::resume(minter), Err(Code::NotSuspended)),
        (council::suspend(minter), Ok(vec![Event::MinterSuspended { minter }])),
        (council::suspend(minter), Err(Code::MinterSuspended)),
    ] {
        assert_eq!(world.by_council([op]), expected);
    }
    assert_eq!(world.run(MINTER, mint.clone()), Err(Code::MinterSuspended));
    assert_eq!(world.run(MINTER, op::burn(0)), Err(Code::ZeroAmount), "it may burn");
    // A role that ends and comes back does not lift it.
    let until = world.now() + DAY;
    world.by_council([council::revoke(Role::Minter, minter)]).unwrap();
    world.by_council([council::grant(Role::Minter, minter, until)]).unwrap();
    assert_eq!(world.run(MINTER, mint.clone()), Err(Code::MinterSuspended));
    let resumed = Event::MinterResumed { minter };
    assert_eq!(world.by_council([council::resume(minter)]), Ok(vec![resumed]));
    assert!(world.run(MINTER, mint).is_ok());
}

#[test]
fn a_policy_is_refused_in_order_and_then_set_whole() {
    let mut world = World::new();
    let key = |label| SecretKey::dev(SEED, label).public();
    let weak = PublicKey([0; 32]);
    let mut wrong = SetPolicy {
        rail_hold_ms: HOUR,
        report_max_age_ms: 2 * HOUR,
        attest_quorum: 3,
        custodian_share_max_bps: Some(4),
        travel_threshold: 5,
        fee_account: NOBODY,
        officers: Officers { ceo: weak, cfo: weak },
        quotas: vec![Quota { burst: 60, per_1000_s: 7 }; 2],
    };
    let set = |op: &SetPolicy| [CouncilOp::SetPolicy(op.clone())];
    assert_eq!(world.try_by_council(set(&wrong)), Err(Code::UnknownTarget));
    wrong.fee_account = Holder(3).address();
    assert_eq!(world.try_by_council(set(&wrong)), Err(Code::BadPolicy));
    wrong.officers.ceo = key("new CEO");
    assert_eq!(world.try_by_council(set(&wrong)), Err(Code::BadPolicy));
    wrong.officers = Officers { ceo: weak, cfo: key("new CFO") };
    assert_eq!(world.try_by_council(set(&wrong)), Err(Code::BadPolicy));
    wrong.officers.ceo = key("new CEO");
    assert_eq!(world.try_by_council(set(&wrong)), Err(Code::InvalidArgument));
    wrong.quotas.push(Quota { burst: 1_000, per_1000_s: 1_000_000 });
    let (good, before) = (wrong, world.state.policy().clone());
    assert_eq!(world.by_council(set(&good)), Ok(vec![Event::PolicySet]));
    let expected = Policy {
        rail_hold_ms: good.rail_hold_ms,
        report_max_age_ms: good.report_max_age_ms,
        attest_quorum: good.attest_quorum,
        custodian_share_max_bps: good.custodian_share_max_bps,
        travel_threshold: good.travel_threshold,
        fee_account: good.fee_account,
        officers: good.officers,
        quotas: good.quotas.clone(),
        minter_allowance_max: before.minter_allowance_max,
        mint_per_tx_max: before.mint_per_tx_max,
        global_window_cap: before.global_window_cap,
        checkpoint_ms: before.checkpoint_ms,
    };
    assert_eq!(world.state.policy(), &expected);
    let one_more = Quota { burst: 2_000, per_1000_s: 2_000_000 };
    let more = council::set_policy(&world, |policy| policy.quotas.push(one_more));
    assert_eq!(world.by_council([more]), Ok(vec![Event::PolicySet]), "a class may be added");
    assert_eq!(world.state.policy().quotas.last(), Some(&one_more));
}

fn quotas(number: usize) -> Vec<Quota> {
    vec![Quota { burst: 16, per_1000_s: 1 }; number]
}

#[test]
fn a_policys_bounds_are_part_of_its_format() {
    let world = World::new();
    let cases: [Bound<SetPolicy>; 20] = [
        (|op| op.rail_hold_ms = 30 * DAY, true),
        (|op| op.rail_hold_ms = 30 * DAY + 1, false),
        (|op| op.report_max_age_ms = HOUR, true),
        (|op| op.report_max_age_ms = HOUR - 1, false),
        (|op| op.report_max_age_ms = 366 * DAY, true),
        (|op| op.report_max_age_ms = 366 * DAY + 1, false),
        (|op| op.attest_quorum = 0, false),
        (|op| op.attest_quorum = 1, true),
        (|op| op.attest_quorum = 16, true),
        (|op| op.attest_quorum = 17, false),
        (|op| op.custodian_share_max_bps = Some(0), false),
        (|op| op.custodian_share_max_bps = Some(1), true),
        (|op| op.custodian_share_max_bps = Some(10_000), true),
        (|op| op.custodian_share_max_bps = Some(10_001), false),
        (|op| op.quotas = quotas(0), false),
        (|op| op.quotas = quotas(16), true),
        (|op| op.quotas = quotas(17), false),
        (|op| op.quotas[2] = Quota { burst: 16, per_1000_s: 1 }, true),
        (|op| op.quotas[2].burst = 15, false),
        (|op| op.quotas[2].per_1000_s = 0, false),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(fits(council::set_policy(&world, change)), expected, "case {number}");
    }
}

#[test]
fn terms_are_set_whole_under_the_next_version() {
    let mut world = World::new();
    let op = SetTerms {
        min: 1,
        max: 2,
        fee_bps: 3,
        fee_flat: 4,
        cutoff_minute: 5,
        holidays: vec![6, 7],
        class_min: 8,
    };
    let set = [CouncilOp::SetTerms(op)];
    assert_eq!(world.by_council(set.clone()), Ok(vec![Event::TermsSet { version: 2 }]));
    let expected = Terms {
        version: 2,
        min: 1,
        max: 2,
        fee_bps: 3,
        fee_flat: 4,
        cutoff_minute: 5,
        holidays: vec![6, 7],
        class_min: 8,
    };
    assert_eq!(world.state.terms(), &expected);
    world.edit(Key::Terms, |object| match object {
        Object::Terms(terms) => terms.version = u32::MAX - 1,
        _ => unreachable!(),
    });
    assert_eq!(world.by_council(set.clone()), Ok(vec![Event::TermsSet { version: u32::MAX }]));
    assert_eq!(world.by_council(set), Err(Code::Overflow));
}

#[test]
fn the_bounds_of_terms_are_part_of_their_format() {
    let world = World::new();
    let cases: [Bound<SetTerms>; 10] = [
        (|op| (op.min, op.max) = (5, 5), true),
        (|op| (op.min, op.max) = (5, 4), false),
        (|op| op.fee_bps = 10_000, true),
        (|op| op.fee_bps = 10_001, false),
        (|op| op.cutoff_minute = 1_440, true),
        (|op| op.cutoff_minute = 1_441, false),
        (|op| op.holidays = (0..64).collect(), true),
        (|op| op.holidays = (0..65).collect(), false),
        (|op| op.holidays = vec![2, 2], false),
        (|op| op.holidays = vec![2, 1], false),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(fits(council::set_terms(&world, change)), expected, "case {number}");
    }
}

#[test]
fn a_policy_takes_effect_on_the_next_operation() {
    let mut world = World::new();
    let hold = council::set_policy(&world, |policy| policy.rail_hold_ms = HOUR);
    world.by_council([hold]).unwrap();
    let confirmed_at = world.now();
    let beneficiary = Holder(0).address();
    world.run(CUSTODIAN, op::deposit("r", 1, beneficiary)).unwrap();
    let id: Hash = deposit_id(&CUSTODIAN.address(), "r");
    assert_eq!(world.deposit(&id).final_at, confirmed_at + HOUR);
    let at_once = council::set_policy(&world, |policy| policy.rail_hold_ms = 0);
    world.by_council([at_once]).unwrap();
    assert_eq!(world.deposit(&id).final_at, confirmed_at + HOUR, "deposits keep their own");
    assert_eq!(world.run(Officer(Role::Minter), op::mint(id, 1)), Err(Code::DepositNotFinal));
}
