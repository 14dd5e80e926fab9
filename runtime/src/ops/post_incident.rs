//! PostIncident: the council adds to the log of incidents.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::{IncidentKind, Severity};
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PostIncident {
    /// One of those the council may post.
    pub kind: IncidentKind,
    pub severity: Severity,
    pub document: Hash,
}

impl PostIncident {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("kind SECURITY, OPERATIONAL, LEGAL or OTHER")
    }

    /// Cannot fail.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
