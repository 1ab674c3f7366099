"""Whether an upstream, or one operation at it, is left alone, and how often a request may be sent again.

Rule 1: a breaker opens after so many failed connects in a row, or when too large a share of requests fails
        (`outcomes`): a broken connection, no answer in time, and 5xx where routes.yaml says so.
Rule 2: while it is open nothing is sent; after that a few real requests find out. One that is answered closes it. One
        that fails is followed by others, of another operation or client; it opens again when `PROOF` have failed. Who
        failed, or did not answer, is asked in the next round only when nobody else has come for half of `open`.
Rule 3: what fails at one operation alone breaks that operation; the upstream's own breaker opens by what several
        operations and clients meet, or where no connection can be made.
Rule 4: what breaks while the client still sends, or does not read, counts nowhere: servers hang up on slow clients.
Rule 5: at most `MOST_OPERATIONS` have a breaker of their own; one that nothing failed at for a window is forgotten.
Rule 6: a breaker that nobody asks any more, for a window after its time, says nothing of the upstream: it closes.
Rule 7: repeats are at most a fifth of the requests of a window, or so few that they cannot hurt (R15, PL09).
"""

from __future__ import annotations

from enum import IntEnum
from math import ceil
from random import random
from typing import TYPE_CHECKING, NamedTuple

from proxy.edge.upstream.outcomes import MOST, Outcomes

if TYPE_CHECKING:
    from proxy.core.routing.route import BreakerPolicy as Rule
    from proxy.edge.upstream.outcomes import Asking

BUDGET_WINDOW = 10.0
BUDGET_SHARE = 0.2
BUDGET_FLOOR = 30
"""Repeats that any window may have: three a second."""
PROOF = 3
MOST_OPERATIONS = 256
TOLD = 16
"""Operations that are named to operators."""
_JITTER = 0.2
_FEWEST = 5
"""The least volume, where few requests can be under way."""


