"""When a side of a route is closed (`windows` with `answer: 503`), as a worker asks it, and what its clients are told.

Rule 1: a window begins and ends with a whole second, so it is looked up once a second at most, for all routes that have
        the same ones together.
Rule 2: what was let in before a window began goes on: its answer comes, and a tunnel stays.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Final

from proxy.core.outcome import Refused, Side
from proxy.core.steps.closed_hours import Closing, HoursAnswer, closing
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.upstream.dial import refusal
from proxy.zones import offset

if TYPE_CHECKING:
    from proxy.core.outcome import Failure
    from proxy.core.steps.closed_hours import Hours

_LEGACY: Final = Side.LEGACY


class SideHours:
    """Of one upstream on some routes."""

    __slots__ = ("_found", "_hours", "_second", "upstream")

    def __init__(self, hours: Hours, upstream: str) -> None:
        """`upstream` is its name."""
        self.upstream = upstream
        self._hours = hours
        self._second = -1
        self._found: Closing | None = None

    def closing(self, now: float) -> Closing | None:
        """What is closed at this time, unix seconds; None: it is open."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._found = closing(self._hours, float(second), offset)
        return self._found


class RouteHours:
    """Of both sides of one route."""

    __slots__ = ("_legacy", "_new")

    def __init__(self, legacy: SideHours, new: SideHours) -> None:
        """Sides without closed hours are always open."""
        self._legacy = legacy
        self._new = new

    def of(self, side: Side) -> SideHours:
        """Those of one side."""
        return self._legacy if side is _LEGACY else self._new

    def closing(self, side: Side, now: float) -> Closing | None:
        """What closes one side at this time."""
        return self.of(side).closing(now)


def sentence_of(upstream: str, closed: Closing) -> str:
    """For people, clients among them."""
    until = datetime.fromtimestamp(closed.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{upstream} is closed until {until} ({closed.name})"


def seconds_left(closed: Closing, now: float) -> int:
    """Whole seconds until it is open again, never too few."""
    return max(1, ceil(closed.until - now))


def closed_answer(upstream: str, closed: Closing, now: float) -> LocalAnswer:
    """What a client of a closed side gets."""
    again = b"Retry-After: %d" % seconds_left(closed, now)
    return LocalAnswer(503, sentence_of(upstream, closed), lines=(again,), counted=HoursAnswer.CLOSED.value)


def closed_failure(upstream: str, closed: Closing, now: float) -> Failure:
    """The same where the other side may be asked instead."""
    return refusal(Refused.CLOSED, sentence_of(upstream, closed), seconds_left(closed, now))
