//! How grave each operation of the council is, the council's own constitution, incidents,
//! documents, and bounds.

use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, SecretKey};
use ballast_runtime::council_op::{class_of, ops_digest};
use ballast_runtime::object::{
    Class, DocumentKind, IncidentKind, Member as CouncilMember, ProposalStatus, Role, Scope,
    Severity,
};
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::council_set::CouncilSet;
use ballast_runtime::ops::set_policy::SetPolicy;
use ballast_runtime::ops::set_terms::SetTerms;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::{Code, CouncilOp, Event, Key, Object, Op, Witness};

use crate::common::Who::{self, Holder, Member};
use crate::common::{DAY, DOLLAR, HOUR, World, council, op, validator, witnesses};
use crate::{MINTER, NOBODY, decodes};

#[test]
fn each_operation_has_its_class() {
    let world = World::new();
    let (who, hash) = (Holder(1).address(), Hash([1; 32]));
    let (key, mint) = (validator().key, &[Scope::Mint][..]);
    let new_policy = KeyPolicy::Single(key);
    let cases = [
        (Class::A, council::short_pause(mint, 1)),
        (Class::A, council::revoke(Role::Minter, who)),
        (Class::A, council::suspend(who)),
        (Class::A, council::revoke_report(1, hash)),
        (Class::A, council::revoke_attestor_key(who, 0, hash)),
        (Class::B, council::freeze(who, true, true)),
        (Class::B, council::unfreeze(who)),
        (Class::B, council::confirm_freeze(who, hash)),
        (Class::B, council::set_hold(who, 0, 1)),
        (Class::B, council::set_hold(who, 1, 0)),
        (Class::B, council::pause(mint, 1)),
        (Class::B, council::unpause(mint)),
        (Class::B, council::resume(who)),
        (Class::B, council::post_incident(IncidentKind::Other, Severity::Low, hash)),
        (Class::B, council::set_document(DocumentKind::Privacy, hash, "")),
        (Class::C, council::seize(who, 1, None)),
        (Class::C, council::recover_key(who, new_policy, hash)),
        (Class::C, council::grant(Role::Minter, who, 1)),
        (Class::D, council::validator_add(validator())),
        (Class::D, council::validator_remove(key)),
        (Class::D, council::validator_rotate(key, key, key)),
        (Class::D, council::council_set(&[Member(0)], [1; 4])),
        (Class::D, council::set_delay(Class::A, 0)),
        (Class::D, council::schedule_upgrade(2, hash, 9)),
    ];
    for (class, op) in &cases {
        assert_eq!(op.class(&world.state), *class, "{}", op.name());
    }
    // Of a list, the gravest.
    for (at, (gravest, _)) in cases.iter().enumerate() {
        let mut ops: Vec<_> = cases[..=at].iter().map(|(_, op)| op.clone()).collect();
        ops.reverse();
        assert_eq!(class_of(&ops, &world.state), *gravest);
    }
}

