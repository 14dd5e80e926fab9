"""Digests, each under its purpose: BLAKE3 `derive_key` (BY-10). And what signatures begin with (BY-20)."""

import blake3


def digest(purpose: str, *parts: bytes | str) -> str:
    """The digest of the parts one after the other; hex among them stands for its bytes."""
    hasher = blake3.blake3(derive_key_context=f"ballast v1 {purpose}")
    for part in parts:
        hasher.update(bytes.fromhex(part) if isinstance(part, str) else part)
    return hasher.hexdigest()


def tag(purpose: str) -> bytes:
    """`TX`, `PERMIT`, `PAYAUTH`, `TRAVEL`, `REPORT`, `COUNCIL` or `VOTE`, filled up to 16 bytes."""
    return f"BALLAST1-{purpose}".encode().ljust(16, b"\0")
