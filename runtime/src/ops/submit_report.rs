//! SubmitReport: a reserve manager submits a report that the officers signed.

use std::collections::BTreeSet;

use ballast_primitives::{Domain, Hash, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::check_witnesses;
use crate::code::Code;
use crate::event::Event;
use crate::limits::{
    CUSTODIAN_BYTES_MAX, DRAFTS_MAX, EXCEPTION_BYTES_MAX, EXCEPTIONS_MAX, LINES_MAX,
    STANDARD_BYTES_MAX, URI_BYTES_MAX,
};
use crate::object::{
    Checkpoint, Key, Line, Object, Officers, Report, ReportBody, ReportKind, ReportStatus,
};
use crate::ops::Env;
use crate::reserve;
use crate::tx::Witness;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SubmitReport {
    /// What officers signed and attestors attest.
    pub body: Box<ReportBody>,
    /// The officers' signatures, strictly ascending by key, at most 2.
    pub witnesses: Vec<Witness>,
}

/// What an attestation names.
pub fn report_digest(body: &ReportBody) -> Hash {
    hash::digest_of(Domain::Report, body)
}

/// Bounds of a report.
pub(crate) fn check_body(body: &ReportBody) -> Result<(), &'static str> {
    let point_in_time = body.kind == ReportKind::PointInTime;
    if body.period_start > body.as_of || (point_in_time && body.period_start != body.as_of) {
        return Err("a report's period ends as of it, and a point in time is its own period");
    }
    if !(1..=STANDARD_BYTES_MAX).contains(&body.standard.len()) {
        return Err("a report's standard has 1 to 64 bytes");
    }
    let exception_is_good = |text: &String| (1..=EXCEPTION_BYTES_MAX).contains(&text.len());
    if body.exceptions.len() > EXCEPTIONS_MAX || !body.exceptions.iter().all(exception_is_good) {
        return Err("a report has at most 16 exceptions of 1 to 128 bytes");
    }
    let line_is_good = |line: &Line| {
        (1..=CUSTODIAN_BYTES_MAX).contains(&line.custodian.len())
            && line.country.iter().all(u8::is_ascii_uppercase)
    };
    if !(1..=LINES_MAX).contains(&body.lines.len()) || !body.lines.iter().all(line_is_good) {
        return Err(
            "a report has 1 to 64 lines, each with a custodian of 1 to 32 bytes and a country",
        );
    }
    if body.uri.len() > URI_BYTES_MAX {
        return Err("a link has at most 256 bytes");
    }
    Ok(())
}

impl SubmitReport {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_body(&self.body)?;
        check_witnesses(&self.witnesses, 2)
    }

    /// `FUTURE_REPORT` when `as_of > now`; `OUT_OF_ORDER` (RES-2); `UNKNOWN_CHECKPOINT` unless
    /// a kept checkpoint has `at = as_of` and `height = as_of_height`; `SUPPLY_MISMATCH`
    /// unless `stated_outstanding` is its total; `BAD_AUTH` unless the witnesses are exactly
    /// the policy's CEO's and CFO's keys; `TOO_MANY_DRAFTS` when 16 are open.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let body = &*self.body;
        if body.as_of > env.now {
            return Err(Code::FutureReport);
        }
        let state = env.journal.state();
        reserve::check_order(state, body)?;
        let checkpoint = *reserve::find_checkpoint(state, body.as_of, body.as_of_height)?;
        if body.stated_outstanding != checkpoint.total {
            return Err(Code::SupplyMismatch);
        }
        if !self.is_signed_by(&state.policy().officers) {
            return Err(Code::BadAuth);
        }
        if state.reserve().drafts.len() >= DRAFTS_MAX {
            return Err(Code::TooManyDrafts);
        }
        self.apply(env, &checkpoint)
    }

    /// By both officers, and nobody else.
    fn is_signed_by(&self, officers: &Officers) -> bool {
        let keys = BTreeSet::from([officers.ceo, officers.cfo]);
        keys.into_iter().eq(self.witnesses.iter().map(|witness| witness.key))
    }

    fn apply(&self, env: &mut Env<'_, '_>, checkpoint: &Checkpoint) -> Result<(), Code> {
        let (digest, as_of) = (report_digest(&self.body), self.body.as_of);
        let report = Report {
            body: (*self.body).clone(),
            digest,
            submitted_by: env.sender_address,
            submitted_at: env.now,
            deposits_then: checkpoint.cum_deposit,
            payouts_then: checkpoint.cum_payout,
            attested_by: Vec::new(),
            status: ReportStatus::Draft,
        };
        let index = env.journal.reserve_mut();
        let number = index.next;
        index.next = number.checked_add(1).ok_or(Code::Overflow)?;
        index.drafts.push(number);
        env.create(Key::Report(number), Object::Report(Box::new(report)))?;
        env.emit(Event::ReportSubmitted { report: number, digest, as_of });
        Ok(())
    }
}
