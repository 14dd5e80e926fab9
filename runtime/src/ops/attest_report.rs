//! AttestReport: an attestor attests a draft. With enough attestations the report takes effect.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Attestation, Key, Report, ReportStatus, Role};
use crate::ops::Env;
use crate::reserve;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AttestReport {
    /// Its number.
    pub report: u64,
    /// Of its body: nobody attests blindly.
    pub digest: Hash,
}

impl AttestReport {
    /// `UNKNOWN_REPORT`; `REPORT_NOT_DRAFT`; `DIGEST_MISMATCH`; `ALREADY_ATTESTED` by the
    /// sender; `OUT_OF_ORDER` (RES-2, asked again).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let at = env.journal.find(&Key::Report(self.report)).ok_or(Code::UnknownReport)?;
        self.check(env, env.journal.read(at))?;
        let attestor = env.sender_address;
        let quorum = usize::from(env.journal.policy().attest_quorum);
        let report: &mut Report = env.journal.write(at);
        report.attested_by.push(Attestation { attestor, at: env.now });
        env.emit(Event::ReportAttested { report: self.report, attestor });
        if live_attestations(env, at) >= quorum {
            self.make_effective(env, at);
        }
        Ok(())
    }

    fn check(&self, env: &Env<'_, '_>, report: &Report) -> Result<(), Code> {
        if report.status != ReportStatus::Draft {
            return Err(Code::ReportNotDraft);
        }
        if self.digest != report.digest {
            return Err(Code::DigestMismatch);
        }
        if report.is_attested_by(&env.sender_address) {
            return Err(Code::AlreadyAttested);
        }
        // Another report may have become effective since this one was submitted.
        reserve::check_order(env.journal.state(), &report.body)
    }

    fn make_effective(&self, env: &mut Env<'_, '_>, at: At<Report>) {
        let index = env.journal.reserve_mut();
        index.drafts.retain(|draft| *draft != self.report);
        let before = index.latest.replace(self.report);
        let before = before.and_then(|number| env.journal.find(&Key::Report(number)));
        let is_effective =
            |at: &At<Report>| env.journal.read(*at).status == ReportStatus::Effective;
        if let Some(before) = before.filter(is_effective) {
            env.journal.write(before).status = ReportStatus::Superseded;
        }
        let report = env.journal.write(at);
        report.status = ReportStatus::Effective;
        let (as_of, unencumbered) = (report.body.as_of, reserve::unencumbered(&report.body));
        env.emit(Event::ReportEffective { report: self.report, as_of, unencumbered });
    }
}

/// How many of those who attested are still trusted to.
fn live_attestations(env: &Env<'_, '_>, at: At<Report>) -> usize {
    let (state, attested) = (env.journal.state(), &env.journal.read(at).attested_by);
    attested.iter().filter(|by| state.holds(Role::Attestor, &by.attestor, env.now)).count()
}
