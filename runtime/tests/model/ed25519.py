"""Signature rule R (TX-10 to TX-14), from a reading of RFC 8032, with Python's big integers."""

import hashlib
from functools import lru_cache

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)
# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
ZERO = (0, 1, 1, 0)


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e = (y1 - x1) * (y2 - x2)
    h = (y1 + x1) * (y2 + x2)
    g, f = 2 * D * t1 * t2, 2 * z1 * z2
    e, f, g, h = (h - e) % P, (f - g) % P, (f + g) % P, (h + e) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(n, point):
    total = ZERO
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decompress(data):
    """The point, or None when the bytes are not canonical or off the curve."""
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _large_order(data):
    """A canonical point of the curve that is not one of the eight of small order, or None."""
    point = decompress(data)
    if point is None or equal(multiply(8, point), ZERO):
        return None
    return point


@lru_cache(maxsize=None)
def is_key(data):
    """TX-14: what a policy may hold."""
    return _large_order(data) is not None


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def public_key(seed):
    return compress(multiply(_secret(seed)[0], BASE))


def _secret(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & (1 << 254) - 8 | 1 << 254, digest[32:]


def _challenge(r, a, message):
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def sign(seed, message):
    scalar, prefix = _secret(seed)
    a = compress(multiply(scalar, BASE))
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    r = compress(multiply(nonce, BASE))
    return r + ((nonce + _challenge(r, a, message) * scalar) % L).to_bytes(32, "little")


def verify(key, message, signature):
    """Rule R."""
    r_bytes, s = signature[:32], int.from_bytes(signature[32:], "little")
    a, r = _large_order(key), _large_order(r_bytes)
    if a is None or r is None or s >= L:
        return False
    k = _challenge(r_bytes, key, message)
    left = multiply(8 * s, BASE)
    right = add(multiply(8, r), multiply(8 * k, a))
    return equal(left, right)
