//! Everything that is stored, and every storage key, in one file. Each object is one leaf of the
//! state tree: `borsh(key) ‖ borsh(object)`. What anybody may create says when it ends
//! ([`Object::end`]) and is removed then; the rest is there for ever.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

pub mod account;
pub mod council;
pub mod money;
pub mod pause;
pub mod policy;
pub mod records;
pub mod report;
pub mod role;
pub mod supply;
pub mod validators;
pub mod window;

use crate::limits::{RECORD_KEPT_MS, REDEMPTION_KEPT_MS};

pub use account::{Account, Bucket, FreezeState};
pub use council::{Class, Council, Delay, Member, Proposal, ProposalStatus};
pub use money::{Deposit, Payout, Pending, Redemption, RedemptionStatus};
pub use pause::{PauseState, Scope};
pub use policy::{Officers, Policy, Quota, Terms};
pub use records::{
    Alarm, Allowance, Bridge, Document, DocumentKind, Incident, IncidentKind, IncidentLog,
    Institution, Severity, UsedAuth, UsedRemote, UsedTravel,
};
pub use report::{
    Assurance, Attestation, Category, Line, Opinion, Report, ReportBody, ReportKind, ReportStatus,
    ReserveIndex,
};
pub use role::{Minter, Role, RoleGrant};
pub use supply::{Checkpoint, Supply};
pub use validators::{Upgrade, Validators};
pub use window::Window;

/// Where an object is stored. The order of variants is part of the format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Key {
    Policy = 0,
    Supply = 1,
    Validators = 2,
    Pause(Scope) = 3,
    Council = 4,
    /// What all minters together minted lately.
    Window = 5,
    Reserve = 6,
    Terms = 7,
    Incidents = 8,
    Upgrade = 9,
    Account(Address) = 10,
    Role(Role, Address) = 11,
    Minter(Address) = 12,
    /// By id; see [`crate::ops::deposit_confirm::deposit_id`].
    Deposit(Hash) = 13,
    /// By the time of finality, then the deposit's id.
    Pending(u64, Hash) = 14,
    /// By id; see [`crate::ops::redeem_request::redemption_id`].
    Redemption(Hash) = 15,
    /// By id; see [`crate::ops::payout_confirm::payout_id`].
    Payout(Hash) = 16,
    /// By number.
    Report(u64) = 17,
    /// By number.
    Proposal(u64) = 18,
    /// Owner, then spender.
    Allowance(Address, Address) = 19,
    /// Owner, then the authorisation's nonce.
    UsedAuth(Address, Hash) = 20,
    /// Institution, then the datum's nonce.
    UsedTravel(u32, Hash) = 21,
    /// Bridge, then the other chain's transaction.
    UsedRemote(u32, Hash) = 22,
    /// What a payer paid a payee of another institution lately.
    Pair(Address, Address) = 23,
    Institution(u32) = 24,
    Bridge(u32) = 25,
    Incident(u64) = 26,
    Document(DocumentKind) = 27,
    /// By place in the ring: its tick's number modulo the number that is kept.
    Checkpoint(u16) = 28,
}

/// What is large or rare is boxed, so that an account does not take the room of a report.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Object {
    Policy(Box<Policy>) = 0,
    Supply(Box<Supply>) = 1,
    Validators(Box<Validators>) = 2,
    Pause(PauseState) = 3,
    Council(Box<Council>) = 4,
    Window(Box<Window>) = 5,
    Reserve(ReserveIndex) = 6,
    Terms(Box<Terms>) = 7,
    Incidents(IncidentLog) = 8,
    Upgrade(Upgrade) = 9,
    Account(Account) = 10,
    Role(RoleGrant) = 11,
    Minter(Box<Minter>) = 12,
    Deposit(Box<Deposit>) = 13,
    Pending(Pending) = 14,
    Redemption(Box<Redemption>) = 15,
    Payout(Box<Payout>) = 16,
    Report(Box<Report>) = 17,
    Proposal(Box<Proposal>) = 18,
    Allowance(Allowance) = 19,
    UsedAuth(UsedAuth) = 20,
    UsedTravel(UsedTravel) = 21,
    UsedRemote(UsedRemote) = 22,
    Pair(Box<Window>) = 23,
    Institution(Institution) = 24,
    Bridge(Box<Bridge>) = 25,
    Incident(Incident) = 26,
    Document(Document) = 27,
    Checkpoint(Checkpoint) = 28,
}

