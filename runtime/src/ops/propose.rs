//! Propose: a member of the council proposes operations; this counts as a yes.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::council_op::{self, CouncilOp};
use crate::event::Event;
use crate::limits::{PROPOSALS_OF_ONE_MAX, PROPOSALS_OPEN_MAX};
use crate::object::{Key, Object, Proposal, ProposalStatus};
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Propose {
    /// 1 to 8.
    pub ops: Vec<CouncilOp>,
}

impl Propose {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        council_op::check_ops(&self.ops)
    }

    /// `UNAUTHORIZED` when not a member; (expired proposals are closed first: COU-6);
    /// `TOO_MANY_PROPOSALS` when 64 are open, or 8 of this proposer's; quota (OBJ-3).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.close_expired_proposals();
        self.check_room(env)?;
        let council = env.journal.council_mut();
        let number = council.next_proposal;
        council.next_proposal = number.checked_add(1).ok_or(Code::Overflow)?;
        council.open.push(number);
        self.create(env, number)
    }

    fn check_room(&self, env: &Env<'_, '_>) -> Result<(), Code> {
        let state = env.journal.state();
        let open = &state.council().open;
        let is_own = |number: &&u64| {
            state.proposal(**number).is_some_and(|open| open.proposer == env.sender_address)
        };
        let own = open.iter().filter(is_own).count();
        if open.len() >= PROPOSALS_OPEN_MAX || own >= PROPOSALS_OF_ONE_MAX {
            return Err(Code::TooManyProposals);
        }
        Ok(())
    }

    fn create(&self, env: &mut Env<'_, '_>, number: u64) -> Result<(), Code> {
        let state = env.journal.state();
        let mut proposal = Proposal {
            epoch: state.council().epoch,
            class: council_op::class_of(&self.ops, state),
            ops: self.ops.clone(),
            digest: council_op::ops_digest(&self.ops),
            proposer: env.sender_address,
            yes: vec![env.sender_address],
            no: Vec::new(),
            created: env.now,
            eta: None,
            status: ProposalStatus::Open,
        };
        let (status, eta) = proposal.judge(state.council(), env.now);
        (proposal.status, proposal.eta) = (status, eta);
        let Proposal { class, digest, proposer, .. } = proposal;
        env.create(Key::Proposal(number), Object::Proposal(Box::new(proposal)))?;
        env.emit(Event::Proposed { proposal: number, proposer, class, digest });
        if status != ProposalStatus::Open {
            env.emit(Event::ProposalChanged { proposal: number, status, eta });
        }
        Ok(())
    }
}
