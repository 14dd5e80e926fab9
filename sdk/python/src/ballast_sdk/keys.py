"""Keys, signing, and rule R, under which Ballast accepts a signature (TX-10 to TX-14)."""

import hashlib
import secrets
from typing import Iterable

from nacl import bindings
from nacl.exceptions import CryptoError, RuntimeError as NaclError
from nacl.signing import SigningKey

from .operations import KeyPolicy, Single, Threshold

FIELD_PRIME = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
_IDENTITY = (1).to_bytes(32, "little")
_Y_BITS = 2**255 - 1
# The y-coordinates of the eight points of small order.
_SMALL_ORDER_Y = {
    0,
    1,
    FIELD_PRIME - 1,
    *(
        int.from_bytes(bytes.fromhex(text), "little")
        for text in (
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        )
    ),
}


class SecretKey:
    """An ed25519 secret key. Its `repr` shows the public key only."""

    def __init__(self, seed: bytes | str) -> None:
        self._key = SigningKey(bytes.fromhex(seed) if isinstance(seed, str) else seed)
        self.public: str = bytes(self._key.verify_key).hex()

    @classmethod
    def generate(cls) -> "SecretKey":
        return cls(secrets.token_bytes(32))

    def sign(self, message: bytes) -> str:
        return self._key.sign(message).signature.hex()

    def expose(self) -> bytes:
        """The 32 secret bytes, for a keystore to encrypt."""
        return bytes(self._key)

    def __repr__(self) -> str:
        return f"SecretKey of {self.public}"


def _encoding_is_acceptable(point: bytes) -> bool:
    """TX-10: below the field prime, and of no small order."""
    y = int.from_bytes(point, "little") & _Y_BITS
    return y < FIELD_PRIME and y not in _SMALL_ORDER_Y


def _times_eight(point: bytes) -> bytes:
    """Fails for what is no point of the curve."""
    for _ in range(3):
        point = bindings.crypto_core_ed25519_add(point, point)
    return point


def verify(public: str, message: bytes, signature: str) -> bool:
    """Verifies a signature under rule R.

    libsodium's own verification has no cofactor, so the equation is put together from its points:
    all are multiplied by eight first, after which they are in the group of prime order.
    """
    key, both = bytes.fromhex(public), bytes.fromhex(signature)
    if len(key) != 32 or len(both) != 64:
        return False
    r, s = both[:32], int.from_bytes(both[32:], "little")
    if not (_encoding_is_acceptable(key) and _encoding_is_acceptable(r) and s < GROUP_ORDER):
        return False
    hashed = hashlib.sha512(r + key + message).digest()
    k = int.from_bytes(hashed, "little") % GROUP_ORDER
    try:
        right = _times_eight(r)
        if k:
            times_k = bindings.crypto_scalarmult_ed25519_noclamp(_scalar(k), _times_eight(key))
            right = bindings.crypto_core_ed25519_add(right, times_k)
        left = bindings.crypto_scalarmult_ed25519_base_noclamp(_scalar(8 * s)) if s else _IDENTITY
    except (CryptoError, NaclError):
        return False
    return left == right


def _scalar(value: int) -> bytes:
    return (value % GROUP_ORDER).to_bytes(32, "little")


def is_public_key(public: str) -> bool:
    """Whether a key may be registered: an acceptable encoding of a point on the curve."""
    point = bytes.fromhex(public)
    try:
        _times_eight(point)
    except (CryptoError, NaclError):
        return False
    return _encoding_is_acceptable(point)


def threshold(k: int, keys: Iterable[str]) -> KeyPolicy:
    """A policy of `k` of the keys, in any order."""
    policy = Threshold(k, tuple(sorted(keys)))
    problem = policy_problem(policy)
    if problem is not None:
        raise ValueError(problem)
    return policy


def policy_problem(policy: KeyPolicy) -> str | None:
    """What is wrong with a policy (TX-14)."""
    if isinstance(policy, Single):
        keys: tuple[str, ...] = (policy.key,)
    else:
        keys = policy.keys
        if not 1 <= len(keys) <= 16:
            return "a threshold policy holds 1 to 16 keys"
        if any(a >= b for a, b in zip(keys, keys[1:])):
            return "the keys must be strictly ascending"
        if not 1 <= policy.k <= len(keys):
            return "the threshold must be between 1 and the number of keys"
    if all(is_public_key(key) for key in keys):
        return None
    return "a key is not a canonical ed25519 point of large order"
