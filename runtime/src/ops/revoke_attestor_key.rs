//! RevokeAttestorKey: the council withdraws everything an attestor's key attested since it was
//! lost.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

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
        let _ = env;
        todo!()
    }
}
