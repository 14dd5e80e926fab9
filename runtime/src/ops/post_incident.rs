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
        if !self.kind.is_posted() {
            return Err("incidents of this kind are filed by the chain itself");
        }
        Ok(())
    }

    /// Cannot fail, but for a log that is full.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.file_incident(self.kind, self.severity, self.document)
    }
}
