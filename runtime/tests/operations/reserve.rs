//! Reserve reports, attestation, reconciliation, checkpoints, and what they let anyone mint.

use ballast_primitives::{Hash, SecretKey};
use ballast_runtime::limits::CHECKPOINTS_KEPT;
use ballast_runtime::object::{
    Category, Checkpoint, Incident, IncidentKind, Key, Line, Object, Opinion, Report, ReportBody,
    ReportKind, ReportStatus, Role, Scope, Severity,
};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::submit_report::report_digest;
use ballast_runtime::reserve::{self, Reserve};
use ballast_runtime::{Code, Event, Op, Outcome, dev};

use crate::common::Who::{self, Holder, Officer};
use crate::common::{DAY, HOUR, SEED, START, World, council, genesis, op};
use crate::{Bound, CUSTODIAN, MINTER, decodes};

const MANAGER: Who = Officer(Role::ReserveManager);
const ATTESTOR: Who = Officer(Role::Attestor);
const DOCUMENT: Hash = Hash([4; 32]);
/// Between checkpoints of a dev network.
const TICK: u64 = 5_000;

fn line(category: Category, custodian: &str, maturity_days: u32, amount: u64) -> Line {
    Line {
        category,
        custodian: custodian.to_owned(),
        country: *b"US",
        maturity_days,
        face: amount,
        amortised: amount,
        market: amount,
        encumbered: 0,
        segregated: true,
    }
}

fn cash(custodian: &str, amount: u64) -> Line {
    line(Category::Cash, custodian, 0, amount)
}

/// The body of the genesis report, with other lines.
fn of_lines(lines: Vec<Line>) -> ReportBody {
    ReportBody { lines, ..genesis().report.unwrap().body }
}

