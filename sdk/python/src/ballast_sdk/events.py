"""Events and receipts, from the tables of docs/spec/operations.md."""

from typing import Annotated

from .borsh import Fixed, structure, variant
from .kinds import (
    Address, Choice, Class, DocumentKind, Hash, IncidentKind, ProposalStatus, PublicKey,
    RedemptionStatus, Role, Scope, Severity, U128, U32, U64, U8,
)


@variant(1)
class Transferred:
    from_: Address
    to: Address
    amount: U64
    memo: bytes | None


@variant(2)
class Approved:
    owner: Address
    spender: Address
    amount: U64
    expires: U64


@variant(3)
class AuthCancelled:
    owner: Address
    nonce: Hash


@variant(10)
class DepositConfirmed:
    deposit: Hash
    custodian: Address
    beneficiary: Address
    amount: U64
    final_at: U64


@variant(11)
class DepositReversed:
    deposit: Hash
    beneficiary: Address
    amount: U64
    minted: U64


@variant(12)
class PayoutConfirmed:
    redemption: Hash
    payout: Hash
    custodian: Address
    net: U64


@variant(20)
class Minted:
    deposit: Hash
    minter: Address
    to: Address
    amount: U64
    report: U64


@variant(21)
class Burned:
    minter: Address
    amount: U64


@variant(22)
class MinterConfigured:
    minter: Address
    allowance: U64
    per_tx: U64
    window_cap: U64


@variant(23)
class MinterSuspended:
    minter: Address


@variant(24)
class MinterResumed:
    minter: Address


@variant(30)
class Frozen:
    account: Address
    inbound: bool
    outbound: bool
    until: U64 | None
    order: Hash


@variant(31)
class Unfrozen:
    account: Address


@variant(32)
class HoldSet:
    account: Address
    hold: U64
    order: Hash


@variant(33)
class Seized:
    from_: Address
    to: Address | None
    amount: U64
    order: Hash


@variant(40)
class Paused:
    scope: Scope
    until: U64


@variant(41)
class Unpaused:
    scope: Scope


@variant(50)
class AccountRegistered:
    account: Address
    kyc_class: U8
    institution: U32


@variant(51)
class KycSet:
    account: Address
    kyc_class: U8
    kyc_until: U64
    institution: U32
    memo_required: bool


@variant(52)
class InstitutionSet:
    institution: U32
    name: str
    key: PublicKey


@variant(53)
class KeyRotated:
    account: Address
    document: Hash | None


@variant(60)
class RoleGranted:
    role: Role
    holder: Address
    valid_until: U64


@variant(61)
class RoleRevoked:
    role: Role
    holder: Address


@variant(64)
class CapSet:
    cap: U128


@variant(65)
class LimitsSet:
    minter_allowance_max: U64
    mint_per_tx_max: U64
    global_window_cap: U64


@variant(67)
class PolicySet:
    pass


@variant(68)
class TermsSet:
    version: U32


@variant(69)
class BridgeSet:
    bridge: U32
    name: str
    day_cap: U64
    open: bool


@variant(70)
class RedemptionRequested:
    redemption: Hash
    owner: Address
    gross: U64
    fee: U64
    net: U64
    due_at: U64


@variant(71)
class RedemptionAccepted:
    redemption: Hash
    owner: Address


@variant(72)
class RedemptionSettled:
    redemption: Hash
    owner: Address
    net: U64
    fee: U64


@variant(73)
class RedemptionClosed:
    redemption: Hash
    owner: Address
    status: RedemptionStatus
    refund: U64


@variant(80)
class ReportSubmitted:
    report: U64
    digest: Hash
    as_of: U64


@variant(81)
class ReportAttested:
    report: U64
    attestor: Address


@variant(82)
class ReportEffective:
    report: U64
    as_of: U64
    unencumbered: U128


@variant(83)
class ReportRevoked:
    report: U64


@variant(84)
class Reconciled:
    as_of: U64
    height: U64
    liabilities: U128
    supply: U128


@variant(90)
class BridgedOut:
    bridge: U32
    from_: Address
    amount: U64
    recipient: bytes


@variant(91)
class BridgedIn:
    bridge: U32
    to: Address
    amount: U64
    remote_tx: Hash


@variant(100)
class Proposed:
    proposal: U64
    proposer: Address
    class_: Class
    digest: Hash


@variant(101)
class Voted:
    proposal: U64
    member: Address
    choice: Choice


@variant(102)
class ProposalChanged:
    proposal: U64
    status: ProposalStatus
    eta: U64 | None


@variant(103)
class CouncilExecuted:
    exec_nonce: U64
    class_: Class
    digest: Hash


@variant(110)
class IncidentPosted:
    incident: U64
    kind: IncidentKind
    severity: Severity
    subject: Hash


@variant(111)
class DocumentSet:
    kind: DocumentKind
    version: U32
    digest: Hash
    uri: str


@variant(120)
class ValidatorSetChanged:
    from_height: U64
    validators: U32
    digest: Hash


@variant(130)
class CouncilChanged:
    epoch: U64
    members: U32
    thresholds: Annotated[str, Fixed(4)]


@variant(131)
class DelaySet:
    class_: Class
    delay_ms: U64
    from_: U64


@variant(132)
class UpgradeScheduled:
    version: U32
    code: Hash
    height: U64


Event = (
    Transferred
    | Approved
    | AuthCancelled
    | DepositConfirmed
    | DepositReversed
    | PayoutConfirmed
    | Minted
    | Burned
    | MinterConfigured
    | MinterSuspended
    | MinterResumed
    | Frozen
    | Unfrozen
    | HoldSet
    | Seized
    | Paused
    | Unpaused
    | AccountRegistered
    | KycSet
    | InstitutionSet
    | KeyRotated
    | RoleGranted
    | RoleRevoked
    | CapSet
    | LimitsSet
    | PolicySet
    | TermsSet
    | BridgeSet
    | RedemptionRequested
    | RedemptionAccepted
    | RedemptionSettled
    | RedemptionClosed
    | ReportSubmitted
    | ReportAttested
    | ReportEffective
    | ReportRevoked
    | Reconciled
    | BridgedOut
    | BridgedIn
    | Proposed
    | Voted
    | ProposalChanged
    | CouncilExecuted
    | IncidentPosted
    | DocumentSet
    | ValidatorSetChanged
    | CouncilChanged
    | DelaySet
    | UpgradeScheduled
)


@variant(0)
class Success:
    pass


@variant(1)
class Failed:
    """The operation that failed, from 0, and why, by its number: see `codes.CODES`."""

    op: U8
    code: U8


Outcome = Success | Failed


@structure
class Receipt:
    tx: Hash
    sender: Address
    nonce: U64
    height: U64
    index: U32
    outcome: Outcome
    events: tuple[Event, ...]
