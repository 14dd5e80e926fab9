"""Everything that docs/spec/vectors holds."""

import re
import unittest
from typing import Any, Callable

import blake3

from ballast_sdk import (
    Payment, ProofError, SecretKey, SetHistory, address_of, block_id, decode_transaction, format_dollars,
    parse_address, parse_dollars, policy_problem, set_digest, show_address, sign, signatures_hold, signed_bytes,
    statement_bytes, threshold, transaction_id, travel_data, verify, verify_header, verify_proof_file,
)
from ballast_sdk.blocks import CertifiedHeader, SetChange
from ballast_sdk.borsh import CodecError, decode, encode
from ballast_sdk.codes import CODES
from ballast_sdk.digest import digest, tag
from ballast_sdk.events import Receipt
from ballast_sdk.kinds import Network
from ballast_sdk.operations import KeyPolicy, PayAuth, PayAuthBody, Permit, PermitBody, Threshold, Transfer, TxBody
from ballast_sdk.proof import ValidatorSet
from ballast_sdk.state import Leaf
from ballast_sdk.transaction import ChainId

from vectors import alike, plain, spec_page, vectors

unhex = bytes.fromhex
NETWORKS = ((Network.MAIN, "bal"), (Network.TEST, "tbal"), (Network.DEV, "dbal"))


def reason_of(action: Callable[[], object]) -> str | None:
    try:
        action()
    except ProofError as error:
        return error.reason
    return None


