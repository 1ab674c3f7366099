"""What the demo's clients saw: who answered, how fast, and everything that went wrong.

Rule 1: figures are of answers that clients received; nothing is taken from Banyan's own counters.
Rule 2: memory is bounded, however long somebody watches: a few seconds of exchanges, one window, few sentences.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.core.outcome import Side

RECENT = 4.0
"""Seconds that rates and percentiles look back."""
_FAULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedExchange:
    """One request as its client saw it; `at` and `seconds` by the monotonic clock; `side` None when nobody answered."""

    route: str
    office: str
    at: float
    seconds: float
    side: Side | None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Some exchanges, summed up: rates per second, times in milliseconds; `share` is what new answered, in [0, 1]."""

    legacy: float
    new: float
    share: float | None
    p50: float | None
    p99: float | None


@dataclass(slots=True, kw_only=True)
class NotedWindow:
    """Exchanges on one route since the window was opened; `length` in seconds is set when it closes."""

    route: str
    length: float = 0.0
    sides: Counter[Side] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    by_office: dict[str, set[Side]] = field(default_factory=dict)

    def add(self, exchange: NotedExchange) -> None:
        """Count it, if somebody answered."""
        if exchange.side is not None:
            self.sides[exchange.side] += 1
            self.seconds.append(exchange.seconds)
            self.by_office.setdefault(exchange.office, set()).add(exchange.side)


class Notebook:
    """Kept by all clients together; one loop, so nothing is locked."""

    def __init__(self) -> None:
        """Empty."""
        self.requests: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.faults: deque[str] = deque(maxlen=_FAULTS)
        self._recent: deque[NotedExchange] = deque()
        self._window: NotedWindow | None = None

    def note(self, exchange: NotedExchange) -> None:
        """One request is over."""
        self.requests[exchange.route] += 1
        self._recent.append(exchange)
        while self._recent[0].at < exchange.at - RECENT:
            self._recent.popleft()
        if exchange.fault:
            self.failures[exchange.route] += 1
            self.faults.append(f"{exchange.route} for {exchange.office}: {exchange.fault}")
        if self._window is not None and self._window.route == exchange.route:
            self._window.add(exchange)

    def open_window(self, route: str) -> NotedWindow:
        """Count this route anew from here; the window before is closed."""
        self._window = NotedWindow(route=route)
        return self._window

    def close_window(self) -> None:
        """Count into no window."""
        self._window = None

    def recent(self, route: str, now: float) -> Figures:
        """The last seconds of one route."""
        seen = [each for each in self._recent if each.route == route and each.at >= now - RECENT]
        answered = [each for each in seen if each.side is not None]
        sides = Counter(each.side for each in answered)
        length = min(RECENT, max(now - self._recent[0].at, 0.5)) if self._recent else RECENT
        return figures(sides[Side.LEGACY], sides[Side.NEW], [each.seconds for each in answered], length)


def figures(legacy: int, new: int, seconds: Iterable[float], length: float) -> Figures:
    """Sums over `length` seconds."""
    times = sorted(seconds)
    share = new / (legacy + new) if legacy + new else None
    return Figures(
        legacy=legacy / length,
        new=new / length,
        share=share,
        p50=_percentile(times, 0.50),
        p99=_percentile(times, 0.99),
    )


def _percentile(times: list[float], part: float) -> float | None:
    return times[min(int(len(times) * part), len(times) - 1)] * 1000 if times else None
