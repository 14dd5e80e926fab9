"""A wallet's client of the Ballast chain. See the README."""

from .borsh import CodecError, decode, encode
from .client import VALIDITY_MS_MAX, Client, Fate, OutcomeUnknownError, ProvenState
from .follow import CursorFile, EventFrame
from .keys import SecretKey, is_public_key, policy_problem, threshold, verify
from .nonces import NonceBook
from .proof import (
    ProofError, Proven, SetHistory, block_id, set_digest, verify_header, verify_proof_file, verify_receipt,
    verify_state,
)
from .rpc import RefusedError, UnreachableError
from .text import address_of, amount_of, format_dollars, parse_address, parse_dollars, show_address
from .transaction import (
    ChainId, Payment, Signed, combine, decode_transaction, pay_auth, permit, sign, signatures_hold, signed_bytes,
    statement_bytes, transaction_id, travel_data,
)

__all__ = [
    "ChainId", "Client", "CodecError", "CursorFile", "EventFrame", "Fate", "NonceBook", "OutcomeUnknownError", "Payment",
    "ProofError", "Proven", "ProvenState", "RefusedError", "SecretKey", "SetHistory", "Signed",
    "UnreachableError", "VALIDITY_MS_MAX", "address_of", "amount_of", "block_id", "combine", "decode", "decode_transaction", "encode",
    "format_dollars", "is_public_key", "parse_address", "parse_dollars", "pay_auth", "permit", "policy_problem",
    "set_digest", "show_address", "sign", "signatures_hold", "signed_bytes", "statement_bytes", "threshold",
    "transaction_id", "travel_data", "verify", "verify_header", "verify_proof_file", "verify_receipt",
    "verify_state",
]
