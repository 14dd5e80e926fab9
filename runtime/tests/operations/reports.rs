//! Reserve reports: submitted, attested, corrected, revoked.

use ballast_primitives::SecretKey;
use ballast_runtime::object::{
    IncidentKind, Report, ReportBody, ReportKind, ReportStatus, Role, Severity,
};
use ballast_runtime::ops::submit_report::report_digest;
use ballast_runtime::reserve;
use ballast_runtime::{Code, Event, Op, dev};

use crate::checkpoints::TICK;
use crate::common::Who::{self, Holder};
use crate::common::{DAY, SEED, START, World, council, genesis, op};
use crate::reserve::cash;
use crate::{ATTESTOR, Bound, DOCUMENT, MANAGER, decodes};

/// A report of the newest checkpoint.
pub fn newest(world: &World) -> ReportBody {
    let checkpoint = *world.state.checkpoint(world.state.reserve().checkpoint).unwrap();
    ReportBody {
        period_start: checkpoint.at,
        as_of: checkpoint.at,
        as_of_height: checkpoint.height,
        stated_outstanding: checkpoint.total,
        ..genesis().report.unwrap().body
    }
}

/// Submits a report that both officers signed; its number.
fn submitted(world: &mut World, body: ReportBody) -> u64 {
    let number = world.state.reserve().next;
    world.run(MANAGER, op::submit_report(body, &dev::officer_keys(SEED))).unwrap();
    number
}

fn attest(world: &World, number: u64) -> Op {
    op::attest_report(number, world.state.report(number).unwrap().digest)
}

/// Submits and attests.
pub fn effective(world: &mut World, body: ReportBody) -> u64 {
    let number = submitted(world, body);
    let attest = attest(world, number);
    world.run(ATTESTOR, attest).unwrap();
    number
}

/// A report after that of genesis; its number.
pub fn newer_report(world: &mut World) -> u64 {
    world.wait(TICK);
    world.block(&[]);
    let body = newest(world);
    effective(world, body)
}

/// A world in which a checkpoint was made after genesis's.
pub fn ticked() -> World {
    let mut world = World::new();
    world.block(&[]);
    world.wait(TICK);
    world.block(&[]);
    world
}

fn second_attestor(world: &mut World) -> Who {
    let until = world.now() + 30 * DAY;
    world.by_council([council::grant(Role::Attestor, Holder(3).address(), until)]).unwrap();
    Holder(3)
}

#[test]
fn a_report_is_refused_in_order_and_then_kept_as_a_draft() {
    let mut world = World::new();
    let officers = dev::officer_keys(SEED);
    let stranger = [SecretKey::dev(SEED, "stranger")];
    // As of a block that is yet to come: its checkpoint is made before its transactions.
    world.wait(TICK - 1_000);
    let now = START + TICK;
    let good = ReportBody {
        period_start: now,
        as_of: now,
        as_of_height: 0,
        ..genesis().report.unwrap().body
    };
    let mut body = ReportBody {
        supersedes: Some(2),
        as_of: now + 1,
        as_of_height: 1,
        stated_outstanding: good.stated_outstanding + 1,
        ..good.clone()
    };
    let at = |body: &ReportBody| ReportBody { period_start: body.as_of, ..body.clone() };
    let refused = |body: &ReportBody, keys: &[SecretKey], code| {
        let op = op::submit_report(at(body), keys);
        assert_eq!(world.try_run(MANAGER, op), Err(code));
    };
    let unsigned = op::submit_report(at(&body), &stranger);
    assert_eq!(world.try_run(ATTESTOR, unsigned), Err(Code::Unauthorized));
    refused(&body, &stranger, Code::FutureReport);
    body.as_of = now;
    refused(&body, &stranger, Code::OutOfOrder);
    body.supersedes = None;
    body.as_of = START;
    refused(&body, &stranger, Code::OutOfOrder);
    body.as_of = START + 1;
    refused(&body, &stranger, Code::UnknownCheckpoint);
    body.as_of = now;
    refused(&body, &stranger, Code::UnknownCheckpoint);
    body.as_of_height = 0;
    refused(&body, &stranger, Code::SupplyMismatch);
    body.stated_outstanding -= 1;
    refused(&body, &stranger, Code::BadAuth);
    refused(&body, &officers[..1], Code::BadAuth);
    refused(&body, &officers[1..], Code::BadAuth);
    let [ceo, cfo] = officers;
    refused(&body, &[ceo.clone(), stranger[0].clone()], Code::BadAuth);
    refused(&body, &[ceo.clone(), cfo.clone(), stranger[0].clone()], Code::Decode);
    assert_eq!(body, good);
    let submitted = Event::ReportSubmitted { report: 2, digest: report_digest(&good), as_of: now };
    let op = op::submit_report(good.clone(), &[ceo, cfo]);
    assert_eq!(world.run(MANAGER, op.clone()), Ok(vec![submitted]));
    assert_eq!(
        world.state.report(2),
        Some(&Report {
            digest: report_digest(&good),
            body: good,
            submitted_by: MANAGER.address(),
            submitted_at: now,
            deposits_then: 0,
            payouts_then: 0,
            attested_by: vec![],
            status: ReportStatus::Draft,
        })
    );
    assert_eq!(world.state.latest_report().unwrap().0, 1);
    for report in 3..=17 {
        world.run(MANAGER, op.clone()).unwrap();
        assert_eq!(world.state.reserve().drafts.last(), Some(&report));
    }
    assert_eq!(world.run(MANAGER, op.clone()), Err(Code::TooManyDrafts));
    world.run(MANAGER, op::revoke_report(5, DOCUMENT)).unwrap();
    world.run(MANAGER, op).expect("one draft fewer");
}

