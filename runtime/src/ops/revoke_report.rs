//! RevokeReport: whoever signed a report, or the council, withdraws it. Revoking the latest stops
//! minting until another takes effect: no older report comes back to life.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{IncidentKind, Key, Report, ReportStatus, Severity};
use crate::ops::Env;
use crate::state::{At, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RevokeReport {
    /// Its number.
    pub report: u64,
    /// Digest of the reason.
    pub document: Hash,
}

/// Withdraws a report that is not revoked yet, in whichever state it is.
pub(crate) fn revoke(env: &mut Env<'_, '_>, number: u64, at: At<Report>) -> Result<(), Code> {
    let report = env.journal.write(at);
    report.status = ReportStatus::Revoked;
    let digest = report.digest;
    env.journal.reserve_mut().drafts.retain(|draft| *draft != number);
    env.emit(Event::ReportRevoked { report: number });
    env.file_incident(IncidentKind::ReportRevoked, Severity::Critical, digest)
}

impl RevokeReport {
    /// Whether `account` submitted or attested the report.
    pub(crate) fn is_signer(&self, state: &State, account: &Address) -> bool {
        state
            .report(self.report)
            .is_some_and(|report| report.submitted_by == *account || report.is_attested_by(account))
    }

    /// `UNKNOWN_REPORT`; `UNAUTHORIZED` unless by the council, who submitted it, or one who
    /// attested it; `ALREADY_REVOKED`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let at = env.journal.find(&Key::Report(self.report)).ok_or(Code::UnknownReport)?;
        if !env.by_council() && !self.is_signer(env.journal.state(), &env.sender_address) {
            return Err(Code::Unauthorized);
        }
        if env.journal.read::<Report>(at).status == ReportStatus::Revoked {
            return Err(Code::AlreadyRevoked);
        }
        revoke(env, self.report, at)
    }
}
