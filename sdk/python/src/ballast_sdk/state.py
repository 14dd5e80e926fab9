"""The state and the genesis, from the tables of docs/spec/state.md."""

from typing import Annotated

from .borsh import Exactly, Fixed, structure, variant
from .kinds import (
    Address, Class, DocumentKind, Hash, IncidentKind, Network, ProposalStatus, PublicKey,
    RedemptionStatus, ReportStatus, Role, Scope, Severity, TwinKind, U128, U16, U32, U64, U8,
)
from .operations import CouncilOp, KeyPolicy, Member, Officers, Quota, ReportBody, Validator


@structure
class Freeze:
    inbound: bool
    outbound: bool
    until: U64
    confirmed: bool
    order: Hash


@structure
class Replay:
    high: U64
    seen: U128


@structure
class Bucket:
    used_milli: U64
    at: U64


@structure
class Window:
    hour: U64
    used: Annotated[tuple[U64, ...], Exactly(25)]


@structure
class Shorter:
    ms: U64
    from_: U64


@structure
class Delay:
    ms: U64
    shorter: Shorter | None


@structure
class Attestation:
    attestor: Address
    at: U64


@structure
class Standing:
    key: PublicKey
    missed: U32
    times: U32
    from_: U64
    until: U64 | None


@structure
class Named:
    key: PublicKey
    height: U64
    round: U32
    kind: TwinKind
    times: U32
    block: U64
    at: U64


@structure
class Alarm:
    kind: IncidentKind
    account: Address
    at: U64


@structure
class Policy:
    rail_hold_ms: U64
    minter_allowance_max: U64
    mint_per_tx_max: U64
    global_window_cap: U64
    report_max_age_ms: U64
    attest_quorum: U8
    custodian_share_max_bps: U16 | None
    travel_threshold: U64
    fee_account: Address
    officers: Officers
    quotas: tuple[Quota, ...]
    checkpoint_ms: U64


@structure
class Terms:
    version: U32
    min: U64
    max: U64
    fee_bps: U16
    fee_flat: U64
    cutoff_minute: U16
    holidays: tuple[U32, ...]
    class_min: U8


@variant(0, "Policy")
class PolicyKey:
    pass


@variant(1, "Supply")
class SupplyKey:
    pass


@variant(2, "Validators")
class ValidatorsKey:
    pass


@variant(3, "Pause")
class PauseKey:
    scope: Scope


@variant(4, "Council")
class CouncilKey:
    pass


@variant(5, "Window")
class WindowKey:
    pass


@variant(6, "Reserve")
class ReserveKey:
    pass


@variant(7, "Terms")
class TermsKey:
    pass


@variant(8, "Incidents")
class IncidentsKey:
    pass


@variant(9, "Upgrade")
class UpgradeKey:
    pass


@variant(10, "Account")
class AccountKey:
    address: Address


@variant(11, "Role")
class RoleKey:
    role: Role
    holder: Address


@variant(12, "Minter")
class MinterKey:
    minter: Address


@variant(13, "Deposit")
class DepositKey:
    deposit: Hash


@variant(14, "Pending")
class PendingKey:
    final_at: U64
    deposit: Hash


@variant(15, "Redemption")
class RedemptionKey:
    redemption: Hash


@variant(16, "Payout")
class PayoutKey:
    payout: Hash


@variant(17, "Report")
class ReportKey:
    report: U64


@variant(18, "Proposal")
class ProposalKey:
    proposal: U64


@variant(19, "Allowance")
class AllowanceKey:
    owner: Address
    spender: Address


@variant(20, "UsedAuth")
class UsedAuthKey:
    owner: Address
    nonce: Hash


@variant(21, "UsedTravel")
class UsedTravelKey:
    institution: U32
    nonce: Hash


@variant(22, "UsedRemote")
class UsedRemoteKey:
    bridge: U32
    remote_tx: Hash


