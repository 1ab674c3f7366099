"""Whether an upstream, or one operation at it, is left alone, and how often a request may be sent again.

Rule 1: a breaker opens after so many failed connects in a row, or when too large a share of requests fails
        (`outcomes`): a broken connection, no answer in time, and 5xx where routes.yaml says so.
Rule 2: while it is open nothing is sent; after that a few real requests find out. One that is answered closes it. One
        that fails is followed by others, of another operation or client; it opens again when `PROOF` have failed. Who
        failed, or did not answer, is asked in the next round only when nobody else has come for half of `open`.
Rule 3: repeats are at most a fifth of the requests of a window, or so few that they cannot hurt (R15, PL09).
"""

from __future__ import annotations

from enum import IntEnum
from math import ceil
from random import random
from typing import TYPE_CHECKING

from proxy.edge.upstream.outcomes import MOST, Outcomes

if TYPE_CHECKING:
    from proxy.core.routing.route import BreakerPolicy as Rule
    from proxy.edge.upstream.outcomes import Asking

BUDGET_WINDOW = 10.0
BUDGET_SHARE = 0.2
BUDGET_FLOOR = 30
"""Repeats that any window may have: three a second."""
PROOF = 3
_JITTER = 0.2
_FEWEST = 5
"""The least volume, where few requests can be under way."""


class State(IntEnum):
    """The numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
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
        """Closed; without a rule for ever."""
        self._rule = rule
        self._within_operation = within_operation
        self.state = State.CLOSED
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
        if self.state is not State.CLOSED:
            return self._within_operation and now > self._until + rule.window
        return self._outcomes.is_calm(now) and now - self._refused_at > rule.window

    # -- what has come of requests ------------------------------------------------------------------------------------

    def refused(self, now: float) -> bool:
        """No connection could be made; True when that opens the breaker."""
        rule = self._rule
        if rule is None or self.state is State.OPEN:
            return False
        if now - self._refused_at > rule.window:
            self._refused = 0
        self._refused += 1
        self._refused_at = now
        if self.state is State.CLOSED and self._refused < rule.failures:
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
        if rule is None or self.state is State.OPEN:
            return False
        if self.state is State.HALF_OPEN:
            return self._probe_failed(rule, asking, now)
        self._outcomes.add(self._witness(operation, client), client, address, now, failed=True)
        opens = self._outcomes.are_too_bad(now, others=others)
        if opens:
            self._open(rule, now)
        return opens

    def said_nothing(self, asking: Asking, now: float) -> bool:
        """An answer that says that somebody behind it did not answer: no proof of health from a probe."""
        rule = self._rule
        return rule is not None and self.state is State.HALF_OPEN and self._probe_failed(rule, asking, now)

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
        self.state = State.OPEN
        self._until = now + rule.open * (1.0 - _JITTER * random())  # noqa: S311 -- no secret hangs on it
        self._refused = 0
        self._outcomes.forget()

    def succeeded(self, operation: bytes, client: bytes, address: bytes, now: float) -> bool:
        """An answer has come; True when it closes the breaker."""
        self._refused = 0
        if self._rule is not None and self.state is State.CLOSED:
            self._outcomes.add(self._witness(operation, client), client, address, now, failed=False)
        if self.state is not State.HALF_OPEN:
            return False
        self.state = State.CLOSED
        self._probes.clear()
        self._failed.clear()
        self._last.clear()
        self._outcomes.forget()
        return True

    # -- whether one more may be sent ---------------------------------------------------------------------------------

    def rests(self, operation: bytes, client: bytes, now: float) -> bool:
        """Whether `admits` would refuse; this only looks, and takes no probe."""
        rule = self._rule
        if rule is None or self.state is State.CLOSED:
            return False
        witness = self._witness(operation, client)
        if now >= self._until:
            return witness in self._failed | set(self._probes.values()) and now < self._until + rule.open / 2
        if self.state is State.OPEN or len(self._probes) >= rule.probes:
            return True
        return witness in self._failed or (witness in self._last and now < self._half_open_at + rule.open / 2)

    def admits(self, asking: Asking, operation: bytes, client: bytes, now: float) -> bool:
        """Whether one more request may go out; one that may while not closed is a probe."""
        rule = self._rule
        if rule is None or self.state is State.CLOSED or asking in self._probes:
            return True
        if self.rests(operation, client, now):
            return False
        if now >= self._until:
            self.state = State.HALF_OPEN
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


class RetryBudget:
    """How many repeats an upstream gets; `asked` as above."""

    __slots__ = ("_asked", "_began", "_spent")

    def __init__(self) -> None:
        """Nothing is spent."""
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
