"""Events, exactly once and in order, whichever validator tells them."""

import os
import threading
import time
from pathlib import Path
from typing import Any, Generator, NamedTuple, Sequence

import grpc

from .rpc import Endpoints, RefusedError, UnreachableError, trouble_of

# A heartbeat comes every 5 s at least; without one for this long the stream is dead.
_SILENCE = 15.0
# How long to look for a validator that goes on with the stream.
_SEARCH = 60.0
_AGAIN = 0.25
_CALL = 10.0


class EventFrame(NamedTuple):
    """An event, or the news that nothing matched up to a block. It is one validator's word: `Client.receipt`
    of its transaction proves it."""

    # Resume behind this: everything up to it has been seen.
    cursor: str
    # See EventRecord in proto/: `name`, `tx_id`, `height`, `event`.
    event: Any | None


def follow(
    endpoints: Endpoints, after: str | None, accounts: Sequence[str], names: Sequence[str]
) -> Generator[EventFrame, None, None]:
    """Follows events across validators and broken connections. Closing the iterator ends the subscription."""
    cursor = after if after is not None else str(endpoints.ask("LedgerService", "GetChainInfo", {}, _CALL).height)
    filters = {"accounts": accounts, "names": names}
    has_begun, end = False, 0.0
    troubles: list[str] = []
    while True:
        endpoint = next(endpoints.in_turn())
        stream = endpoint.stream("EventService", "SubscribeEvents", {"after": cursor, "filter": filters})
        watch = _Watch(stream)
        try:
            for frame in stream:
                watch.heard()
                cursor, has_begun, troubles, end = frame.cursor, True, [], 0.0
                yield EventFrame(cursor, frame.event if frame.HasField("event") else None)
            troubles.append(f"{endpoint.url}: the stream ended")
        except grpc.RpcError as error:
            trouble = trouble_of(error)
            if trouble.kind == "final" and not _passes(trouble.error, has_begun):
                raise trouble.error from None
            troubles.append(f"{endpoint.url}: {trouble.error}")
        finally:
            watch.stop()
            stream.cancel()
        endpoints.turn()
        end = end or time.monotonic() + _SEARCH
        if time.monotonic() >= end:
            raise UnreachableError(troubles[-len(endpoints.all) :])
        time.sleep(_AGAIN)


def _passes(error: Exception, has_begun: bool) -> bool:
    """A validator that is behind the one that gave the cursor catches up."""
    reason = error.reason if isinstance(error, RefusedError) else ""
    return reason == "SLOW_READER" or (reason == "CURSOR_AHEAD" and has_begun)


class _Watch:
    """Cancels a stream that has fallen silent."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._heard = threading.Event()
        self._stopped = False
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._heard.wait(_SILENCE):
            self._heard.clear()
            if self._stopped:
                return
        self._stream.cancel()

    def heard(self) -> None:
        self._heard.set()

    def stop(self) -> None:
        self._stopped = True
        self._heard.set()


class CursorFile:
    """A cursor in a file, written so that a crash leaves the old or the new one."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self) -> str | None:
        return self._path.read_text().strip() if self._path.exists() else None

    def save(self, cursor: str) -> None:
        """Save after the event's own effect is durable: a crash in between repeats it, and nothing is missed."""
        new = self._path.with_name(f"{self._path.name}.new")
        with new.open("w") as file:
            file.write(f"{cursor}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
