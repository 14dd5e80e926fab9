#!/usr/bin/env python3
"""Writes signature_rule.txt: edge cases of signature rule R, from a plain reading of RFC 8032
that shares no code with the crates under test. Run: python3 signature_rule.py > signature_rule.txt

Each line: accept|refuse, key, signature, message (hex, "-" when empty), what it shows.
"""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)
ZERO = (0, 1)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
    return (x, y)


def mul(n, a):
    total = ZERO
    while n:
        if n & 1:
            total = add(total, a)
        a, n = add(a, a), n >> 1
    return total


def x_of(y, sign):
    """The x-coordinate with this sign bit, or None off the curve."""
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * I % P
    if (x * x - xx) % P:
        return None
    return x if x & 1 == sign else (P - x) % P


def encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def raw(y, sign):
    return (y | sign << 255).to_bytes(32, "little")


def challenge(r, a, m):
    return int.from_bytes(hashlib.sha512(r + a + m).digest(), "little") % L


BASE = (x_of(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)


def torsion_generator():
    y = 2
    while True:
        x = x_of(y, 0)
        if x is not None:
            point = mul(L, (x, y))
            if mul(4, point) != ZERO:
                return point
        y += 1


T = torsion_generator()
SMALL = [mul(n, T) for n in range(8)]
SECRET = int.from_bytes(hashlib.sha512(b"ballast rule R key").digest(), "little") % L
NONCE = int.from_bytes(hashlib.sha512(b"ballast rule R nonce").digest(), "little") % L


def sign(m, a_extra=ZERO, r_extra=ZERO, a_bytes=None, r_bytes=None, secret=SECRET, nonce=NONCE):
    """A signature that satisfies the cofactored equation, whatever was added to A and R."""
    a = a_bytes or encode(add(mul(secret, BASE), a_extra))
    r = r_bytes or encode(add(mul(nonce, BASE), r_extra))
    s = (nonce + challenge(r, a, m) * secret) % L
    return a, r, s


def line(expected, a, r, s, m, what):
    sig = (r + s.to_bytes(32, "little")).hex()
    print(expected, a.hex(), sig, m.hex() or "-", what)


def cofactorless(a_point, r_point, a, r, s, m):
    return mul(s, BASE) == add(r_point, mul(challenge(r, a, m), a_point))


def main():
    m = b"ballast"
    for message in [b"", b"a", m, bytes(range(256)) * 5]:
        line("accept", *sign(message), message, "honest")
    a, r, s = sign(m)
    line("refuse", a, r, s, b"ballasT", "another message")
    line("refuse", a, r, s ^ 1, m, "another S")
    line("refuse", a, encode(mul(NONCE + 1, BASE)), s, m, "another R")
    line("refuse", encode(mul(SECRET + 1, BASE)), r, s, m, "another key")
    line("refuse", a, r, s + L, m, "S + L")
    line("refuse", a, r, L, m, "S = L")
    line("refuse", a, r, L - 1, m, "S = L - 1, wrong")
    line("refuse", a, r, 2**256 - 1, m, "S all ones")
    line("refuse", a, r, s | 1 << 255, m, "S with its top bit set")
    line("refuse", a, r, 0, m, "S = 0, wrong")

    # Every encoding of the eight small points, canonical or not.
    encodings = []
    for n, (x, y) in enumerate(SMALL):
        encodings.append((raw(y, x & 1), f"{n}T"))
        if x == 0:
            encodings.append((raw(y, 1), f"{n}T, sign bit on x = 0"))
        if y + P < 2**255:
            encodings.append((raw(y + P, x & 1), f"{n}T, y + p"))
            if x == 0:
                encodings.append((raw(y + P, 1), f"{n}T, y + p, sign bit on x = 0"))
    for point, what in encodings:
        line("refuse", point, r, s, m, f"A = {what}, honest R and S")
        # With A of small order, R = S·B satisfies the cofactored equation for any message.
        line("refuse", point, encode(mul(NONCE, BASE)), NONCE, m, f"A = {what}, R = S B")
        # With R of small order, S = k·a satisfies it.
        s_r = challenge(point, a, m) * SECRET % L
        line("refuse", a, point, s_r, m, f"R = {what}, S = k a")
    for key, key_what in encodings:
        for point, what in encodings:
            line("refuse", key, point, 0, m, f"A = {key_what}, R = {what}, S = 0")

    # y from p to 2^255 - 1: not canonical whatever the point.
    for extra in range(19):
        for sign_bit in (0, 1):
            on_curve = "on" if x_of(extra, sign_bit) is not None else "off"
            point = raw(P + extra, sign_bit)
            line("refuse", point, r, s, m, f"A: y = p + {extra}, sign {sign_bit}, {on_curve} the curve")
            s_r = (NONCE + challenge(point, a, m) * SECRET) % L
            line("refuse", a, point, s_r, m, f"R: y = p + {extra}, sign {sign_bit}, {on_curve} the curve")
    for y in range(2, 12):
        if x_of(y, 0) is None:
            line("refuse", raw(y, 0), r, s, m, f"A: y = {y}, off the curve")
            line("refuse", a, raw(y, 0), s, m, f"R: y = {y}, off the curve")

    # Mixed order: accepted, since the equation is cofactored. Where the cofactorless equation
    # says no, other rules would refuse.
    for n in range(8):
        for k in range(8):
            if (n, k) == (0, 0):
                continue
            a_point, r_point = add(mul(SECRET, BASE), SMALL[n]), add(mul(NONCE, BASE), SMALL[k])
            ma, mr, ms = sign(m, a_extra=SMALL[n], r_extra=SMALL[k])
            plain = cofactorless(a_point, r_point, ma, mr, ms, m)
            other = "holds" if plain else "fails"
            line("accept", ma, mr, ms, m, f"A + {n}T, R + {k}T; cofactorless {other}")
            line("refuse", ma, mr, ms ^ 1, m, f"A + {n}T, R + {k}T, another S")


main()
