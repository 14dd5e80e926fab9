"""Building and signing transactions, and what is signed inside operations (TX-1 to TX-5, AUTH-1)."""

from dataclasses import dataclass
from typing import Any, Iterable

from .borsh import CodecError, decode, encode, structure
from .digest import digest, tag
from .keys import SecretKey, verify
from .kinds import U32, U64, Address, Hash
from .operations import PayAuth, PayAuthBody, Permit, PermitBody, SignedTx, TravelData, TxBody, Witness

TX_BYTES_MAX = 16 * 1024


@structure
class ChainId:
    """Which chain a signature counts on."""

    genesis: Hash
    chain_id: U32


@structure
class Payment:
    """What travel data is about."""

    payer: Address
    payee: Address
    amount: U64


@structure
class _Travel:
    payment: Payment
    data: Hash
    nonce: Hash
    expires: U64


@dataclass(frozen=True)
class Signed:
    """A transaction ready to send. Keep `id` before sending: it tells afterwards what became of it."""

    id: str
    data: bytes
    body: TxBody


def signed_bytes(body: TxBody) -> bytes:
    """What the witnesses of a transaction sign."""
    return tag("TX") + encode(TxBody, body)


def transaction_id(body: TxBody) -> str:
    """Known before it is signed, the same whoever signs."""
    return digest("transaction id", signed_bytes(body))


def _witnesses(message: bytes, keys: Iterable[SecretKey]) -> tuple[Witness, ...]:
    by_key = {key.public: key for key in keys}
    return tuple(Witness(public, by_key[public].sign(message)) for public in sorted(by_key))


def sign(body: TxBody, *keys: SecretKey) -> Signed:
    return combine(body, _witnesses(signed_bytes(body), keys))


def combine(body: TxBody, witnesses: Iterable[Witness]) -> Signed:
    """Puts together what several people signed."""
    by_key = {witness.key: witness for witness in witnesses}
    data = encode(SignedTx, SignedTx(body, tuple(by_key[key] for key in sorted(by_key))))
    if len(data) > TX_BYTES_MAX:
        raise CodecError(f"a transaction of {len(data)} bytes is over 16 KiB")
    return Signed(transaction_id(body), data, body)


def decode_transaction(data: bytes) -> SignedTx:
    """Reads a signed transaction, and refuses what no validator would decode. Verifies no signature."""
    if len(data) > TX_BYTES_MAX:
        raise CodecError("a transaction over 16 KiB")
    transaction: SignedTx = decode(SignedTx, data)
    return transaction


def signatures_hold(transaction: SignedTx) -> bool:
    """Whether every witness of the transaction itself signed it."""
    message = signed_bytes(transaction.body)
    return all(verify(witness.key, message, witness.signature) for witness in transaction.witnesses)


def statement_bytes(purpose: str, chain: ChainId, kind: Any, statement: Any) -> bytes:
    """What is signed of a statement inside an operation: purpose, chain, statement."""
    return tag(purpose) + encode(ChainId, chain) + encode(kind, statement)


def permit(chain: ChainId, body: PermitBody, *keys: SecretKey) -> Permit:
    """An allowance that its owner signs, for anyone to relay."""
    return Permit(body, _witnesses(statement_bytes("PERMIT", chain, PermitBody, body), keys))


def pay_auth(chain: ChainId, body: PayAuthBody, *keys: SecretKey, travel: TravelData | None = None) -> PayAuth:
    """A payment that its payer signs, for anyone to relay."""
    message = statement_bytes("PAYAUTH", chain, PayAuthBody, body)
    return PayAuth(body, _witnesses(message, keys), travel)


def travel_data(
    chain: ChainId, payment: Payment, key: SecretKey, *, data: str, nonce: str, expires: int
) -> TravelData:
    """The payee's institution's word that it has received the data that belongs to a payment."""
    message = statement_bytes("TRAVEL", chain, _Travel, _Travel(payment, data, nonce, expires))
    return TravelData(data, nonce, expires, Witness(key.public, key.sign(message)))