/// A report of the newest checkpoint.
fn newest(world: &World) -> ReportBody {
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
fn effective(world: &mut World, body: ReportBody) -> u64 {
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
fn ticked() -> World {
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
    let refused = |body: &ReportBody, keys: &[SecretKey], code| {
        let op = op::submit_report(body.clone(), keys);
        assert_eq!(world.try_run(MANAGER, op), Err(code));
    };
    let unsigned = op::submit_report(body.clone(), &stranger);
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
    refused(&body, &[ceo.clone(), cfo.clone(), stranger[0].clone()], Code::BadAuth);
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

#[test]
fn what_counts_is_segregated_short_and_not_pledged() {
    for (category, maturity_days, counts) in [
        (Category::Cash, u32::MAX, true),
        (Category::DemandDeposit, u32::MAX, true),
        (Category::GovernmentFund, u32::MAX, true),
        (Category::Treasury, 93, true),
        (Category::Treasury, 94, false),
        (Category::Repo, 1, true),
        (Category::Repo, 2, false),
        (Category::ReverseRepo, 1, true),
        (Category::ReverseRepo, 2, false),
        (Category::CommercialPaper, 0, false),
        (Category::CorporateBond, 0, false),
        (Category::Loan, 0, false),
        (Category::Other, 0, false),
    ] {
        let line = line(category, "b", maturity_days, 10);
        let apart = Line { segregated: false, ..line.clone() };
        let expected = if counts { 10 } else { 0 };
        let body = of_lines(vec![line]);
        assert_eq!(reserve::unencumbered(&body), expected, "{} {maturity_days}", category.name());
        assert_eq!(reserve::unencumbered(&of_lines(vec![apart])), 0);
    }
    let valued =
        |market, amortised, encumbered| Line { market, amortised, encumbered, ..cash("b", 9) };
    for (market, amortised, encumbered, expected) in
        [(7, 5, 0, 5), (5, 7, 0, 5), (7, 5, 5, 0), (7, 5, 6, 0), (7, 5, u64::MAX, 0), (7, 5, 2, 3)]
    {
        let body = of_lines(vec![valued(market, amortised, encumbered)]);
        assert_eq!(reserve::unencumbered(&body), expected);
    }
    let pledged = of_lines(vec![valued(1, 1, 9), cash("c", 10), cash("c", u64::MAX)]);
    assert_eq!(reserve::unencumbered(&pledged), u128::from(u64::MAX) + 10, "never below 0 each");
}

#[test]
fn concentration_is_over_what_counts() {
    let pledged = Line { encumbered: 40, ..cash("b", 100) };
    let bond = line(Category::CorporateBond, "b", 0, 1_000);
    let body = of_lines(vec![cash("a", 25), pledged, cash("a", 15), bond]);
    let parts: Vec<_> = reserve::by_custodian(&body).into_iter().collect();
    assert_eq!(parts, [("a", 40), ("b", 60)]);
    assert_eq!(reserve::concentration(&body), Some(("b", 6_000)));
    assert_eq!(reserve::concentration(&of_lines(vec![cash("a", 0)])), None);
    let third = of_lines(vec![cash("a", 1), cash("b", 1), cash("c", 1)]);
    assert_eq!(reserve::concentration(&third).unwrap().1, 3_333, "rounded down");
    let full = of_lines(vec![cash("a", u64::MAX); 64]);
    assert_eq!(reserve::concentration(&full), Some(("a", 10_000)));
}

#[test]
fn a_report_may_be_used_while_it_is_effective_fresh_unmodified_and_spread() {
    let world = World::new();
    let mut report = world.state.report(1).unwrap().clone();
    let mut policy = world.state.policy().clone();
    let stale = report.body.as_of + policy.report_max_age_ms;
    policy.custodian_share_max_bps = Some(7_999);
    report.body.opinion = Opinion::Qualified;
    for status in [ReportStatus::Draft, ReportStatus::Superseded, ReportStatus::Revoked] {
        let other = Report { status, ..report.clone() };
        assert_eq!(reserve::usable(&other, &policy, stale), Err(Code::NoReport));
    }
    assert_eq!(reserve::usable(&report, &policy, stale), Err(Code::ReportStale));
    let now = stale - 1;
    for opinion in [Opinion::Qualified, Opinion::Adverse, Opinion::Disclaimer] {
        report.body.opinion = opinion;
        assert_eq!(reserve::usable(&report, &policy, now), Err(Code::ReportModified));
    }
    report.body.opinion = Opinion::Unmodified;
    // A fifth is in the bank; the rest is at the trust.
    assert_eq!(reserve::usable(&report, &policy, now), Err(Code::ReportConcentrated));
    policy.custodian_share_max_bps = Some(8_000);
    assert_eq!(reserve::usable(&report, &policy, now), Ok(()), "exactly so much is fine");
    // One micro-dollar more at the trust is too much, though its share rounds to the same.
    report.body.lines[1].market += 1;
    report.body.lines[1].amortised += 1;
    assert_eq!(reserve::concentration(&report.body), Some(("Example Trust", 8_000)));
    assert_eq!(reserve::usable(&report, &policy, now), Err(Code::ReportConcentrated));
    policy.custodian_share_max_bps = None;
    assert_eq!(reserve::usable(&report, &policy, now), Ok(()));
}

/// R, less U.
fn since_the_report(world: &World, now: u64) -> i128 {
    let Reserve { unencumbered, reserve, .. } = reserve::summary(&world.state, now);
    reserve as i128 - unencumbered as i128
}

fn deposited(world: &mut World, bank_ref: &str, amount: u64) -> Hash {
    world.run(CUSTODIAN, op::deposit(bank_ref, amount, Holder(0).address())).unwrap();
    deposit_id(&CUSTODIAN.address(), bank_ref)
}

#[test]
fn the_reserve_counts_what_came_in_for_good_and_what_went_out_since_its_report() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    let now = world.now();
    assert_eq!(since_the_report(&world, now), 0);
    let first = deposited(&mut world, "a", 100);
    let final_at = now + HOUR;
    assert_eq!(since_the_report(&world, final_at - 1), 0, "not final yet");
    assert_eq!(since_the_report(&world, final_at), 100);
    let second = deposited(&mut world, "b", 10);
    assert_eq!(since_the_report(&world, final_at), 100, "the second is a second later");
    assert_eq!(since_the_report(&world, final_at + 1_000), 110);
    let mut reversed = world.clone();
    reversed.run(CUSTODIAN, op::reverse(second, DOCUMENT)).unwrap();
    assert_eq!(since_the_report(&reversed, final_at - 1), 0, "neither pending nor there");
    assert_eq!(since_the_report(&reversed, final_at + 1_000), 100);

    // A report in between: what came before it is its own affair.
    let report = newer_report(&mut world);
    assert_eq!(world.state.report(report).unwrap().deposits_then, 110);
    assert_eq!(since_the_report(&world, final_at - 1), 0);
    assert_eq!(since_the_report(&world, final_at + HOUR), 0);
    deposited(&mut world, "c", 7);
    assert_eq!(since_the_report(&world, world.now()), 0);
    assert_eq!(since_the_report(&world, final_at + HOUR), 7);
    world.run(CUSTODIAN, op::reverse(first, DOCUMENT)).unwrap();
    assert_eq!(since_the_report(&world, final_at + HOUR), 7 - 100, "what it counted is gone");
}

#[test]
fn a_deposit_in_the_block_of_its_checkpoint_came_after_it() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    world.wait(TICK - 1_000);
    assert_eq!(world.now(), START + TICK);
    deposited(&mut world, "a", 100);
    let body = newest(&world);
    let report = effective(&mut world, body);
    assert_eq!(world.state.report(report).unwrap().deposits_then, 0);
    assert_eq!(since_the_report(&world, START + TICK + HOUR - 1), 0);
    assert_eq!(since_the_report(&world, START + TICK + HOUR), 100);
}

#[test]
fn the_reserve_falls_with_payouts_and_grows_when_one_fails() {
    let mut world = World::new();
    let dollar = crate::common::DOLLAR;
    let (gross, net) = (100 * dollar, 99 * i128::from(dollar));
    let paid = |world: &mut World, bank_ref: &str| {
        let events = world.run(Holder(0), op::redeem(gross, gross, DOCUMENT)).unwrap();
        let [Event::RedemptionRequested { redemption, net, .. }] = events[..] else { panic!() };
        world.run(Officer(Role::Redeemer), op::accept(redemption)).unwrap();
        world.run(CUSTODIAN, op::payout(redemption, bank_ref, net)).unwrap();
        redemption
    };
    let settled = paid(&mut world, "a");
    assert_eq!(since_the_report(&world, world.now()), -net);
    world.run(Officer(Role::Redeemer), op::settle(settled)).unwrap();
    assert_eq!(since_the_report(&world, world.now()), -net);
    let failed = paid(&mut world, "b");
    assert_eq!(since_the_report(&world, world.now()), -2 * net);
    newer_report(&mut world);
    assert_eq!(since_the_report(&world, world.now()), 0);
    world.run(CUSTODIAN, op::payout_failed(failed, DOCUMENT)).unwrap();
    assert_eq!(since_the_report(&world, world.now()), net, "back since the report");
    let Reserve { ceiling, unencumbered, .. } = reserve::summary(&world.state, world.now());
    assert_eq!(ceiling, unencumbered, "the report's own total still binds");
}

#[test]
fn the_reserve_is_never_below_nothing() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "a", 100);
    let number = newer_report(&mut world);
    world.edit_report(number, |report| report.body.lines = vec![cash("a", 99)]);
    world.run(CUSTODIAN, op::reverse(deposit, DOCUMENT)).unwrap();
    let total = world.state.supply().total;
    assert_eq!(
        reserve::summary(&world.state, world.now()),
        Reserve {
            report: Some(number),
            unencumbered: 99,
            reserve: 0,
            ceiling: 0,
            headroom: 0,
            refused: Some(Code::ReserveCeiling),
        }
    );
    assert!(total > 0);
}

