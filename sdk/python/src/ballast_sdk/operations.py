"""Operations and transactions, from the tables of docs/spec/operations.md and bytes.md. Bounds of lengths
are those whose breach is DECODE."""

from typing import Annotated

from .borsh import Bytes, Fixed, Many, Text, structure, variant
from .kinds import (
    Address, Assurance, Category, Choice, Class, DocumentKind, Hash, IncidentKind, Opinion,
    PublicKey, ReportKind, Role, Scope, Severity, Signature, U128, U16, U32, U64, U8,
)


@structure
class Witness:
    key: PublicKey
    signature: Signature


@variant(0)
class Single:
    key: PublicKey


@variant(1)
class Threshold:
    k: U8
    keys: Annotated[tuple[PublicKey, ...], Many(0, 16)]


KeyPolicy = Single | Threshold


@structure
class PermitBody:
    owner: Address
    spender: Address
    expected: U64
    amount: U64
    expires: U64
    nonce: Hash
    not_before: U64
    deadline: U64
    executor: Address | None


@structure
class PayAuthBody:
    owner: Address
    to: Address
    amount: U64
    memo: Annotated[bytes, Bytes(0, 32)] | None
    nonce: Hash
    not_before: U64
    deadline: U64
    executor: Address | None


@structure
class TravelData:
    data: Hash
    nonce: Hash
    expires: U64
    witness: Witness


@structure
class Validator:
    key: PublicKey
    peer: PublicKey
    power: U64
    name: str


@structure
class Member:
    account: Address
    key: PublicKey


@structure
class Officers:
    ceo: PublicKey
    cfo: PublicKey


@structure
class Quota:
    burst: U32
    per_1000_s: U64


@structure
class Line:
    category: Category
    custodian: Annotated[str, Text(1, 32)]
    country: Annotated[str, Fixed(2)]
    maturity_days: U32
    face: U64
    amortised: U64
    market: U64
    encumbered: U64
    segregated: bool


@structure
class ReportBody:
    supersedes: U64 | None
    kind: ReportKind
    period_start: U64
    as_of: U64
    as_of_height: U64
    stated_outstanding: U128
    scope: Hash
    standard: Annotated[str, Text(1, 64)]
    assurance: Assurance
    opinion: Opinion
    exceptions: Annotated[tuple[Annotated[str, Text(1, 128)], ...], Many(0, 16)]
    lines: Annotated[tuple[Line, ...], Many(1, 64)]
    document: Hash
    uri: Annotated[str, Text(0, 256)]


@variant(30)
class Freeze:
    account: Address
    inbound: bool
    outbound: bool
    order: Hash


@variant(31)
class Unfreeze:
    account: Address


@variant(32)
class SetHold:
    account: Address
    expected: U64
    hold: U64
    order: Hash


@variant(33)
class ConfirmFreeze:
    account: Address
    order: Hash


@variant(34)
class Seize:
    from_: Address
    amount: U64
    to: Address | None
    order: Hash


@variant(40)
class Pause:
    scopes: Annotated[tuple[Scope, ...], Many(1)]
    until: U64
    short: bool


@variant(41)
class Unpause:
    scopes: Annotated[tuple[Scope, ...], Many(1)]


@variant(54)
class RecoverKey:
    account: Address
    policy: KeyPolicy
    document: Hash


@variant(60)
class GrantRole:
    role: Role
    holder: Address
    valid_until: U64


@variant(61)
class RevokeRole:
    role: Role
    holder: Address


@variant(62)
class SuspendMinter:
    minter: Address


@variant(63)
class ResumeMinter:
    minter: Address


@variant(64)
class SetCap:
    cap: U128


@variant(65)
class SetLimits:
    minter_allowance_max: U64
    mint_per_tx_max: U64
    global_window_cap: U64


@variant(66)
class SetMinterLimits:
    minter: Address
    per_tx: U64
    window_cap: U64


@variant(67)
class SetPolicy:
    rail_hold_ms: U64
    report_max_age_ms: U64
    attest_quorum: U8
    custodian_share_max_bps: U16 | None
    travel_threshold: U64
    fee_account: Address
    officers: Officers
    quotas: Annotated[tuple[Quota, ...], Many(1, 16)]


@variant(68)
class SetTerms:
    min: U64
    max: U64
    fee_bps: U16
    fee_flat: U64
    cutoff_minute: U16
    holidays: Annotated[tuple[U32, ...], Many(0, 64)]
    class_min: U8


@variant(69)
class SetBridge:
    bridge: U32
    name: Annotated[str, Text(1, 64)]
    day_cap: U64
    open: bool


@variant(82)
class RevokeReport:
    report: U64
    document: Hash


@variant(84)
class RevokeAttestorKey:
    attestor: Address
    since: U64
    document: Hash


@variant(110)
class PostIncident:
    kind: IncidentKind
    severity: Severity
    document: Hash


@variant(111)
class SetDocument:
    kind: DocumentKind
    digest: Hash
    uri: Annotated[str, Text(0, 256)]


@variant(120)
class ValidatorAdd:
    validator: Validator


@variant(121)
class ValidatorRemove:
    key: PublicKey


@variant(122)
class ValidatorRotate:
    key: PublicKey
    new_key: PublicKey
    new_peer: PublicKey


@variant(130)
class CouncilSet:
    members: Annotated[tuple[Member, ...], Many(1, 21)]
    thresholds: Annotated[str, Fixed(4)]


