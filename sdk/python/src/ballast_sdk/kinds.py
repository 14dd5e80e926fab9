"""What the structures are made of: integers, digests and names, from the tables of docs/spec."""

from enum import Enum
from typing import Annotated

from .borsh import Fixed, Integer

U8 = Annotated[int, Integer(1)]
U16 = Annotated[int, Integer(2)]
U32 = Annotated[int, Integer(4)]
U64 = Annotated[int, Integer(8)]
U128 = Annotated[int, Integer(16)]
Hash = Annotated[str, Fixed(32)]
Address = Annotated[str, Fixed(32)]
PublicKey = Annotated[str, Fixed(32)]
Signature = Annotated[str, Fixed(64)]


class Choice(Enum):
    NO = 0
    YES = 1
    WITHDRAW = 2


class Scope(Enum):
    TRANSFER = 0
    MINT = 1
    REDEEM_NEW = 2
    BRIDGE = 3


class Role(Enum):
    MINT_CONTROLLER = 1
    MINTER = 2
    CUSTODIAN = 3
    RESERVE_MANAGER = 4
    ATTESTOR = 5
    COMPLIANCE = 6
    REDEEMER = 7
    REGISTRAR = 8
    BRIDGE = 9


class Class(Enum):
    A = 0
    B = 1
    C = 2
    D = 3


class ReportKind(Enum):
    POINT_IN_TIME = 0
    PERIOD = 1


class Assurance(Enum):
    EXAMINATION = 0
    REVIEW = 1
    AGREED_UPON_PROCEDURES = 2


class Opinion(Enum):
    UNMODIFIED = 0
    QUALIFIED = 1
    ADVERSE = 2
    DISCLAIMER = 3


class Category(Enum):
    CASH = 0
    DEMAND_DEPOSIT = 1
    TREASURY = 2
    REPO = 3
    REVERSE_REPO = 4
    GOVERNMENT_FUND = 5
    COMMERCIAL_PAPER = 6
    CORPORATE_BOND = 7
    LOAN = 8
    OTHER = 9


class RedemptionStatus(Enum):
    REQUESTED = 0
    PROCESSING = 1
    SETTLED = 2
    REJECTED = 3
    FAILED = 4
    CANCELLED = 5
    EXPIRED = 6


class ProposalStatus(Enum):
    OPEN = 0
    APPROVED = 1
    EXECUTED = 2
    REJECTED = 3
    EXPIRED = 4
    STALE = 5


class IncidentKind(Enum):
    MINT_BREAKER = 0
    RECONCILE_MISMATCH = 1
    FREEZE = 2
    DEPOSIT_REVERSED = 3
    REDEMPTION_EXPIRED = 4
    REPORT_REVOKED = 5
    SEIZURE = 6
    SECURITY = 16
    OPERATIONAL = 17
    LEGAL = 18
    OTHER = 19
    SUPPLY_BROKEN = 32
    MINT_BROKEN = 33
    ESCROW_BROKEN = 34
    BRIDGE_BROKEN = 35
    POWER_BROKEN = 36
    DEBIT_BROKEN = 37
    RECORD_BROKEN = 38
    COUNT_BROKEN = 39
    EQUIVOCATION = 48


class TwinKind(Enum):
    """What a validator signed twice."""

    PREVOTE = 0
    PRECOMMIT = 1
    PROPOSAL = 2


class Severity(Enum):
    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


class DocumentKind(Enum):
    WHITEPAPER = 0
    TERMS_OF_SERVICE = 1
    RESERVE_POLICY = 2
    REDEMPTION_POLICY = 3
    PRIVACY = 4
    RISK_DISCLOSURE = 5


class ReportStatus(Enum):
    DRAFT = 0
    EFFECTIVE = 1
    SUPERSEDED = 2
    REVOKED = 3


class Network(Enum):
    MAIN = 0
    TEST = 1
    DEV = 2
