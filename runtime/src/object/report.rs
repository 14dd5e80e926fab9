//! Reports of the reserve: what the issuer states, and who attested it.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

/// What a report covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ReportKind {
    PointInTime = 0,
    Period = 1,
}

impl ReportKind {
    pub const ALL: [Self; 2] = [Self::PointInTime, Self::Period];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PointInTime => "POINT_IN_TIME",
            Self::Period => "PERIOD",
        }
    }
}

/// How far the attestor's work went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Assurance {
    /// Reasonable assurance.
    Examination = 0,
    /// Limited assurance.
    Review = 1,
    /// Findings without a conclusion.
    AgreedUponProcedures = 2,
}

impl Assurance {
    pub const ALL: [Self; 3] = [Self::Examination, Self::Review, Self::AgreedUponProcedures];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Examination => "EXAMINATION",
            Self::Review => "REVIEW",
            Self::AgreedUponProcedures => "AGREED_UPON_PROCEDURES",
        }
    }
}

/// What the attestor concluded. Only an unmodified opinion lets anyone mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Opinion {
    Unmodified = 0,
    Qualified = 1,
    Adverse = 2,
    Disclaimer = 3,
}

impl Opinion {
    pub const ALL: [Self; 4] = [Self::Unmodified, Self::Qualified, Self::Adverse, Self::Disclaimer];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unmodified => "UNMODIFIED",
            Self::Qualified => "QUALIFIED",
            Self::Adverse => "ADVERSE",
            Self::Disclaimer => "DISCLAIMER",
        }
    }
}

/// What a line of a report consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Category {
    Cash = 0,
    DemandDeposit = 1,
    /// Eligible up to 93 days to maturity.
    Treasury = 2,
    /// Eligible overnight.
    Repo = 3,
    /// Eligible overnight.
    ReverseRepo = 4,
    /// A government money market fund.
    GovernmentFund = 5,
    /// Reported, counts nothing; so do those below.
    CommercialPaper = 6,
    CorporateBond = 7,
    Loan = 8,
    Other = 9,
}

impl Category {
    pub const ALL: [Self; 10] = [
        Self::Cash,
        Self::DemandDeposit,
        Self::Treasury,
        Self::Repo,
        Self::ReverseRepo,
        Self::GovernmentFund,
        Self::CommercialPaper,
        Self::CorporateBond,
        Self::Loan,
        Self::Other,
    ];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "CASH",
            Self::DemandDeposit => "DEMAND_DEPOSIT",
            Self::Treasury => "TREASURY",
            Self::Repo => "REPO",
            Self::ReverseRepo => "REVERSE_REPO",
            Self::GovernmentFund => "GOVERNMENT_FUND",
            Self::CommercialPaper => "COMMERCIAL_PAPER",
            Self::CorporateBond => "CORPORATE_BOND",
            Self::Loan => "LOAN",
            Self::Other => "OTHER",
        }
    }
}

/// One line of a report: assets of one category at one custodian. Amounts in micro-dollars.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Line {
    pub category: Category,
    /// Name or identifier of the custodian, 1 to 32 bytes.
    pub custodian: String,
    /// ISO 3166 two-letter code, upper case.
    pub country: [u8; 2],
    /// Days to maturity; 0 on demand, 1 overnight.
    pub maturity_days: u32,
    pub face: u64,
    pub amortised: u64,
    pub market: u64,
    /// The part that is pledged to others.
    pub encumbered: u64,
    /// Held apart from the issuer's own assets.
    pub segregated: bool,
}

/// What officers sign and attestors attest.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReportBody {
    /// The number of the effective report that this one corrects.
    pub supersedes: Option<u64>,
    pub kind: ReportKind,
    /// Start of the period; equal to `as_of` for a point in time.
    pub period_start: u64,
    /// The time of a supply checkpoint.
    pub as_of: u64,
    /// The height of that checkpoint.
    pub as_of_height: u64,
    /// The supply at that checkpoint, micro-dollars.
    pub stated_outstanding: u128,
    /// Digest of the description of what was and was not examined.
    pub scope: Hash,
    /// The standard the attestor worked to, 1 to 64 bytes.
    pub standard: String,
    pub assurance: Assurance,
    pub opinion: Opinion,
    /// Up to 16 exceptions of 1 to 128 bytes.
    pub exceptions: Vec<String>,
    /// 1 to 64 lines.
    pub lines: Vec<Line>,
    /// Digest of the signed document.
    pub document: Hash,
    /// Where the document is published, up to 256 bytes.
    pub uri: String,
}

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ReportStatus {
    /// Submitted, not attested by enough.
    Draft = 0,
    Effective = 1,
    Superseded = 2,
    Revoked = 3,
}

impl ReportStatus {
    pub const ALL: [Self; 4] = [Self::Draft, Self::Effective, Self::Superseded, Self::Revoked];

    /// The stable wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Effective => "EFFECTIVE",
            Self::Superseded => "SUPERSEDED",
            Self::Revoked => "REVOKED",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attestation {
    pub attestor: Address,
    pub at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Report {
    pub body: ReportBody,
    pub digest: Hash,
    pub submitted_by: Address,
    pub submitted_at: u64,
    /// Deposits and payouts up to the checkpoint it refers to: what came and went since is counted
    /// from here.
    pub deposits_then: u128,
    pub payouts_then: u128,
    /// In the order in which they came.
    pub attested_by: Vec<Attestation>,
    pub status: ReportStatus,
}

impl Report {
    pub fn is_attested_by(&self, account: &Address) -> bool {
        self.attested_by.iter().any(|attestation| attestation.attestor == *account)
    }
}

/// Which reports and checkpoints there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReserveIndex {
    /// The number of the next report; the first is 1.
    pub next: u64,
    /// The report that became effective last, whatever became of it since.
    pub latest: Option<u64>,
    /// Drafts, ascending, at most 16.
    pub drafts: Vec<u64>,
    /// The time of the newest supply checkpoint.
    pub checkpoint: u64,
}