impl Object {
    /// From when on the object is of no more use and may be removed (ST-7); none: not yet known,
    /// or never.
    pub fn end(&self) -> Option<u64> {
        match self {
            Self::Allowance(allowance) => Some(allowance.expires),
            Self::UsedAuth(used) => Some(used.until),
            Self::UsedTravel(used) => Some(used.until),
            Self::Pair(window) => Some(window.end()),
            Self::Redemption(redemption) if !redemption.status.is_open() => {
                Some(redemption.closed_at.saturating_add(REDEMPTION_KEPT_MS))
            }
            Self::Proposal(proposal) if proposal.status.is_closed() => {
                Some(proposal.created.saturating_add(RECORD_KEPT_MS))
            }
            Self::Report(report) if report.status == ReportStatus::Superseded => {
                Some(report.submitted_at.saturating_add(RECORD_KEPT_MS))
            }
            _ => None,
        }
    }

    /// For which account the object counts: one that anybody may create is bounded in number for
    /// each account.
    pub fn counts_for(&self, key: &Key) -> Option<Address> {
        match (key, self) {
            (Key::Allowance(owner, _) | Key::UsedAuth(owner, _), _) => Some(*owner),
            (Key::Pair(payer, _), _) => Some(*payer),
            (_, Self::UsedTravel(used)) => Some(used.payer),
            (_, Self::Redemption(redemption)) => Some(redemption.owner),
            _ => None,
        }
    }
}

impl Key {
    /// Whether the object may be removed, once it has ended. The others are for ever.
    pub const fn may_be_removed(&self) -> bool {
        matches!(
            self,
            Self::Allowance(..)
                | Self::Pending(..)
                | Self::UsedAuth(..)
                | Self::UsedTravel(..)
                | Self::Pair(..)
                | Self::Redemption(_)
                | Self::Proposal(_)
                | Self::Report(_)
                | Self::Incident(_)
        )
    }
}

/// An object of one kind, for typed reads: see [`crate::state::At`].
pub trait Kind: Sized {
    fn of(object: &Object) -> Option<&Self>;
    fn of_mut(object: &mut Object) -> Option<&mut Self>;
}

macro_rules! kinds {
    ($($kind:ty: $($variant:ident)|+;)*) => {
        $(impl Kind for $kind {
            fn of(object: &Object) -> Option<&Self> {
                match object { $(Object::$variant(value))|+ => Some(value), _ => None }
            }

            fn of_mut(object: &mut Object) -> Option<&mut Self> {
                match object { $(Object::$variant(value))|+ => Some(value), _ => None }
            }
        })*

        impl Object {
            /// Whether this is the kind of object that belongs under `key`.
            pub const fn fits(&self, key: &Key) -> bool {
                match self { $($(Self::$variant(_) => matches!(key, Key::$variant { .. }),)+)* }
            }
        }
    };
}

kinds! {
    Policy: Policy;
    Supply: Supply;
    Validators: Validators;
    PauseState: Pause;
    Council: Council;
    Window: Window | Pair;
    ReserveIndex: Reserve;
    Terms: Terms;
    IncidentLog: Incidents;
    Upgrade: Upgrade;
    Account: Account;
    RoleGrant: Role;
    Minter: Minter;
    Deposit: Deposit;
    Pending: Pending;
    Redemption: Redemption;
    Payout: Payout;
    Report: Report;
    Proposal: Proposal;
    Allowance: Allowance;
    UsedAuth: UsedAuth;
    UsedTravel: UsedTravel;
    UsedRemote: UsedRemote;
    Institution: Institution;
    Bridge: Bridge;
    Incident: Incident;
    Document: Document;
    Checkpoint: Checkpoint;
}
