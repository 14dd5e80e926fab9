//! SetDocument: the council publishes a document.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::DocumentKind;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetDocument {
    pub kind: DocumentKind,
    pub digest: Hash,
    /// At most 256 bytes.
    pub uri: String,
}

impl SetDocument {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("uri at most 256 bytes")
    }

    /// `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
