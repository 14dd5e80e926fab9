//! What happened, for those who follow the chain. Names are stable wire names; discriminants are
//! part of the format. A transaction's events are in the order of its operations; each operation's
//! file says which it emits.

use ballast_primitives::{Address, Hash, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::object::{
    Class, DocumentKind, IncidentKind, ProposalStatus, RedemptionStatus, Role, Scope, Severity,
};
use crate::ops::vote::Choice;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    Transferred {
        from: Address,
        to: Address,
        amount: u64,
        memo: Option<Vec<u8>>,
    } = 1,
    Approved {
        owner: Address,
        spender: Address,
        amount: u64,
        expires: u64,
    } = 2,
    AuthCancelled {
        owner: Address,
        nonce: Hash,
    } = 3,
    DepositConfirmed {
        deposit: Hash,
        custodian: Address,
        beneficiary: Address,
        amount: u64,
        final_at: u64,
    } = 10,
    DepositReversed {
        deposit: Hash,
        beneficiary: Address,
        amount: u64,
        minted: u64,
    } = 11,
    PayoutConfirmed {
        redemption: Hash,
        payout: Hash,
        custodian: Address,
        net: u64,
    } = 12,
    Minted {
        deposit: Hash,
        minter: Address,
        to: Address,
        amount: u64,
        report: u64,
    } = 20,
    Burned {
        minter: Address,
        amount: u64,
    } = 21,
    MinterConfigured {
        minter: Address,
        allowance: u64,
        per_tx: u64,
        window_cap: u64,
    } = 22,
    MinterSuspended {
        minter: Address,
    } = 23,
    MinterResumed {
        minter: Address,
    } = 24,
    Frozen {
        account: Address,
        inbound: bool,
        outbound: bool,
        until: Option<u64>,
        order: Hash,
    } = 30,
    Unfrozen {
        account: Address,
    } = 31,
    HoldSet {
        account: Address,
        hold: u64,
        order: Hash,
    } = 32,
    Seized {
        from: Address,
        to: Option<Address>,
        amount: u64,
        order: Hash,
    } = 33,
    Paused {
        scope: Scope,
        until: u64,
    } = 40,
    Unpaused {
        scope: Scope,
    } = 41,
    AccountRegistered {
        account: Address,
        kyc_class: u8,
        institution: u32,
    } = 50,
    KycSet {
        account: Address,
        kyc_class: u8,
        kyc_until: u64,
        institution: u32,
        memo_required: bool,
    } = 51,
    InstitutionSet {
        institution: u32,
        name: String,
        key: PublicKey,
    } = 52,
    KeyRotated {
        account: Address,
        document: Option<Hash>,
    } = 53,
    RoleGranted {
        role: Role,
        holder: Address,
        valid_until: u64,
    } = 60,
    RoleRevoked {
        role: Role,
        holder: Address,
    } = 61,
    CapSet {
        cap: u128,
    } = 64,
    LimitsSet {
        minter_allowance_max: u64,
        mint_per_tx_max: u64,
        global_window_cap: u64,
    } = 65,
    PolicySet = 67,
    TermsSet {
        version: u32,
    } = 68,
    BridgeSet {
        bridge: u32,
        name: String,
        day_cap: u64,
        open: bool,
    } = 69,
    RedemptionRequested {
        redemption: Hash,
        owner: Address,
        gross: u64,
        fee: u64,
        net: u64,
        due_at: u64,
    } = 70,
    RedemptionAccepted {
        redemption: Hash,
        owner: Address,
    } = 71,
    RedemptionSettled {
        redemption: Hash,
        owner: Address,
        net: u64,
        fee: u64,
    } = 72,
    RedemptionClosed {
        redemption: Hash,
        owner: Address,
        status: RedemptionStatus,
        refund: u64,
    } = 73,
    ReportSubmitted {
        report: u64,
        digest: Hash,
        as_of: u64,
    } = 80,
    ReportAttested {
        report: u64,
        attestor: Address,
    } = 81,
    ReportEffective {
        report: u64,
        as_of: u64,
        unencumbered: u128,
    } = 82,
    ReportRevoked {
        report: u64,
    } = 83,
    Reconciled {
        as_of: u64,
        height: u64,
        liabilities: u128,
        supply: u128,
    } = 84,
    BridgedOut {
        bridge: u32,
        from: Address,
        amount: u64,
        recipient: Vec<u8>,
    } = 90,
    BridgedIn {
        bridge: u32,
        to: Address,
        amount: u64,
        remote_tx: Hash,
    } = 91,
    Proposed {
        proposal: u64,
        proposer: Address,
        class: Class,
        digest: Hash,
    } = 100,
    Voted {
        proposal: u64,
        member: Address,
        choice: Choice,
    } = 101,
    ProposalChanged {
        proposal: u64,
        status: ProposalStatus,
        eta: Option<u64>,
    } = 102,
    CouncilExecuted {
        exec_nonce: u64,
        class: Class,
        digest: Hash,
    } = 103,
    IncidentPosted {
        incident: u64,
        kind: IncidentKind,
        severity: Severity,
        subject: Hash,
    } = 110,
    DocumentSet {
        kind: DocumentKind,
        version: u32,
        digest: Hash,
        uri: String,
    } = 111,
    ValidatorSetChanged {
        from_height: u64,
        validators: u32,
        digest: Hash,
    } = 120,
    CouncilChanged {
        epoch: u64,
        members: u32,
        thresholds: [u8; 4],
    } = 130,
    DelaySet {
        class: Class,
        delay_ms: u64,
        from: u64,
    } = 131,
    UpgradeScheduled {
        version: u32,
        code: Hash,
        height: u64,
    } = 132,
}

