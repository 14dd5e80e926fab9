"""A wallet's view of the chain: nothing that a single validator says is believed without proof."""

import threading
import time
from typing import Any, Callable, Generator, Generic, NamedTuple, Sequence, TypeVar

import grpc

from .blocks import CertifiedHeader, Header, ReceiptProof, SetChange, StateProof
from .borsh import encode
from .codes import CODES
from .events import Failed, Receipt
from .follow import EventFrame, follow
from .keys import SecretKey
from .nonces import NonceBook, Window, is_unused
from .operations import Op, Transfer, TxBody
from .proof import ProofError, SetHistory, read, verify_receipt, verify_state
from .rpc import Endpoint, Endpoints, RefusedError, UnreachableError, trouble_of
from .state import AccountKey, AccountObject, Leaf, ReportKey, ReportObject, SupplyObject
from .text import address_of, amount_of, parse_address, show_address
from .transaction import ChainId, Signed, sign

_CALL = 10.0
_PROOF = 30.0
_HOUR_MS = 3_600_000
# The longest one validator is waited for before another is asked.
_WAIT_STEP = 5.0
_WAIT_GRACE = 3.0
_AGAIN = 0.25
# How often all validators are tried before a submission is given up.
_SUBMIT_ROUNDS = 3
# For how long a transaction is made valid at most: a clock that is fast by a minute does no harm (TX-35).
VALIDITY_MS_MAX = 24 * _HOUR_MS - 60_000
_GENESIS_BYTES_MAX = 1 << 30

# States that a validator may claim, and that must then be proven.
_FINAL = ("TX_STATE_COMMITTED", "TX_STATE_FAILED", "TX_STATE_EXPIRED", "TX_STATE_REPLACED")

T = TypeVar("T")


class Fate(NamedTuple):
    """What became of a transaction.

    COMMITTED: on chain, and it had its effect. FAILED: on chain without effect, `code` says why, e.g.
    `INSUFFICIENT_AVAILABLE`. Both have the receipt, proven. EXPIRED: not on chain, and it never will be, proven as
    well. REPLACED: not on chain, and it never will be, for the transaction `by` used its nonce, as the receipt, which
    is that one's, proves. UNKNOWN: not decided within the time given; wait again, or send the same bytes again.
    """

    state: str
    receipt: Receipt | None = None
    code: str | None = None
    by: str | None = None


class ProvenState(NamedTuple, Generic[T]):
    """Something that a quorum of the validators stands for."""

    value: T
    # The state after this height; of a receipt, its own.
    height: int
    # The header that attests it.
    header: Header


class OutcomeUnknownError(Exception):
    """A submission was lost on its way: it may or may not have arrived. Wait for it, or send the same bytes
    again."""

    def __init__(self, id: str, problem: str) -> None:
        super().__init__(f"it is not known whether {id} arrived: {problem}")
        self.id = id


