"""Recomputes the golden vectors (runtime/tests/golden) and those of signature rule R, without any of
the code that wrote them. Prints what differs and how much was checked; exits with 1 on a difference.
"""

import pathlib
import sys

import blake3
import bounds
import ed25519
import state
import trees
import wire
from codes import NUMBERS
from model import Model

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
RULE = HERE.parents[1] / "primitives" / "tests" / "golden" / "signature_rule.txt"

NAMES = {number: name for name, number in NUMBERS.items()}

problems = []
checked = 0


def check(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        problems.append(f"{what}: {found} is not {expected}")


def lines(name):
    """(what, value) of each line of a golden file."""
    for line in (GOLDEN / name).read_text(encoding="utf-8").splitlines():
        what, _, value = line.partition(" = ")
        yield what, value


# ---- BLAKE3 ----

# The published vectors of the BLAKE3 project: length of the input 0, 1, 2, … mod 251, and the digest.
PUBLISHED = {
    0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
    1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
    1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
    8193: "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b",
}


def check_blake3():
    for size, digest in PUBLISHED.items():
        data = bytes(n % 251 for n in range(size))
        check(f"BLAKE3 of {size} bytes", blake3.plain(data).hex(), digest)


# ---- domains.txt ----


def check_domains():
    context = None
    for what, value in lines("domains.txt"):
        if what.startswith("tag "):
            check(what, len(value), 32)
        elif what.endswith(' of "ballast"'):
            check(what, blake3.derive_key(context, b"ballast").hex(), value)
        else:
            context = value


# ---- addresses.txt ----

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIXES = {"mainnet": "bal", "testnet": "tbal", "devnet": "dbal"}


def _polymod(values):
    total = 1
    for value in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for bit, number in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            total ^= number if top >> bit & 1 else 0
    return total


def bech32m(prefix, data):
    """BIP 350."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    sum_ = _polymod(expanded + words + [0] * 6) ^ 0x2BC830A3
    words += [sum_ >> 5 * (5 - at) & 31 for at in range(6)]
    return prefix + "1" + "".join(LETTERS[word] for word in words)


def dev_seed(seed, label):
    named = len(seed).to_bytes(8, "little") + seed.encode() + label.encode()
    return blake3.derive_key("ballast v1 dev key", named)


def _dev_address(seed, label):
    key = ed25519.public_key(dev_seed(seed, label))
    return bech32m("dbal", wire.address_of({"type": "Single", "key": key}))


def check_addresses():
    policy = None
    for what, value in lines("addresses.txt"):
        if what.startswith("dev seed "):
            check(what, dev_seed("golden", what.split()[-1]).hex(), value)
        elif what.startswith("public key "):
            check(what, ed25519.public_key(dev_seed("golden", what.split()[-1])).hex(), value)
        elif what.startswith("signature "):
            seed = dev_seed("golden", what.split()[1])
            check(what, ed25519.sign(seed, b"ballast").hex(), value)
            check(what, ed25519.verify(ed25519.public_key(seed), b"ballast", bytes.fromhex(value)), True)
        elif what.startswith("policy "):
            policy = wire.decode("KeyPolicy", bytes.fromhex(value))
        elif what.startswith("address "):
            prefix = PREFIXES[what.split()[-1]]
            check(what, bech32m(prefix, wire.address_of(policy)), value)
        elif what.startswith("holder of "):
            check(what, _dev_address("golden", "role " + what[len("holder of ") :]), value)
        elif what.startswith("account "):
            check(what, _dev_address("golden", "account " + what.split()[-1]), value)


# ---- codes.txt ----


def check_codes():
    numbers = {}
    for what, value in lines("codes.txt"):
        kind, _, number = what.rpartition(" ")
        number = int(number)
        if kind == "":
            numbers[value] = number
        elif kind == "op":
            check(what, wire.OPERATIONS[number][0], value)
        elif kind == "council op":
            check(what, wire.COUNCIL_OPERATIONS[number][0], value)
        elif kind.capitalize() in wire.ENUMERATIONS or kind in wire.ENUMERATIONS:
            names = wire.ENUMERATIONS.get(kind) or wire.ENUMERATIONS[kind.capitalize()]
            check(what, names[number], value)
    check("codes", numbers, NUMBERS)


# ---- transactions.txt ----


def check_transactions():
    signed = None
    for what, value in lines("transactions.txt"):
        data = bytes.fromhex(value)
        if what.endswith(": signed bytes"):
            signed = data
        elif what.endswith(": id"):
            check(what, blake3.derive_key("ballast v1 transaction id", signed).hex(), value)
        else:
            tx = bounds.decode(data)
            check(what, wire.encode("SignedTx", tx).hex(), value)
            check(what, wire.signed_bytes(tx["body"]), signed)
            _check_signatures(what, tx, signed)


def _check_signatures(what, tx, signed):
    for message, witnesses in [(signed, tx["witnesses"])] + wire.embedded(tx["body"]):
        for witness in witnesses:
            good = ed25519.verify(witness["key"], message, witness["signature"])
            check(f"{what}: signature of {witness['key'].hex()}", good, True)


# ---- consensus.txt ----


def check_consensus():
    header = None
    for what, value in lines("consensus.txt"):
        number = what.split()[-1]
        if what == "header":
            header = bytes.fromhex(value)
            check(what, wire.encode("Header", wire.decode("Header", header)).hex(), value)
        elif what == "payload of one batch":
            batch = {"digest": b"\6" * 32, "bytes": 7, "txs": 8, "signatures": 9}
            payload = wire.digest_of("block payload", "Payload", {"batches": [batch], "returns": [], "evidence": []})
            check(what, payload.hex(), value)
        elif what.startswith(("Prevote", "Precommit")):
            kind, _, target = what.partition(" for ")
            block = b"\x0c" * 32 if target == "a block" else None
            vote = {"kind": kind, "height": 13, "round": 14, "block": block}
            check(what, wire.signed_vote(b"\1" * 32, vote).hex(), value)
        elif what == "certificate":
            certificate = wire.decode("Certificate", bytes.fromhex(value))
            check(what, wire.encode("Certificate", certificate).hex(), value)
            _check_certificate(certificate, header)
        elif what == "header id":
            check(what, blake3.derive_key("ballast v1 block header", header).hex(), value)
        elif what == "validators":
            committee = wire.decode("Vec<Validator>", bytes.fromhex(value))
        elif what == "validators' digest":
            check(what, wire.digest_of("validator set", "Vec<Validator>", committee).hex(), value)
        elif what == "chained receipts":
            check(what, trees.chain(b"\1" * 32, b"\2" * 32).hex(), value)
        elif " root of " in what:
            kind = "state" if what.startswith("state") else "receipt"
            leaves = [trees.leaf(kind, bytes([n])) for n in range(int(number))]
            check(what, trees.root(kind, leaves).hex(), value)


def _check_certificate(certificate, header):
    """CO-6: of this header, and every signature good."""
    block = blake3.derive_key("ballast v1 block header", header)
    check("certificate, block", certificate["block"], block)
    fields = {name: certificate[name] for name in ("height", "round", "block")}
    message = wire.signed_vote(wire.decode("Header", header)["genesis"], {"kind": "Precommit", **fields})
    keys = [entry["validator"] for entry in certificate["signatures"]]
    check("certificate, order", keys, sorted(set(keys)))
    for entry in certificate["signatures"]:
        good = ed25519.verify(entry["validator"], message, entry["signature"])
        check(f"certificate, signature of {entry['validator'].hex()}", good, True)


# ---- chain.txt ----


class Chain:
    """The chain once more, by the model. A block is executed when its first result is looked at."""

    def __init__(self, genesis):
        self.model = Model(genesis)
        self.height, self.time, self.txs = 0, None, []
        self.receipts, self.dropped = [], []

    def begin(self, height, time):
        self.height, self.time, self.txs = height, time, []

    def execute(self):
        if self.time is not None:
            self.receipts, dropped = self.model.block(self.height, self.time, self.txs)
            self.dropped, self.time = dict(dropped), None

    def receipt(self, number):
        return wire.encode("Receipt", self.receipts[number])

    def receipts_root(self):
        all_of_them = [self.receipt(number) for number in range(len(self.receipts))]
        return trees.root("receipt", [trees.leaf("receipt", data) for data in all_of_them])


def check_chain():
    """Each transaction is executed by the model; nothing that came of it is taken from the file."""
    chain, sent, results, slots = None, 0, 0, 0
    for what, value in lines("chain.txt"):
        kind, _, place = what.rpartition(" ")
        number = place.partition(".")[2]
        if what == "genesis":
            genesis = bytes.fromhex(value)
            check(what, wire.encode("Genesis", wire.decode("Genesis", genesis)).hex(), value)
            chain = Chain(genesis)
        elif what == "genesis hash":
            check(what, chain.model.identity["genesis"].hex(), value)
        elif kind == "time":
            chain.begin(int(place), int(value))
        elif kind == "transaction":
            chain.txs.append(bytes.fromhex(value))
            sent += 1
        elif kind == "leaf":
            slots += 1
            check(what, state.leaves(chain.model.tables)[int(place)].hex(), value)
        else:
            chain.execute()
            found = {
                "receipt": lambda: chain.receipt(int(number)).hex(),
                "dropped": lambda: NAMES[chain.dropped[int(number)]],
                "receipts root": lambda: chain.receipts_root().hex(),
                "state root": lambda: state.root(chain.model.tables).hex(),
            }[kind]
            check(what, found(), value)
            results += kind in ("receipt", "dropped")
    check("results of all transactions", results, sent)
    check("leaves of the whole state", slots, len(list(filter(None, chain.model.tables.slots))))


# ---- signature_rule.txt ----


def check_rule():
    for line in RULE.read_text(encoding="utf-8").splitlines():
        expected, key, signature, message, what = line.split(" ", 4)
        message = b"" if message == "-" else bytes.fromhex(message)
        good = ed25519.verify(bytes.fromhex(key), message, bytes.fromhex(signature))
        check(f"rule R, {what}", "accept" if good else "refuse", expected)


def main():
    for part in (
        check_blake3,
        check_domains,
        check_addresses,
        check_codes,
        check_transactions,
        check_consensus,
        check_chain,
        check_rule,
    ):
        before = checked
        part()
        print(f"{part.__name__}: {checked - before} checks")
    print("\n".join(problems) or "all equal")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
