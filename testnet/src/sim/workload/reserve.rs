//! Reserve reports and reconciliation.

use ballast_primitives::Hash;
use ballast_primitives::domain::SignTag;
use ballast_runtime::object::{
    Assurance, Category, Checkpoint, Line, Opinion, ReportBody, ReportKind, Role,
};
use ballast_runtime::{Op, ops};

use super::kitchen::{Cook, Draft};

/// What a report shows more than there is, so that minting goes on.
const ROOM: u64 = 1_000_000_000_000_000;

fn newest_checkpoint(cook: &Cook<'_>) -> Option<Checkpoint> {
    cook.state.checkpoint(cook.state.reserve().checkpoint).copied()
}

fn line(amount: u64) -> Line {
    Line {
        category: Category::DemandDeposit,
        custodian: "Example Bank".to_owned(),
        country: *b"US",
        maturity_days: 0,
        face: amount,
        amortised: amount,
        market: amount,
        encumbered: 0,
        segregated: true,
    }
}

pub fn submit(cook: &mut Cook<'_>) -> Option<Draft> {
    let checkpoint = newest_checkpoint(cook)?;
    let total = u64::try_from(checkpoint.total).ok()?;
    // Now and then a reserve that carries no more than there is.
    let room = if cook.rng.chance(150) { 0 } else { ROOM };
    let body = ReportBody {
        supersedes: if cook.rng.chance(200) { cook.state.reserve().latest } else { None },
        kind: ReportKind::PointInTime,
        period_start: checkpoint.at,
        as_of: checkpoint.at,
        as_of_height: checkpoint.height,
        stated_outstanding: checkpoint.total,
        scope: cook.hash(),
        standard: "simulated".to_owned(),
        assurance: Assurance::Examination,
        opinion: if cook.rng.chance(50) { Opinion::Qualified } else { Opinion::Unmodified },
        exceptions: Vec::new(),
        lines: vec![line(total.saturating_add(room))],
        document: cook.hash(),
        uri: String::new(),
    };
    let officers = cook.state.policy().officers;
    let witnesses = cook.kitchen.statement(SignTag::Report, &body, [officers.ceo, officers.cfo]);
    let op = ops::submit_report::SubmitReport { body: Box::new(body), witnesses };
    Some(cook.draft(cook.officer(Role::ReserveManager), vec![Op::SubmitReport(op)]))
}

pub fn attest(cook: &mut Cook<'_>) -> Option<Draft> {
    let report = *cook.state.reserve().drafts.last()?;
    let digest = cook.state.report(report).map_or(Hash::ZERO, |report| report.digest);
    let op = ops::attest_report::AttestReport { report, digest };
    Some(cook.draft(cook.officer(Role::Attestor), vec![Op::AttestReport(op)]))
}

/// A draft mostly: without an effective one there is no minting.
pub fn some_report(cook: &mut Cook<'_>) -> u64 {
    let index = cook.state.reserve();
    match index.drafts.first() {
        Some(oldest) if cook.rng.chance(800) => *oldest,
        _ => cook.rng.between(1, index.next),
    }
}

pub fn revoke(cook: &mut Cook<'_>) -> Option<Draft> {
    let (report, document) = (some_report(cook), cook.hash());
    let op = ops::revoke_report::RevokeReport { report, document };
    Some(cook.draft(cook.officer(Role::ReserveManager), vec![Op::RevokeReport(op)]))
}

pub fn reconcile(cook: &mut Cook<'_>) -> Option<Draft> {
    let Checkpoint { at: as_of, height, total, .. } = newest_checkpoint(cook)?;
    // Now and then they differ, and minting stops.
    let liabilities = total + u128::from(cook.rng.chance(100));
    let op = ops::reconcile::Reconcile { as_of, height, liabilities };
    Some(cook.draft(cook.officer(Role::ReserveManager), vec![Op::Reconcile(op)]))
}
