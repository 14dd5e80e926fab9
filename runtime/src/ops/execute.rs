//! Execute: a member carries out an approved proposal.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Execute {
    pub proposal: u64,
}

impl Execute {
    /// `UNAUTHORIZED` when not a member; `UNKNOWN_PROPOSAL`; `PROPOSAL_STALE`;
    /// `PROPOSAL_CLOSED`; `NOT_APPROVED`; `TIMELOCKED` when `now < eta`; `CLASS_CHANGED` when
    /// the class of its operations is now graver than the proposal's; then each operation in
    /// order: its first failure is the failure.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
