"""Trees of state and receipts (ST-20 to ST-22), and the chain of receipts roots (BL-33)."""

from functools import lru_cache

from blake3 import derive_key

ZERO = bytes(32)


# Most of a tree is as it was when its root was asked for the last time.
@lru_cache(maxsize=1 << 16)
def leaf(kind, data):
    return derive_key(f"ballast v1 {kind} leaf", data)


@lru_cache(maxsize=1 << 16)
def _node(kind, left, right):
    return derive_key(f"ballast v1 {kind} node", left + right) if left != ZERO or right != ZERO else ZERO


def root(kind, leaves):
    """`kind` is "state" or "receipt"; leaves are digests in order."""
    level = list(leaves)
    while len(level) > 1:
        if len(level) % 2:
            level.append(ZERO)
        level = [_node(kind, left, right) for left, right in zip(level[::2], level[1::2])]
    count = len(leaves).to_bytes(8, "little")
    return derive_key(f"ballast v1 {kind} root", count + (level[0] if level else ZERO))


def chain(before, block):
    return derive_key("ballast v1 receipt chain", before + block)
