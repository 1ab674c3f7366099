"""Outcomes of requests within a window, by operation, client and address: whether too much fails, and for how many.

Rule 1: counting begins with a failure, for one window; what nobody fails at costs nothing.
Rule 2: too much is a share of at least so many outcomes, and more than half of the operations, of their first segments,
        of the clients and of the addresses that were seen have that share themselves: what meets one of them alone
        proves nothing of others.
Rule 3: that nobody else was seen says that there is nobody else only after half a window, and not of addresses.
Rule 4: at most `MOST` of each are told apart; the others count as one.
"""

from __future__ import annotations

from typing import Protocol

from proxy.core.routing.operation import group_of

MOST = 256
_OTHERS = b""
_NEVER = float("-inf")


class Asking(Protocol):
    """An exchange, as far as failures are counted by who asked for what."""

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for (`core/routing/operation.py`)."""

    def who(self) -> bytes:
        """The address of the client for whom it is asked."""


class OutcomesByKey:
    """Outcomes by one kind of key; `changed_at`: when it last was another one than before, `several`: it ever was."""

    __slots__ = ("_counts", "_latest", "changed_at", "several")

    def __init__(self) -> None:
        self._counts: dict[bytes, list[int]] = {}
        self._latest: bytes | None = None
        self.changed_at = _NEVER
        self.several = False

    def add(self, key: bytes, now: float, failed: int) -> None:
        """Count one outcome of `key`; `failed` is 0 or 1."""
        if key != self._latest:
            self.several = self._latest is not None
            self._latest, self.changed_at = key, now
        counts = self._counts
        count = counts.get(key)
        if count is None:
            count = counts.setdefault(key if len(counts) < MOST else _OTHERS, [0, 0])
        count[0] += failed
        count[1] += 1

    def clear(self) -> None:
        """Forget the counts, but not which key was the last."""
        self._counts.clear()

    def fails(self, share: float, least: int) -> bool:
        """Whether more than half of the keys have a `share` of failures, and at least `least` of them."""
        bad = sum(failed >= share * seen for failed, seen in self._counts.values())
        return bad >= least and 2 * bad > len(self._counts)


class Outcomes:
    """`window`: seconds over which is counted; `memory`: seconds after a failure for which answers are counted too."""

    # fmt: off
    __slots__ = (
        "_addresses", "_began", "_clients", "_failed", "_groups", "_memory", "_operations", "_seen", "_share",
        "_volume", "_window", "failed_at",
    )
    # fmt: on

    def __init__(self, share: float, volume: int, window: float, memory: float = 0.0) -> None:
        self._share = share
        self._volume = volume
        self._window = window
        self._memory = memory or window
        self._operations, self._groups = OutcomesByKey(), OutcomesByKey()
        self._clients, self._addresses = OutcomesByKey(), OutcomesByKey()
        self._failed = self._seen = 0
        self._began = _NEVER
        self.failed_at = _NEVER

    def is_calm(self, now: float) -> bool:
        """Whether nothing has failed for as long as is remembered."""
        return now - self.failed_at > self._memory

    def add(self, operation: bytes, client: bytes, address: bytes, now: float, *, failed: bool) -> None:
        """Count one outcome; answers only where something has failed within `memory` (rule 1)."""
        if now - self._began > self._window:
            if not failed and self.is_calm(now):
                return
            self._clear()
            self._began = now
        if failed:
            self._failed += 1
            self.failed_at = now
        self._seen += 1
        self._operations.add(operation, now, failed)
        self._groups.add(group_of(operation), now, failed)
        self._clients.add(client, now, failed)
        self._addresses.add(address, now, failed)

    def _clear(self) -> None:
        self._failed = self._seen = 0
        self._began = _NEVER
        for kind in (self._operations, self._groups, self._clients, self._addresses):
            kind.clear()

    def forget(self) -> None:
        """Forget all counts, and that anything has failed."""
        self._clear()
        self.failed_at = _NEVER

    def has_others(self, now: float) -> bool:
        """Whether more than one client was seen within a window."""
        return self._clients.several and now - self._clients.changed_at <= self._window

    def are_too_bad(self, now: float, *, others: bool = False) -> bool:
        """Rules 2 and 3; `others`: it is known that there are other clients."""
        if self._seen < self._volume or self._failed < self._share * self._seen:
            return False
        return (
            self._operations.fails(self._share, self._least(self._operations, now))
            and self._groups.fails(self._share, 1)
            and self._clients.fails(self._share, 2 if others else self._least(self._clients, now))
            and self._addresses.fails(self._share, 1)
        )

    def _least(self, kind: OutcomesByKey, now: float) -> int:
        return 1 if now - kind.changed_at >= self._window / 2 else 2
