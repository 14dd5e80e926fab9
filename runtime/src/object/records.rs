//! Smaller records: allowances, used authorisations, institutions, bridges, incidents, documents.

use ballast_primitives::{Address, Hash, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::object::Window;

/// What a spender may still move for an owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Allowance {
    /// Micro-dollars.
    pub amount: u64,
    /// Of no effect from this time on.
    pub expires: u64,
}

impl Allowance {
    /// What is left at `now`.
    pub const fn current(&self, now: u64) -> u64 {
        if now < self.expires { self.amount } else { 0 }
    }
}

/// An authorisation that was used or cancelled. It exists or not, and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UsedAuth {
    /// The authorisation's deadline, after which it could not be used anyway.
    pub until: u64,
}

/// A travel datum that was used. It exists or not, and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UsedTravel {
    /// When the datum expires.
    pub until: u64,
    /// Who paid with it.
    pub payer: Address,
}

/// A transaction of another chain that was released. It exists or not, never changes, and is for
/// ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UsedRemote {
    pub at: u64,
}

/// An institution whose customers have accounts: its key signs travel data.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Institution {
    /// 1 to 64 bytes.
    pub name: String,
    pub key: PublicKey,
}

/// A bridge to another chain: what left over it stays in escrow.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bridge {
    /// 1 to 64 bytes.
    pub name: String,
    pub escrow: u128,
    /// The most that may leave, and the most that may come back, within the window.
    pub day_cap: u64,
    pub window_out: Window,
    pub window_in: Window,
    pub open: bool,
}

/// What an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum IncidentKind {
    /// The global mint window was full: the chain paused minting.
    MintBreaker = 0,
    /// Liabilities differ from the supply: the chain paused minting.
    ReconcileMismatch = 1,
    Freeze = 2,
    DepositReversed = 3,
    RedemptionExpired = 4,
    ReportRevoked = 5,
    Seizure = 6,
    /// Posted by the council; so are those below.
    Security = 16,
    Operational = 17,
    Legal = 18,
    Other = 19,
    /// A transaction broke an invariant and was taken back; see [`crate::invariants::Invariant`].
    SupplyBroken = 32,
    MintBroken = 33,
    EscrowBroken = 34,
    BridgeBroken = 35,
    PowerBroken = 36,
    DebitBroken = 37,
    RecordBroken = 38,
    CountBroken = 39,
    /// A validator signed two messages for one place.
    Equivocation = 48,
}

impl IncidentKind {
    pub const ALL: [Self; 20] = [
        Self::MintBreaker,
        Self::ReconcileMismatch,
        Self::Freeze,
        Self::DepositReversed,
        Self::RedemptionExpired,
        Self::ReportRevoked,
        Self::Seizure,
        Self::Security,
        Self::Operational,
        Self::Legal,
        Self::Other,
        Self::SupplyBroken,
        Self::MintBroken,
        Self::EscrowBroken,
        Self::BridgeBroken,
        Self::PowerBroken,
        Self::DebitBroken,
        Self::RecordBroken,
        Self::CountBroken,
        Self::Equivocation,
    ];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MintBreaker => "MINT_BREAKER",
            Self::ReconcileMismatch => "RECONCILE_MISMATCH",
            Self::Freeze => "FREEZE",
            Self::DepositReversed => "DEPOSIT_REVERSED",
            Self::RedemptionExpired => "REDEMPTION_EXPIRED",
            Self::ReportRevoked => "REPORT_REVOKED",
            Self::Seizure => "SEIZURE",
            Self::Security => "SECURITY",
            Self::Operational => "OPERATIONAL",
            Self::Legal => "LEGAL",
            Self::Other => "OTHER",
            Self::SupplyBroken => "SUPPLY_BROKEN",
            Self::MintBroken => "MINT_BROKEN",
            Self::EscrowBroken => "ESCROW_BROKEN",
            Self::BridgeBroken => "BRIDGE_BROKEN",
            Self::PowerBroken => "POWER_BROKEN",
            Self::DebitBroken => "DEBIT_BROKEN",
            Self::RecordBroken => "RECORD_BROKEN",
            Self::CountBroken => "COUNT_BROKEN",
            Self::Equivocation => "EQUIVOCATION",
        }
    }

    /// Whether the council may post it; the others the chain files by itself.
    pub const fn is_posted(self) -> bool {
        matches!(self, Self::Security | Self::Operational | Self::Legal | Self::Other)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Severity {
    Low = 0,
    Medium = 1,
    High = 2,
    Critical = 3,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// An entry of the log of incidents, of which the newest are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Incident {
    pub kind: IncidentKind,
    pub severity: Severity,
    pub height: u64,
    pub at: u64,
    /// Digest of a document, order, or id of the object it is about; zero when there is none.
    pub subject: Hash,
}

/// How many incidents there are, and the latest about broken invariants.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IncidentLog {
    /// The number of the next one.
    pub next: u64,
    /// Those about broken invariants that were less than a day old when the last was filed, in the
    /// order of filing, at most 64: one for each account and kind.
    pub alarms: Vec<Alarm>,
}

/// That an incident was filed because a transaction of an account broke an invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Alarm {
    pub kind: IncidentKind,
    pub account: Address,
    pub at: u64,
}

/// Documents that the issuer publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum DocumentKind {
    Whitepaper = 0,
    TermsOfService = 1,
    ReservePolicy = 2,
    RedemptionPolicy = 3,
    Privacy = 4,
    RiskDisclosure = 5,
}

impl DocumentKind {
    pub const ALL: [Self; 6] = [
        Self::Whitepaper,
        Self::TermsOfService,
        Self::ReservePolicy,
        Self::RedemptionPolicy,
        Self::Privacy,
        Self::RiskDisclosure,
    ];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whitepaper => "WHITEPAPER",
            Self::TermsOfService => "TERMS_OF_SERVICE",
            Self::ReservePolicy => "RESERVE_POLICY",
            Self::RedemptionPolicy => "REDEMPTION_POLICY",
            Self::Privacy => "PRIVACY",
            Self::RiskDisclosure => "RISK_DISCLOSURE",
        }
    }
}

/// The current version of a document.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Document {
    /// 1 for the first, one more with each change.
    pub version: u32,
    pub digest: Hash,
    /// Up to 256 bytes.
    pub uri: String,
    pub at: u64,
}
