"""Borsh as docs/spec/bytes.md has it (BY-1), from the annotations of dataclasses.

`Integer`, `Text` and the like stand in `Annotated` and say what a type alone does not. A structure is a
class decorated with `structure`, a variant of an enumeration one decorated with `variant`, the
enumeration itself a union of such classes. An `enum.Enum` is an enumeration without fields, its values
the numbers. Hashes, addresses, keys and signatures are lower-case hex.
"""

import enum
import functools
import types
import typing
from dataclasses import dataclass, fields
from typing import Annotated, Any, Callable, TypeVar, dataclass_transform

LENGTH_MAX = 0xFFFF_FFFF


class CodecError(ValueError):
    """The bytes are not the canonical encoding of anything, or the value has none."""


class Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise CodecError("the bytes end too early")
        self._at += count
        return self._data[self._at - count : self._at]


class Codec:
    def read(self, reader: Reader) -> Any:
        raise NotImplementedError

    def write(self, value: Any, out: bytearray) -> None:
        raise NotImplementedError


def _expect(value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        raise CodecError(f"{value!r} is no {kind.__name__}")


def _within(count: int, low: int, high: int, what: str) -> None:
    if not low <= count <= high:
        raise CodecError(f"{count} {what}; {low} to {high} are allowed")


@dataclass(frozen=True)
class Integer(Codec):
    size: int

    def read(self, reader: Reader) -> int:
        return int.from_bytes(reader.take(self.size), "little")

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, int)
        if isinstance(value, bool):
            raise CodecError(f"{value} is no int")
        if not 0 <= value < 1 << 8 * self.size:
            raise CodecError(f"{value} does not fit into {self.size} bytes")
        out += int(value).to_bytes(self.size, "little")


_LENGTH = Integer(4)
_TAG = Integer(1)


@dataclass(frozen=True)
class Bool(Codec):
    def read(self, reader: Reader) -> bool:
        value = _TAG.read(reader)
        if value > 1:
            raise CodecError(f"{value} is neither 0 nor 1")
        return value == 1

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, bool)
        out.append(int(value))


@dataclass(frozen=True)
class Fixed(Codec):
    """So many bytes, as hex."""

    size: int

    def read(self, reader: Reader) -> str:
        return reader.take(self.size).hex()

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, str)
        if len(value) != 2 * self.size or set(value) - set("0123456789abcdef"):
            raise CodecError(f"{value!r} is not {2 * self.size} lower-case hex digits")
        out += bytes.fromhex(value)


@dataclass(frozen=True)
class Bytes(Codec):
    low: int = 0
    high: int = LENGTH_MAX

    def read(self, reader: Reader) -> bytes:
        count = _LENGTH.read(reader)
        _within(count, self.low, self.high, "bytes")
        return reader.take(count)

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, bytes)
        _within(len(value), self.low, self.high, "bytes")
        _LENGTH.write(len(value), out)
        out += value


@dataclass(frozen=True)
class Text(Codec):
    """Text of so many bytes of UTF-8."""

    low: int = 0
    high: int = LENGTH_MAX

    def read(self, reader: Reader) -> str:
        try:
            return Bytes(self.low, self.high).read(reader).decode()
        except UnicodeDecodeError as error:
            raise CodecError(str(error)) from None

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, str)
        Bytes(self.low, self.high).write(value.encode(), out)


@dataclass(frozen=True)
class Option(Codec):
    inner: Codec

    def read(self, reader: Reader) -> Any:
        return self.inner.read(reader) if Bool().read(reader) else None

    def write(self, value: Any, out: bytearray) -> None:
        Bool().write(value is not None, out)
        if value is not None:
            self.inner.write(value, out)


@dataclass(frozen=True)
class Many:
    """Bounds of a tuple; with `by` its values strictly ascend by this field."""

    low: int = 0
    high: int = LENGTH_MAX
    by: str | None = None


@dataclass(frozen=True)
class Exactly:
    """A tuple of so many values, without a length in front."""

    count: int