impl Event {
    /// The stable wire name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transferred { .. } => "Transferred",
            Self::Approved { .. } => "Approved",
            Self::AuthCancelled { .. } => "AuthCancelled",
            Self::DepositConfirmed { .. } => "DepositConfirmed",
            Self::DepositReversed { .. } => "DepositReversed",
            Self::PayoutConfirmed { .. } => "PayoutConfirmed",
            Self::Minted { .. } => "Minted",
            Self::Burned { .. } => "Burned",
            Self::MinterConfigured { .. } => "MinterConfigured",
            Self::MinterSuspended { .. } => "MinterSuspended",
            Self::MinterResumed { .. } => "MinterResumed",
            Self::Frozen { .. } => "Frozen",
            Self::Unfrozen { .. } => "Unfrozen",
            Self::HoldSet { .. } => "HoldSet",
            Self::Seized { .. } => "Seized",
            Self::Paused { .. } => "Paused",
            Self::Unpaused { .. } => "Unpaused",
            Self::AccountRegistered { .. } => "AccountRegistered",
            Self::KycSet { .. } => "KycSet",
            Self::InstitutionSet { .. } => "InstitutionSet",
            Self::KeyRotated { .. } => "KeyRotated",
            Self::RoleGranted { .. } => "RoleGranted",
            Self::RoleRevoked { .. } => "RoleRevoked",
            Self::CapSet { .. } => "CapSet",
            Self::LimitsSet { .. } => "LimitsSet",
            Self::PolicySet => "PolicySet",
            Self::TermsSet { .. } => "TermsSet",
            Self::BridgeSet { .. } => "BridgeSet",
            Self::RedemptionRequested { .. } => "RedemptionRequested",
            Self::RedemptionAccepted { .. } => "RedemptionAccepted",
            Self::RedemptionSettled { .. } => "RedemptionSettled",
            Self::RedemptionClosed { .. } => "RedemptionClosed",
            Self::ReportSubmitted { .. } => "ReportSubmitted",
            Self::ReportAttested { .. } => "ReportAttested",
            Self::ReportEffective { .. } => "ReportEffective",
            Self::ReportRevoked { .. } => "ReportRevoked",
            Self::Reconciled { .. } => "Reconciled",
            Self::BridgedOut { .. } => "BridgedOut",
            Self::BridgedIn { .. } => "BridgedIn",
            Self::Proposed { .. } => "Proposed",
            Self::Voted { .. } => "Voted",
            Self::ProposalChanged { .. } => "ProposalChanged",
            Self::CouncilExecuted { .. } => "CouncilExecuted",
            Self::IncidentPosted { .. } => "IncidentPosted",
            Self::DocumentSet { .. } => "DocumentSet",
            Self::ValidatorSetChanged { .. } => "ValidatorSetChanged",
            Self::CouncilChanged { .. } => "CouncilChanged",
            Self::DelaySet { .. } => "DelaySet",
            Self::UpgradeScheduled { .. } => "UpgradeScheduled",
        }
    }

    /// The accounts it concerns: whose history shows it. At most two.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::Transferred { from, to, .. } => vec![*from, *to],
            Self::Approved { owner, spender, .. } => vec![*owner, *spender],
            Self::AuthCancelled { owner, .. }
            | Self::RedemptionRequested { owner, .. }
            | Self::RedemptionAccepted { owner, .. }
            | Self::RedemptionSettled { owner, .. }
            | Self::RedemptionClosed { owner, .. } => vec![*owner],
            Self::DepositConfirmed { custodian, beneficiary, .. } => vec![*custodian, *beneficiary],
            Self::DepositReversed { beneficiary, .. } => vec![*beneficiary],
            Self::PayoutConfirmed { custodian, .. } => vec![*custodian],
            Self::Minted { minter, to, .. } => vec![*minter, *to],
            Self::Burned { minter, .. }
            | Self::MinterConfigured { minter, .. }
            | Self::MinterSuspended { minter }
            | Self::MinterResumed { minter } => vec![*minter],
            Self::Frozen { account, .. }
            | Self::Unfrozen { account }
            | Self::HoldSet { account, .. }
            | Self::AccountRegistered { account, .. }
            | Self::KycSet { account, .. }
            | Self::KeyRotated { account, .. } => vec![*account],
            Self::Seized { from, to, .. } => to.iter().copied().chain([*from]).collect(),
            Self::RoleGranted { holder, .. } | Self::RoleRevoked { holder, .. } => vec![*holder],
            Self::ReportAttested { attestor, .. } => vec![*attestor],
            Self::BridgedOut { from, .. } => vec![*from],
            Self::BridgedIn { to, .. } => vec![*to],
            Self::Proposed { proposer, .. } => vec![*proposer],
            Self::Voted { member, .. } => vec![*member],
            Self::Paused { .. }
            | Self::Unpaused { .. }
            | Self::InstitutionSet { .. }
            | Self::CapSet { .. }
            | Self::LimitsSet { .. }
            | Self::PolicySet
            | Self::TermsSet { .. }
            | Self::BridgeSet { .. }
            | Self::ReportSubmitted { .. }
            | Self::ReportEffective { .. }
            | Self::ReportRevoked { .. }
            | Self::Reconciled { .. }
            | Self::ProposalChanged { .. }
            | Self::CouncilExecuted { .. }
            | Self::IncidentPosted { .. }
            | Self::DocumentSet { .. }
            | Self::ValidatorSetChanged { .. }
            | Self::CouncilChanged { .. }
            | Self::DelaySet { .. }
            | Self::UpgradeScheduled { .. } => vec![],
        }
    }
}
