//! RevokeAttestorKey: the council withdraws everything an attestor's key attested since it was
//! lost.

use std::collections::BTreeSet;

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::limits::REPORTS_LOOKED_AT;
use crate::object::{Key, Report, ReportStatus, Role};
use crate::ops::Env;
use crate::ops::revoke_report::revoke;
use crate::ops::revoke_role::RevokeRole;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RevokeAttestorKey {
    pub attestor: Address,
    /// Attestations at or after this time are void.
    pub since: u64,
    pub document: Hash,
}

impl RevokeAttestorKey {
    /// `UNKNOWN_TARGET`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.account(&self.attestor).ok_or(Code::UnknownTarget)?;
        if env.journal.state().holds(Role::Attestor, &self.attestor, env.now) {
            RevokeRole { role: Role::Attestor, holder: self.attestor }.execute(env)?;
        }
        for number in self.void_reports(env) {
            let report = env.journal.find(&Key::Report(number)).ok_or(Code::UnknownReport)?;
            revoke(env, number, report)?;
        }
        Ok(())
    }

    /// The numbers of the reports to revoke, ascending: of the drafts, the latest and the newest.
    fn void_reports(&self, env: &Env<'_, '_>) -> BTreeSet<u64> {
        let is_void = |report: &Report| {
            report.status != ReportStatus::Revoked
                && report.attested_by.iter().any(|attestation| {
                    attestation.attestor == self.attestor && attestation.at >= self.since
                })
        };
        let state = env.journal.state();
        let index = state.reserve();
        let newest = index.next.saturating_sub(REPORTS_LOOKED_AT)..index.next;
        let looked_at = newest.chain(index.drafts.iter().copied()).chain(index.latest);
        looked_at.filter(|number| state.report(*number).is_some_and(is_void)).collect()
    }
}