#[test]
fn the_summary_says_what_the_smallest_mint_would_be_answered() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "a", 100);
    let total = world.state.supply().total;
    let room = total + 5;
    world.edit_minter(|minter| minter.window_cap = u64::MAX);
    // Everything is wrong; each line puts one thing right.
    world.set_pause(Scope::Mint, u64::MAX);
    world.edit_policy(|policy| {
        policy.global_window_cap = 0;
        policy.report_max_age_ms = 0;
        policy.custodian_share_max_bps = Some(1);
    });
    world.set_cap(total);
    world.edit_report(1, |report| {
        report.status = ReportStatus::Revoked;
        report.body.opinion = Opinion::Adverse;
        report.body.lines = vec![cash("a", u64::try_from(total).unwrap())];
    });
    type Fix = (Code, fn(&mut World));
    let fixes: [Fix; 8] = [
        (Code::Paused, |world| world.set_pause(Scope::Mint, world.now())),
        (Code::GlobalWindow, |world| world.edit_policy(|policy| policy.global_window_cap = 1)),
        (Code::CapExceeded, |world| world.set_cap(u128::MAX)),
        (Code::NoReport, |world| {
            world.edit_report(1, |report| report.status = ReportStatus::Effective);
        }),
        (Code::ReportStale, |world| {
            world.edit_policy(|policy| policy.report_max_age_ms = DAY);
        }),
        (Code::ReportModified, |world| {
            world.edit_report(1, |report| report.body.opinion = Opinion::Unmodified);
        }),
        (Code::ReportConcentrated, |world| {
            world.edit_policy(|policy| policy.custodian_share_max_bps = None);
        }),
        (Code::ReserveCeiling, |world| {
            world.edit_report(1, |report| {
                report.body.lines[0].market += 5;
                report.body.lines[0].amortised += 5;
            });
        }),
    ];
    for (code, fix) in fixes {
        assert_eq!(reserve::summary(&world.state, world.now()).refused, Some(code));
        assert_eq!(world.try_run(MINTER, op::mint(deposit, 1)), Err(code));
        fix(&mut world);
    }
    assert_eq!(
        reserve::summary(&world.state, world.now()),
        Reserve {
            report: Some(1),
            unencumbered: room,
            reserve: room + 100,
            ceiling: room,
            headroom: 5,
            refused: None,
        }
    );
    assert!(world.try_run(MINTER, op::mint(deposit, 1)).is_ok());
    let mut genesis = genesis();
    genesis.report = None;
    let empty = World::from(&genesis);
    assert_eq!(
        reserve::summary(&empty.state, empty.now()),
        Reserve { refused: Some(Code::NoReport), ..Reserve::default() }
    );
}