@variant(23, "Pair")
class PairKey:
    payer: Address
    payee: Address


@variant(24, "Institution")
class InstitutionKey:
    institution: U32


@variant(25, "Bridge")
class BridgeKey:
    bridge: U32


@variant(26, "Incident")
class IncidentKey:
    incident: U64


@variant(27, "Document")
class DocumentKey:
    kind: DocumentKind


@variant(28, "Checkpoint")
class CheckpointKey:
    place: U16


Key = (
    PolicyKey
    | SupplyKey
    | ValidatorsKey
    | PauseKey
    | CouncilKey
    | WindowKey
    | ReserveKey
    | TermsKey
    | IncidentsKey
    | UpgradeKey
    | AccountKey
    | RoleKey
    | MinterKey
    | DepositKey
    | PendingKey
    | RedemptionKey
    | PayoutKey
    | ReportKey
    | ProposalKey
    | AllowanceKey
    | UsedAuthKey
    | UsedTravelKey
    | UsedRemoteKey
    | PairKey
    | InstitutionKey
    | BridgeKey
    | IncidentKey
    | DocumentKey
    | CheckpointKey
)


@variant(0, "Policy")
class PolicyObject:
    policy: Policy


@variant(1, "Supply")
class SupplyObject:
    total: U128
    cap: U128
    genesis: U128
    cum_mint: U128
    cum_burn: U128
    cum_deposit: U128
    cum_payout: U128
    redeem_escrow: U128
    bridge_escrow: U128
    pending: U128


@variant(2, "Validators")
class ValidatorsObject:
    set: tuple[Validator, ...]
    from_height: U64
    before: tuple[Validator, ...] | None
    turns: tuple[Standing, ...]
    named: tuple[Named, ...]


@variant(3, "Pause")
class PauseObject:
    until: U64
    short_until: U64


@variant(4, "Council")
class CouncilObject:
    members: tuple[Member, ...]
    epoch: U64
    exec_nonce: U64
    thresholds: Annotated[str, Fixed(4)]
    delays: Annotated[tuple[Delay, ...], Exactly(4)]
    ttl_ms: U64
    grace_ms: U64
    next_proposal: U64
    open: tuple[U64, ...]


@variant(5, "Window")
class WindowObject:
    window: Window


@variant(6, "Reserve")
class ReserveObject:
    next: U64
    latest: U64 | None
    drafts: tuple[U64, ...]
    checkpoint: U64


@variant(7, "Terms")
class TermsObject:
    terms: Terms


@variant(8, "Incidents")
class IncidentsObject:
    next: U64
    alarms: tuple[Alarm, ...]


@variant(9, "Upgrade")
class UpgradeObject:
    current: U32
    version: U32
    code: Hash
    height: U64


@variant(10, "Account")
class AccountObject:
    policy: KeyPolicy
    balance: U64
    hold: U64
    freeze: Freeze
    replay: Replay
    kyc_class: U8
    kyc_until: U64
    institution: U32
    memo_required: bool
    quota: Bucket
    objects: U32


@variant(11, "Role")
class RoleObject:
    valid_until: U64


@variant(12, "Minter")
class MinterObject:
    allowance: U64
    per_tx: U64
    window_cap: U64
    window: Window
    suspended: bool


@variant(13, "Deposit")
class DepositObject:
    custodian: Address
    bank_ref: str
    amount: U64
    beneficiary: Address
    confirmed_at: U64
    final_at: U64
    minted: U64
    reversed: bool


@variant(14, "Pending")
class PendingObject:
    amount: U64
    confirmed_at: U64


@variant(15, "Redemption")
class RedemptionObject:
    owner: Address
    gross: U64
    fee: U64
    net: U64
    beneficiary: Hash
    terms: U32
    requested_at: U64
    due_at: U64
    payout: Hash | None
    status: RedemptionStatus
    closed_at: U64