class Vectors(unittest.TestCase):
    def round_trip(self, kind: Any, data: str, expected: Any) -> Any:
        """Decodes, compares with the fields of the vector, and encodes again."""
        value = decode(kind, unhex(data))
        self.assertTrue(alike(plain(value), expected), f"{plain(value)}\n{expected}")
        self.assertEqual(encode(kind, value).hex(), data)
        return value

    def test_digests_and_tags(self) -> None:
        told = vectors("digests")
        self.assertEqual(len(told["digests"]), 22)
        for each in told["digests"]:
            purpose = each["context"].removeprefix("ballast v1 ")
            self.assertEqual(digest(purpose, unhex(each["input"])), each["digest"])
        for each in told["tags"]:
            self.assertEqual(tag(each["tag"].removeprefix("BALLAST1-")).hex(), each["bytes"])
        self.assertEqual(blake3.blake3(b"").hexdigest()[:8], "af1349b9")

    def test_codes_are_those_of_the_specification(self) -> None:
        rows = re.findall(r"^\| (\d+) \| (\w+) \|", spec_page("codes.md"), re.MULTILINE)
        self.assertEqual(CODES, {int(number): name for number, name in rows})

    def test_keys_and_their_signatures(self) -> None:
        for each in vectors("keys"):
            key, message = SecretKey(each["secret"]), unhex(each["message"])
            self.assertEqual((key.public, key.sign(message)), (each["public"], each["signature"]))
            self.assertTrue(verify(key.public, message, each["signature"]))
            self.assertNotIn(each["secret"], repr(key))

    def test_signatures_on_the_edges_of_rule_r(self) -> None:
        for each in vectors("signatures"):
            answer = verify(each["public"], unhex(each["message"]), each["signature"])
            self.assertEqual(answer, each["accepted"], each["what"])

    def test_addresses(self) -> None:
        told = vectors("addresses")
        for each in told["good"]:
            policy = self.round_trip(KeyPolicy, each["bytes"], each["policy"])
            self.assertIsNone(policy_problem(policy))
            self.assertEqual(address_of(policy), each["address"])
            for network, prefix in NETWORKS:
                self.assertEqual(show_address(each["address"], network), each[prefix])
                self.assertEqual(parse_address(each[prefix], network), each["address"])
                with self.assertRaises(ValueError):
                    parse_address(each[prefix], Network.MAIN if prefix == "dbal" else Network.DEV)
            if isinstance(policy, Threshold):
                self.assertEqual(threshold(policy.k, reversed(policy.keys)), policy)
        self.assertEqual(parse_address(told["upper_case"], Network.DEV), told["good"][0]["address"])
        for each in told["bad_texts"]:
            for network, _ in NETWORKS:
                with self.assertRaises(ValueError, msg=each["what"]):
                    parse_address(each["text"], network)

    def test_policies_that_are_refused(self) -> None:
        def problem(data: bytes) -> object:
            try:
                return policy_problem(decode(KeyPolicy, data))
            except CodecError as error:
                return error

        for each in vectors("addresses")["bad_policies"]:
            self.assertIsNotNone(problem(unhex(each["bytes"])), each["what"])

    def test_amounts(self) -> None:
        told = vectors("amounts")
        for each in told["good"]:
            self.assertEqual(parse_dollars(each["text"]), int(each["micros"]))
        for text in told["bad"]:
            with self.assertRaises(ValueError, msg=text):
                parse_dollars(text)
        for each in told["written"]:
            self.assertEqual(format_dollars(int(each["micros"])), each["text"])
            # Differences, which no amount is, read the same with a sign.
            if each["micros"] != "0":
                self.assertEqual(format_dollars(-int(each["micros"])), f"-{each['text']}")
        for bare in (12_500_000, 12.5, None):
            self.assertRaises(TypeError, parse_dollars, bare)
        self.assertRaises(TypeError, format_dollars, 12.5)

    def test_every_operation_is_encoded_signed_and_decoded(self) -> None:
        for each in vectors("transactions")["good"]:
            with self.subTest(each["name"]):
                body = decode_transaction(unhex(each["bytes"])).body
                self.assertTrue(alike(plain(body), each["body"]), plain(body))
                self.assertEqual(signed_bytes(body).hex(), each["signed_bytes"])
                self.assertEqual(transaction_id(body), each["id"])
                signed = sign(body, *(SecretKey(secret) for secret in each["secrets"]))
                self.assertEqual(signed.data.hex(), each["bytes"])
                self.assertTrue(signatures_hold(decode_transaction(signed.data)))
                for part in each["inside"]:
                    for witness in part["witnesses"]:
                        self.assertTrue(verify(witness["key"], unhex(part["signed_bytes"]), witness["signature"]))

    def test_what_is_no_transaction(self) -> None:
        for each in vectors("transactions")["bad"]:
            with self.assertRaises(CodecError, msg=each["reason"]):
                decode_transaction(unhex(each["bytes"]))

    def test_what_is_signed_inside_operations(self) -> None:
        good = vectors("transactions")["good"]

        def named(name: str, at: int = 0) -> tuple[TxBody, Any]:
            each = [each for each in good if each["name"] == name][at]
            return decode_transaction(unhex(each["bytes"])).body, each["inside"][0]

        body, inside = named("Permit")
        chain = ChainId(body.genesis, body.chain_id)
        assert isinstance(body.ops[0], Permit)
        self.assertEqual(statement_bytes("PERMIT", chain, PermitBody, body.ops[0].body).hex(), inside["signed_bytes"])
        body, inside = named("PayAuth")
        assert isinstance(body.ops[0], PayAuth)
        self.assertEqual(statement_bytes("PAYAUTH", chain, PayAuthBody, body.ops[0].body).hex(), inside["signed_bytes"])
        body, inside = named("Transfer", 1)
        op = body.ops[0]
        assert isinstance(op, Transfer) and op.travel is not None
        payment, about = Payment(body.sender, op.to, op.amount), op.travel
        key = SecretKey(vectors("keys")[0]["secret"])
        ours = travel_data(chain, payment, key, data=about.data, nonce=about.nonce, expires=about.expires)
        self.assertTrue(verify(key.public, unhex(inside["signed_bytes"]), ours.witness.signature))

    def test_receipts(self) -> None:
        for block in vectors("receipts"):
            for each in block["receipts"]:
                self.round_trip(Receipt, each["bytes"], each["receipt"])

    def test_objects_of_the_state(self) -> None:
        for each in vectors("objects")["leaves"]:
            self.round_trip(Leaf, each["bytes"], {"key": each["key"], "object": each["object"]})

    def test_certificates(self) -> None:
        for each in vectors("certificates"):
            validators = decode(ValidatorSet, unhex(each["set"]))
            anchor = decode(CertifiedHeader, unhex(each["certified_header"]))
            self.assertEqual(set_digest(validators), each["set_digest"])
            self.assertEqual(block_id(anchor.header), each["block_id"])
            reason = reason_of(lambda: verify_header(anchor, each["genesis_hash"], validators))
            self.assertEqual(reason, each["reason"], each["what"])

    def test_changes_of_the_validator_set(self) -> None:
        told = vectors("sets")
        for each in told["cases"]:

            def follow() -> None:
                sets = SetHistory(told["genesis_hash"], decode(ValidatorSet, unhex(told["first_set"])))
                for change in each["changes"]:
                    sets.extend(decode(SetChange, unhex(change)))
                sets.verify(decode(CertifiedHeader, unhex(each["certified_header"])))

            self.assertEqual(reason_of(follow), each["reason"], each["what"])

    def test_proofs_from_the_genesis_file_alone(self) -> None:
        told = vectors("proofs")
        genesis = unhex(told["genesis"])
        other = reason_of(lambda: SetHistory.from_genesis(genesis, "00" * 32))
        self.assertEqual(other, "WRONG_CHAIN")
        for each in told["cases"]:
            with self.subTest(each["what"]):
                file = unhex(each["proof_file"])
                reason = reason_of(lambda: verify_proof_file(file, genesis, told["genesis_hash"]))
                self.assertEqual(reason, each["reason"])
                if reason is None:
                    subject = plain(verify_proof_file(file, genesis).subject)
                    expected = each["proven"].get("receipt", each["proven"])
                    self.assertTrue(alike(subject, expected), subject)

    def test_a_proof_with_any_one_bit_changed_proves_nothing(self) -> None:
        told = vectors("proofs")
        good, genesis = unhex(told["cases"][0]["proof_file"]), unhex(told["genesis"])
        for at in range(0, len(good), 7):
            changed = bytearray(good)
            changed[at] ^= 1 << at % 8
            self.assertIsNotNone(reason_of(lambda: verify_proof_file(bytes(changed), genesis)), f"byte {at}")


if __name__ == "__main__":
    unittest.main()