#[test]
fn tightening_is_of_class_b_and_loosening_of_class_c() {
    let mut world = World::new();
    world.edit_policy(|policy| {
        policy.rail_hold_ms = HOUR;
        policy.attest_quorum = 2;
        policy.custodian_share_max_bps = Some(5_000);
    });
    world.by_council([council::set_bridge(1, "open", 100, true)]).unwrap();
    world.by_council([council::set_bridge(2, "closed", 100, false)]).unwrap();
    let holidays = |terms: &mut SetTerms, days: &[u32]| terms.holidays = days.to_vec();
    world.by_council([council::set_terms(&world, |terms| holidays(terms, &[1, 3]))]).unwrap();
    let supply_cap = world.state.supply().cap;
    let minter = MINTER.address();
    let (per_tx, window) = (20_000_000 * DOLLAR, 60_000_000 * DOLLAR);
    let (allowance, global) = (500_000_000 * DOLLAR, 100_000_000 * DOLLAR);
    let policy = |change: &dyn Fn(&mut SetPolicy)| council::set_policy(&world, |op| change(op));
    let terms = |change: &dyn Fn(&mut SetTerms)| council::set_terms(&world, |op| change(op));
    let tighter = [
        council::set_cap(supply_cap),
        council::set_cap(supply_cap - 1),
        council::set_limits(allowance, per_tx, global),
        council::set_limits(0, 0, 0),
        council::set_minter_limits(minter, per_tx, window),
        council::set_minter_limits(minter, 0, 0),
        policy(&|_| ()),
        policy(&|p| p.rail_hold_ms += 1),
        policy(&|p| p.report_max_age_ms -= 1),
        policy(&|p| p.attest_quorum += 1),
        policy(&|p| p.custodian_share_max_bps = Some(4_999)),
        policy(&|p| p.travel_threshold -= 1),
        policy(&|p| p.quotas[0].burst -= 1),
        policy(&|p| p.quotas[2].per_1000_s -= 1),
        terms(&|_| ()),
        terms(&|t| t.min += 1),
        terms(&|t| t.max -= 1),
        terms(&|t| t.fee_bps += 1),
        terms(&|t| t.fee_flat += 1),
        terms(&|t| t.cutoff_minute -= 1),
        terms(&|t| t.class_min += 1),
        terms(&|t| holidays(t, &[1, 2, 3])),
        council::set_bridge(1, "renamed", 100, true),
        council::set_bridge(1, "open", 99, false),
        council::set_bridge(2, "closed", 100, false),
    ];
    let looser = [
        council::set_cap(supply_cap + 1),
        council::set_limits(allowance + 1, 0, 0),
        council::set_limits(0, per_tx + 1, 0),
        council::set_limits(0, 0, global + 1),
        council::set_minter_limits(minter, per_tx + 1, 0),
        council::set_minter_limits(minter, 0, window + 1),
        council::set_minter_limits(NOBODY, 0, 0),
        policy(&|p| p.rail_hold_ms -= 1),
        policy(&|p| p.report_max_age_ms += 1),
        policy(&|p| p.attest_quorum -= 1),
        policy(&|p| p.custodian_share_max_bps = Some(5_001)),
        policy(&|p| p.custodian_share_max_bps = None),
        policy(&|p| p.travel_threshold += 1),
        policy(&|p| p.fee_account = NOBODY),
        policy(&|p| std::mem::swap(&mut p.officers.ceo, &mut p.officers.cfo)),
        policy(&|p| p.quotas.truncate(2)),
        policy(&|p| p.quotas.push(p.quotas[0])),
        policy(&|p| p.quotas[2].burst += 1),
        policy(&|p| p.quotas[0].per_1000_s += 1),
        terms(&|t| t.min -= 1),
        terms(&|t| t.max += 1),
        terms(&|t| t.fee_bps -= 1),
        terms(&|t| t.fee_flat -= 1),
        terms(&|t| t.cutoff_minute += 1),
        terms(&|t| holidays(t, &[1, 2])),
        council::set_bridge(3, "new", 0, false),
        council::set_bridge(1, "open", 101, false),
        council::set_bridge(2, "closed", 0, true),
    ];
    for (class, ops) in [(Class::B, &tighter[..]), (Class::C, &looser[..])] {
        for op in ops {
            assert_eq!(op.class(&world.state), class, "{op:?}");
        }
    }
    // Without a bound any is tighter; a lower class may redeem only where one was asked for.
    world.edit_policy(|policy| policy.custodian_share_max_bps = None);
    let bounded = council::set_policy(&world, |p| p.custodian_share_max_bps = Some(10_000));
    assert_eq!(bounded.class(&world.state), Class::B);
    world.by_council([council::set_terms(&world, |terms| terms.class_min = 2)]).unwrap();
    let lower = council::set_terms(&world, |terms| terms.class_min = 1);
    assert_eq!(lower.class(&world.state), Class::C);
    // Judged before the first of the list: lowering first does not make the rest graver.
    let both = [council::set_cap(supply_cap - 1), council::set_cap(supply_cap)];
    assert_eq!(class_of(&both, &world.state), Class::B);
}

