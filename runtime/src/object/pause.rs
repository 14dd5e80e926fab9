//! Pauses: what may be stopped, and until when it is.

use borsh::{BorshDeserialize, BorshSerialize};

/// What a pause stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Scope {
    Transfer = 0,
    Mint = 1,
    RedeemNew = 2,
    Bridge = 3,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Mint, Self::RedeemNew, Self::Bridge];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "TRANSFER",
            Self::Mint => "MINT",
            Self::RedeemNew => "REDEEM_NEW",
            Self::Bridge => "BRIDGE",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PauseState {
    /// Paused while `now < until`.
    pub until: u64,
    /// End of the last short pause, 0 when there was none: the next may begin 7 days later.
    pub short_until: u64,
}

impl PauseState {
    pub const fn is_paused(&self, now: u64) -> bool {
        now < self.until
    }
}
