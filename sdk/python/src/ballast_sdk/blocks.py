"""Headers, certificates and proofs, from the tables of docs/spec/bytes.md."""

from enum import Enum
from typing import Annotated

from .borsh import Fixed, structure, variant
from .kinds import Hash, PublicKey, Signature, U16, U32, U64
from .operations import Validator


@structure
class Header:
    version: U16
    genesis: Hash
    height: U64
    parent: Hash
    parent_round: U32
    time: U64
    proposer: PublicKey
    payload: Hash
    executed_height: U64
    state_root: Hash
    receipts_root: Hash
    validators: Hash
    next_validators: Hash


class VoteKind(Enum):
    PREVOTE = 0
    PRECOMMIT = 1


@structure
class Vote:
    kind: VoteKind
    height: U64
    round: U32
    block: Hash | None


@structure
class CommitSignature:
    validator: PublicKey
    signature: Signature


@structure
class CommitCertificate:
    height: U64
    round: U32
    block: Hash
    signatures: tuple[CommitSignature, ...]


@structure
class CertifiedHeader:
    header: Header
    certificate: CommitCertificate


@structure
class SetChange:
    anchor: CertifiedHeader
    set: tuple[Validator, ...]


@structure
class Path:
    index: U64
    count: U64
    siblings: tuple[Hash, ...]


@structure
class StateProof:
    leaf: bytes
    path: Path
    anchor: CertifiedHeader


@structure
class ReceiptProof:
    height: U64
    receipt: bytes
    path: Path
    before: Hash
    after: tuple[Hash, ...]
    anchor: CertifiedHeader


@variant(0, "State")
class ProofOfState:
    proof: StateProof


@variant(1, "Receipt")
class ProofOfReceipt:
    proof: ReceiptProof


Proof = ProofOfState | ProofOfReceipt


@structure
class ProofFile:
    tag: Annotated[str, Fixed(16)]
    changes: tuple[SetChange, ...]
    proof: Proof
