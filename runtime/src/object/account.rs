//! Accounts: keys, money, liens, freezes, registration.

use ballast_primitives::{Hash, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::replay::ReplayWindow;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    pub policy: KeyPolicy,
    pub balance: u64,
    pub hold: u64,
    pub freeze: FreezeState,
    pub replay: ReplayWindow,
    pub kyc_class: u8,
    /// Registration is live while `now < kyc_until`.
    pub kyc_until: u64,
    pub institution: u32,
    pub memo_required: bool,
    pub quota: Bucket,
    /// How many objects count for it; see [`crate::object::Object::counts_for`].
    pub objects: u32,
}

impl Account {
    /// What the holder may spend: the balance less the hold, which may exceed it.
    pub const fn available(&self) -> u64 {
        self.balance.saturating_sub(self.hold)
    }

    pub const fn registration_is_live(&self, now: u64) -> bool {
        now < self.kyc_until
    }
}

/// What is left of an account's quota at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bucket {
    /// Thousandths of an operation used since full.
    pub used_milli: u64,
    pub at: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FreezeState {
    /// Nothing may come in.
    pub inbound: bool,
    /// Nothing may go out.
    pub outbound: bool,
    /// When an officer's freeze lapses; of no meaning once confirmed.
    pub until: u64,
    /// Set by the council: the freeze does not lapse.
    pub confirmed: bool,
    /// The digest of the latest order.
    pub order: Hash,
}

impl FreezeState {
    /// Whether the freeze, in whichever directions, is in force.
    pub const fn in_force(&self, now: u64) -> bool {
        (self.inbound || self.outbound) && (self.confirmed || now < self.until)
    }

    pub const fn stops_inbound(&self, now: u64) -> bool {
        self.inbound && self.in_force(now)
    }

    pub const fn stops_outbound(&self, now: u64) -> bool {
        self.outbound && self.in_force(now)
    }
}
