//! CouncilExec: a member carries out operations of class A and B at once, with signatures
//! collected off the chain.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::council_op::CouncilOp;
use crate::ops::Env;
use crate::tx::Witness;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CouncilExec {
    /// 1 to 8.
    pub ops: Vec<CouncilOp>,
    /// The council's.
    pub epoch: u64,
    /// The council's next.
    pub exec_nonce: u64,
    /// Of members' keys, strictly ascending, 1 to 21.
    pub witnesses: Vec<Witness>,
}

impl CouncilExec {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("ops 1 to 8, each by its own bounds; witnesses 1 to 21, strictly ascending by key")
    }

    /// `UNAUTHORIZED` when not a member; `PROPOSAL_STALE` for another epoch; `EXEC_NONCE`;
    /// `CLASS_TOO_HIGH` when the class of the operations is above B, or has a delay above 0;
    /// `BAD_AUTH` for a witness that is no member's key; `COUNCIL_QUORUM` for fewer witnesses
    /// than the class's threshold; then each operation in order.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
