//! The council: who governs, by which thresholds and delays, and what it is deciding.

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Address, Hash, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::council_op::CouncilOp;

/// How grave a council operation is. A proposal has the gravest class of its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Class {
    /// Protective: at once, by few.
    A = 0,
    /// Everyday.
    B = 1,
    /// Powers and money.
    C = 2,
    /// The chain's own constitution.
    D = 3,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }

    pub const fn index(self) -> usize {
        self as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    /// The account that proposes and votes by transactions.
    pub account: Address,
    /// The key that signs for the member off the chain; see [`crate::ops::council_exec`].
    pub key: PublicKey,
}

/// The delay of a class between approval and execution. A shorter one takes effect only once the
/// difference has passed, so that no change can overtake a decision that waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Delay {
    pub ms: u64,
    /// A shorter delay and when it takes effect.
    pub shorter: Option<(u64, u64)>,
}

impl Delay {
    pub const fn of(ms: u64) -> Self {
        Self { ms, shorter: None }
    }

    pub const fn at(&self, now: u64) -> u64 {
        match self.shorter {
            Some((ms, from)) if now >= from => ms,
            _ => self.ms,
        }
    }

    /// The delay once the council has set it to `ms` at `now`, and from when on that holds.
    pub(crate) const fn set(&self, ms: u64, now: u64) -> (Self, u64) {
        let old = self.at(now);
        match old.checked_sub(ms) {
            None | Some(0) => (Self::of(ms), now),
            Some(shorter_by) => {
                let from = now.saturating_add(shorter_by);
                (Self { ms: old, shorter: Some((ms, from)) }, from)
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Council {
    /// 1 to 21, strictly ascending by account.
    pub members: Vec<Member>,
    /// One more with each change of the council; a proposal of another epoch is stale.
    pub epoch: u64,
    /// The number that the next [`crate::ops::council_exec::CouncilExec`] must carry.
    pub exec_nonce: u64,
    /// How many members must say yes, by class.
    pub thresholds: [u8; 4],
    pub delays: [Delay; 4],
    /// How long a proposal may stay open.
    pub ttl_ms: u64,
    /// How long an approved proposal may be executed once its delay is over.
    pub grace_ms: u64,
    /// The number of the next proposal; the first is 1.
    pub next_proposal: u64,
    /// Proposals that are open or approved, ascending.
    pub open: Vec<u64>,
}

impl Council {
    pub fn is_member(&self, account: &Address) -> bool {
        self.members.iter().any(|member| member.account == *account)
    }

    /// Whether a member signs with `key` off the chain.
    pub fn has_key(&self, key: &PublicKey) -> bool {
        self.members.iter().any(|member| member.key == *key)
    }

    #[allow(clippy::indexing_slicing, reason = "a class has an index below four")]
    pub const fn threshold(&self, class: Class) -> u8 {
        self.thresholds[class.index()]
    }

    #[allow(clippy::indexing_slicing, reason = "as for the threshold")]
    pub const fn delay(&self, class: Class, now: u64) -> u64 {
        self.delays[class.index()].at(now)
    }

    #[allow(clippy::indexing_slicing, reason = "as for the threshold")]
    pub(crate) const fn delay_mut(&mut self, class: Class) -> &mut Delay {
        &mut self.delays[class.index()]
    }
}

/// Where a proposal stands. All but the first two are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ProposalStatus {
    Open = 0,
    /// Enough said yes; may be executed from its `eta` on.
    Approved = 1,
    Executed = 2,
    /// So many said no that the threshold is out of reach.
    Rejected = 3,
    Expired = 4,
    /// The council has changed since.
    Stale = 5,
}

impl ProposalStatus {
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Approved, Self::Executed, Self::Rejected, Self::Expired, Self::Stale];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Approved => "APPROVED",
            Self::Executed => "EXECUTED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Stale => "STALE",
        }
    }

    pub const fn is_closed(self) -> bool {
        !matches!(self, Self::Open | Self::Approved)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    pub epoch: u64,
    pub class: Class,
    /// 1 to 8.
    pub ops: Vec<CouncilOp>,
    /// Digest of the operations: what a vote names, so that nobody votes blindly.
    pub digest: Hash,
    pub proposer: Address,
    /// Members who said yes, and no, each ascending.
    pub yes: Vec<Address>,
    pub no: Vec<Address>,
    pub created: u64,
    /// Set when approved, taken back when reopened: executable when `eta <= now < eta + grace`.
    pub eta: Option<u64>,
    /// As of the last transaction that touched it; see [`Self::status_at`].
    pub status: ProposalStatus,
}

impl Proposal {
    /// The status at `now`: what is stored, unless time has expired it since.
    pub fn status_at(&self, council: &Council, now: u64) -> ProposalStatus {
        let end = match (self.status, self.eta) {
            (ProposalStatus::Open, _) => self.created.saturating_add(council.ttl_ms),
            (ProposalStatus::Approved, Some(eta)) => eta.saturating_add(council.grace_ms),
            _ => return self.status,
        };
        if now >= end { ProposalStatus::Expired } else { self.status }
    }

    /// What its votes make of a proposal that is not closed (COU-4): its status, and from when on
    /// it may be executed.
    pub(crate) fn judge(&self, council: &Council, now: u64) -> (ProposalStatus, Option<u64>) {
        let threshold = usize::from(council.threshold(self.class));
        let yes_at_most = council.members.len().saturating_sub(self.no.len());
        let missing = usize::from(planted(Bug::CouncilVoteMissing));
        if self.yes.len().saturating_add(missing) >= threshold {
            let delayed = now.saturating_add(council.delay(self.class, now));
            (ProposalStatus::Approved, Some(self.eta.unwrap_or(delayed)))
        } else if yes_at_most < threshold {
            (ProposalStatus::Rejected, self.eta)
        } else {
            (ProposalStatus::Open, None)
        }
    }
}