class BreakerState(IntEnum):
    """The values are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class CircuitBreaker:
    """Times are on the monotonic clock. Probes are of different operations; `within_operation` of different clients.

    `memory`: seconds after a failure for which outcomes are looked at; `most`: requests that can be under way at once.
    """

    # fmt: off
    __slots__ = (
        "_failed", "_half_open_at", "_last", "_outcomes", "_probes", "_refused", "_refused_at", "_rule", "_until",
        "_within_operation", "state",
    )
    # fmt: on

    def __init__(
        self, rule: Rule | None, *, within_operation: bool = False, memory: float = 0.0, most: int = MOST
    ) -> None:
        """Without a rule it stays closed."""
        self._rule = rule
        self._within_operation = within_operation
        self.state = BreakerState.CLOSED
        self._outcomes = Outcomes(1.0, 0, 0.0)
        if rule is not None:
            volume = min(rule.volume, max(_FEWEST, most))
            self._outcomes = Outcomes(rule.share, volume, rule.window, max(memory, rule.window))
        self._refused = 0
        self._refused_at = float("-inf")
        self._half_open_at = self._until = 0.0
        self._probes: dict[Asking, bytes] = {}
        self._failed: set[bytes] = set()
        self._last: set[bytes] = set()

    def is_calm(self, now: float) -> bool:
        """Whether nothing has failed for as long as is remembered; one that nobody asks any more is, too."""
        rule = self._rule
        if rule is None:
            return True
        if self.state is not BreakerState.CLOSED:
            return self._within_operation and now > self._until + rule.window
        return self._outcomes.is_calm(now) and now - self._refused_at > rule.window

    # -- what has come of requests ------------------------------------------------------------------------------------

    def refused(self, now: float) -> bool:
        """No connection could be made; True when that opens the breaker."""
        rule = self._rule
        if rule is None or self.state is BreakerState.OPEN:
            return False
        if now - self._refused_at > rule.window:
            self._refused = 0
        self._refused += 1
        self._refused_at = now
        if self.state is BreakerState.CLOSED and self._refused < rule.failures:
            return False
        self._open(rule, now)
        return True

    def has_others(self, now: float) -> bool:
        """Whether more than one client was seen lately."""
        return self._outcomes.has_others(now)

    def failed(
        self, asking: Asking, operation: bytes, client: bytes, address: bytes, now: float, *, others: bool = False
    ) -> bool:
        """What was sent has failed hard; True when that opens the breaker. `others`: there are other clients."""
        rule = self._rule
        if rule is None or self.state is BreakerState.OPEN:
            return False
        if self.state is BreakerState.HALF_OPEN:
            return self._probe_failed(rule, asking, now)
        self._outcomes.add(self._witness(operation, client), client, address, now, failed=True)
        opens = self._outcomes.are_too_bad(now, others=others)
        if opens:
            self._open(rule, now)
        return opens

    def said_nothing(self, asking: Asking, now: float) -> bool:
        """A 502, 503 or 504: a probe that gets one has failed. True when that opens the breaker."""
        rule = self._rule
        return rule is not None and self.state is BreakerState.HALF_OPEN and self._probe_failed(rule, asking, now)

    def _probe_failed(self, rule: Rule, asking: Asking, now: float) -> bool:
        witness = self._probes.pop(asking, None)
        if witness is None:
            return False  # sent before: it says how things were then
        self._failed.add(witness)
        opens = len(self._failed) >= PROOF
        if opens:
            self._open(rule, now)
        return opens

    def _open(self, rule: Rule, now: float) -> None:
        self.state = BreakerState.OPEN
        self._until = now + rule.open * (1.0 - _JITTER * random())  # noqa: S311 -- no secret hangs on it
        self._refused = 0
        self._outcomes.forget()

    def succeeded(self, operation: bytes, client: bytes, address: bytes, now: float) -> bool:
        """An answer has come; True when it closes the breaker."""
        self._refused = 0
        if self._rule is not None and self.state is BreakerState.CLOSED:
            self._outcomes.add(self._witness(operation, client), client, address, now, failed=False)
        if self.state is not BreakerState.HALF_OPEN:
            return False
        self._close()
        return True

    def forgets(self, now: float) -> bool:
        """True when rule 6 closes it. Whoever asked after its time would have begun a new one."""
        if self._rule is None or self.state is BreakerState.CLOSED or now <= self._until + self._rule.window:
            return False
        self._close()
        return True

    def _close(self) -> None:
        self.state = BreakerState.CLOSED
        self._refused = 0
        self._probes.clear()
        self._failed.clear()
        self._last.clear()
        self._outcomes.forget()

    # -- whether one more may be sent ---------------------------------------------------------------------------------

    def rests(self, operation: bytes, client: bytes, now: float) -> bool:
        """Whether `admits` would refuse; this only looks, and takes no probe."""
        rule = self._rule
        if rule is None or self.state is BreakerState.CLOSED:
            return False
        witness = self._witness(operation, client)
        if now >= self._until:
            return witness in self._failed | set(self._probes.values()) and now < self._until + rule.open / 2
        if self.state is BreakerState.OPEN or len(self._probes) >= rule.probes:
            return True
        return witness in self._failed or (witness in self._last and now < self._half_open_at + rule.open / 2)

    def admits(self, asking: Asking, operation: bytes, client: bytes, now: float) -> bool:
        """Whether one more request may go out; one that may while not closed is a probe."""
        rule = self._rule
        if rule is None or self.state is BreakerState.CLOSED or asking in self._probes:
            return True
        if self.rests(operation, client, now):
            return False
        if now >= self._until:
            self.state = BreakerState.HALF_OPEN
            self._half_open_at, self._until = now, now + rule.open
            self._last = self._failed | set(self._probes.values())
            self._probes, self._failed = {}, set()
        self._probes[asking] = self._witness(operation, client)
        return True

    def retry_after(self, now: float) -> int:
        """Whole seconds until it is worth asking again."""
        return max(1, ceil(self._until - now))

    def _witness(self, operation: bytes, client: bytes) -> bytes:
        return client if self._within_operation else operation


class BreakerChange(NamedTuple):
    """A breaker has opened or closed; `operation` is empty for the upstream's own."""

    operation: str
    state: BreakerState


class Resting(NamedTuple):
    """A breaker is open for `seconds` more; `operation` is empty for the upstream's own."""

    operation: str
    seconds: int


