"""A wallet on a network of real validators: BALLAST_TESTNET names a file with what `ballast testnet env`
prints. `sdk/test.sh` starts one."""

import json
import os
import tempfile
import time
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

from ballast_sdk import (
    Client, CursorFile, Fate, ProofError, RefusedError, SecretKey, address_of, parse_dollars, sign, threshold,
)
from ballast_sdk.events import Receipt, Transferred
from ballast_sdk.kinds import ReportStatus
from ballast_sdk.operations import CancelAuth, KeyPolicy, RegisterAccount, Single, Transfer

from vectors import vectors

FILE = os.environ.get("BALLAST_TESTNET")


@unittest.skipUnless(FILE, "BALLAST_TESTNET is not set")
class Live(unittest.TestCase):
    def committed(self, fate: Fate) -> Receipt:
        self.assertEqual(fate.state, "COMMITTED", fate)
        assert fate.receipt is not None
        return fate.receipt

    def test_a_wallets_life(self) -> None:
        env = json.loads(Path(FILE or "").read_text())
        live = [validator["grpc"] for validator in env["validators"]]
        genesis = Path(env["genesis_file"]).read_bytes()
        # One that nobody listens at, in front: a wallet must not notice.
        with Client(["http://127.0.0.1:1", *live], genesis, env["genesis_hash"]) as client:
            self.wallet_life(client, env)
        with Client.connect(live, env["genesis_hash"]) as by_hash:
            self.assertEqual(by_hash.report(1).value.status, ReportStatus.EFFECTIVE)
        with Client(live, bytes.fromhex(vectors("proofs")["genesis"])) as stranger:
            with self.assertRaises(ProofError) as caught:
                stranger.supply()
            self.assertEqual(caught.exception.reason, "WRONG_CHAIN")

    def wallet_life(self, client: Client, env: Any) -> None:
        secrets = {each["name"]: each["secret"] for each in env["accounts"] + env["roles"]}
        shop = env["accounts"][7]["address"]
        start = client.supply().height

        # Two accounts, registered: one of a key, one of two keys out of three.
        mine, other, third = keys = [SecretKey.generate() for _ in range(3)]
        policies: list[KeyPolicy] = [Single(mine.public), threshold(2, (key.public for key in keys))]
        wallet, vault = map(address_of, policies)
        registrar = SecretKey(secrets["dev:registrar"])
        tomorrow = int(time.time() * 1000) + 86_400_000
        register = [RegisterAccount(policy, 0, tomorrow, 0, False) for policy in policies]
        self.committed(client.send(sign(client.build(address_of(registrar.public), *register), registrar)))

        # Funded, then a payment, the same bytes sent twice.
        faucet = SecretKey(secrets["dev:8"])
        self.committed(client.send(client.payment(faucet, client.show_address(wallet), "20.00")))
        payment = client.payment(mine, shop, "12.50", memo="INV-17")
        receipt = self.committed(client.send(payment))
        self.assertEqual(client.send(payment), Fate("COMMITTED", receipt))
        value, height, _ = client.balance(wallet, at_least=receipt.height)
        self.assertEqual(value.balance, parse_dollars("7.50"))
        self.assertGreaterEqual(height, receipt.height)

        # More than there is: on chain, without effect, and the reason is proven.
        more = client.payment(mine, shop, "7.500001")
        self.assertEqual(client.simulate(more.body).failure.reason, "INSUFFICIENT_AVAILABLE")
        too_much = client.send(more)
        self.assertEqual((too_much.state, too_much.code), ("FAILED", "INSUFFICIENT_AVAILABLE"))

        # One that nobody was sent, whose time is over: proven by the account of its sender.
        body = client.build(wallet, CancelAuth("00" * 32, 2**64 - 1), valid_until=int(time.time() * 1000))
        self.assertEqual(client.wait(sign(body, mine)), Fate("EXPIRED"))

        # Two under one nonce: the one that comes second is replaced, and the first one's receipt proves it.
        winner = client.payment(mine, shop, amount_micros=1)
        loser = client.payment(mine, shop, "0.000002", nonce=winner.body.nonce)
        won = self.committed(client.send(winner))
        with self.assertRaises(RefusedError) as caught:
            client.submit(loser)
        self.assertEqual((caught.exception.reason, caught.exception.metadata["used_by"]), ("NONCE_USED", winner.id))
        self.assertEqual(client.wait(loser), Fate("REPLACED", won, by=winner.id))

        # Too early by two seconds: refused for now, and the next one takes its nonce.
        early = replace(client.payment(mine, shop, "0.000001").body, valid_until=int(time.time() * 1000) + 86_402_000)
        with self.assertRaises(RefusedError) as caught:
            client.submit(sign(early, mine))
        self.assertEqual(caught.exception.reason, "TOO_FAR_AHEAD")
        assert caught.exception.retry_after is not None
        self.assertTrue(0 < caught.exception.retry_after <= 10)
        again = client.payment(mine, shop, "0.000001")
        self.assertEqual(again.body.nonce, early.nonce)
        self.committed(client.send(again))

        # Two of three keys.
        self.committed(client.send(client.payment(mine, client.show_address(vault), "5")))
        back = client.build(vault, Transfer(wallet, 1, None))
        self.committed(client.send(sign(back, third, other)))

        with tempfile.TemporaryDirectory() as folder:
            self.replay(client, wallet, start, CursorFile(Path(folder) / "cursor"))

    def replay(self, client: Client, wallet: str, start: int, cursors: CursorFile) -> None:
        """The wallet's events: half of them, then, as after a restart, the rest from the cursor that was kept."""
        cursors.save(str(start))
        seen: list[int] = []
        for count in (2, 6):
            stream = client.events(cursors.load(), [client.show_address(wallet)], ["Transferred"])
            while len(seen) < count:
                cursor, event = next(stream)
                cursors.save(cursor)
                if event is None:
                    continue
                proven = client.receipt(event.tx_id).value.events[event.event_index]
                assert isinstance(proven, Transferred)
                seen.append(-proven.amount if proven.from_ == wallet else proven.amount)
            stream.close()
        self.assertEqual(seen, [20_000_000, -12_500_000, -1, -1, -5_000_000, 1])


if __name__ == "__main__":
    unittest.main()
