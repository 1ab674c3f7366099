"""What has come of requests lately, by operation and by client: whether it is too much that fails, and of how many.

Rule 1: counting begins with a failure, for one window; what nobody fails at costs nothing.
Rule 2: too much is a share of at least so many outcomes, and more than half of the operations and more than half of the
        clients that were seen have that share themselves: one endpoint or one client alone proves nothing of others.
Rule 3: that nobody else was seen says that there is nobody else only after half a window.
Rule 4: at most `MOST` operations and clients are told apart; the others count as one.
"""

from __future__ import annotations

from typing import Protocol

MOST = 256
_OTHERS = b""


class Asking(Protocol):
    """Whoever asks an upstream, as far as failures go."""

    def operation(self) -> bytes:
        """What is asked for (`core/operation.py`)."""

    def who(self) -> bytes:
        """The address of the client for whom it is asked."""


class Outcomes:
    """`window` in seconds; times are on the monotonic clock."""

    # fmt: off
    __slots__ = (
        "_began", "_clients", "_failed", "_had_several", "_operations", "_seen", "_share", "_volume", "_window",
        "failed_at",
    )
    # fmt: on

    def __init__(self, share: float, volume: int, window: float) -> None:
        """Nothing has failed."""
        self._share = share
        self._volume = volume
        self._window = window
        self._operations: dict[bytes, list[int]] = {}
        self._clients: dict[bytes, list[int]] = {}
        self._failed = self._seen = 0
        self._had_several = False
        self._began = float("-inf")
        self.failed_at = float("-inf")

    def is_calm(self, now: float) -> bool:
        """Whether nothing has failed within a window."""
        return now - self.failed_at > self._window

    def add(self, operation: bytes, client: bytes, now: float, *, failed: bool) -> None:
        """One more outcome."""
        if now - self._began > self._window:
            if not failed and self.is_calm(now):
                return
            several = len(self._clients) > 1
            self.forget()
            self._began, self._had_several = now, several
        if failed:
            self._failed += 1
            self.failed_at = now
        self._seen += 1
        _count(self._operations, operation, failed)
        _count(self._clients, client, failed)

    def forget(self) -> None:
        """Begin anew."""
        self._failed = self._seen = 0
        self._had_several = False
        self._began = float("-inf")
        self._operations.clear()
        self._clients.clear()

    @property
    def of_several(self) -> bool:
        """Whether more than one client was seen in this window or the last."""
        return self._had_several or len(self._clients) > 1

    def are_too_bad(self, now: float, *, others: bool = False) -> bool:
        """Rules 2 and 3; `others`: it is known that there are other clients."""
        if self._seen < self._volume or self._failed < self._share * self._seen:
            return False
        least = 2 if others or now - self._began < self._window / 2 else 1
        return self._most(self._operations, least) and self._most(self._clients, least)

    def _most(self, counts: dict[bytes, list[int]], least: int) -> bool:
        bad = sum(failed >= self._share * seen for failed, seen in counts.values())
        return bad >= least and 2 * bad > len(counts)


def _count(counts: dict[bytes, list[int]], key: bytes, failed: bool) -> None:  # noqa: FBT001 -- a count of one or none
    found = counts.get(key)
    if found is None:
        found = counts.setdefault(key if len(counts) < MOST else _OTHERS, [0, 0])
    found[0] += failed
    found[1] += 1