#[test]
fn one_officer_in_both_offices_signs_once() {
    let mut world = ticked();
    let [ceo, _] = dev::officer_keys(SEED);
    world.edit_policy(|policy| policy.officers.cfo = policy.officers.ceo);
    let body = newest(&world);
    let both = op::submit_report(body.clone(), &dev::officer_keys(SEED));
    assert_eq!(world.try_run(MANAGER, both), Err(Code::BadAuth));
    assert!(world.try_run(MANAGER, op::submit_report(body, &[ceo])).is_ok());
}

#[test]
fn the_first_report_of_a_chain_supersedes_none() {
    let mut genesis = genesis();
    genesis.report = None;
    let mut world = World::from(&genesis);
    let first = newest(&world);
    assert_eq!((first.as_of, first.as_of_height), (START, 0));
    let correction = ReportBody { supersedes: Some(1), ..first.clone() };
    let op = op::submit_report(correction, &dev::officer_keys(SEED));
    assert_eq!(world.run(MANAGER, op), Err(Code::OutOfOrder));
    assert_eq!(effective(&mut world, first), 1);
    assert_eq!(world.state.latest_report().unwrap().0, 1);
}

#[test]
fn an_attestation_is_refused_in_order_and_a_quorum_of_them_makes_the_report_effective() {
    let mut world = ticked();
    world.edit_policy(|policy| policy.attest_quorum = 2);
    let other = second_attestor(&mut world);
    let body = newest(&world);
    let (late, number) = (submitted(&mut world, body.clone()), submitted(&mut world, body.clone()));
    let digest = report_digest(&body);
    let attest = op::attest_report(number, digest);
    assert_eq!(world.run(MANAGER, op::attest_report(9, DOCUMENT)), Err(Code::Unauthorized));
    for (number, digest, code) in [
        (9, DOCUMENT, Code::UnknownReport),
        (0, DOCUMENT, Code::UnknownReport),
        (1, DOCUMENT, Code::ReportNotDraft),
        (number, DOCUMENT, Code::DigestMismatch),
    ] {
        assert_eq!(world.run(ATTESTOR, op::attest_report(number, digest)), Err(code));
    }
    let attested =
        |attestor: Who| Event::ReportAttested { report: number, attestor: attestor.address() };
    let first = world.now();
    assert_eq!(world.run(ATTESTOR, attest.clone()), Ok(vec![attested(ATTESTOR)]));
    assert_eq!(world.run(ATTESTOR, attest.clone()), Err(Code::AlreadyAttested));
    assert_eq!(world.state.report(number).unwrap().status, ReportStatus::Draft);
    let second = world.now();
    let unencumbered = reserve::unencumbered(&body);
    let effective = Event::ReportEffective { report: number, as_of: body.as_of, unencumbered };
    assert_eq!(world.run(other, attest), Ok(vec![attested(other), effective]));
    let report = world.state.report(number).unwrap();
    assert_eq!(report.status, ReportStatus::Effective);
    let by: Vec<_> = report.attested_by.iter().map(|by| (by.attestor, by.at)).collect();
    assert_eq!(by, [(ATTESTOR.address(), first), (other.address(), second)]);
    assert_eq!(world.state.report(1).unwrap().status, ReportStatus::Superseded);
    assert_eq!(world.state.latest_report().unwrap().0, number);
    assert_eq!(world.state.reserve().drafts, [late]);
    // The other draft was in order when it was submitted.
    assert_eq!(world.run(ATTESTOR, op::attest_report(late, digest)), Err(Code::OutOfOrder));
    assert_eq!(world.run(ATTESTOR, op::attest_report(number, digest)), Err(Code::ReportNotDraft));
}

