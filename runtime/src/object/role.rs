//! Powers, and what minters may still do.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::object::Window;

/// An operational power. Each holder has at most one, and a member of the council none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Role {
    /// Sets minters' allowances within the council's maximum.
    MintController = 1,
    /// Mints against deposits, burns its own.
    Minter = 2,
    /// States deposits and payouts of the bank accounts.
    Custodian = 3,
    /// Submits reserve reports, reconciles.
    ReserveManager = 4,
    /// Attests reserve reports.
    Attestor = 5,
    /// Freezes for 72 hours, raises holds.
    Compliance = 6,
    /// Accepts, settles and rejects redemptions.
    Redeemer = 7,
    /// Registers accounts and institutions, sets classes.
    Registrar = 8,
    /// Releases what comes back over a bridge.
    Bridge = 9,
}

impl Role {
    pub const ALL: [Self; 9] = [
        Self::MintController,
        Self::Minter,
        Self::Custodian,
        Self::ReserveManager,
        Self::Attestor,
        Self::Compliance,
        Self::Redeemer,
        Self::Registrar,
        Self::Bridge,
    ];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MintController => "MINT_CONTROLLER",
            Self::Minter => "MINTER",
            Self::Custodian => "CUSTODIAN",
            Self::ReserveManager => "RESERVE_MANAGER",
            Self::Attestor => "ATTESTOR",
            Self::Compliance => "COMPLIANCE",
            Self::Redeemer => "REDEEMER",
            Self::Registrar => "REGISTRAR",
            Self::Bridge => "BRIDGE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoleGrant {
    /// The role is held while `now < valid_until`; 0 after it was revoked.
    pub valid_until: u64,
}

impl RoleGrant {
    pub const fn is_live(&self, now: u64) -> bool {
        now < self.valid_until
    }

    pub const fn is_revoked(&self) -> bool {
        self.valid_until == 0
    }
}

/// Kept when the role is revoked, so that usage survives a new grant.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Minter {
    /// What it may still mint, micro-dollars.
    pub allowance: u64,
    /// The most one mint may be, micro-dollars.
    pub per_tx: u64,
    /// The most it may mint within the window, micro-dollars.
    pub window_cap: u64,
    /// What it minted lately.
    pub window: Window,
    pub suspended: bool,
}
