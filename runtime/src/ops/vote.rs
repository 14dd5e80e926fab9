//! Vote: a member says yes or no to a proposal, or takes that back.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::Proposal;
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

impl Choice {
    pub const ALL: [Self; 3] = [Self::No, Self::Yes, Self::Withdraw];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "NO",
            Self::Yes => "YES",
            Self::Withdraw => "WITHDRAW",
        }
    }
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
        let at = env.live_proposal(self.proposal)?;
        let (proposal, member) = (env.journal.read(at), env.sender_address);
        if self.digest != proposal.digest {
            return Err(Code::DigestMismatch);
        }
        let before = choice_of(proposal, &member);
        match (before, self.choice) {
            (None, Choice::Withdraw) => return Err(Code::NotVoted),
            (Some(before), choice) if before == choice => return Err(Code::AlreadyVoted),
            _ => {}
        }
        let proposal = env.journal.write(at);
        proposal.yes.retain(|voter| *voter != member);
        proposal.no.retain(|voter| *voter != member);
        match self.choice {
            Choice::Yes => insert(&mut proposal.yes, member),
            Choice::No => insert(&mut proposal.no, member),
            Choice::Withdraw => {}
        }
        env.emit(Event::Voted { proposal: self.proposal, member, choice: self.choice });
        env.count_votes(self.proposal, at);
        Ok(())
    }
}

/// What the member said before.
fn choice_of(proposal: &Proposal, member: &Address) -> Option<Choice> {
    if proposal.yes.contains(member) {
        Some(Choice::Yes)
    } else if proposal.no.contains(member) {
        Some(Choice::No)
    } else {
        None
    }
}

/// Keeps the voters ascending.
fn insert(voters: &mut Vec<Address>, member: Address) {
    let place = voters.partition_point(|voter| *voter < member);
    voters.insert(place, member);
}
