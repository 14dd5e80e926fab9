//! Execute: a member carries out an approved proposal.

use ballast_primitives::planted::{Bug, planted};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::council_op;
use crate::object::ProposalStatus;
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
        let at = env.live_proposal(self.proposal)?;
        let proposal = env.journal.read(at);
        let eta = match (proposal.status, proposal.eta) {
            (ProposalStatus::Approved, Some(eta)) => eta,
            _ => return Err(Code::NotApproved),
        };
        if env.now < eta && !planted(Bug::TimelockIgnored) {
            return Err(Code::Timelocked);
        }
        if council_op::class_of(&proposal.ops, env.journal.state()) > proposal.class {
            return Err(Code::ClassChanged);
        }
        let ops = proposal.ops.clone();
        // Closed first: a change of the council makes every proposal stale that is still open.
        env.change_proposal(self.proposal, at, ProposalStatus::Executed, Some(eta));
        env.act_for_council(&ops)
    }
}
