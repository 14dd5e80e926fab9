//! Vote: a member says yes or no to a proposal, or takes that back.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Choice {
    No = 0,
    Yes = 1,
    /// Takes back what the member said before.
    Withdraw = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    pub proposal: u64,
    /// Of its operations.
    pub digest: Hash,
    pub choice: Choice,
}

impl Vote {
    /// `UNAUTHORIZED` when not a member; `UNKNOWN_PROPOSAL`; `PROPOSAL_STALE`;
    /// `PROPOSAL_CLOSED`; `DIGEST_MISMATCH`; `ALREADY_VOTED` (the same choice); `NOT_VOTED`
    /// (withdrawing nothing).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
