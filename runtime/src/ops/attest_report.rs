//! AttestReport: an attestor attests a draft.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

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
        let _ = env;
        todo!()
    }
}
