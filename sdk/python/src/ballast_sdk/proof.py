"""Verifying, from the genesis file alone, what a validator says: certificates (CO-4, CO-6), changes of the
validator set (ST-40, ST-41), balances and receipts (ST-26, ST-27, BY-40 to BY-43)."""

from typing import Any, NamedTuple

from . import blocks
from .blocks import CertifiedHeader, Header, Path, ProofFile, ReceiptProof, SetChange, StateProof, Vote, VoteKind
from .borsh import CodecError, decode, encode
from .digest import digest, tag
from .events import Receipt
from .keys import is_public_key, verify
from .kinds import U64
from .operations import Validator
from .state import Genesis, Leaf

PROOF_BYTES_MAX = 1 << 20
PROOF_FILE_BYTES_MAX = 16 << 20
PROOF_FILE_TAG = b"BALLAST1-PROOF\0\0".hex()
ValidatorSet = tuple[Validator, ...]
_ZERO = "00" * 32


class ProofError(Exception):
    """What was said is not proven: whoever said it is wrong, or lies.

    `reason` is one of docs/spec/bytes.md, or OTHER_SUBJECT (it proves something else than was asked for),
    or STALE (it is true of a past that is too far back, or behind what was proven before).
    """

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(f"{reason}: {message}" if message else reason)
        self.reason = reason


def _refuse(broken: bool, reason: str, message: str | None = None) -> None:
    if broken:
        raise ProofError(reason, message)


def read(kind: Any, data: bytes, limit: int = PROOF_BYTES_MAX) -> Any:
    """Decodes what a server sent."""
    _refuse(len(data) > limit, "MALFORMED", f"{len(data)} bytes")
    try:
        return decode(kind, data)
    except CodecError as error:
        raise ProofError("MALFORMED", str(error)) from None


# ---- Validator sets and certificates ----


def set_digest(validators: ValidatorSet) -> str:
    return digest("validator set", encode(ValidatorSet, validators))


def block_id(header: Header) -> str:
    return digest("block header", encode(Header, header))


def _set_is_valid(validators: ValidatorSet) -> bool:
    """CO-3."""
    keys = [validator.key for validator in validators]
    return (
        1 <= len(validators) <= 100
        and all(a < b for a, b in zip(keys, keys[1:]))
        and len({validator.peer for validator in validators}) == len(validators)
        and all(validator.power >= 1 for validator in validators)
        and sum(validator.power for validator in validators) < 1 << 62
        and all(1 <= len(validator.name.encode()) <= 64 for validator in validators)
        and all(is_public_key(v.key) and is_public_key(v.peer) for v in validators)
    )


def verify_header(anchor: CertifiedHeader, genesis: str, validators: ValidatorSet) -> None:
    """`validators` committed this header on the chain of `genesis` (ST-25)."""
    header, certificate = anchor.header, anchor.certificate
    _refuse(header.genesis != genesis, "WRONG_CHAIN")
    _refuse(header.validators != set_digest(validators), "WRONG_SET")
    another = certificate.block != block_id(header) or certificate.height != header.height
    _refuse(another, "WRONG_BLOCK")
    signers = [entry.validator for entry in certificate.signatures]
    _refuse(any(a >= b for a, b in zip(signers, signers[1:])), "SIGNER_ORDER")
    powers = {validator.key: validator.power for validator in validators}
    _refuse(any(signer not in powers for signer in signers), "UNKNOWN_SIGNER")
    signed, total = sum(powers[signer] for signer in signers), sum(powers.values())
    _refuse(3 * signed <= 2 * total, "NO_QUORUM", f"signed power {signed} of {total} is not more than two thirds")
    vote = Vote(VoteKind.PRECOMMIT, certificate.height, certificate.round, certificate.block)
    message = tag("VOTE") + bytes.fromhex(genesis) + encode(Vote, vote)
    for entry in certificate.signatures:
        holds = verify(entry.validator, message, entry.signature)
        _refuse(not holds, "BAD_SIGNATURE", f"the signature of {entry.validator} does not hold")


class Term(NamedTuple):
    """A validator set, and the height that it decides first."""

    first: int
    validators: ValidatorSet