/// A change of the council whose members' keys and accounts are given apart.
fn council_set(members: &[(Who, PublicKey)], thresholds: [u8; 4]) -> CouncilOp {
    let member =
        |(who, key): &(Who, PublicKey)| CouncilMember { account: who.address(), key: *key };
    let mut members: Vec<_> = members.iter().map(member).collect();
    members.sort_unstable_by_key(|member| member.account);
    CouncilOp::CouncilSet(CouncilSet { members, thresholds })
}

#[test]
fn a_new_council_is_refused_in_order_and_then_makes_what_was_open_stale() {
    let mut world = World::new();
    let key = |n: u32| SecretKey::dev("seat", &n.to_string()).public();
    let unknown = CouncilOp::CouncilSet(CouncilSet {
        members: vec![CouncilMember { account: NOBODY, key: PublicKey([0; 32]) }],
        thresholds: [2; 4],
    });
    assert_eq!(world.by_council([unknown]), Err(Code::UnknownTarget));
    let bad = PublicKey([0; 32]);
    for (members, thresholds, refusal) in [
        (&[(MINTER, bad)][..], [2; 4], Code::BadPolicy),
        (&[(MINTER, key(0))], [2; 4], Code::RoleConflict),
        (&[(Holder(0), key(0))], [0, 0, 0, 2], Code::ThresholdUnreachable),
        (&[(Holder(0), key(0))], [2, 1, 1, 1], Code::ThresholdUnreachable),
        (&[(Holder(0), key(0))], [0, 1, 1, 1], Code::BadThreshold),
    ] {
        assert_eq!(world.by_council([council_set(members, thresholds)]), Err(refusal));
    }
    let four = [Holder(0), Holder(1), Member(0), Member(1)];
    for thresholds in [[2, 1, 3, 4], [1, 3, 2, 4], [1, 2, 4, 3], [1, 2, 2, 4]] {
        let set = council::council_set(&four, thresholds);
        assert_eq!(world.by_council([set]), Err(Code::BadThreshold), "{thresholds:?}");
    }
    // Of what is open now, everything but the proposal that changes the council goes stale.
    let (open, next) = (world.state.council().open.clone(), world.state.council().next_proposal);
    assert!(open.len() > 4);
    let stale = |proposal: &u64| {
        let eta = world.state.proposal(*proposal).unwrap().eta;
        Event::ProposalChanged { proposal: *proposal, status: ProposalStatus::Stale, eta }
    };
    let seats = four.map(|who| (who, who.key().public()));
    let mut events: Vec<_> = open.iter().map(stale).collect();
    events.push(Event::CouncilChanged { epoch: 1, members: 4, thresholds: [1, 2, 3, 4] });
    assert_eq!(world.by_council([council_set(&seats, [1, 2, 3, 4])]), Ok(events));
    let status = |number| world.state.proposal(number).unwrap().status;
    assert!(open.iter().all(|number| status(*number) == ProposalStatus::Stale));
    assert_eq!(status(next), ProposalStatus::Executed);
    let council = world.state.council();
    assert_eq!((council.epoch, council.thresholds), (1, [1, 2, 3, 4]));
    assert!(council.open.is_empty() && council.members.len() == 4);
    assert!(four.iter().all(|who| council.is_member(&who.address())));
}

#[test]
fn signatures_for_an_earlier_council_are_stale() {
    let mut world = World::new();
    let pause = [council::short_pause(&[Scope::Mint], world.now() + DAY)];
    let signed = world.council_exec(pause, &world.quorum(Class::B));
    let members: Vec<_> = (0..5).map(Member).collect();
    world.by_council([council::council_set(&members, [2, 3, 3, 4])]).unwrap();
    assert_eq!(world.run(Member(0), signed), Err(Code::ProposalStale), "even by the same members");
}

