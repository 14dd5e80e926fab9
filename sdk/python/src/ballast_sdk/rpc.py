"""Calls to validators, any of which may be away, and what their refusals mean."""

import functools
from importlib import resources
from typing import Any, Iterator, NamedTuple
from urllib.parse import urlsplit

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_ANOTHER = {"BUSY", "SHUTTING_DOWN", "PROOF_UNAVAILABLE"}
_LOST = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
_OPTIONS = [
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


class RefusedError(Exception):
    """A validator refused, and said why. `reason` is a stable name, such as `NONCE_USED`."""

    def __init__(
        self,
        reason: str,
        message: str,
        metadata: dict[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.metadata = metadata or {}
        # Seconds to wait before trying again; absent when that does not help.
        self.retry_after = retry_after


class UnreachableError(Exception):
    """No validator answered."""

    def __init__(self, attempts: list[str]) -> None:
        super().__init__(f"no validator answered: {'; '.join(attempts)}")
        self.attempts = attempts


class Trouble(NamedTuple):
    """What an answer that is not OK means for the next step."""

    # "final": this validator's word; "another": it took nothing, another may; "lost": the call may or may not
    # have arrived.
    kind: str
    error: Exception


def trouble_of(error: grpc.RpcError) -> Trouble:
    metadata = dict(error.trailing_metadata() or ())
    refused = _read_status(metadata.get("grpc-status-details-bin", b""))
    if refused is None:
        known = RefusedError(error.code().name, error.details() or "")
        return Trouble("lost" if error.code() in _LOST else "final", known)
    if refused.reason in _ANOTHER:
        return Trouble("another", refused)
    return Trouble("lost" if refused.reason == "DEADLINE_EXCEEDED" else "final", refused)


# ---- google.rpc.Status, whose few fields need no generated code ----


def _fields(data: bytes) -> tuple[dict[int, list[bytes]], dict[int, int]]:
    """The length-delimited fields of a message, by number, and its integers."""
    found: dict[int, list[bytes]] = {}
    integers: dict[int, int] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = 0
        for shift in range(0, 64, 7):
            value |= (data[at] & 0x7F) << shift
            at += 1
            if data[at - 1] < 0x80:
                return value
        raise ValueError("a varint has no end")

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            integers[key >> 3] = varint()
        elif key & 7 == 2:
            length = varint()
            found.setdefault(key >> 3, []).append(data[at : at + length])
            at += length
        else:
            raise ValueError(f"wire type {key & 7}")
    return found, integers


def _text(fields: dict[int, list[bytes]], number: int) -> str:
    return fields.get(number, [b""])[0].decode()


def _read_status(data: bytes) -> RefusedError | None:
    try:
        status, _ = _fields(data)
        details: dict[str, dict[int, list[bytes]]] = {}
        for each, _ in map(_fields, status.get(3, [])):
            details[_text(each, 1).rpartition("/")[2]] = _fields(each.get(2, [b""])[0])[0]
        info = details.get("google.rpc.ErrorInfo")
        if info is None:
            return None
        pairs = [_fields(entry)[0] for entry in info.get(3, [])]
        metadata = {_text(pair, 1): _text(pair, 2) for pair in pairs}
        retry = details.get("google.rpc.RetryInfo")
        delay = None if retry is None else _fields(retry.get(1, [b""])[0])[1]
        after = None if delay is None else delay.get(1, 0) + delay.get(2, 0) / 1e9
        return RefusedError(_text(info, 1), _text(status, 2), metadata, after)
    except (ValueError, IndexError):
        return None


# ---- Messages and methods, from the schema's descriptors ----


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    data = resources.files(__package__).joinpath("ballast.v1.bin").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.Add(file)
    return pool


def message(name: str, **fields: Any) -> Any:
    """A message of the API: see proto/."""
    kind = message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"ballast.v1.{name}"))
    return kind(**fields)


class Method(NamedTuple):
    path: str
    request: Any
    answer: Any


@functools.cache
def method(service: str, name: str) -> Method:
    found = _pool().FindServiceByName(f"ballast.v1.{service}").methods_by_name[name]
    kinds = (message_factory.GetMessageClass(kind) for kind in (found.input_type, found.output_type))
    return Method(f"/ballast.v1.{service}/{name}", *kinds)


# ---- Endpoints ----


class Endpoint:
    """One validator; connected when first used."""

    def __init__(self, url: str, ca: bytes | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f"{url} begins with neither http:// nor https://")
        self.url = url
        if parts.scheme == "https":
            credentials = grpc.ssl_channel_credentials(ca)
            self._channel = grpc.secure_channel(parts.netloc, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(parts.netloc, _OPTIONS)

    def call(self, service: str, name: str, request: dict[str, Any], limit: float) -> Any:
        """One call; raises what gRPC raises: see `trouble_of`. The limit is in seconds."""
        path, kind, answer = method(service, name)
        stub = self._channel.unary_unary(path, kind.SerializeToString, answer.FromString)
        return stub(kind(**request), timeout=limit)

    def stream(self, service: str, name: str, request: dict[str, Any]) -> Any:
        """A call that is answered by a stream."""
        path, kind, answer = method(service, name)
        return self._channel.unary_stream(path, kind.SerializeToString, answer.FromString)(kind(**request))

    def close(self) -> None:
        self._channel.close()


class Endpoints:
    """Several validators of one chain."""

    def __init__(self, urls: list[str], ca: bytes | None = None) -> None:
        if not urls:
            raise ValueError("no endpoint is given")
        self.all = [Endpoint(url, ca) for url in urls]
        self._first = 0

    def in_turn(self) -> Iterator[Endpoint]:
        """All of them, the one that answered last first."""
        first = self._first
        return iter(self.all[first:] + self.all[:first])

    def prefer(self, endpoint: Endpoint) -> None:
        self._first = self.all.index(endpoint)

    def turn(self) -> None:
        """Turns to the next one first from now on."""
        self._first = (self._first + 1) % len(self.all)

    def more_than_a_third(self, endpoints: set[str]) -> bool:
        return 3 * len(endpoints) > len(self.all)

    def ask(self, service: str, name: str, request: dict[str, Any], limit: float) -> Any:
        """Asks one after the other until one answers. Only for calls that may be repeated."""
        attempts: list[str] = []
        refusal: Exception | None = None
        for endpoint in self.in_turn():
            try:
                answer = endpoint.call(service, name, request, limit)
            except grpc.RpcError as error:
                trouble = trouble_of(error)
                if trouble.kind == "final":
                    raise trouble.error from None
                if trouble.kind == "another":
                    refusal = trouble.error
                attempts.append(f"{endpoint.url}: {trouble.error}")
            else:
                self.prefer(endpoint)
                return answer
        raise refusal or UnreachableError(attempts)

    def close(self) -> None:
        for endpoint in self.all:
            endpoint.close()
