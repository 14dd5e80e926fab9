"""BLAKE3 in `derive_key` mode, 32 bytes of output, from the BLAKE3 paper.

The compression function is written out once, as source made from the paper's tables: a loop over
them would be four times slower, and every operation of a differential run hashes a transaction.
"""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
ROUNDS = 7
CHUNK = 1024
BLOCK = 64
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 32, 64

COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def _mix(a, b, c, d, x, y):
    """The quarter-round of the paper over words a, b, c, d and message words x, y, as source."""
    steps = []
    for word, right, left in ((x, 16, 12), (y, 8, 7)):
        steps += [
            f"v{a} = v{a} + v{b} + m{word} & M",
            f"t = v{d} ^ v{a}; v{d} = (t >> {right} | t << {32 - right}) & M",
            f"v{c} = v{c} + v{d} & M",
            f"t = v{b} ^ v{c}; v{b} = (t >> {left} | t << {32 - left}) & M",
        ]
    return steps


def _source():
    names = lambda letter, count: ", ".join(f"{letter}{n}" for n in range(count))
    lines = [
        f"{names('v', 8)} = chaining",
        f"v8, v9, v10, v11 = {IV[0]}, {IV[1]}, {IV[2]}, {IV[3]}",
        "v12, v13, v14, v15 = counter & M, counter >> 32, length, flags",
        f"{names('m', 16)} = block",
    ]
    order = list(range(16))
    for _ in range(ROUNDS):
        for at, words in enumerate(COLUMNS + DIAGONALS):
            lines += _mix(*words, order[2 * at], order[2 * at + 1])
        order = [order[p] for p in PERMUTATION]
    lines.append("return (" + ", ".join(f"v{n} ^ v{n + 8}" for n in range(8)) + ")")
    return "def compress(chaining, block, counter, length, flags, M=0xFFFFFFFF):\n    " + "\n    ".join(lines)


_scope = {}
exec(_source(), _scope)  # noqa: S102 (source made from constants above)
_compress = _scope["compress"]


def _words(data):
    padded = data.ljust(BLOCK, b"\0")
    return [int.from_bytes(padded[at : at + 4], "little") for at in range(0, BLOCK, 4)]


def _chunk(key, flags, chunk, counter, last):
    """The chaining value of one chunk; `last` is ROOT when there is no other."""
    blocks = [chunk[at : at + BLOCK] for at in range(0, len(chunk), BLOCK)] or [b""]
    value = key
    for at, block in enumerate(blocks):
        these = flags | (CHUNK_START if at == 0 else 0)
        these |= (CHUNK_END | last) if at == len(blocks) - 1 else 0
        value = _compress(value, _words(block), counter, len(block), these)
    return value


def _tree(key, flags, data, counter, last):
    if len(data) <= CHUNK:
        return _chunk(key, flags, data, counter, last)
    # The left side is the largest power of two of whole chunks that leaves something.
    left = CHUNK
    while left * 2 < len(data):
        left *= 2
    sides = _tree(key, flags, data[:left], counter, 0)
    sides += _tree(key, flags, data[left:], counter + left // CHUNK, 0)
    return _compress(key, sides, 0, BLOCK, flags | PARENT | last)


def _bytes(words):
    return b"".join(word.to_bytes(4, "little") for word in words)


_contexts = {}


def derive_key(context, data):
    """32 bytes of key material from `data` (bytes) under `context` (text)."""
    key = _contexts.get(context)
    if key is None:
        key = _contexts[context] = _tree(IV, DERIVE_KEY_CONTEXT, context.encode(), 0, ROOT)
    return _bytes(_tree(key, DERIVE_KEY_MATERIAL, data, 0, ROOT))


def plain(data):
    """BLAKE3 without a key, for the published test vectors."""
    return _bytes(_tree(IV, 0, data, 0, ROOT))