#[test]
fn a_reconciliation_that_agrees_is_an_event_and_no_more() {
    let mut world = ticked();
    let Checkpoint { at: as_of, height, total, .. } =
        *world.state.checkpoint(world.state.reserve().checkpoint).unwrap();
    let reconcile = |as_of, height| op::reconcile(as_of, height, total);
    assert_eq!(world.run(ATTESTOR, reconcile(0, 0)), Err(Code::Unauthorized));
    for (as_of, height) in
        [(0, 0), (as_of + 1, height), (as_of + TICK, height), (as_of, height + 1), (as_of, 0)]
    {
        assert_eq!(world.try_run(MANAGER, reconcile(as_of, height)), Err(Code::UnknownCheckpoint));
    }
    let reconciled = Event::Reconciled { as_of, height, liabilities: total, supply: total };
    assert_eq!(world.run(MANAGER, reconcile(as_of, height)), Ok(vec![reconciled]));
    let of_genesis =
        Event::Reconciled { as_of: START, height: 0, liabilities: total, supply: total };
    assert_eq!(world.run(MANAGER, reconcile(START, 0)), Ok(vec![of_genesis]));
    assert!(!world.state.pause(Scope::Mint).is_paused(world.now()));
}

/// What a trip at `now` announces.
fn tripped(kind: IncidentKind, incident: u64, now: u64) -> [Event; 2] {
    let (severity, subject) = (Severity::Critical, Hash::default());
    [
        Event::Paused { scope: Scope::Mint, until: now + 30 * DAY },
        Event::IncidentPosted { incident, kind, severity, subject },
    ]
}

#[test]
fn a_reconciliation_that_differs_trips_the_breaker_whatever_becomes_of_its_transaction() {
    let world = World::new();
    let total = world.state.supply().total;
    let kind = IncidentKind::ReconcileMismatch;
    for liabilities in [total - 1, total + 1] {
        let mut world = world.clone();
        let now = world.now();
        let reconciled = Event::Reconciled { as_of: START, height: 0, liabilities, supply: total };
        let events = [&[reconciled], &tripped(kind, 0, now)[..]].concat();
        assert_eq!(world.run(MANAGER, op::reconcile(START, 0, liabilities)), Ok(events));
        assert_eq!(world.state.pause(Scope::Mint).until, now + 30 * DAY);
        assert_eq!(world.state.pause(Scope::Mint).short_until, 0, "no short pause of the council");
    }
    // Two differences, then a failure: both trips stay, and nothing else.
    let mut world = world.clone();
    let mismatch = op::reconcile(START, 0, total + 1);
    let unknown = op::reconcile(START, 1, total);
    let good = op::reconcile(START, 0, total);
    let tx = world.tx(MANAGER, vec![good, mismatch.clone(), mismatch, unknown]);
    let (now, id) = (world.now(), tx.id());
    let outcome = world.block(&[tx]);
    let [receipt] = &outcome.receipts[..] else { panic!("{outcome:?}") };
    assert_eq!(receipt.tx, id);
    assert_eq!(receipt.outcome, Outcome::Failed { op: 3, code: Code::UnknownCheckpoint });
    assert_eq!(receipt.events, [tripped(kind, 0, now), tripped(kind, 1, now)].concat());
    assert_eq!(world.state.pause(Scope::Mint).until, now + 30 * DAY);
    assert_eq!(world.state.incidents().next, 2);
    let incident = Incident {
        kind,
        severity: Severity::Critical,
        height: 1,
        at: now,
        subject: Hash::default(),
    };
    for number in 0..2 {
        assert_eq!(world.state.get(&Key::Incident(number)), Some(&Object::Incident(incident)));
    }
}