class SetHistory:
    """The validator sets of a chain, each from the height that it decides first, beginning with genesis."""

    def __init__(self, genesis: str, first: ValidatorSet) -> None:
        self.genesis = genesis
        self._terms = [Term(1, first)]

    @classmethod
    def from_genesis(cls, file: bytes, expected: str | None = None) -> tuple["SetHistory", Genesis]:
        """Reads a genesis file, which must have this hash when one is given."""
        found = digest("genesis", file)
        _refuse(expected not in (None, found), "WRONG_CHAIN", f"the genesis file has the hash {found}")
        genesis: Genesis = read(Genesis, file, 1 << 30)
        _refuse(not _set_is_valid(genesis.validators), "BAD_SET")
        return cls(found, genesis.validators), genesis

    @property
    def newest(self) -> Term:
        return self._terms[-1]

    def at(self, height: int) -> Term:
        """The set that decides `height`, as far as the history goes."""
        return next((term for term in reversed(self._terms) if term.first <= height), self._terms[0])

    def extend(self, change: SetChange) -> None:
        """Adds the next change, which the newest set must have certified (ST-40)."""
        header = change.anchor.header
        _refuse(header.height < self.newest.first, "CHANGE_ORDER")
        verify_header(change.anchor, self.genesis, self.newest.validators)
        _refuse(header.next_validators == header.validators, "CHANGE_SAME")
        _refuse(set_digest(change.set) != header.next_validators, "CHANGE_OTHER_SET")
        _refuse(not _set_is_valid(change.set), "BAD_SET")
        self._terms.append(Term(header.height + 1, change.set))

    def verify(self, anchor: CertifiedHeader) -> None:
        """Verifies a header by the set of its height (ST-41)."""
        header = anchor.header
        _refuse(header.genesis != self.genesis, "WRONG_CHAIN")
        term = self.at(header.height)
        if set_digest(term.validators) != header.validators:
            raise ProofError(self._blame(header.height, header.validators))
        verify_header(anchor, self.genesis, term.validators)

    def _blame(self, height: int, named: str) -> str:
        terms = [term for term in self._terms if set_digest(term.validators) == named]
        if not terms:
            return "UNKNOWN_SET"
        return "OLD_SET" if any(term.first <= height for term in terms) else "EARLY_SET"


# ---- Trees ----


def _root(kind: str, leaf: bytes, path: Path) -> str:
    """The root to which a path leads from a leaf (ST-20 to ST-23)."""
    depth = (path.count - 1).bit_length() if path.count > 1 else 0
    fits = path.index < path.count and len(path.siblings) == depth <= 40
    _refuse(not fits, "WRONG_ROOT", "the path does not fit")
    found, at = digest(f"{kind} leaf", leaf), path.index
    for sibling in path.siblings:
        left, right = (found, sibling) if at % 2 == 0 else (sibling, found)
        found = _ZERO if left == right == _ZERO else digest(f"{kind} node", left, right)
        at //= 2
    return digest(f"{kind} root", encode(U64, path.count), found)


def verify_state(proof: StateProof, sets: SetHistory) -> Leaf:
    """Verifies a state proof: what was in the state after its header's `executed_height` (ST-26)."""
    sets.verify(proof.anchor)
    _refuse(_root("state", proof.leaf, proof.path) != proof.anchor.header.state_root, "WRONG_ROOT")
    leaf: Leaf = read(Leaf, proof.leaf)
    belongs = getattr(leaf.key, "variant_number") == getattr(leaf.object, "variant_number")
    _refuse(not belongs, "MALFORMED", "the object does not belong under its key")
    return leaf


def verify_receipt(proof: ReceiptProof, sets: SetHistory) -> Receipt:
    """Verifies a receipt proof, and reads the receipt (ST-27)."""
    sets.verify(proof.anchor)
    header = proof.anchor.header
    _refuse(proof.height + len(proof.after) != header.executed_height, "WRONG_HEIGHT")
    root = proof.before
    for block in (_root("receipt", proof.receipt, proof.path), *proof.after):
        root = digest("receipt chain", root, block)
    _refuse(root != header.receipts_root, "WRONG_ROOT")
    receipt: Receipt = read(Receipt, proof.receipt)
    _refuse(receipt.height != proof.height, "MALFORMED", "the receipt names another height")
    return receipt


class Proven(NamedTuple):
    """What a proof file proves, and the header that attests it."""

    subject: Leaf | Receipt
    header: Header


def verify_proof_file(data: bytes, genesis_file: bytes, expected: str | None = None) -> Proven:
    """Verifies a proof file from the genesis file alone (ST-42)."""
    file: ProofFile = read(ProofFile, data, PROOF_FILE_BYTES_MAX)
    _refuse(file.tag != PROOF_FILE_TAG, "MALFORMED", "this is no proof file")
    sets, _ = SetHistory.from_genesis(genesis_file, expected)
    for change in file.changes:
        sets.extend(change)
    if isinstance(file.proof, blocks.ProofOfState):
        return Proven(verify_state(file.proof.proof, sets), file.proof.proof.anchor.header)
    return Proven(verify_receipt(file.proof.proof, sets), file.proof.proof.anchor.header)