class Breakers:
    """`whole` is the breaker of the upstream itself; the others belong to operations (method and path)."""

    __slots__ = ("_memory", "_most", "_operations", "_rule", "whole")

    def __init__(self, rule: Rule | None, *, memory: float = 0.0, most: int = MOST) -> None:
        """Without a rule all stay closed. `memory` and `most` as for `CircuitBreaker`."""
        self._rule = rule
        self._memory = memory
        self._most = most
        self.whole = CircuitBreaker(rule, memory=memory, most=most)
        self._operations: dict[bytes, CircuitBreaker] = {}

    @property
    def alone(self) -> tuple[str, ...]:
        """The operations that are left alone now, or are being asked how they are; not more than `TOLD` of them."""
        resting = [
            operation for operation, breaker in self._operations.items() if breaker.state is not BreakerState.CLOSED
        ]
        return tuple(operation.decode("latin-1") for operation in resting[:TOLD])

    def failed(self, asking: Asking, now: float, address: bytes = b"") -> list[BreakerChange]:
        """A request sent to this address has failed (a 5xx, too, where these count); the breakers that this opens."""
        if self._rule is None:
            return []
        operation, client = asking.operation(failed=True), asking.who()
        if self.whole.failed(asking, operation, client, address, now):
            self._operations.clear()
            return [BreakerChange("", BreakerState.OPEN)]
        if self.whole.state is not BreakerState.CLOSED:
            return []
        breaker = self._breaker_of(operation)
        others = self.whole.has_others(now)
        if breaker is None or not breaker.failed(asking, operation, client, address, now, others=others):
            return []
        return [BreakerChange(operation.decode("latin-1"), BreakerState.OPEN)]

    def _breaker_of(self, operation: bytes) -> CircuitBreaker | None:
        """The operation's breaker, made on its first failure; None where there are too many (rule 5)."""
        breaker = self._operations.get(operation)
        if breaker is None and len(self._operations) < MOST_OPERATIONS:
            breaker = CircuitBreaker(self._rule, within_operation=True, memory=self._memory, most=self._most)
            self._operations[operation] = breaker
        return breaker

    def said_nothing(self, asking: Asking, now: float) -> list[BreakerChange]:
        """A request was answered with 502, 503 or 504; the breakers that this opens."""
        breaker = self._operations.get(asking.operation())
        changes = [BreakerChange("", BreakerState.OPEN)] if self.whole.said_nothing(asking, now) else []
        if breaker is not None and breaker.said_nothing(asking, now):
            changes.append(BreakerChange(asking.operation().decode("latin-1"), BreakerState.OPEN))
        return changes

    def refused(self, now: float) -> list[BreakerChange]:
        """No connection could be made; the breakers that this opens."""
        return [BreakerChange("", BreakerState.OPEN)] if self.whole.refused(now) else []

    def succeeded(self, asking: Asking, now: float, address: bytes = b"") -> list[BreakerChange]:
        """An answer has come from this address; the breakers that this closes."""
        operation, client = asking.operation(), asking.who()
        breaker = self._operations.get(operation)
        changes = []
        if self.whole.succeeded(operation, client, address, now):
            changes.append(BreakerChange("", BreakerState.CLOSED))
        if breaker is not None and breaker.succeeded(operation, client, address, now):
            changes.append(BreakerChange(operation.decode("latin-1"), BreakerState.CLOSED))
        return changes

    def refuses(self, asking: Asking, now: float) -> Resting | None:
        """Why this must not be sent; None: it may be, perhaps as a probe."""
        operation, client = asking.operation(), asking.who()
        breaker = self._operations.get(operation)
        if breaker is not None and breaker.rests(operation, client, now):
            return Resting(operation.decode("latin-1"), breaker.retry_after(now))
        if not self.whole.admits(asking, operation, client, now):
            return Resting("", self.whole.retry_after(now))
        if breaker is not None:
            breaker.admits(asking, operation, client, now)
        return None

    def rests(self, asking: Asking, now: float) -> bool:
        """Whether `refuses` would; this only looks."""
        operation, client = asking.operation(), asking.who()
        breaker = self._operations.get(operation)
        return self.whole.rests(operation, client, now) or (
            breaker is not None and breaker.rests(operation, client, now)
        )

    def are_calm(self, now: float) -> bool:
        """Whether there is nothing to look after; forgets operations of which that is true (rule 5)."""
        for operation in [operation for operation, breaker in self._operations.items() if breaker.is_calm(now)]:
            del self._operations[operation]
        return not self._operations and self.whole.is_calm(now)


class RetryBudget:
    """How many repeats an upstream gets; `asked`: requests so far, repeats among them."""

    __slots__ = ("_asked", "_began", "_spent")

    def __init__(self) -> None:
        self._asked = 0
        self._began = 0.0
        self._spent = 0

    def spend(self, asked: int, now: float) -> bool:
        """Take one repeat; False when there is none left."""
        if now - self._began > BUDGET_WINDOW:
            self._began, self._asked, self._spent = now, asked, 0
        first = asked - self._asked - self._spent
        if self._spent >= max(BUDGET_FLOOR, int(BUDGET_SHARE * first)):
            return False
        self._spent += 1
        return True