#[test]
fn a_trip_never_shortens_a_pause() {
    let mut world = World::new();
    world.set_pause(Scope::Mint, u64::MAX);
    let events = world.run(MANAGER, op::reconcile(START, 0, 0)).unwrap();
    assert_eq!(events[1], Event::Paused { scope: Scope::Mint, until: u64::MAX });
    assert_eq!(world.state.pause(Scope::Mint).until, u64::MAX);
}

#[test]
fn a_checkpoint_is_what_the_parent_left_made_by_the_first_block_at_or_after_its_tick() {
    let mut world = World::new();
    let kept = |world: &World, at| world.state.checkpoint(at).copied();
    let total = world.state.supply().total;
    let of = |at, height, total, cum_deposit| {
        Some(Checkpoint { at, height, total, cum_deposit, cum_payout: 0 })
    };
    assert_eq!(kept(&world, START), of(START, 0, total, 0), "genesis makes one");
    let deposit = deposited(&mut world, "a", 100);
    world.run(MINTER, op::mint(deposit, 60)).unwrap();
    world.wait(TICK - 3_000 - 1);
    assert_eq!((world.now(), world.context.height), (START + TICK - 1, 2));
    world.run(MINTER, op::mint(deposit, 30)).unwrap();
    assert_eq!(kept(&world, START + TICK), None);
    assert_eq!(world.state.reserve().checkpoint, START);
    // 999 ms after the tick: of the tick, and without what this block mints itself.
    let outcome = {
        let tx = world.tx(MINTER, vec![op::mint(deposit, 10)]);
        world.block(&[tx])
    };
    assert_eq!(world.context.time, START + TICK + 999);
    assert_eq!(kept(&world, START + TICK), of(START + TICK, 3, total + 90, 100));
    let written = outcome.changes.iter().map(|change| crate::common::decode_change(change).0);
    assert_eq!(written.filter(|key| matches!(key, Key::Checkpoint(_) | Key::Reserve)).count(), 2);
    // A block of the same tick makes none.
    world.block(&[]);
    assert_eq!(kept(&world, START + TICK), of(START + TICK, 3, total + 90, 100));
    // Ticks without a block are missed.
    world.wait(3 * TICK);
    world.block(&[]);
    assert_eq!(kept(&world, START + 4 * TICK), of(START + 4 * TICK, 5, total + 100, 100));
    for missed in [2, 3, 5] {
        assert_eq!(kept(&world, START + missed * TICK), None, "{missed}");
    }
    assert_eq!(world.state.reserve().checkpoint, START + 4 * TICK);
}

#[test]
fn checkpoints_are_kept_in_a_ring() {
    let mut world = World::new();
    let (objects, round) = (world.state.len(), u64::from(CHECKPOINTS_KEPT) * TICK);
    world.wait(round - TICK);
    world.block(&[]);
    let last = START + round - TICK;
    assert!(world.state.checkpoint(START).is_some() && world.state.checkpoint(last).is_some());
    assert_eq!(world.state.len(), objects + 1);
    world.wait(TICK);
    world.block(&[]);
    assert_eq!(world.state.checkpoint(START), None, "its place was taken");
    assert_eq!(world.state.checkpoint(START + round).unwrap().height, 1);
    assert_eq!(world.state.len(), objects + 1);
    let total = world.state.supply().total;
    assert_eq!(world.run(MANAGER, op::reconcile(START, 0, total)), Err(Code::UnknownCheckpoint));
}