class Client:
    """Connects when first used.

    `endpoints` are validators, such as `http://127.0.0.1:9001`: with several, no single one can deceive or stop
    the wallet. `genesis` is the genesis file, `genesis_hash` its hash from another source, `ca` the certificates
    (PEM) that an `https://` endpoint must lead to, `max_age` the seconds by this machine's clock that the header
    under a balance may be old.
    """

    def __init__(
        self,
        endpoints: list[str],
        genesis: bytes,
        genesis_hash: str | None = None,
        ca: bytes | None = None,
        max_age: float = 60.0,
    ) -> None:
        self.sets, self.genesis = SetHistory.from_genesis(genesis, genesis_hash)
        self.network = self.genesis.network
        self.chain = ChainId(self.sets.genesis, self.genesis.chain_id)
        self.endpoints = Endpoints(endpoints, ca)
        self._max_age = max_age
        self._books: dict[str, NonceBook] = {}
        # Held while the next nonce is chosen, so that two threads do not take one.
        self._lock = threading.RLock()
        # The highest height whose state was proven.
        self._proven = 0

    @classmethod
    def connect(
        cls, endpoints: list[str], genesis_hash: str, ca: bytes | None = None, max_age: float = 60.0
    ) -> "Client":
        """A client of which only the genesis hash is known: validators give the rest, and it is checked against
        that."""
        problems: list[Exception] = []
        asked = Endpoints(endpoints, ca)
        try:
            for endpoint in asked.all:
                try:
                    return cls(endpoints, _genesis_of(endpoint), genesis_hash, ca, max_age)
                except (ProofError, grpc.RpcError) as error:
                    problems.append(_problem_of(error, endpoint))
        finally:
            asked.close()
        raise _gravest(problems)

    def close(self) -> None:
        self.endpoints.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show_address(self, address: str) -> str:
        return show_address(address, self.network)

    # ---- Building ----

    def build(
        self,
        sender: str,
        *ops: Op,
        memo: bytes | str | None = None,
        sponsor: str | None = None,
        valid_until: int | None = None,
        nonce: int | None = None,
    ) -> TxBody:
        """A body ready to sign, valid for an hour unless said otherwise, and for a day less a minute at most.

        Its nonce is that of the last transaction that was refused or has expired, if there is one, or else the next.
        To pay again when it is not certain what became of a transaction, give the first one's nonce: of one nonce
        one transaction at most is ever executed.
        """
        until = _now_ms() + _HOUR_MS if valid_until is None else valid_until
        if until > _now_ms() + VALIDITY_MS_MAX:
            raise ValueError("a transaction is made valid for a day less a minute at most")
        if nonce is not None:
            with self._lock:
                self._book(sender).take(nonce, until)
        return TxBody(
            genesis=self.chain.genesis,
            chain_id=self.chain.chain_id,
            sender=sender,
            nonce=self.next_nonce(sender, until) if nonce is None else nonce,
            valid_until=until,
            sponsor=sponsor,
            memo=memo.encode() if isinstance(memo, str) else memo,
            ops=ops,
        )

    def payment(
        self,
        key: SecretKey,
        to: str,
        dollars: str | None = None,
        memo: bytes | str | None = None,
        nonce: int | None = None,
        *,
        amount_micros: int | None = None,
        valid_until: int | None = None,
    ) -> Signed:
        """A signed payment to an address, not sent yet: keep it, then `send` it. The amount is decimal dollars as
        text, `"12.50"`, or micro-dollars by name, `amount_micros=12_500_000`."""
        op = Transfer(parse_address(to, self.network), amount_of(dollars, amount_micros=amount_micros), None)
        body = self.build(address_of(key.public), op, memo=memo, nonce=nonce, valid_until=valid_until)
        return sign(body, key)

    def next_nonce(self, address: str, until: int | None = None) -> int:
        """The next nonce: that of a transaction that was refused or has expired, or else the lowest that the chain
        has not seen and this client has not given out."""
        told = self.account(address).nonce_window
        window = Window(int(told.high), int(told.seen or "0", 16))
        with self._lock:
            book = self._book(address)
            if book.doubtful(window):
                self._drop_used(address, book)
            nonce = book.next(window, _now_ms(), _now_ms() + _HOUR_MS if until is None else until)
        if nonce is None:
            raise RuntimeError("transactions that are on their way, or were built and not sent, have all 128 nonces")
        return nonce

    def _drop_used(self, address: str, book: NonceBook) -> None:
        """Takes out what the chain has used, by proof: a validator that lies must not make the next transaction take
        another nonce than one that was refused and may still commit."""
        try:
            replay = self.balance(address).value.replay
        except (ProofError, RefusedError, UnreachableError):
            return
        for nonce in book.doubtful(Window(replay.high, replay.seen)):
            book.spent(nonce)

    def _book(self, address: str) -> NonceBook:
        return self._books.setdefault(address, NonceBook())

    # ---- Sending ----

    def send(self, tx: Signed, limit: float = 30.0) -> Fate:
        """Submits and waits. The same bytes go to one validator after the other until one takes them: they
        execute once, however often they arrive."""
        try:
            self.submit(tx)
        except OutcomeUnknownError:
            pass
        return self.wait(tx, limit)

    def submit(self, tx: Signed) -> None:
        """Submits to one validator after the other until one takes it. A refusal counts when more than a third
        of the endpoints say so: one that lies must not make a wallet pay again what it has passed on. No refusal is
        for good: what is built next takes the same nonce, so that of the two at most one is ever executed."""
        try:
            self._hand_in(tx)
        except (RefusedError, UnreachableError):
            with self._lock:
                self._book(tx.body.sender).release(tx.body.nonce)
            raise

    def _hand_in(self, tx: Signed) -> None:
        refusals: set[str] = set()
        lost: Exception | None = None
        outcome: Exception = UnreachableError([endpoint.url for endpoint in self.endpoints.all])
        for round in range(_SUBMIT_ROUNDS):
            if round:
                time.sleep(_AGAIN)
            for endpoint in self.endpoints.in_turn():
                try:
                    endpoint.call("TxService", "SubmitTx", {"signed_tx": tx.data}, _CALL)
                except grpc.RpcError as error:
                    trouble = trouble_of(error)
                    if trouble.kind == "lost":
                        lost = trouble.error
                    else:
                        outcome = trouble.error
                    if trouble.kind == "final":
                        refusals.add(endpoint.url)
                else:
                    self.endpoints.prefer(endpoint)
                    return
                if self.endpoints.more_than_a_third(refusals):
                    break
            if self.endpoints.more_than_a_third(refusals):
                break
        # Once a call was lost, its bytes may have arrived: no later answer takes that back.
        raise outcome if lost is None else OutcomeUnknownError(tx.id, str(lost))

    def wait(self, tx: Signed, limit: float = 30.0) -> Fate:
        """Waits for what becomes of a transaction, asking one validator after the other."""
        end = time.monotonic() + limit
        while True:
            for endpoint in self.endpoints.in_turn():
                step = max(0.001, min(end - time.monotonic(), _WAIT_STEP))
                state, by = self._state_at(endpoint, tx, step)
                fate = self._fate(tx, by, end) if state in _FINAL else None
                if fate is not None:
                    return self._noted(tx.body, fate)
                if time.monotonic() >= end:
                    return Fate("UNKNOWN")
            time.sleep(_AGAIN)

    def _noted(self, body: TxBody, fate: Fate) -> Fate:
        """What became of a transaction decides over its nonce."""
        with self._lock:
            book = self._book(body.sender)
            (book.release if fate.state == "EXPIRED" else book.spent)(body.nonce)
        return fate

    def _state_at(self, endpoint: Endpoint, tx: Signed, step: float) -> tuple[str | None, str]:
        """What a validator says, and by which transaction this one was replaced."""
        body = encode(TxBody, tx.body)
        request = {"tx_id": tx.id, "tx_body": body, "timeout_ms": max(1, int(1000 * step))}
        try:
            answer = endpoint.call("TxService", "WaitTx", request, step + _WAIT_GRACE)
        except grpc.RpcError:
            # Whatever is wrong with this one, another may know.
            return None, ""
        states = answer.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number
        return states[answer.state].name if answer.state in states else None, answer.replaced_by

    def _fate(self, tx: Signed, by: str, end: float) -> Fate | None:
        """What can be proven of a transaction that is said to be decided."""
        try:
            receipt = self._receipt(tx.id, end).value
        except (ProofError, RefusedError, UnreachableError):
            if by:
                return self._replaced(tx, by, end)
            return Fate("EXPIRED") if self._has_expired(tx.body, end) else None
        if isinstance(receipt.outcome, Failed):
            return Fate("FAILED", receipt, CODES.get(receipt.outcome.code, str(receipt.outcome.code)))
        return Fate("COMMITTED", receipt)

    def _replaced(self, tx: Signed, by: str, end: float) -> Fate | None:
        """Whether another transaction's receipt proves that it used the nonce."""
        try:
            receipt = self._receipt(by, end).value
        except (ProofError, RefusedError, UnreachableError):
            return None
        used = (receipt.sender, receipt.nonce) == (tx.body.sender, tx.body.nonce)
        return Fate("REPLACED", receipt, by=by) if used and receipt.tx != tx.id else None

    def _has_expired(self, body: TxBody, end: float) -> bool:
        """Whether the sender's account shows that a transaction can never commit (BY-44): a header whose time is
        not below `valid_until` attests the state right before it, in which the nonce is unused."""
        try:
            value, height, header = self._account(body.sender, 0, end)
        except (ProofError, RefusedError, UnreachableError):
            return False
        is_over = header.time >= body.valid_until and header.height == height + 1
        return is_over and is_unused(body.nonce, Window(value.replay.high, value.replay.seen))

    # ---- Proven reads ----

    def balance(self, address: str, at_least: int = 0) -> ProvenState[AccountObject]:
        """An account, proven. After a payment, give its receipt's height to see its effect."""
        return self._account(address, at_least, _patience())

    def _account(self, address: str, at_least: int, end: float) -> ProvenState[AccountObject]:
        def pick(leaf: Leaf) -> AccountObject | None:
            is_theirs = leaf.key == AccountKey(address)
            return leaf.object if is_theirs and isinstance(leaf.object, AccountObject) else None

        return self._state({"account": self.show_address(address)}, at_least, end, pick)

    def supply(self, at_least: int = 0) -> ProvenState[SupplyObject]:
        """The supply, proven."""

        def pick(leaf: Leaf) -> SupplyObject | None:
            return leaf.object if isinstance(leaf.object, SupplyObject) else None

        return self._state({"supply": {}}, at_least, _patience(), pick)

    def report(self, number: int) -> ProvenState[ReportObject]:
        """A reserve report by its number, from 1, proven."""

        def pick(leaf: Leaf) -> ReportObject | None:
            is_theirs = leaf.key == ReportKey(number)
            return leaf.object if is_theirs and isinstance(leaf.object, ReportObject) else None

        return self._state({"report": number}, 0, _patience(), pick)

    def receipt(self, id: str) -> ProvenState[Receipt]:
        """A transaction's receipt, proven."""
        return self._receipt(id, _patience())

    def _receipt(self, id: str, end: float) -> ProvenState[Receipt]:
        def verify(answer: Any, endpoint: Endpoint) -> ProvenState[Receipt]:
            proof: ReceiptProof = read(ReceiptProof, answer.receipt_proof)
            self._follow(endpoint, proof.anchor)
            receipt = verify_receipt(proof, self.sets)
            if receipt.tx != id:
                raise ProofError("OTHER_SUBJECT", "the receipt is of another transaction")
            return ProvenState(receipt, receipt.height, proof.anchor.header)

        return self._prove({"tx_id": id}, end, verify)

    def _state(
        self, target: dict[str, Any], at_least: int, end: float, pick: Callable[[Leaf], T | None]
    ) -> ProvenState[T]:
        def verify(answer: Any, endpoint: Endpoint) -> ProvenState[T]:
            proof: StateProof = read(StateProof, answer.state_proof)
            self._follow(endpoint, proof.anchor)
            leaf, header = verify_state(proof, self.sets), proof.anchor.header
            value = pick(leaf)
            if value is None:
                raise ProofError("OTHER_SUBJECT", f"it proves {leaf.key}")
            height = header.executed_height
            if height < max(self._proven, at_least):
                raise ProofError("STALE", f"the state after {height} is behind")
            if _now_ms() - header.time > 1000 * self._max_age:
                raise ProofError("STALE", f"its header is of {header.time}")
            self._proven = height
            return ProvenState(value, height, header)

        return self._prove(target, end, verify)

    def _prove(self, target: dict[str, Any], end: float, verify: Callable[[Any, Endpoint], T]) -> T:
        """Asks one validator after the other until one proves what it says. Who is only behind is asked again."""
        while True:
            problems: list[Exception] = []
            for endpoint in self.endpoints.in_turn():
                limit = max(_CALL, end - time.monotonic())
                try:
                    proven = verify(endpoint.call("ProofService", "GetProof", target, limit), endpoint)
                except (ProofError, grpc.RpcError) as error:
                    problems.append(_problem_of(error, endpoint))
                else:
                    self.endpoints.prefer(endpoint)
                    return proven
            is_behind = any(isinstance(each, ProofError) and each.reason == "STALE" for each in problems)
            if not is_behind or time.monotonic() >= end:
                raise _gravest(problems)
            time.sleep(_AGAIN)

    def _follow(self, endpoint: Endpoint, anchor: CertifiedHeader) -> None:
        """Follows the changes of the validator set below a header, as this validator tells them, each verified."""
        height = anchor.header.height
        while self.sets.newest.first < height:
            first = self.sets.newest.first
            answer = endpoint.call("ProofService", "ListSetChanges", {"from_height": first}, _CALL)
            for told in answer.changes:
                change: SetChange = read(SetChange, told.set_change)
                if change.anchor.header.height >= height:
                    return
                self.sets.extend(change)
            if self.sets.newest.first == first or not answer.next_page_token:
                return

    # ---- Unproven reads ----

    def account(self, address: str) -> Any:
        """An account as one validator sees it at its newest block: for nonces and display, not for trust."""
        request = {"address": self.show_address(address)}
        return self.endpoints.ask("AccountService", "GetAccount", request, _CALL).account

    def simulate(self, body: TxBody) -> Any:
        """What a transaction would do if it were in a block now, by the word of one validator: SimulateTxResponse
        in proto/."""
        return self.endpoints.ask("TxService", "SimulateTx", {"tx_body": encode(TxBody, body)}, _CALL)

    def events(
        self, after: str | None = None, accounts: Sequence[str] = (), names: Sequence[str] = ()
    ) -> Generator[EventFrame, None, None]:
        """What happens on the chain, in order, without a gap or a repetition, across validators: everything
        behind the cursor `after` ("0" is the beginning, none is now) that concerns one of these accounts, in their
        text form, and has one of these names, e.g. `Transferred`."""
        return follow(self.endpoints, after, accounts, names)


def _patience() -> float:
    return time.monotonic() + _PROOF


def _genesis_of(endpoint: Endpoint) -> bytes:
    """The genesis file as a validator tells it, piece by piece; unchecked."""
    file = bytearray()
    while True:
        answer = endpoint.call("LedgerService", "GetGenesis", {"offset": len(file)}, _CALL)
        if not answer.piece or answer.total_bytes > _GENESIS_BYTES_MAX:
            raise ProofError("MALFORMED", "the genesis has no end")
        file += answer.piece
        if len(file) >= answer.total_bytes:
            return bytes(file)


def _problem_of(error: Exception, endpoint: Endpoint) -> Exception:
    if not isinstance(error, grpc.RpcError):
        return error
    trouble = trouble_of(error)
    return UnreachableError([f"{endpoint.url}: {trouble.error}"]) if trouble.kind == "lost" else trouble.error


def _gravest(problems: list[Exception]) -> Exception:
    """What matters most: a lie, then a refusal."""
    for kind in (ProofError, RefusedError):
        for problem in problems:
            if isinstance(problem, kind):
                return problem
    return UnreachableError([str(problem) for problem in problems])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