#[test]
fn an_attestation_counts_while_its_attestor_holds_the_role() {
    let mut world = ticked();
    world.edit_policy(|policy| policy.attest_quorum = 2);
    let other = second_attestor(&mut world);
    let body = newest(&world);
    let number = submitted(&mut world, body);
    let attest = attest(&world, number);
    world.run(ATTESTOR, attest.clone()).unwrap();
    world.by_council([council::revoke(Role::Attestor, ATTESTOR.address())]).unwrap();
    world.run(other, attest.clone()).unwrap();
    let status = |world: &World| world.state.report(number).unwrap().status;
    assert_eq!(status(&world), ReportStatus::Draft, "one of the two is not trusted any more");
    // A third makes two who are.
    let (third, until) = (Holder(2), world.now() + DAY);
    world.by_council([council::grant(Role::Attestor, third.address(), until)]).unwrap();
    let mut late = world.clone();
    world.run(third, attest.clone()).unwrap();
    assert_eq!(status(&world), ReportStatus::Effective);
    assert_eq!(world.state.report(number).unwrap().attested_by.len(), 3);
    // What became effective stays so; a draft waits for two who hold the role at one time.
    world.by_council([council::revoke(Role::Attestor, other.address())]).unwrap();
    assert_eq!(status(&world), ReportStatus::Effective);
    late.by_council([council::revoke(Role::Attestor, other.address())]).unwrap();
    late.run(third, attest).unwrap();
    assert_eq!(status(&late), ReportStatus::Draft);
}

#[test]
fn a_correction_replaces_the_very_report_it_names_even_a_revoked_one() {
    let mut world = ticked();
    let body = newest(&world);
    let second = effective(&mut world, body.clone());
    let correct =
        |number, body: &ReportBody| ReportBody { supersedes: Some(number), ..body.clone() };
    let body = newest(&world);
    let of_the_first = op::submit_report(correct(1, &body), &dev::officer_keys(SEED));
    assert_eq!(world.run(MANAGER, of_the_first), Err(Code::OutOfOrder));
    world.run(ATTESTOR, op::revoke_report(second, DOCUMENT)).unwrap();
    let third = effective(&mut world, correct(second, &body));
    assert_eq!(world.state.report(second).unwrap().status, ReportStatus::Revoked, "and stays so");
    assert_eq!(world.state.latest_report().unwrap().0, third);
}

#[test]
fn a_report_is_revoked_by_who_signed_it_or_the_council_once() {
    let mut world = ticked();
    let body = newest(&world);
    let number = submitted(&mut world, body);
    let digest = world.state.report(number).unwrap().digest;
    let revoke = |number| op::revoke_report(number, DOCUMENT);
    // Lane 0 is closed to others; beside an operation that is not protective they are refused.
    assert_eq!(world.try_run(ATTESTOR, revoke(number)), Err(Code::LaneUnauthorized));
    for (number, code) in [(9, Code::UnknownReport), (number, Code::Unauthorized)] {
        let mut world = world.clone();
        let tx = world.tx(Holder(0), vec![op::transfer(Holder(1), 1), revoke(number)]);
        assert_eq!(world.send(tx), Err(code));
    }
    let revoked = |report, incident, subject| {
        let (kind, severity) = (IncidentKind::ReportRevoked, Severity::Critical);
        vec![
            Event::ReportRevoked { report },
            Event::IncidentPosted { incident, kind, severity, subject },
        ]
    };
    assert_eq!(world.try_run(MANAGER, revoke(number)), Ok(revoked(number, 0, digest)));
    let attest = attest(&world, number);
    world.run(ATTESTOR, attest.clone()).unwrap();
    assert_eq!(world.try_run(ATTESTOR, revoke(number)), Ok(revoked(number, 0, digest)));
    let by_council = council::revoke_report(number, DOCUMENT);
    assert_eq!(
        world.by_council([by_council.clone()]),
        Ok(revoked(number, 0, digest)),
        "whoever signed it"
    );
    assert_eq!(world.state.report(number).unwrap().status, ReportStatus::Revoked);
    assert_eq!(world.run(MANAGER, revoke(number)), Err(Code::AlreadyRevoked));
    assert_eq!(world.by_council([by_council]), Err(Code::AlreadyRevoked));
    let unknown = council::revoke_report(9, DOCUMENT);
    assert_eq!(world.by_council([unknown]), Err(Code::UnknownReport));
    assert_eq!(world.run(ATTESTOR, attest), Err(Code::ReportNotDraft));
    assert_eq!(
        world.state.report(1).unwrap().status,
        ReportStatus::Superseded,
        "an older report does not come back to life"
    );
    assert_eq!(reserve::summary(&world.state, world.now()).refused, Some(Code::NoReport));
    let superseded = world.state.report(1).unwrap().digest;
    assert_eq!(world.run(ATTESTOR, revoke(1)), Ok(revoked(1, 1, superseded)), "whatever it is");
}

