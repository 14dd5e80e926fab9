//! SetInstitution: a registrar registers an institution, or gives it another name or key.

use ballast_primitives::PublicKey;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetInstitution {
    /// Not 0.
    pub institution: u32,
    /// 1 to 64 bytes.
    pub name: String,
    /// Signs travel data for payments to its customers.
    pub key: PublicKey,
}

impl SetInstitution {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("institution not 0; name 1 to 64 bytes")
    }

    /// `BAD_POLICY` for a key that breaks TX-14.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
