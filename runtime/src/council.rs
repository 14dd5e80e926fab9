//! How the council acts: the way of a proposal, and operations on the council's authority.

use ballast_primitives::Validator;

use crate::code::Code;
use crate::council_op::CouncilOp;
use crate::event::Event;
use crate::object::{Council, Key, Proposal, ProposalStatus};
use crate::ops::{Authority, Env};
use crate::state::{At, VALIDATORS};

impl Env<'_, '_> {
    /// Carries out operations on the council's authority, up to the first that fails.
    pub(crate) fn act_for_council(&mut self, ops: &[CouncilOp]) -> Result<(), Code> {
        self.authority = Authority::Council;
        let done = ops.iter().try_for_each(|op| op.execute(self));
        self.authority = Authority::Sender;
        done
    }

    /// A proposal that can still be voted on or executed: `UNKNOWN_PROPOSAL`; `PROPOSAL_STALE`;
    /// `PROPOSAL_CLOSED`.
    pub(crate) fn live_proposal(&self, number: u64) -> Result<At<Proposal>, Code> {
        let at = self.journal.find(&Key::Proposal(number)).ok_or(Code::UnknownProposal)?;
        let proposal: &Proposal = self.journal.read(at);
        let council = self.journal.state().council();
        if proposal.status == ProposalStatus::Stale || proposal.epoch != council.epoch {
            return Err(Code::ProposalStale);
        }
        if proposal.status_at(council, self.now).is_closed() {
            return Err(Code::ProposalClosed);
        }
        Ok(at)
    }

    /// Does what the votes of a live proposal say (COU-4).
    pub(crate) fn count_votes(&mut self, number: u64, at: At<Proposal>) {
        let proposal = self.journal.read(at);
        let (status, eta) = proposal.judge(self.journal.state().council(), self.now);
        if status != proposal.status {
            self.change_proposal(number, at, status, eta);
        }
    }

    pub(crate) fn change_proposal(
        &mut self,
        number: u64,
        at: At<Proposal>,
        status: ProposalStatus,
        eta: Option<u64>,
    ) {
        let proposal = self.journal.write(at);
        (proposal.status, proposal.eta) = (status, eta);
        if status.is_closed() {
            self.journal.council_mut().open.retain(|open| *open != number);
        }
        self.emit(Event::ProposalChanged { proposal: number, status, eta });
    }

    /// Writes down what time has closed (COU-6).
    pub(crate) fn close_expired_proposals(&mut self) {
        let now = self.now;
        let expired = |council: &Council, proposal: &Proposal| {
            proposal.status_at(council, now) == ProposalStatus::Expired
        };
        self.close_proposals(ProposalStatus::Expired, expired);
    }

    /// Closes the open proposals for which `closes`, ascending by number.
    pub(crate) fn close_proposals(
        &mut self,
        status: ProposalStatus,
        closes: impl Fn(&Council, &Proposal) -> bool,
    ) {
        for number in self.journal.state().council().open.clone() {
            let Some(at) = self.journal.find(&Key::Proposal(number)) else { continue };
            let proposal: &Proposal = self.journal.read(at);
            let eta = proposal.eta;
            if closes(self.journal.state().council(), proposal) {
                self.change_proposal(number, at, status, eta);
            }
        }
    }

    /// Makes these the validators from the height after the next on (VAL-1):
    /// `BAD_VALIDATOR_SET`; `SET_CHANGE_TOO_LARGE`.
    pub(crate) fn change_validators(&mut self, next: Vec<Validator>) -> Result<(), Code> {
        let validators = self.journal.state().validators().changed(next, self.block.height)?;
        self.emit(Event::ValidatorSetChanged {
            from_height: validators.from_height,
            validators: u32::try_from(validators.set.len()).map_err(|_| Code::Overflow)?,
            digest: validators.set.digest(),
        });
        *self.journal.write(VALIDATORS) = validators;
        Ok(())
    }
}
