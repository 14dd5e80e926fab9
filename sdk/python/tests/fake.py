"""A server that answers what a test has it say."""

from concurrent import futures
from contextlib import contextmanager
from typing import Any, Callable, Iterator

import grpc

from ballast_sdk import Client
from ballast_sdk.rpc import method

from vectors import vectors

SERVICES = {
    "TxService": ("SubmitTx", "WaitTx"),
    "AccountService": ("GetAccount",),
    "LedgerService": ("GetChainInfo", "GetGenesis"),
    "ProofService": ("GetProof", "ListSetChanges"),
    "EventService": ("SubscribeEvents",),
}

Handlers = dict[str, Callable[[Any], Any]]


class Refusal(Exception):
    """What a validator refuses with: google.rpc.Status with an ErrorInfo, unless there is no reason."""

    def __init__(self, code: grpc.StatusCode, reason: str = "", retry: int | None = None) -> None:
        self.code = code
        self.reason = reason
        # When to come back, in seconds.
        self.retry = retry

    def details(self) -> bytes:
        def field(number: int, value: bytes) -> bytes:
            return bytes([number << 3 | 2, len(value)]) + value

        def detail(kind: bytes, value: bytes) -> bytes:
            return field(3, field(1, b"type.googleapis.com/google.rpc." + kind) + field(2, value))

        info = detail(b"ErrorInfo", field(1, self.reason.encode()))
        retry = b"" if self.retry is None else detail(b"RetryInfo", field(1, bytes([8, self.retry])))
        return field(2, self.reason.encode()) + info + retry


class Server:
    """Answers with `handlers`, and refuses whatever else is asked of it. `calls` is what was asked."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self.calls: list[Any] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        for service, names in SERVICES.items():
            of_service = {name: self._handler(service, name) for name in names}
            generic = grpc.method_handlers_generic_handler(f"ballast.v1.{service}", of_service)
            self._server.add_generic_rpc_handlers((generic,))
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _handler(self, service: str, name: str) -> Any:
        _, request, answer = method(service, name)

        def say(asked: Any, context: Any) -> Any:
            self.calls.append(asked)
            try:
                if name not in self._handlers:
                    raise Refusal(grpc.StatusCode.UNIMPLEMENTED)
                return self._handlers[name](asked)
            except Refusal as refusal:
                if refusal.reason:
                    context.set_trailing_metadata((("grpc-status-details-bin", refusal.details()),))
                context.abort(refusal.code, refusal.reason or name)

        def one(asked: Any, context: Any) -> Any:
            return answer(**say(asked, context))

        def many(asked: Any, context: Any) -> Iterator[Any]:
            yield from (answer(**frame) for frame in say(asked, context))

        codecs = (request.FromString, answer.SerializeToString)
        if name == "SubscribeEvents":
            return grpc.unary_stream_rpc_method_handler(many, *codecs)
        return grpc.unary_unary_rpc_method_handler(one, *codecs)

    def stop(self) -> None:
        self._server.stop(None).wait()


@contextmanager
def servers(*all_handlers: Handlers) -> Iterator[tuple[Client, list[Server]]]:
    """A client of servers with these answers; the vectors' headers are old, so their age is not looked at."""
    told = vectors("proofs")
    running = [Server(handlers) for handlers in all_handlers]
    urls = [server.url for server in running]
    genesis = bytes.fromhex(told["genesis"])
    with Client(urls, genesis, told["genesis_hash"], max_age=float("inf")) as client:
        try:
            yield client, running
        finally:
            for server in running:
                server.stop()
