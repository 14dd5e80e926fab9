"""Trees of state and receipts (ST-20 to ST-22), and the chain of receipts roots (BL-33)."""

from blake3 import derive_key

ZERO = bytes(32)


def leaf(kind, data):
    return derive_key(f"ballast v1 {kind} leaf", data)


def root(kind, leaves):
    """`kind` is "state" or "receipt"; leaves are digests in order."""
    level = list(leaves)
    while len(level) > 1:
        if len(level) % 2:
            level.append(ZERO)
        level = [
            derive_key(f"ballast v1 {kind} node", left + right) if left != ZERO or right != ZERO else ZERO
            for left, right in zip(level[::2], level[1::2])
        ]
    count = len(leaves).to_bytes(8, "little")
    return derive_key(f"ballast v1 {kind} root", count + (level[0] if level else ZERO))


def chain(before, block):
    return derive_key("ballast v1 receipt chain", before + block)