#[test]
fn a_longer_delay_holds_at_once_and_a_shorter_one_after_the_difference() {
    let mut world = World::new();
    let class = Class::B;
    let set = |world: &mut World, delay_ms| {
        let at = world.now();
        let events = world.by_council([council::set_delay(class, delay_ms)]).unwrap();
        match events[..] {
            [Event::DelaySet { class: Class::B, delay_ms: set, from }] if set == delay_ms => {
                (at, from)
            }
            _ => panic!("{events:?}"),
        }
    };
    let (at, from) = set(&mut world, DAY);
    assert_eq!(from, at);
    let (at, from) = set(&mut world, DAY);
    assert_eq!(from, at, "the same");
    let (at, from) = set(&mut world, HOUR);
    assert_eq!(from, at + DAY - HOUR);
    let delay = |world: &World, now| world.state.council().delay(class, now);
    assert_eq!((delay(&world, from - 1), delay(&world, from)), (DAY, HOUR));
    // Longer than the one that still holds, or shorter once more: from there.
    let mut longer = world.clone();
    let (at, from) = set(&mut longer, 2 * DAY);
    assert_eq!((from, delay(&longer, at + 100 * DAY)), (at, 2 * DAY), "the shorter one is off");
    world.wait(DAY / 2);
    let (at, from) = set(&mut world, 2 * HOUR);
    assert_eq!(from, at + DAY - 2 * HOUR, "counted anew");
    world.wait(from - world.now());
    let (at, from) = set(&mut world, 0);
    assert_eq!(from, at + 2 * HOUR);
    // What waits keeps its eta; what is approved now waits as long as now holds.
    let ops = vec![council::unfreeze(Holder(1).address())];
    let number = world.state.council().next_proposal;
    world.run(Member(0), op::propose(ops.clone())).unwrap();
    let yes = op::vote(number, ops_digest(&ops), Choice::Yes);
    world.run(Member(1), yes.clone()).unwrap();
    let approved = world.now();
    world.run(Member(2), yes).unwrap();
    assert_eq!(world.state.proposal(number).unwrap().eta, Some(approved + 2 * HOUR));
}

#[test]
fn the_council_posts_incidents_of_its_kinds() {
    let mut world = World::new();
    let subject = Hash([4; 32]);
    for (kind, posted) in IncidentKind::ALL.map(|kind| (kind, (16..20).contains(&(kind as u8)))) {
        let op = || council::post_incident(kind, Severity::High, subject);
        assert_eq!(decodes(op::propose([op()])), posted, "{kind:?}");
    }
    let (kind, severity) = (IncidentKind::Legal, Severity::High);
    for incident in 0..2 {
        let posted = Event::IncidentPosted { incident, kind, severity, subject };
        let op = council::post_incident(kind, severity, subject);
        assert_eq!(world.by_council([op]), Ok(vec![posted]));
    }
    let Some(Object::Incident(stored)) = world.state.get(&Key::Incident(1)) else { panic!() };
    assert_eq!((stored.kind, stored.severity, stored.subject), (kind, severity, subject));
    assert_eq!((stored.height, stored.at), (world.context.height, world.context.time));
    assert_eq!(world.state.incidents().next, 2);
}

#[test]
fn a_document_has_versions_from_1_on() {
    let mut world = World::new();
    let kind = DocumentKind::ReservePolicy;
    let (other, digest) = (Hash([1; 32]), Hash([2; 32]));
    world.by_council([council::set_document(DocumentKind::Privacy, other, "")]).unwrap();
    for version in 1..=2 {
        let uri = format!("https://example.org/{version}");
        let op = council::set_document(kind, digest, &uri);
        let set = Event::DocumentSet { kind, version, digest, uri };
        assert_eq!(world.by_council([op]), Ok(vec![set]));
    }
    let Some(Object::Document(stored)) = world.state.get(&Key::Document(kind)) else { panic!() };
    assert_eq!((stored.version, stored.digest, stored.at), (2, digest, world.context.time));
    assert_eq!(stored.uri, "https://example.org/2");
    world.edit(Key::Document(kind), |object| match object {
        Object::Document(document) => document.version = u32::MAX,
        _ => unreachable!(),
    });
    let more = council::set_document(kind, digest, "");
    assert_eq!(world.by_council([more]), Err(Code::Overflow));
}

