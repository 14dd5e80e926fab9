//! DepositReverse: the bank took a deposit back.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DepositReverse {
    pub deposit: Hash,
    /// Digest of the bank's notice.
    pub document: Hash,
}

impl DepositReverse {
    /// `UNKNOWN_DEPOSIT`; `UNAUTHORIZED` when another custodian confirmed it; `DEPOSIT_CLOSED`
    /// when it is reversed already.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
