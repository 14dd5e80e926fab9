//! RevokeReport: whoever signed a report, or the council, withdraws it.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;
use crate::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RevokeReport {
    /// Its number.
    pub report: u64,
    /// Digest of the reason.
    pub document: Hash,
}

impl RevokeReport {
    /// Whether `account` submitted or attested the report.
    pub(crate) fn is_signer(&self, state: &State, account: &Address) -> bool {
        state.report(self.report).is_some_and(|report| {
            report.submitted_by == *account
                || report.attested_by.iter().any(|attestation| attestation.attestor == *account)
        })
    }

    /// `UNKNOWN_REPORT`; `UNAUTHORIZED` unless by the council, who submitted it, or one who
    /// attested it; `ALREADY_REVOKED`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