#[test]
fn the_councils_operations_are_decoded_within_their_bounds_only() {
    let who = Holder(1).address();
    let hash = Hash([1; 32]);
    let unfreeze = council::unfreeze(who);
    let name = |bytes: usize| {
        let mut validator = validator();
        validator.name = "x".repeat(bytes);
        council::validator_add(validator)
    };
    let members = |n: u32| {
        let key = |n: u32| SecretKey::dev("seat", &n.to_string());
        let account = |n| Address::of(&KeyPolicy::Single(key(n).public()));
        let member = |n| CouncilMember { account: account(n), key: key(n).public() };
        let mut members: Vec<_> = (0..n).map(member).collect();
        members.sort_unstable_by_key(|member| member.account);
        members
    };
    let council_set = |change: &dyn Fn(&mut Vec<CouncilMember>)| {
        let mut members = members(21);
        change(&mut members);
        CouncilOp::CouncilSet(CouncilSet { members, thresholds: [0; 4] })
    };
    let document = |bytes| council::set_document(DocumentKind::Privacy, hash, &"x".repeat(bytes));
    let cases = [
        ("no operation", false, vec![]),
        ("8 operations", true, vec![unfreeze.clone(); 8]),
        ("9 operations", false, vec![unfreeze.clone(); 9]),
        ("one that is out of bounds", false, vec![unfreeze, council::freeze(who, false, false)]),
        ("a freeze of one direction", true, vec![council::freeze(who, false, true)]),
        ("a pause of nothing", false, vec![council::pause(&[], 1)]),
        ("a pause of everything", true, vec![council::short_pause(&Scope::ALL, 1)]),
        ("scopes out of order", false, vec![council::pause(&[Scope::Mint, Scope::Transfer], 1)]),
        ("a scope twice", false, vec![council::unpause(&[Scope::Mint, Scope::Mint])]),
        ("an unpause of nothing", false, vec![council::unpause(&[])]),
        ("a link of 256 bytes", true, vec![document(256)]),
        ("a link of 257 bytes", false, vec![document(257)]),
        ("no name", false, vec![name(0)]),
        ("a name of 64 bytes", true, vec![name(64)]),
        ("a name of 65 bytes", false, vec![name(65)]),
        ("21 members", true, vec![council_set(&|_| ())]),
        ("22 members", false, vec![council_set(&|list| *list = members(22))]),
        ("no member", false, vec![council_set(&|list| list.clear())]),
        ("members out of order", false, vec![council_set(&|list| list.swap(3, 4))]),
        ("an account twice", false, vec![council_set(&|list| list[4].account = list[3].account)]),
        ("a key twice", false, vec![council_set(&|list| list[20].key = list[3].key)]),
        ("a delay of 30 days", true, vec![council::set_delay(Class::D, 30 * DAY)]),
        ("a longer delay", false, vec![council::set_delay(Class::D, 30 * DAY + 1)]),
    ];
    for (what, expected, ops) in cases {
        assert_eq!(decodes(op::propose(ops.clone())), expected, "{what}");
        let keys = [Member(0).key()];
        let exec = CouncilExec { ops, epoch: 0, exec_nonce: 0, witnesses: witnesses(&keys) };
        assert_eq!(decodes(Op::CouncilExec(exec)), expected, "{what}, by signatures");
    }
    let exec = |n: u32, change: &dyn Fn(&mut Vec<Witness>)| {
        let keys: Vec<_> = (0..n).map(|n| SecretKey::dev("seat", &n.to_string())).collect();
        let mut witnesses = witnesses(&keys);
        change(&mut witnesses);
        let ops = vec![council::unfreeze(who)];
        decodes(Op::CouncilExec(CouncilExec { ops, epoch: 0, exec_nonce: 0, witnesses }))
    };
    assert!(!exec(0, &|_| ()));
    assert!(exec(21, &|_| ()));
    assert!(!exec(22, &|_| ()));
    assert!(!exec(3, &|list| list.swap(0, 1)));
    assert!(!exec(3, &|list| list[1] = list[0]));
}
