//! Kinds and states.

use ballast_runtime::object::{
    Assurance, Category, Class, DocumentKind, IncidentKind, Opinion, ProposalStatus,
    RedemptionStatus, ReportKind, ReportStatus, Role, Scope, Severity,
};
use ballast_runtime::ops::vote::Choice;

use super::field::{Field, enums};
use super::{ConvertError, Wire};
use crate::v1;

enums! {
    Role => Role, "role" {
        MintController, Minter, Custodian, ReserveManager, Attestor, Compliance, Redeemer,
        Registrar, Bridge,
    }
    Scope => PauseScope, "pause scope" { Transfer, Mint, RedeemNew, Bridge }
    Class => CouncilClass, "class" { A, B, C, D }
    Choice => VoteChoice, "choice" { No, Yes, Withdraw }
    ProposalStatus => ProposalStatus, "status of a proposal" {
        Open, Approved, Executed, Rejected, Expired, Stale,
    }
    RedemptionStatus => RedemptionStatus, "status of a redemption" {
        Requested, Processing, Settled, Rejected, Failed, Cancelled, Expired,
    }
    ReportKind => ReportKind, "kind of report" { PointInTime, Period }
    ReportStatus => ReportStatus, "status of a report" { Draft, Effective, Superseded, Revoked }
    Assurance => Assurance, "assurance" { Examination, Review, AgreedUponProcedures }
    Opinion => Opinion, "opinion" { Unmodified, Qualified, Adverse, Disclaimer }
    Category => AssetCategory, "category" {
        Cash, DemandDeposit, Treasury, Repo, ReverseRepo, GovernmentFund, CommercialPaper,
        CorporateBond, Loan, Other,
    }
    IncidentKind => IncidentKind, "kind of incident" {
        MintBreaker, ReconcileMismatch, Freeze, DepositReversed, RedemptionExpired, ReportRevoked,
        Seizure, Security, Operational, Legal, Other, SupplyBroken, MintBroken, EscrowBroken,
        BridgeBroken, PowerBroken, DebitBroken, RecordBroken, CountBroken, Equivocation,
    }
    Severity => Severity, "severity" { Low, Medium, High, Critical }
    DocumentKind => DocumentKind, "kind of document" {
        Whitepaper, TermsOfService, ReservePolicy, RedemptionPolicy, Privacy, RiskDisclosure,
    }
}
