"""All breakers of one upstream in one worker: its own, and one for each operation where something has failed lately.

Rule 1: what fails at one operation alone breaks that operation; the upstream's own opens by what several operations
        and clients meet, or where no connection can be made.
Rule 2: what breaks while the client still sends, or does not read, counts nowhere: servers hang up on slow clients.
Rule 3: at most `MOST` operations are looked after; one that nothing failed at for a window is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proxy.edge.upstream.breaker import Breaker, State

if TYPE_CHECKING:
    from proxy.core.routing.route import BreakerPolicy as Rule
    from proxy.edge.upstream.outcomes import Asking

MOST = 256
TOLD = 16


class Turned(NamedTuple):
    """A breaker has opened or closed: that of `operation`, or of the whole upstream (empty)."""

    operation: str
    state: State


class Resting(NamedTuple):
    """What must not be asked for so many seconds: an operation, or nothing of the upstream (empty)."""

    operation: str
    seconds: int


class Breakers:
    """`whole` is the upstream's own."""

    __slots__ = ("_memory", "_most", "_operations", "_rule", "whole")

    def __init__(self, rule: Rule | None, *, memory: float = 0.0, most: int = MOST) -> None:
        """All closed; without a rule for ever. `memory` and `most` as for `Breaker`."""
        self._rule = rule
        self._memory = memory
        self._most = most
        self.whole = Breaker(rule, memory=memory, most=most)
        self._operations: dict[bytes, Breaker] = {}

    @property
    def alone(self) -> tuple[str, ...]:
        """The operations that are left alone now, or are being asked how they are; not more than `TOLD` of them."""
        resting = [operation for operation, each in self._operations.items() if each.state is not State.CLOSED]
        return tuple(each.decode("latin-1") for each in resting[:TOLD])

    def failed(self, asking: Asking, now: float, address: bytes = b"") -> list[Turned]:
        """What was sent to this address has failed hard."""
        if self._rule is None:
            return []
        operation, client = asking.operation(failed=True), asking.who()
        if self.whole.failed(asking, operation, client, address, now):
            self._operations.clear()
            return [Turned("", State.OPEN)]
        if self.whole.state is not State.CLOSED:
            return []
        alone = self._alone(operation)
        others = self.whole.has_others(now)
        if alone is None or not alone.failed(asking, operation, client, address, now, others=others):
            return []
        return [Turned(operation.decode("latin-1"), State.OPEN)]

    def _alone(self, operation: bytes) -> Breaker | None:
        """The operation's own; None: rule 3."""
        found = self._operations.get(operation)
        if found is None and len(self._operations) < MOST:
            found = Breaker(self._rule, within_operation=True, memory=self._memory, most=self._most)
            self._operations[operation] = found
        return found

    def said_nothing(self, asking: Asking, now: float) -> list[Turned]:
        """An answer that says that somebody behind it did not answer."""
        alone = self._operations.get(asking.operation())
        turned = [Turned("", State.OPEN)] if self.whole.said_nothing(asking, now) else []
        if alone is not None and alone.said_nothing(asking, now):
            turned.append(Turned(asking.operation().decode("latin-1"), State.OPEN))
        return turned

    def refused(self, now: float) -> list[Turned]:
        """No connection could be made."""
        return [Turned("", State.OPEN)] if self.whole.refused(now) else []

    def succeeded(self, asking: Asking, now: float, address: bytes = b"") -> list[Turned]:
        """An answer has come from this address."""
        operation, client = asking.operation(), asking.who()
        alone = self._operations.get(operation)
        turned = []
        if self.whole.succeeded(operation, client, address, now):
            turned.append(Turned("", State.CLOSED))
        if alone is not None and alone.succeeded(operation, client, address, now):
            turned.append(Turned(operation.decode("latin-1"), State.CLOSED))
        return turned

    def refuses(self, asking: Asking, now: float) -> Resting | None:
        """Why this must not be sent; None: it may be, perhaps as a probe."""
        operation, client = asking.operation(), asking.who()
        alone = self._operations.get(operation)
        if alone is not None and alone.rests(operation, client, now):
            return Resting(operation.decode("latin-1"), alone.retry_after(now))
        if not self.whole.admits(asking, operation, client, now):
            return Resting("", self.whole.retry_after(now))
        if alone is not None:
            alone.admits(asking, operation, client, now)
        return None

    def rests(self, asking: Asking, now: float) -> bool:
        """Whether `refuses` would; this only looks."""
        operation, client = asking.operation(), asking.who()
        alone = self._operations.get(operation)
        return self.whole.rests(operation, client, now) or (alone is not None and alone.rests(operation, client, now))

    def are_calm(self, now: float) -> bool:
        """Whether there is nothing to look after; forgets operations of which that is true (rule 3)."""
        for operation in [operation for operation, each in self._operations.items() if each.is_calm(now)]:
            del self._operations[operation]
        return not self._operations and self.whole.is_calm(now)
