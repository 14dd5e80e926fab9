//! CouncilExec: a member carries out operations of class A and B at once, with signatures
//! collected off the chain.

use ballast_primitives::planted::{Bug, planted};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::check_witnesses;
use crate::code::Code;
use crate::council_op::{self, CouncilOp};
use crate::event::Event;
use crate::limits::MEMBERS_MAX;
use crate::object::Class;
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
        council_op::check_ops(&self.ops)?;
        check_witnesses(&self.witnesses, MEMBERS_MAX)
    }

    /// `UNAUTHORIZED` when not a member; `PROPOSAL_STALE` for another epoch; `EXEC_NONCE`;
    /// `CLASS_TOO_HIGH` when the class of the operations is above B, or has a delay above 0;
    /// `BAD_AUTH` for a witness that is no member's key; `COUNCIL_QUORUM` for fewer witnesses
    /// than the class's threshold; then each operation in order.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let class = self.check(env)?;
        let council = env.journal.council_mut();
        council.exec_nonce = council.exec_nonce.checked_add(1).ok_or(Code::Overflow)?;
        let digest = council_op::ops_digest(&self.ops);
        env.emit(Event::CouncilExecuted { exec_nonce: self.exec_nonce, class, digest });
        env.act_for_council(&self.ops)
    }

    /// The class of the operations, when the council's members signed them.
    fn check(&self, env: &Env<'_, '_>) -> Result<Class, Code> {
        let state = env.journal.state();
        let council = state.council();
        if self.epoch != council.epoch {
            return Err(Code::ProposalStale);
        }
        if self.exec_nonce != council.exec_nonce {
            return Err(Code::ExecNonce);
        }
        let class = council_op::class_of(&self.ops, state);
        if class > Class::B || council.delay(class, env.now) > 0 {
            return Err(Code::ClassTooHigh);
        }
        if !self.witnesses.iter().all(|witness| council.has_key(&witness.key)) {
            return Err(Code::BadAuth);
        }
        let counted = !planted(Bug::CouncilSignaturesUncounted);
        if counted && self.witnesses.len() < usize::from(council.threshold(class)) {
            return Err(Code::CouncilQuorum);
        }
        Ok(class)
    }
}
