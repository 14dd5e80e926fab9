"""Which nonce comes next (TX-21, TX-34).

Of one nonce at most one transaction is ever executed, so what was refused, or has expired, gives its nonce to what
is built next: if the first one commits after all, the second one cannot.
"""

from typing import NamedTuple

# How far from the highest used nonce a fresh one may be.
NONCE_WINDOW = 128
# The most nonces that are kept to be given out again: whoever chooses them by hand may choose any.
_AGAIN_MAX = 256


class Window(NamedTuple):
    """The nonces that an account has used: bit `i` of `seen` stands for `high - i` (TX-20)."""

    high: int
    seen: int


def is_unused(nonce: int, window: Window) -> bool:
    """Whether a nonce is known not to be used; one above the window counts."""
    age = window.high - nonce
    return age < 0 or (nonce > 0 and age < NONCE_WINDOW and not window.seen >> age & 1)


class NonceBook:
    """What was given out for one account."""

    def __init__(self) -> None:
        # Nonces of what may be on its way, each with the end of its validity.
        self._given: dict[int, int] = {}
        # Nonces of what was refused, or whose time is over: the first to be given out again.
        self._again: set[int] = set()

    def next(self, window: Window, now: int, until: int) -> int | None:
        """The nonce for a transaction that is valid until `until`; none while all of the window are on their way."""
        for nonce, end in list(self._given.items()):
            if end <= now:
                self.release(nonce)
            elif not is_unused(nonce, window):
                del self._given[nonce]
        last = window.high + NONCE_WINDOW
        again = min((nonce for nonce in self._again if nonce <= last), default=None)
        fresh = (nonce for nonce in range(window.high + 1, last + 1) if nonce not in self._given)
        found = next(fresh, None) if again is None else again
        if found is not None:
            self.take(found, until)
        return found

    def take(self, nonce: int, until: int) -> None:
        """Notes a nonce that was chosen by hand."""
        self._again.discard(nonce)
        self._given[nonce] = max(until, self._given.get(nonce, 0))

    def release(self, nonce: int) -> None:
        """What had it was refused, or expired: it is given out again."""
        self._given.pop(nonce, None)
        self._again.add(nonce)
        if len(self._again) > _AGAIN_MAX:
            self._again.remove(max(self._again))

    def spent(self, nonce: int) -> None:
        """What had it is on chain, or another one is: proven."""
        self._given.pop(nonce, None)
        self._again.discard(nonce)

    def doubtful(self, window: Window) -> list[int]:
        """Those to be given out again that this window says are used or passed."""
        return [nonce for nonce in self._again if not is_unused(nonce, window)]
