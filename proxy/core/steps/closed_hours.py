"""`windows` with `answer: 503`: when a side of a route is closed, until when, and what follows for its requests.

Rule 1: windows that overlap or meet are one: they end with the last of them.
Rule 2: a window ends where the clocks of its zone say so. Where they are put back within it, an hour of it comes twice;
        where they are put forward over its end, it ends with the jump.
Rule 3: whoever knows the clocks says how far each zone is east of UTC; nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from proxy.core.judge.policy import DAY, Freeze, Window
from proxy.core.judge.windows import is_within, local_time
from proxy.core.outcome import Side
from proxy.core.steps.step_policy import StepPolicy

Hours = tuple[Window | Freeze, ...]
Offset = Callable[[str, float], float]
"""Seconds east of UTC of a zone at a time in unix seconds."""
FARTHEST = 8 * DAY
"""Seconds to look ahead: windows that come again each week have shown by then whether they ever end."""


class HoursAnswer(StrEnum):
    """Why a request to a side with closed hours is answered by Banyan."""

    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedHours:
    """Of a route: the windows in which each side is closed."""

    legacy: Hours = ()
    new: Hours = ()
    key: ClassVar[str] = "windows.answer"
    fields: ClassVar[frozenset[bytes]] = frozenset()
    answers: ClassVar[tuple[str, ...]] = tuple(reason.value for reason in HoursAnswer)
    is_remembered: ClassVar[bool] = True

    def of(self, side: Side) -> Hours:
        """Those of one side."""
        return self.legacy if side is Side.LEGACY else self.new


NEVER = ClosedHours()


class Closing(NamedTuple):
    """What is closed now: the names of its windows up to the last of them, and until when (unix seconds)."""

    name: str
    until: float


def hours_of(steps: Iterable[StepPolicy]) -> ClosedHours:
    """Those of a route, by its steps."""
    return next((step for step in steps if isinstance(step, ClosedHours)), NEVER)


def closing(hours: Sequence[Window | Freeze], now: float, offset: Offset) -> Closing | None:
    """Rule 1; None: it is open."""
    on = _on(hours, now, offset)
    if not on:
        return None
    names, until = dict[str, None](), now
    while on and until < now + FARTHEST:
        names |= dict.fromkeys(window.name for window in on)
        until = max(end_of(window, until, offset) for window in on)
        on = _on(hours, until, offset)
    return Closing(", ".join(names), until)


def end_of(window: Window | Freeze, now: float, offset: Offset) -> float:
    """When a window that is on at `now` ends, by itself: the first moment at which it is on no longer."""
    if isinstance(window, Freeze):
        return window.end
    at, until = now, now + 2 * DAY
    while at < until and _is_on(window, at, offset):
        east = offset(window.zone, at)
        end = at + _left(window, (at + east) % DAY)
        if offset(window.zone, end) == east:
            return end
        at = _jump(window.zone, at, end, offset)  # rule 2: the clocks say something else from then on
    return at


def _on(hours: Sequence[Window | Freeze], now: float, offset: Offset) -> list[Window | Freeze]:
    return [window for window in hours if _is_on(window, now, offset)]


def _is_on(window: Window | Freeze, now: float, offset: Offset) -> bool:
    if isinstance(window, Freeze):
        return window.start <= now < window.end
    return is_within(window, local_time(now, offset(window.zone, now)))


def _left(window: Window, of_day: float) -> float:
    """Seconds until its end by clocks that are not put, `of_day` seconds after midnight there."""
    is_today = window.start < window.end or of_day < window.start * 60.0
    return window.end * 60.0 - of_day + (0.0 if is_today else DAY)


def _jump(zone: str, before: float, after: float, offset: Offset) -> float:
    """The whole second between the two from which its clocks say something else."""
    first, last, east = int(before), int(after) + 1, offset(zone, before)
    while last - first > 1:
        middle = (first + last) // 2
        if offset(zone, middle) == east:
            first = middle
        else:
            last = middle
    return float(last)
