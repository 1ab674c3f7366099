"""What is known of one endpoint: how often it was called, by whom, when, with what names, and how it was answered.

Rule 1: values are never kept: neither of parameters nor of fields; names, kinds and counts are.
Rule 2: everything is bounded; what exceeds a bound is counted together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.core.discovery.usage import OTHERS, UNVERIFIED, day_of

MOST_CALLERS = 50
MOST_NAMES = 60
"""Of queries, and of fields, of one endpoint."""
MOST_DAYS = 366
LONGEST_NAME = 80
CLASSES = 5
NULL = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One request. `weight` is how many it stands for; `route` took it, empty: none did; `query` are names.

    `fields` are the names in its body as JSON, each with what stood there (`request_fields.py`); None: nobody looked.
    """

    method: str
    path: str
    status: int
    at: float
    caller: str = UNVERIFIED
    route: str = ""
    weight: float = 1.0
    query: Sequence[str] = ()
    fields: Sequence[tuple[str, str]] | None = None


class CallerSeen:
    """One caller of an endpoint; `nulls` are fields that it has sent as null."""

    __slots__ = ("calls", "first", "last", "nulls")

    def __init__(self, at: float) -> None:
        """Not counted yet."""
        self.calls = 0.0
        self.first = self.last = at
        self.nulls: set[str] = set()


class FieldSeen:
    """A field of request bodies: how many had it, and as what (`null` among them)."""

    __slots__ = ("kinds", "present")

    def __init__(self) -> None:
        """In none yet."""
        self.present = 0
        self.kinds: dict[str, int] = {}


class EndpointSeen:
    """One method of one template. `calls` adds up weights, `observed` counts; `bodies` is how many were looked at."""

    __slots__ = (
        *("bodies", "callers", "calls", "classes", "days", "fields", "first", "last", "observed", "query", "routes"),
    )

    def __init__(self, at: float) -> None:
        """Not counted yet."""
        self.calls = 0.0
        self.observed = 0
        self.first = self.last = at
        self.classes = [0.0] * CLASSES
        self.callers: dict[str, CallerSeen] = {}
        self.routes: dict[str, float] = {}
        self.query: dict[str, int] = {}
        self.days: dict[int, float] = {}
        self.bodies = 0
        self.fields: dict[str, FieldSeen] = {}

    def count(self, seen: Observation) -> None:
        """One request more."""
        self.calls += seen.weight
        self.observed += 1
        self._see_times(seen.at, seen.at)
        self.classes[min(max(seen.status // 100, 1), CLASSES) - 1] += seen.weight
        caller = self._see_caller(seen.caller, seen.weight, seen.at, seen.at)
        self._add(self.routes, seen.route, seen.weight)
        for name in set(seen.query):
            self._add(self.query, name[:LONGEST_NAME], 1)
        self._see_day(day_of(seen.at), seen.weight)
        if seen.fields is not None:
            self._see_fields(seen.fields, caller)

    def see_body(self, fields: Sequence[tuple[str, str]], caller: str) -> None:
        """Names in the body of a request that was counted, or will be."""
        self._see_fields(fields, self.callers.get(caller))

    def merge(self, other: EndpointSeen) -> None:
        """What was seen of the same endpoint elsewhere."""
        self.calls += other.calls
        self.observed += other.observed
        self._see_times(other.first, other.last)
        self.classes = [mine + theirs for mine, theirs in zip(self.classes, other.classes, strict=True)]
        for name, caller in other.callers.items():
            known = self._see_caller(name, caller.calls, caller.first, caller.last)
            known.nulls |= caller.nulls
        for name, calls in other.routes.items():
            self._add(self.routes, name, calls)
        for name, count in other.query.items():
            self._add(self.query, name, count)
        for day, calls in other.days.items():
            self._see_day(day, calls)
        self.bodies += other.bodies
        for name, field in other.fields.items():
            self._see_field(name, field.present, field.kinds)

    @property
    def names(self) -> int:
        """How many names of queries and of fields are kept."""
        return len(self.query) + len(self.fields)

    def forget_names(self) -> None:
        """Their room is needed; those that come again are learned anew."""
        self.query.clear()
        self.fields.clear()
        self.bodies = 0
        for caller in self.callers.values():
            caller.nulls.clear()

    def _see_times(self, first: float, last: float) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)

    def _see_caller(self, name: str, calls: float, first: float, last: float) -> CallerSeen:
        known = self.callers.get(name)
        if known is None:
            name = OTHERS if len(self.callers) >= MOST_CALLERS else name[:LONGEST_NAME]
            known = self.callers.setdefault(name, CallerSeen(first))
        known.calls += calls
        known.first, known.last = min(known.first, first), max(known.last, last)
        return known

    def _add(self, counts: dict[str, float] | dict[str, int], name: str, more: float) -> None:
        if name in counts or len(counts) < MOST_NAMES:
            counts[name] = counts.get(name, 0) + more  # type: ignore[assignment]

    def _see_day(self, day: int, calls: float) -> None:
        self.days[day] = self.days.get(day, 0.0) + calls
        if len(self.days) > MOST_DAYS:
            del self.days[min(self.days)]

    def _see_fields(self, fields: Sequence[tuple[str, str]], caller: CallerSeen | None) -> None:
        self.bodies += 1
        kinds: dict[str, dict[str, int]] = {}
        for name, kind in fields:
            kinds.setdefault(name[:LONGEST_NAME], {})[kind] = 1
        for name, found in kinds.items():
            self._see_field(name, 1, found)
            if NULL in found and name in self.fields and caller is not None:
                caller.nulls.add(name)

    def _see_field(self, name: str, present: int, kinds: Mapping[str, int]) -> None:
        known = self.fields.get(name)
        if known is None:
            if len(self.fields) >= MOST_NAMES:
                return
            known = self.fields[name] = FieldSeen()
        known.present += present
        for kind, count in kinds.items():
            known.kinds[kind] = known.kinds.get(kind, 0) + count


def statuses(seen: EndpointSeen) -> Mapping[str, float]:
    """By class, those that were met: `2xx`, `4xx`."""
    return {f"{number}xx": count for number, count in enumerate(seen.classes, 1) if count}