@dataclass(frozen=True)
class _List(Codec):
    inner: Codec
    bounds: Many

    def read(self, reader: Reader) -> tuple[Any, ...]:
        count = _LENGTH.read(reader)
        # Every value takes a byte at least: a length above that is a lie, found out before it costs memory.
        if count > reader.left:
            raise CodecError("the bytes end too early")
        return self._check(tuple(self.inner.read(reader) for _ in range(count)))

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, tuple)
        _LENGTH.write(len(self._check(value)), out)
        for each in value:
            self.inner.write(each, out)

    def _check(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        _within(len(values), self.bounds.low, self.bounds.high, "values")
        if self.bounds.by is not None:
            keys = [getattr(value, self.bounds.by) for value in values]
            if any(a >= b for a, b in zip(keys, keys[1:])):
                raise CodecError(f"values must be strictly ascending by {self.bounds.by}")
        return values


@dataclass(frozen=True)
class _Array(Codec):
    inner: Codec
    count: int

    def read(self, reader: Reader) -> tuple[Any, ...]:
        return tuple(self.inner.read(reader) for _ in range(self.count))

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, tuple)
        _within(len(value), self.count, self.count, "values")
        for each in value:
            self.inner.write(each, out)


class _Struct(Codec):
    def __init__(self, kind: type) -> None:
        self._kind = kind
        hints = typing.get_type_hints(kind, include_extras=True)
        self._fields = [(field.name, codec_of(hints[field.name])) for field in fields(kind)]

    def read(self, reader: Reader) -> Any:
        return self._kind(*(codec.read(reader) for _, codec in self._fields))

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, self._kind)
        for name, codec in self._fields:
            codec.write(getattr(value, name), out)


class _Names(Codec):
    def __init__(self, kind: type[enum.Enum]) -> None:
        self._kind = kind

    def read(self, reader: Reader) -> enum.Enum:
        number = _TAG.read(reader)
        try:
            return self._kind(number)
        except ValueError as error:
            raise CodecError(str(error)) from None

    def write(self, value: Any, out: bytearray) -> None:
        _expect(value, self._kind)
        _TAG.write(value.value, out)


class _Variants(Codec):
    def __init__(self, kinds: tuple[type, ...]) -> None:
        self._kinds = {kind.__dict__["variant_number"]: (kind, codec_of(kind)) for kind in kinds}

    def read(self, reader: Reader) -> Any:
        number = _TAG.read(reader)
        if number not in self._kinds:
            raise CodecError(f"nothing has the number {number}")
        return self._kinds[number][1].read(reader)

    def write(self, value: Any, out: bytearray) -> None:
        number = getattr(value, "variant_number", None)
        kind, codec = self._kinds.get(typing.cast(int, number), (None, None))
        if codec is None or type(value) is not kind:
            raise CodecError(f"{type(value).__name__} does not belong here")
        _TAG.write(number, out)
        codec.write(value, out)


@functools.cache
def codec_of(hint: Any) -> Codec:
    """The codec of an annotation."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        first = hint.__metadata__[0]
        return first if isinstance(first, Codec) else _tuple_codec(hint.__origin__, first)
    if origin is tuple:
        return _tuple_codec(hint, Many())
    if origin in (typing.Union, types.UnionType):
        some = tuple(kind for kind in inner if kind is not types.NoneType)
        return Option(codec_of(some[0])) if len(some) < len(inner) else _Variants(some)
    if hint in _PLAIN:
        return _PLAIN[hint]
    return _Names(hint) if issubclass(hint, enum.Enum) else _Struct(hint)


_PLAIN: dict[Any, Codec] = {bool: Bool(), bytes: Bytes(), str: Text()}


def _tuple_codec(hint: Any, bounds: Many | Exactly) -> Codec:
    inner = codec_of(typing.get_args(hint)[0])
    return _Array(inner, bounds.count) if isinstance(bounds, Exactly) else _List(inner, bounds)


T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def structure(kind: type[T]) -> type[T]:
    """Fields in the order in which they are written."""
    return dataclass(frozen=True)(kind)


@dataclass_transform(frozen_default=True)
def variant(number: int, name: str | None = None) -> Callable[[type[T]], type[T]]:
    """One of an enumeration's variants; its name, if it is not the class's."""

    def decorate(kind: type[T]) -> type[T]:
        made = structure(kind)
        setattr(made, "variant_number", number)
        setattr(made, "variant_name", name or kind.__name__)
        return made

    return decorate


def encode(hint: Any, value: Any) -> bytes:
    out = bytearray()
    codec_of(hint).write(value, out)
    return bytes(out)


def decode(hint: Any, data: bytes) -> Any:
    """Decodes all of `data`."""
    reader = Reader(data)
    value = codec_of(hint).read(reader)
    if reader.left:
        raise CodecError(f"{reader.left} bytes are left over")
    return value
