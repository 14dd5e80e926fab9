//! The reserve gate: which reports may be used (RES-2, RES-5), what they count for (RES-3, RES-4)
//! and how much supply that carries (RES-6). One function decides for every caller:
//! [`check_mint`] calls [`usable`], and what the API shows is what a mint would be answered.

use std::collections::BTreeMap;

use ballast_primitives::planted::{Bug, planted};

use crate::code::Code;
use crate::limits::{BPS, REPO_DAYS_MAX, TREASURY_DAYS_MAX};
use crate::object::{
    Category, Checkpoint, Line, Opinion, Policy, Report, ReportBody, ReportStatus, Scope,
};
use crate::state::State;

/// How much supply the reserve carries now. Amounts in micro-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserve {
    /// The number of the latest report, i.e. of the one that became effective last, whatever
    /// became of it since; none: there never was one, and the amounts are 0.
    pub report: Option<u64>,
    /// U: what the report counts for.
    pub unencumbered: u128,
    /// R: U, and what came in and went out since.
    pub reserve: u128,
    /// The most total supply: the lower of both.
    pub ceiling: u128,
    /// What could still be minted below the ceiling.
    pub headroom: u128,
    /// What every mint, however small and whoever sends it, is refused with now.
    pub refused: Option<Code>,
}

/// The reserve as it stands at `now`.
pub fn summary(state: &State, now: u64) -> Reserve {
    let refused = match state.pause(Scope::Mint).is_paused(now) {
        true => Some(Code::Paused),
        false => check_mint(state, 1, now).err(),
    };
    let Some((number, report)) = state.latest_report() else {
        return Reserve { refused, ..Reserve::default() };
    };
    let ceiling = ceiling(state, report);
    Reserve {
        report: Some(number),
        unencumbered: unencumbered(&report.body),
        reserve: reserve(state, report),
        ceiling,
        headroom: ceiling.saturating_sub(state.supply().total),
        refused,
    }
}

/// Whether all minters together may make `amount` more: `GLOBAL_WINDOW`, `CAP_EXCEEDED`, what
/// [`usable`] says, `RESERVE_CEILING`. Returns the number of the report that carries it.
pub fn check_mint(state: &State, amount: u64, now: u64) -> Result<u64, Code> {
    let (supply, policy) = (state.supply(), state.policy());
    if !state.window().has_room(policy.global_window_cap, now, amount) {
        return Err(Code::GlobalWindow);
    }
    let total = supply.total.saturating_add(u128::from(amount));
    if total > supply.cap && !planted(Bug::MintCapSkipped) {
        return Err(Code::CapExceeded);
    }
    let (number, report) = state.latest_report().ok_or(Code::NoReport)?;
    usable(report, policy, now)?;
    if total > ceiling(state, report) {
        return Err(Code::ReserveCeiling);
    }
    Ok(number)
}

/// Whether the latest report lets anyone mint (RES-5): `NO_REPORT` when it is not effective any
/// more, `REPORT_STALE`, `REPORT_MODIFIED`, `REPORT_CONCENTRATED`.
pub fn usable(report: &Report, policy: &Policy, now: u64) -> Result<(), Code> {
    let body = &report.body;
    if report.status != ReportStatus::Effective {
        return Err(Code::NoReport);
    }
    if now >= body.as_of.saturating_add(policy.report_max_age_ms) {
        return Err(Code::ReportStale);
    }
    if body.opinion != Opinion::Unmodified {
        return Err(Code::ReportModified);
    }
    match policy.custodian_share_max_bps {
        Some(max) if is_concentrated(body, max) => Err(Code::ReportConcentrated),
        _ => Ok(()),
    }
}

/// RES-2: a report comes after the latest one, or corrects that very one.
pub(crate) fn check_order(state: &State, body: &ReportBody) -> Result<(), Code> {
    let in_order = match (state.latest_report(), body.supersedes) {
        (None, supersedes) => supersedes.is_none(),
        (Some((latest, _)), Some(supersedes)) => supersedes == latest,
        (Some((_, latest)), None) => body.as_of > latest.body.as_of,
    };
    if in_order { Ok(()) } else { Err(Code::OutOfOrder) }
}

/// The checkpoint of a time and a height: `UNKNOWN_CHECKPOINT`.
pub(crate) fn find_checkpoint(state: &State, at: u64, height: u64) -> Result<&Checkpoint, Code> {
    let checkpoint = state.checkpoint(at).filter(|checkpoint| checkpoint.height == height);
    checkpoint.ok_or(Code::UnknownCheckpoint)
}

/// RES-4, U: what a report counts for.
pub fn unencumbered(body: &ReportBody) -> u128 {
    body.lines.iter().map(counted).sum()
}

/// U by custodian: how concentrated the reserve is.
pub fn by_custodian(body: &ReportBody) -> BTreeMap<&str, u128> {
    let mut parts = BTreeMap::new();
    for line in &body.lines {
        let part: &mut u128 = parts.entry(line.custodian.as_str()).or_default();
        *part = part.saturating_add(counted(line));
    }
    parts
}

/// The custodian with the largest part of U, and that part's share of it in hundredths of a
/// percent, rounded down; none when nothing counts.
pub fn concentration(body: &ReportBody) -> Option<(&str, u16)> {
    let (custodian, part) = by_custodian(body).into_iter().max_by_key(|(_, part)| *part)?;
    let share = part.saturating_mul(BPS).checked_div(unencumbered(body))?;
    Some((custodian, u16::try_from(share).ok()?))
}

/// Whether one custodian has more than `max` hundredths of a percent of U; exactly so much is fine.
fn is_concentrated(body: &ReportBody, max: u16) -> bool {
    let allowed = unencumbered(body).saturating_mul(u128::from(max));
    by_custodian(body).values().any(|part| part.saturating_mul(BPS) > allowed)
}

/// What one line counts for: the lower of its values, less what is pledged.
fn counted(line: &Line) -> u128 {
    match is_eligible(line) {
        true => u128::from(line.market.min(line.amortised).saturating_sub(line.encumbered)),
        false => 0,
    }
}

/// RES-3. What is not listed is reported and counts nothing.
const fn is_eligible(line: &Line) -> bool {
    line.segregated
        && match line.category {
            Category::Cash | Category::DemandDeposit | Category::GovernmentFund => true,
            Category::Treasury => line.maturity_days <= TREASURY_DAYS_MAX,
            Category::Repo | Category::ReverseRepo => line.maturity_days <= REPO_DAYS_MAX,
            Category::CommercialPaper
            | Category::CorporateBond
            | Category::Loan
            | Category::Other => false,
        }
}

/// The most total supply that a report carries: the lower of U and R.
fn ceiling(state: &State, report: &Report) -> u128 {
    unencumbered(&report.body).min(reserve(state, report))
}

/// RES-6, R: U, and what came in and went out since the report, less what is not final yet.
fn reserve(state: &State, report: &Report) -> u128 {
    let supply = state.supply();
    // Reversals and failed payouts can take either total below what it was then, so that the two
    // sides are added up first.
    let has = [unencumbered(&report.body), supply.cum_deposit, report.payouts_then];
    let lacks = [report.deposits_then, supply.cum_payout, supply.pending];
    let sum = |amounts: [u128; 3]| amounts.into_iter().fold(0, u128::saturating_add);
    sum(has).saturating_sub(sum(lacks))
}
