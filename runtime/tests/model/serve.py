"""Answers the differential test over pipes: see tests/differential/oracle.rs.

Every message is a `u32` length and borsh bytes of Request or Answer. A fault prints its traceback
and ends the process.
"""

import sys

import state
import trees
import view
import wire
from model import Model

wire.KINDS.known["Block"] = wire.KINDS.fields(
    "height, time: u64, txs: Vec<Vec<u8>>, parent_round: u32, returns: Vec<PublicKey>,"
    " evidence: Vec<Evidence>"
)
wire.KINDS.known["Dropped"] = wire.KINDS.fields("index: u32, code: u8")
wire.KINDS.known["Results"] = wire.KINDS.fields("receipts: Vec<Vec<u8>>, dropped: Vec<Dropped>")
wire.KINDS.known["Seen"] = wire.KINDS.fields("operation, outcome: String, count: u64")
# A genesis begins a world; without one the blocks go on. The answer has the state after
# them: to be read, and as the digests of its leaves with their root.
wire.KINDS.known["Request"] = wire.KINDS.fields("genesis: Option<Vec<u8>>, blocks: Vec<Block>")
wire.KINDS.known["Answer"] = wire.KINDS.fields(
    "results: Vec<Results>, state: Vec<String>, leaves: Vec<Hash>, root: Hash, seen: Vec<Seen>"
)


def read(stream):
    """The next message, or None at the end."""
    length = stream.read(4)
    return stream.read(int.from_bytes(length, "little")) if len(length) == 4 else None


def answer(model, blocks):
    results = []
    for block in blocks:
        names = ("height", "time", "txs", "parent_round", "returns", "evidence")
        told = [block[name] for name in names]
        receipts, dropped = model.block(*told)
        told = [{"index": index, "code": code} for index, code in dropped]
        encoded = [wire.encode("Receipt", receipt) for receipt in receipts]
        results.append({"receipts": encoded, "dropped": told})
    seen = [
        {"operation": operation, "outcome": outcome, "count": count}
        for (operation, outcome), count in sorted(model.seen.items())
    ]
    model.seen.clear()
    leaves = state.digests(model.tables)
    told = {"state": view.lines(model.tables, model.now), "leaves": leaves}
    told["root"] = trees.root("state", leaves)
    return wire.encode("Answer", {"results": results, "seen": seen, **told})


def main():
    model = None
    while (message := read(sys.stdin.buffer)) is not None:
        request = wire.decode("Request", message)
        if request["genesis"] is not None:
            model = Model(request["genesis"])
        encoded = answer(model, request["blocks"])
        sys.stdout.buffer.write(len(encoded).to_bytes(4, "little") + encoded)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
