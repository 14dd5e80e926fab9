//! RecoverKey: the council replaces a lost key policy; the address stays.

use ballast_primitives::{Address, Hash, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecoverKey {
    pub account: Address,
    pub policy: KeyPolicy,
    /// Digest of the proof of ownership.
    pub document: Hash,
}

impl RecoverKey {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("policy at most 16 keys")
    }

    /// `UNKNOWN_TARGET`; `BAD_POLICY`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
