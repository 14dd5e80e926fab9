"""Canonical Borsh from tables of fields.

A codec is a pair of functions: `decode(data, at) -> (value, at)` and `encode(value, out)`, where
`out` is a bytearray. Values are plain: int, bool, bytes, str, list, None, dict. A structure is a dict
of its fields, an enumeration its name, a union a dict of its fields with the variant's name under
"type".

Types are written as the specification writes them: `u64`, `Option<Hash>`, `Vec<Line>`, `[u8; 4]`.
"""

import re
from typing import Callable, NamedTuple


class DecodeError(Exception):
    """The bytes are not the canonical encoding of anything."""


class Codec(NamedTuple):
    decode: Callable
    encode: Callable


def _take(data, at, count):
    end = at + count
    if end > len(data):
        raise DecodeError("the bytes end too early")
    return data[at:end], end


def integer(bits):
    size = bits // 8

    def decode(data, at):
        end = at + size
        if end > len(data):
            raise DecodeError("the bytes end too early")
        return int.from_bytes(data[at:end], "little"), end

    def encode(value, out):
        out += value.to_bytes(size, "little")

    return Codec(decode, encode)


def fixed_bytes(size):
    def encode(value, out):
        assert len(value) == size
        out += value

    return Codec(lambda data, at: _take(data, at, size), encode)


def _decode_bool(data, at):
    (tag,), at = _take(data, at, 1)
    if tag > 1:
        raise DecodeError("a bool is 0 or 1")
    return tag == 1, at


U32 = integer(32)
BOOL = Codec(_decode_bool, lambda value, out: out.append(1 if value else 0))


def _decode_bytes(data, at):
    length, at = U32.decode(data, at)
    return _take(data, at, length)


def _encode_bytes(value, out):
    U32.encode(len(value), out)
    out += value


BYTES = Codec(_decode_bytes, _encode_bytes)


def _decode_text(data, at):
    value, at = _decode_bytes(data, at)
    try:
        return value.decode("utf-8"), at
    except UnicodeDecodeError as error:
        raise DecodeError(str(error)) from None


TEXT = Codec(_decode_text, lambda value, out: _encode_bytes(value.encode("utf-8"), out))


def option(inner):
    def decode(data, at):
        some, at = _decode_bool(data, at)
        return inner.decode(data, at) if some else (None, at)

    def encode(value, out):
        out.append(0 if value is None else 1)
        if value is not None:
            inner.encode(value, out)

    return Codec(decode, encode)


def array(inner, count):
    def decode(data, at):
        values = []
        for _ in range(count):
            value, at = inner.decode(data, at)
            values.append(value)
        return values, at

    def encode(values, out):
        assert len(values) == count
        for value in values:
            inner.encode(value, out)

    return Codec(decode, encode)


def vector(inner):
    def decode(data, at):
        count, at = U32.decode(data, at)
        if count > len(data):
            raise DecodeError("a list is longer than the bytes")
        return array(inner, count).decode(data, at)

    def encode(values, out):
        U32.encode(len(values), out)
        for value in values:
            inner.encode(value, out)

    return Codec(decode, encode)


def structure(fields):
    """`fields` is a list of (name, codec)."""
    decoders = [(name, codec.decode) for name, codec in fields]
    encoders = [(name, codec.encode) for name, codec in fields]

    def decode(data, at):
        value = {}
        for name, inner in decoders:
            value[name], at = inner(data, at)
        return value, at

    def encode(value, out):
        for name, inner in encoders:
            inner(value[name], out)

    return Codec(decode, encode)


def enumeration(names):
    """`names` maps numbers to names."""
    numbers = {name: number for number, name in names.items()}

    def decode(data, at):
        (tag,), at = _take(data, at, 1)
        if tag not in names:
            raise DecodeError(f"{tag} is none of {sorted(names)}")
        return names[tag], at

    return Codec(decode, lambda name, out: out.append(numbers[name]))


def union(variants):
    """`variants` maps numbers to (name, codec of its fields)."""
    by_name = {name: (number, codec) for number, (name, codec) in variants.items()}

    def decode(data, at):
        (tag,), at = _take(data, at, 1)
        if tag not in variants:
            raise DecodeError(f"{tag} is none of {sorted(variants)}")
        name, codec = variants[tag]
        fields, at = codec.decode(data, at)
        fields["type"] = name
        return fields, at

    def encode(value, out):
        number, codec = by_name[value["type"]]
        out.append(number)
        codec.encode(value, out)

    return Codec(decode, encode)


class Types:
    """Named codecs, and new ones from the specification's notation."""

    def __init__(self):
        self.known = {
            "u8": integer(8),
            "u16": integer(16),
            "u32": U32,
            "u64": integer(64),
            "u128": integer(128),
            "bool": BOOL,
            "String": TEXT,
            "Vec<u8>": BYTES,
        }

    def codec(self, text):
        """The codec of a type expression."""
        text = text.strip()
        if text not in self.known:
            self.known[text] = self._compose(text)
        return self.known[text]

    def _compose(self, text):
        generic = re.fullmatch(r"(Option|Vec)<(.*)>", text)
        if generic:
            make = {"Option": option, "Vec": vector}[generic[1]]
            return make(self.codec(generic[2]))
        several = re.fullmatch(r"\[(.*); *(\d+)\]", text)
        if several:
            return array(self.codec(several[1]), int(several[2]))
        raise KeyError(f"there is no type {text}")

    def fields(self, text):
        """The codec of a list such as `owner, spender: Address, amount: u64`."""
        fields, waiting = [], []
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, kind = part.partition(":")
            waiting.append(name.strip())
            if kind:
                fields += [(name, self.codec(kind)) for name in waiting]
                waiting = []
        assert not waiting, text
        return structure(fields)

    def tuple_of(self, *kinds):
        """Encodes a tuple of values of these types."""
        codecs = [self.codec(kind) for kind in kinds]

        def encode(*values):
            out = bytearray()
            for codec, value in zip(codecs, values):
                codec.encode(value, out)
            return bytes(out)

        return encode

    def decode(self, kind, data):
        """A whole value: nothing may be left over, and encoding it gives the bytes again."""
        codec = self.codec(kind)
        value, at = codec.decode(data, 0)
        if at != len(data):
            raise DecodeError("bytes are left over")
        if self.encode(kind, value) != data:
            raise DecodeError("the bytes are not canonical")
        return value

    def encode(self, kind, value):
        out = bytearray()
        self.codec(kind).encode(value, out)
        return bytes(out)