#[test]
fn a_lost_attestors_key_takes_with_it_what_it_attested_since() {
    let mut world = ticked();
    world.edit_policy(|policy| policy.attest_quorum = 2);
    let body = newest(&world);
    let drafts: Vec<_> = (0..4).map(|_| submitted(&mut world, body.clone())).collect();
    let mut attested_at = vec![];
    for number in &drafts[..3] {
        attested_at.push(world.now());
        let attest = attest(&world, *number);
        world.run(ATTESTOR, attest).unwrap();
    }
    world.run(MANAGER, op::revoke_report(drafts[2], DOCUMENT)).unwrap();
    let attestor = ATTESTOR.address();
    let revoke = |attestor, since| [council::revoke_attestor_key(attestor, since, DOCUMENT)];
    assert_eq!(world.try_by_council(revoke(crate::NOBODY, 0)), Err(Code::UnknownTarget));
    let digest = report_digest(&body);
    let revoked = |report, incident, subject| {
        let (kind, severity) = (IncidentKind::ReportRevoked, Severity::Critical);
        [
            Event::ReportRevoked { report },
            Event::IncidentPosted { incident, kind, severity, subject },
        ]
    };
    let role = [Event::RoleRevoked { role: Role::Attestor, holder: attestor }];
    let first = genesis().report.unwrap().body;
    // From each moment on, at it and after it. Incident 0 was the revocation above.
    for (since, expected) in [
        (attested_at[1] + 1, role.to_vec()),
        (attested_at[1], [&role[..], &revoked(drafts[1], 1, digest)].concat()),
        (
            attested_at[0],
            [&role[..], &revoked(drafts[0], 1, digest), &revoked(drafts[1], 2, digest)].concat(),
        ),
        (
            START,
            [
                &role[..],
                &revoked(1, 1, report_digest(&first)),
                &revoked(drafts[0], 2, digest),
                &revoked(drafts[1], 3, digest),
            ]
            .concat(),
        ),
    ] {
        assert_eq!(world.try_by_council(revoke(attestor, since)), Ok(expected), "{since}");
    }
    world.by_council(revoke(attestor, attested_at[1])).unwrap();
    assert_eq!(world.state.reserve().drafts, [drafts[0], drafts[3]]);
    let attest = attest(&world, drafts[3]);
    assert_eq!(world.run(ATTESTOR, attest), Err(Code::Unauthorized));
    let again = world.by_council(revoke(attestor, attested_at[0]));
    assert_eq!(again, Ok(revoked(drafts[0], 2, digest).to_vec()), "the role is gone already");
    assert_eq!(world.by_council(revoke(Holder(0).address(), 0)), Ok(vec![]));
}

fn text(length: usize) -> String {
    "x".repeat(length)
}

#[test]
fn a_reports_bounds_are_part_of_its_format() {
    let keys = dev::officer_keys(SEED);
    let good = || newest(&World::new());
    let cases: [Bound<ReportBody>; 21] = [
        (|body| body.period_start += 1, false),
        (|body| body.period_start -= 1, false),
        (|body| (body.kind, body.period_start) = (ReportKind::Period, body.as_of), true),
        (|body| (body.kind, body.period_start) = (ReportKind::Period, 0), true),
        (|body| (body.kind, body.period_start) = (ReportKind::Period, body.as_of + 1), false),
        (|body| body.standard = text(0), false),
        (|body| body.standard = text(64), true),
        (|body| body.standard = text(65), false),
        (|body| body.exceptions = vec![text(128); 16], true),
        (|body| body.exceptions = vec![text(1); 17], false),
        (|body| body.exceptions = vec![text(129)], false),
        (|body| body.exceptions = vec![text(0)], false),
        (|body| body.lines = vec![], false),
        (|body| body.lines = vec![cash(&text(32), 1); 64], true),
        (|body| body.lines = vec![cash(&text(1), 1); 65], false),
        (|body| body.lines = vec![cash(&text(33), 1)], false),
        (|body| body.lines = vec![cash(&text(0), 1)], false),
        (|body| body.lines[0].country = *b"Us", false),
        (|body| body.lines[1].country = *b"U1", false),
        (|body| body.uri = text(256), true),
        (|body| body.uri = text(257), false),
    ];
    for (number, (change, fits)) in cases.into_iter().enumerate() {
        let mut body = good();
        change(&mut body);
        assert_eq!(decodes(op::submit_report(body, &keys)), fits, "case {number}");
    }
    let op = |keys: &[SecretKey]| op::submit_report(good(), keys);
    let third = SecretKey::dev(SEED, "third");
    assert!(decodes(op(&keys[..1])));
    assert!(!decodes(op(&[])));
    assert!(!decodes(op(&[&keys[..], &[third]].concat())));
    let twice = [keys[0].clone(), keys[0].clone()];
    assert!(!decodes(op(&twice)), "strictly ascending");
}