@variant(16, "Payout")
class PayoutObject:
    custodian: Address
    bank_ref: str
    redemption: Hash
    net: U64
    failed: bool


@variant(17, "Report")
class ReportObject:
    body: ReportBody
    digest: Hash
    submitted_by: Address
    submitted_at: U64
    deposits_then: U128
    payouts_then: U128
    attested_by: tuple[Attestation, ...]
    status: ReportStatus


@variant(18, "Proposal")
class ProposalObject:
    epoch: U64
    class_: Class
    ops: tuple[CouncilOp, ...]
    digest: Hash
    proposer: Address
    yes: tuple[Address, ...]
    no: tuple[Address, ...]
    created: U64
    eta: U64 | None
    status: ProposalStatus


@variant(19, "Allowance")
class AllowanceObject:
    amount: U64
    expires: U64


@variant(20, "UsedAuth")
class UsedAuthObject:
    until: U64


@variant(21, "UsedTravel")
class UsedTravelObject:
    until: U64
    payer: Address


@variant(22, "UsedRemote")
class UsedRemoteObject:
    at: U64


@variant(23, "Pair")
class PairObject:
    window: Window


@variant(24, "Institution")
class InstitutionObject:
    name: str
    key: PublicKey


@variant(25, "Bridge")
class BridgeObject:
    name: str
    escrow: U128
    day_cap: U64
    window_out: Window
    window_in: Window
    open: bool


@variant(26, "Incident")
class IncidentObject:
    kind: IncidentKind
    severity: Severity
    height: U64
    at: U64
    subject: Hash


@variant(27, "Document")
class DocumentObject:
    version: U32
    digest: Hash
    uri: str
    at: U64


@variant(28, "Checkpoint")
class CheckpointObject:
    at: U64
    height: U64
    total: U128
    cum_deposit: U128
    cum_payout: U128


StateObject = (
    PolicyObject
    | SupplyObject
    | ValidatorsObject
    | PauseObject
    | CouncilObject
    | WindowObject
    | ReserveObject
    | TermsObject
    | IncidentsObject
    | UpgradeObject
    | AccountObject
    | RoleObject
    | MinterObject
    | DepositObject
    | PendingObject
    | RedemptionObject
    | PayoutObject
    | ReportObject
    | ProposalObject
    | AllowanceObject
    | UsedAuthObject
    | UsedTravelObject
    | UsedRemoteObject
    | PairObject
    | InstitutionObject
    | BridgeObject
    | IncidentObject
    | DocumentObject
    | CheckpointObject
)


@structure
class Leaf:
    """A leaf of the state tree."""

    key: Key
    object: StateObject


@structure
class GenesisCouncil:
    members: tuple[Member, ...]
    thresholds: Annotated[str, Fixed(4)]
    delays_ms: Annotated[tuple[U64, ...], Exactly(4)]
    ttl_ms: U64
    grace_ms: U64


@structure
class GenesisAccount:
    policy: KeyPolicy
    balance: U64
    kyc_class: U8
    kyc_until: U64
    institution: U32
    memo_required: bool


@structure
class GenesisRole:
    role: Role
    holder: Address
    valid_until: U64


@structure
class GenesisMinter:
    holder: Address
    allowance: U64
    per_tx: U64
    window_cap: U64


@structure
class GenesisInstitution:
    institution: U32
    name: str
    key: PublicKey


@structure
class GenesisReport:
    body: ReportBody
    submitted_by: Address
    attested_by: tuple[Address, ...]


@structure
class Genesis:
    network: Network
    chain_id: U32
    time: U64
    validators: tuple[Validator, ...]
    policy: Policy
    terms: Terms
    cap: U128
    council: GenesisCouncil
    accounts: tuple[GenesisAccount, ...]
    roles: tuple[GenesisRole, ...]
    minters: tuple[GenesisMinter, ...]
    institutions: tuple[GenesisInstitution, ...]
    report: GenesisReport | None