@variant(131)
class SetDelay:
    class_: Class
    delay_ms: U64


@variant(132)
class ScheduleUpgrade:
    version: U32
    code: Hash
    height: U64


CouncilOp = (
    Freeze
    | Unfreeze
    | SetHold
    | ConfirmFreeze
    | Seize
    | Pause
    | Unpause
    | RecoverKey
    | GrantRole
    | RevokeRole
    | SuspendMinter
    | ResumeMinter
    | SetCap
    | SetLimits
    | SetMinterLimits
    | SetPolicy
    | SetTerms
    | SetBridge
    | RevokeReport
    | RevokeAttestorKey
    | PostIncident
    | SetDocument
    | ValidatorAdd
    | ValidatorRemove
    | ValidatorRotate
    | CouncilSet
    | SetDelay
    | ScheduleUpgrade
)


@variant(1)
class Transfer:
    to: Address
    amount: U64
    travel: TravelData | None


@variant(2)
class Approve:
    spender: Address
    expected: U64
    amount: U64
    expires: U64


@variant(3)
class TransferFrom:
    owner: Address
    to: Address
    amount: U64
    travel: TravelData | None


@variant(4)
class Permit:
    body: PermitBody
    witnesses: Annotated[tuple[Witness, ...], Many(1, 16, by="key")]


@variant(5)
class PayAuth:
    body: PayAuthBody
    witnesses: Annotated[tuple[Witness, ...], Many(1, 16, by="key")]
    travel: TravelData | None


@variant(6)
class CancelAuth:
    nonce: Hash
    deadline: U64


@variant(10)
class DepositConfirm:
    bank_ref: Annotated[str, Text(1, 64)]
    amount: U64
    beneficiary: Address


@variant(11)
class DepositReverse:
    deposit: Hash
    document: Hash


@variant(12)
class PayoutConfirm:
    redemption: Hash
    bank_ref: Annotated[str, Text(1, 64)]
    net: U64


@variant(13)
class PayoutFailed:
    redemption: Hash
    document: Hash


@variant(20)
class Mint:
    deposit: Hash
    amount: U64


@variant(21)
class Burn:
    amount: U64


@variant(22)
class SetMinterAllowance:
    minter: Address
    expected: U64
    new: U64


@variant(50)
class RegisterAccount:
    policy: KeyPolicy
    kyc_class: U8
    kyc_until: U64
    institution: U32
    memo_required: bool


@variant(51)
class SetKyc:
    account: Address
    kyc_class: U8
    kyc_until: U64
    institution: U32
    memo_required: bool


@variant(52)
class SetInstitution:
    institution: U32
    name: Annotated[str, Text(1, 64)]
    key: PublicKey


@variant(53)
class RotateKey:
    policy: KeyPolicy


@variant(70)
class RedeemRequest:
    amount: U64
    fee_max: U64
    beneficiary: Hash


@variant(71)
class RedeemAccept:
    redemption: Hash


@variant(72)
class RedeemSettle:
    redemption: Hash


@variant(73)
class RedeemReject:
    redemption: Hash
    document: Hash


@variant(74)
class RedeemCancel:
    redemption: Hash


@variant(75)
class RedeemExpire:
    redemption: Hash


@variant(80)
class SubmitReport:
    body: ReportBody
    witnesses: Annotated[tuple[Witness, ...], Many(1, 2, by="key")]


@variant(81)
class AttestReport:
    report: U64
    digest: Hash


@variant(83)
class Reconcile:
    as_of: U64
    height: U64
    liabilities: U128


@variant(90)
class BridgeOut:
    bridge: U32
    amount: U64
    recipient: Annotated[bytes, Bytes(1, 64)]


@variant(91)
class BridgeIn:
    bridge: U32
    remote_tx: Hash
    to: Address
    amount: U64


@variant(100)
class Propose:
    ops: Annotated[tuple[CouncilOp, ...], Many(1, 8)]


@variant(101)
class Vote:
    proposal: U64
    digest: Hash
    choice: Choice


@variant(102)
class Execute:
    proposal: U64


@variant(103)
class CouncilExec:
    ops: Annotated[tuple[CouncilOp, ...], Many(1, 8)]
    epoch: U64
    exec_nonce: U64
    witnesses: Annotated[tuple[Witness, ...], Many(1, 21, by="key")]


Op = (
    Transfer
    | Approve
    | TransferFrom
    | Permit
    | PayAuth
    | CancelAuth
    | DepositConfirm
    | DepositReverse
    | PayoutConfirm
    | PayoutFailed
    | Mint
    | Burn
    | SetMinterAllowance
    | Freeze
    | SetHold
    | RegisterAccount
    | SetKyc
    | SetInstitution
    | RotateKey
    | RedeemRequest
    | RedeemAccept
    | RedeemSettle
    | RedeemReject
    | RedeemCancel
    | RedeemExpire
    | SubmitReport
    | AttestReport
    | RevokeReport
    | Reconcile
    | BridgeOut
    | BridgeIn
    | Propose
    | Vote
    | Execute
    | CouncilExec
)


@structure
class TxBody:
    genesis: Hash
    chain_id: U32
    sender: Address
    nonce: U64
    valid_until: U64
    sponsor: Address | None
    memo: Annotated[bytes, Bytes(0, 32)] | None
    ops: Annotated[tuple[Op, ...], Many(1, 16)]


@structure
class SignedTx:
    body: TxBody
    witnesses: Annotated[tuple[Witness, ...], Many(1, 32, by="key")]
