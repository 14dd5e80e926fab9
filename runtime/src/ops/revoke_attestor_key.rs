//! RevokeAttestorKey: the council withdraws everything an attestor's key attested since it was
//! lost.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::{Key, Object, Report, ReportStatus, Role};
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

    /// The numbers of the reports to revoke, ascending.
    fn void_reports(&self, env: &Env<'_, '_>) -> Vec<u64> {
        let is_void = |report: &Report| {
            report.status != ReportStatus::Revoked
                && report.attested_by.iter().any(|attestation| {
                    attestation.attestor == self.attestor && attestation.at >= self.since
                })
        };
        let reports = env.journal.state().range(Key::Report(0)..=Key::Report(u64::MAX));
        let number = |(key, object): (&Key, &Object)| match (key, object) {
            (Key::Report(number), Object::Report(report)) if is_void(report) => Some(*number),
            _ => None,
        };
        reports.filter_map(number).collect()
    }
}
