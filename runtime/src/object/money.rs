//! Money on its way in and out: deposits, redemptions, payouts.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deposit {
    pub custodian: Address,
    pub bank_ref: String,
    /// Micro-dollars.
    pub amount: u64,
    pub beneficiary: Address,
    pub confirmed_at: u64,
    /// The deposit may be minted when `now >= final_at`.
    pub final_at: u64,
    pub minted: u64,
    /// Set when the bank took the money back.
    pub reversed: bool,
}

/// A deposit that is not final, under a key that says when it will be: the block that comes then
/// removes it, and [`crate::object::Supply::pending`] falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pending {
    /// Micro-dollars.
    pub amount: u64,
    pub confirmed_at: u64,
}

/// Where a redemption stands. All but the first two are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum RedemptionStatus {
    Requested = 0,
    /// The redeemer has accepted it: the bank is paying.
    Processing = 1,
    Settled = 2,
    Rejected = 3,
    /// The payout failed.
    Failed = 4,
    Cancelled = 5,
    /// Nobody accepted it in time.
    Expired = 6,
}

impl RedemptionStatus {
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Processing,
        Self::Settled,
        Self::Rejected,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Processing => "PROCESSING",
            Self::Settled => "SETTLED",
            Self::Rejected => "REJECTED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Whether its gross amount is in escrow.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Processing)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Redemption {
    pub owner: Address,
    /// Taken from the owner, micro-dollars; `gross = fee + net`.
    pub gross: u64,
    pub fee: u64,
    pub net: u64,
    /// Digest of the bank details that the owner gave the issuer.
    pub beneficiary: Hash,
    /// Version of the terms that hold for it.
    pub terms: u32,
    pub requested_at: u64,
    /// When it must have been paid; see [`crate::calendar`].
    pub due_at: u64,
    /// The payout that paid it.
    pub payout: Option<Hash>,
    pub status: RedemptionStatus,
    /// When it was over; 0 while it is open.
    pub closed_at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payout {
    pub custodian: Address,
    pub bank_ref: String,
    pub redemption: Hash,
    pub net: u64,
    pub failed: bool,
}
