"""Validators that lie, lag, or are away: a fake server answers with what the vectors hold."""

import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable

import grpc

from ballast_sdk import (
    VALIDITY_MS_MAX, Client, CursorFile, OutcomeUnknownError, ProofError, RefusedError, SecretKey, Signed, decode,
    encode, show_address, sign,
)
from ballast_sdk.blocks import ProofFile, ProofOfState, ReceiptProof, SetChange, StateProof
from ballast_sdk.kinds import Network
from ballast_sdk.nonces import NonceBook, Window
from ballast_sdk.operations import Transfer, TxBody

from fake import Handlers, Refusal, servers
from vectors import vectors

TOLD = vectors("proofs")
ACCOUNT, OTHER = TOLD["account"], TOLD["other_account"]
LATER = 4_000_000_000_000
KEY = SecretKey(vectors("keys")[0]["secret"])
PAYEE = show_address(OTHER, Network.DEV)


def told(what: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A case of proofs.json, as the proof and the changes that a server would send."""
    (case,) = [case for case in TOLD["cases"] if case["what"] == what]
    file = decode(ProofFile, bytes.fromhex(case["proof_file"]))
    if isinstance(file.proof, ProofOfState):
        proof = {"state_proof": encode(StateProof, file.proof.proof)}
    else:
        proof = {"receipt_proof": encode(ReceiptProof, file.proof.proof)}
    return proof, [{"set_change": encode(SetChange, change)} for change in file.changes]


def teller(what: str) -> Handlers:
    """A server that tells this case."""
    proof, changes = told(what)
    return {"GetProof": lambda _: proof, "ListSetChanges": lambda _: {"changes": changes, "head": 1000}}


def refuse(code: grpc.StatusCode, reason: str = "", retry: int | None = None) -> Callable[[Any], Any]:
    def handler(_: Any) -> Any:
        raise Refusal(code, reason, retry)

    return handler


def used(high: int) -> Handlers:
    """An account that has used all its nonces up to this one, as a validator says."""
    return {"GetAccount": lambda _: {"account": {"nonce_window": {"high": high, "seen": "f" * 32}}}}


def pay(client: Client, valid_until: int | None = None) -> Signed:
    return client.payment(KEY, PAYEE, "1", valid_until=valid_until)


def payment(valid_until: int, nonce: int = 1) -> Signed:
    body = TxBody(TOLD["genesis_hash"], 7, ACCOUNT, nonce, valid_until, None, None, (Transfer(OTHER, 1, None),))
    return sign(body, SecretKey(vectors("keys")[0]["secret"]))


def paid() -> Signed:
    """A payment whose receipt is the one that the vectors prove."""
    (case,) = [case for case in TOLD["cases"] if case["what"] == "a receipt"]
    signed = payment(LATER)
    return Signed(case["proven"]["receipt"]["tx"], signed.data, signed.body)


class Lies(unittest.TestCase):
    def refused(self, reason: str, action: Callable[[], object], what: str = "") -> None:
        with self.assertRaises(ProofError, msg=what) as caught:
            action()
        self.assertEqual(caught.exception.reason, reason, what)

    def test_a_true_balance_is_proven_whatever_is_written_beside_the_proof(self) -> None:
        proof, _ = told("a balance")
        boast = {**teller("a balance"), "GetProof": lambda _: {**proof, "account": {"balance_micros": 999}}}
        for handlers in (teller("a balance"), boast):
            with servers(handlers) as (client, _):
                value, height, _ = client.balance(ACCOUNT)
                proven = TOLD["cases"][0]["proven"]["object"]["balance"]
                self.assertEqual((str(value.balance), height), (proven, 3))

    def test_every_tampered_proof_is_refused_for_its_reason(self) -> None:
        tampered = [case for case in TOLD["cases"] if case["reason"] not in (None, "MALFORMED")]
        self.assertGreater(len(tampered), 20)
        for case in tampered:
            with servers(teller(case["what"])) as (client, _):
                is_receipt = "receipt_proof" in told(case["what"])[0]
                ask = (lambda: client.receipt("00" * 32)) if is_receipt else (lambda: client.balance(ACCOUNT))
                self.refused(case["reason"], ask, case["what"])

    def test_a_truncated_proof_and_none_at_all_are_refused(self) -> None:
        whole = told("a balance")[0]["state_proof"]
        for cut in (whole[:-1], whole[:100], b""):
            with servers({"GetProof": lambda _: {"state_proof": cut}}) as (client, _):
                self.refused("MALFORMED", lambda: client.balance(ACCOUNT))

    def test_a_true_proof_of_something_else_is_refused(self) -> None:
        with servers(teller("a balance")) as (client, _):
            self.refused("OTHER_SUBJECT", lambda: client.balance(OTHER))
            self.refused("OTHER_SUBJECT", client.supply)
        with servers(teller("a receipt")) as (client, _):
            self.refused("OTHER_SUBJECT", lambda: client.receipt("11" * 32))

    def test_a_new_validator_set_is_followed_and_its_changes_cannot_be_withheld(self) -> None:
        with servers(teller("a balance under a later set")) as (client, _):
            client.balance(ACCOUNT)
            self.assertEqual(client.sets.newest.first, 7)
        proof, _ = told("a balance under a later set")
        with servers({"GetProof": lambda _: proof, "ListSetChanges": lambda _: {}}) as (client, _):
            self.refused("UNKNOWN_SET", lambda: client.balance(ACCOUNT))

    def test_a_liar_among_the_endpoints_is_passed_over_and_one_that_is_away_as_well(self) -> None:
        liars: tuple[Handlers, ...] = (teller("the balance altered"), teller("two of four signatures"), {})
        with servers(*liars, teller("a balance")) as (client, running):
            running[2].stop()
            self.assertEqual(client.balance(ACCOUNT).height, 3)

    def test_an_old_state_is_not_taken_for_the_present_one(self) -> None:
        lagging = teller("a balance")
        with servers(lagging, teller("a balance")) as (client, _):
            client.balance(ACCOUNT)
            lagging["GetProof"] = lambda _: told("a balance of another height")[0]
            self.assertEqual(client.balance(ACCOUNT).height, 3, "the other server is ahead")

    def test_a_payment_is_committed_when_its_receipt_is_proven(self) -> None:
        says: Handlers = {"WaitTx": lambda _: {"state": "TX_STATE_COMMITTED"}, "SubmitTx": lambda _: {}}
        with servers({**says, **teller("a receipt")}) as (client, _):
            fate = client.send(paid())
            assert fate.receipt is not None
            self.assertEqual((fate.state, fate.receipt.height), ("COMMITTED", 2))
        with servers({**says, **teller("the receipt altered")}) as (client, _):
            self.assertEqual(client.send(paid(), 0.3).state, "UNKNOWN")

    def test_a_payment_has_expired_when_its_senders_account_proves_it(self) -> None:
        expired: Handlers = {"WaitTx": lambda _: {"state": "TX_STATE_EXPIRED"}}
        # The vectors' header is of 1,700,000,000,004 ms, and the account has used the nonces 1 to 3.
        over, current = 1_700_000_000_004, 1_700_000_000_005
        for what, valid_until, nonce, state in (
            ("a balance", over, 4, "EXPIRED"),
            ("a balance", over, 400, "EXPIRED"),
            ("a balance", current, 4, "UNKNOWN"),
            ("a balance", over, 3, "UNKNOWN"),
            ("a balance", over, 0, "UNKNOWN"),
            ("a balance under a later set", over, 4, "UNKNOWN"),
            ("the balance altered", over, 4, "UNKNOWN"),
        ):
            with servers({**expired, **teller(what)}) as (client, _):
                fate = client.wait(payment(valid_until, nonce), 0.3)
                self.assertEqual(fate.state, state, (what, valid_until, nonce))

    def test_a_payment_is_replaced_when_anothers_receipt_proves_it(self) -> None:
        (case,) = [case for case in TOLD["cases"] if case["what"] == "a receipt"]
        receipt = case["proven"]["receipt"]
        nonce = int(receipt["nonce"])
        says: Handlers = {"WaitTx": lambda _: {"state": "TX_STATE_REPLACED", "replaced_by": receipt["tx"]}}
        unnamed: Handlers = {"WaitTx": lambda _: {"state": "TX_STATE_REPLACED"}}

        def sent(under: int) -> Signed:
            ops = (Transfer(OTHER, 2, None),)
            body = TxBody(TOLD["genesis_hash"], 7, receipt["sender"], under, LATER, None, None, ops)
            return sign(body, SecretKey(vectors("keys")[0]["secret"]))

        for said, what, under, state in (
            (says, "a receipt", nonce, "REPLACED"),
            (says, "a receipt", nonce + 1, "UNKNOWN"),
            (says, "the receipt altered", nonce, "UNKNOWN"),
            (unnamed, "a receipt", nonce, "UNKNOWN"),
        ):
            with servers({**said, **teller(what)}) as (client, _):
                fate = client.wait(sent(under), 0.3)
                self.assertEqual(fate.state, state, (what, under))
                if fate.state == "REPLACED":
                    assert fate.receipt is not None
                    self.assertEqual((fate.by, fate.receipt.tx), (receipt["tx"],) * 2)

    def test_after_any_refusal_the_next_payment_takes_the_same_nonce(self) -> None:
        for reason in ("TOO_FAR_AHEAD", "EXPIRED", "QUOTA_EXCEEDED", "BAD_SIGNATURE", "UNKNOWN_ACCOUNT", "BUSY"):
            handlers: Handlers = {**used(3), "SubmitTx": refuse(grpc.StatusCode.FAILED_PRECONDITION, reason, 2)}
            with servers(handlers) as (client, _):
                for _ in range(2):
                    tx = pay(client)
                    self.assertEqual(tx.body.nonce, 4, reason)
                    with self.assertRaises(RefusedError) as caught:
                        client.submit(tx)
                    self.assertEqual(caught.exception.retry_after, 2, reason)
                handlers["SubmitTx"] = lambda _: {}
                first, second = pay(client), pay(client)
                client.submit(second)
                client.submit(first)
                self.assertEqual([tx.body.nonce for tx in (first, second, pay(client))], [4, 5, 6])

    def test_what_is_not_known_to_be_refused_keeps_its_nonce(self) -> None:
        with servers({**used(3), "SubmitTx": refuse(grpc.StatusCode.UNAVAILABLE)}) as (client, _):
            with self.assertRaises(OutcomeUnknownError):
                client.submit(pay(client))
            self.assertEqual(pay(client).body.nonce, 5)

    def test_payments_that_are_built_or_refused_without_a_commit_stop_no_client(self) -> None:
        refuses = refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
        with servers({**used(3), "SubmitTx": refuses}) as (client, _):
            for _ in range(150):
                with self.assertRaises(RefusedError):
                    client.submit(pay(client))
            self.assertEqual([pay(client).body.nonce for _ in range(128)], list(range(4, 132)))
            self.assertRaisesRegex(RuntimeError, "all 128 nonces", pay, client)
        # What is never sent lapses with its validity.
        book, window = NonceBook(), Window(3, 7)
        self.assertEqual([book.next(window, 0, 100) for _ in range(128)], list(range(4, 132)))
        self.assertIsNone(book.next(window, 99, 200))
        self.assertEqual([book.next(window, 100, 200) for _ in range(128)], list(range(4, 132)))
        self.assertIsNone(book.next(window, 199, 300))

    def test_a_refused_payments_nonce_is_given_up_on_proof_alone(self) -> None:
        refuses: Handlers = {"SubmitTx": refuse(grpc.StatusCode.ALREADY_EXISTS, "NONCE_USED")}
        # The account has used the nonces 1 to 3, as the vectors prove; one server says that it is at 50.
        for nonce, high, why in ((4, 50, "it may still commit"), (3, 3, "it is proven to be used")):
            with servers({**teller("a balance"), **used(high), **refuses}) as (client, _):
                self.assertRaises(RefusedError, client.submit, payment(LATER, nonce))
                self.assertEqual(client.next_nonce(ACCOUNT), 4, why)

    def test_nothing_is_made_valid_for_a_whole_day_and_no_amount_is_a_bare_number(self) -> None:
        with servers(used(3)) as (client, _):
            now = int(time.time() * 1000)
            pay(client, valid_until=now + VALIDITY_MS_MAX - 1_000)
            for ahead in (VALIDITY_MS_MAX + 10_000, 86_400_000, 90_000_000):
                self.assertRaises(ValueError, pay, client, valid_until=now + ahead)

            def amount(*args: Any, **named: Any) -> int:
                (op,) = client.payment(KEY, PAYEE, *args, **named).body.ops
                assert isinstance(op, Transfer)
                return op.amount

            self.assertEqual(amount("12.50"), 12_500_000)
            self.assertEqual(amount(amount_micros=12_500_000), 12_500_000)
            bare: Any
            for bare in (12_500_000, 12.5, True, None, b"1", {}):
                self.assertRaises(TypeError, amount, bare)
                self.assertRaises(TypeError, amount, amount_micros=None if bare == 12_500_000 else str(bare))
            self.assertRaises(TypeError, amount)
            self.assertRaises(TypeError, amount, "1", amount_micros=1_000_000)
            for micros in (-1, 2**64):
                self.assertRaises(ValueError, amount, amount_micros=micros)
            for text in ("", "12,5", "1e3", "-1", "12.5000001"):
                self.assertRaises(ValueError, amount, text)

    def test_with_the_genesis_hash_alone_a_genesis_is_believed_that_has_it(self) -> None:
        def pieces(file: bytes) -> Handlers:
            def handler(asked: Any) -> Any:
                return {"piece": file[asked.offset : asked.offset + 1000], "total_bytes": len(file)}

            return {"GetGenesis": handler}

        file = bytes.fromhex(TOLD["genesis"])
        forged = file[:50] + bytes([file[50] ^ 1]) + file[51:]
        endless: Handlers = {"GetGenesis": lambda _: {"total_bytes": 9}}
        with servers(pieces(forged), endless, pieces(file)) as (_, running):
            urls = [server.url for server in running]
            with Client.connect(urls, TOLD["genesis_hash"]) as client:
                self.assertEqual(len(client.sets.newest.validators), 4)
            self.refused("WRONG_CHAIN", lambda: Client.connect(urls[:2], TOLD["genesis_hash"]))

    def test_one_validator_alone_cannot_refuse_a_payment(self) -> None:
        refuses: Handlers = {"SubmitTx": refuse(grpc.StatusCode.ALREADY_EXISTS, "NONCE_USED")}
        with servers(refuses, {"SubmitTx": lambda _: {}}, {}, {}) as (client, _):
            client.submit(payment(LATER))
        with servers(refuses, refuses) as (client, _):
            with self.assertRaises(RefusedError) as caught:
                client.submit(payment(LATER))
            self.assertEqual(caught.exception.reason, "NONCE_USED")

    def test_the_same_bytes_go_to_every_validator_until_one_takes_them(self) -> None:
        lost: Handlers = {"SubmitTx": refuse(grpc.StatusCode.UNAVAILABLE)}
        busy: Handlers = {"SubmitTx": refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY")}
        tx = payment(LATER)
        with servers(lost, busy, {"SubmitTx": lambda _: {}}) as (client, running):
            client.submit(tx)
            sent = [call.signed_tx for server in running for call in server.calls]
            self.assertEqual(sent, [tx.data] * 3)
        with servers(lost, busy) as (client, _):
            with self.assertRaises(OutcomeUnknownError) as caught:
                client.submit(tx)
            self.assertEqual(caught.exception.id, tx.id)

    def test_events_go_on_behind_the_last_cursor_at_another_validator(self) -> None:
        after: list[str] = []

        def frames(*all_frames: dict[str, Any]) -> Handlers:
            def handler(asked: Any) -> Any:
                after.append(asked.after)
                return all_frames

            return {"SubscribeEvents": handler}

        def event(cursor: str) -> dict[str, Any]:
            return {"cursor": cursor, "event": {"cursor": cursor, "name": "Transferred"}}

        heartbeat = {"cursor": "9", "heartbeat": {"height": 9}}
        first = frames(event("7/0/0"), event("7/0/1"))
        with servers(first, frames(event("8/0/0"), heartbeat)) as (client, _):
            stream = client.events(after="6")
            seen = [(frame.cursor, frame.event is not None) for frame in (next(stream) for _ in range(4))]
            stream.close()
        self.assertEqual(seen, [("7/0/0", True), ("7/0/1", True), ("8/0/0", True), ("9", False)])
        self.assertEqual(after, ["6", "7/0/1"])

    def test_a_cursor_is_kept_in_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cursor"
            self.assertIsNone(CursorFile(path).load())
            CursorFile(path).save("7/0/1")
            (Path(folder) / "cursor.new").write_text("half a wri")
            self.assertEqual(CursorFile(path).load(), "7/0/1")


if __name__ == "__main__":
    unittest.main()
