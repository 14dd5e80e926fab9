//! Propose: a member of the council proposes operations; this counts as a yes.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::council_op::CouncilOp;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Propose {
    /// 1 to 8.
    pub ops: Vec<CouncilOp>,
}

impl Propose {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("ops 1 to 8, each by its own bounds")
    }

    /// `UNAUTHORIZED` when not a member; (expired proposals are closed first: COU-6);
    /// `TOO_MANY_PROPOSALS` when 64 are open, or 8 of this proposer's.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
