//! RotateKey: an owner replaces its key policy; the address stays.

use ballast_primitives::KeyPolicy;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RotateKey {
    pub policy: KeyPolicy,
}

impl RotateKey {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("policy at most 16 keys")
    }

    /// `BAD_POLICY` (TX-14).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
