"""When an upstream is left alone, and how often a request may be sent again: both by what one worker has seen.

Rule 1: a breaker opens after so many hard failures in a row, or so large a share of them, within its window; a hard
        failure is no connection, a broken one, no answer in time, and 5xx where routes.yaml says so.
Rule 2: while it is open nothing is sent; after that a few real requests find out how the upstream is, again and again
        until one is answered (closed) or fails (open).
Rule 3: repeats are at most a fifth of the requests of a window, or so few that they cannot hurt (R15, PL09).
"""

from __future__ import annotations

from enum import IntEnum
from math import ceil
from random import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.route import Breaker as Rule

BUDGET_WINDOW = 10.0
BUDGET_SHARE = 0.2
BUDGET_FLOOR = 30
"""Repeats that any window may have: three a second."""
_JITTER = 0.2


class State(IntEnum):
    """The numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Times are on the monotonic clock; `asked` is the running number of requests to the upstream."""

    # fmt: off
    __slots__ = (
        "_asked", "_failed", "_probes", "_rule", "_streak", "_streak_began", "_until", "_window_began", "state",
    )
    # fmt: on

    def __init__(self, rule: Rule | None) -> None:
        """Closed; without a rule for ever."""
        self._rule = rule
        self.state = State.CLOSED
        self._streak = 0
        self._streak_began = 0.0
        self._window_began = 0.0
        self._asked = 0
        self._failed = 0
        self._until = 0.0
        self._probes = 0

    def failed(self, asked: int, now: float) -> bool:
        """A hard failure; True when it opens the breaker."""
        rule = self._rule
        if rule is None or self.state is State.OPEN:
            return False
        if self.state is State.HALF_OPEN or self._is_too_much(rule, asked, now):
            self.state = State.OPEN
            self._until = now + rule.open * (1.0 - _JITTER * random())  # noqa: S311 -- no secret hangs on it
            self._streak = self._failed = 0
            return True
        return False

    def _is_too_much(self, rule: Rule, asked: int, now: float) -> bool:
        if not self._streak or now - self._streak_began > rule.window:
            self._streak, self._streak_began = 0, now
        if now - self._window_began > rule.window:
            self._window_began, self._asked, self._failed = now, asked - 1, 0
        self._streak += 1
        self._failed += 1
        volume = asked - self._asked
        return self._streak >= rule.failures or (volume >= rule.volume and self._failed >= rule.share * volume)

    def succeeded(self) -> bool:
        """An answer has come; True when it closes the breaker."""
        self._streak = 0
        if self.state is State.HALF_OPEN:
            self.state = State.CLOSED
            self._failed, self._window_began = 0, 0.0
            return True
        return False

    def rests(self, now: float) -> bool:
        """Whether `admits` would refuse; this only looks, and takes no probe."""
        if self.state is State.CLOSED or now >= self._until:
            return False
        return self.state is State.OPEN or not self._probes

    def admits(self, now: float) -> bool:
        """Whether one more request may go out; one that may while not closed is a probe."""
        rule = self._rule
        if rule is None or self.state is State.CLOSED:
            return True
        if now >= self._until:
            self.state = State.HALF_OPEN
            self._until, self._probes = now + rule.open, rule.probes
        if self.state is State.HALF_OPEN and self._probes:
            self._probes -= 1
            return True
        return False

    def retry_after(self, now: float) -> int:
        """Whole seconds until it is worth asking again."""
        return max(1, ceil(self._until - now))


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
