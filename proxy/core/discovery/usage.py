"""Who called which route on which day, and how often: the record by which a route is found unused.

Rule 1: records of the same route, caller and day add up, in any order and from any replica.
Rule 2: times are unix seconds, days are UTC days since 1970; nothing here reads a clock.
Rule 3: a caller is the client that a policy has verified (`proxy.core.auth.principal.client_of`), or `UNVERIFIED`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

UNVERIFIED = "unverified"
"""Whoever called without a token that Banyan has checked: the route asks for none, or refused it."""
OTHERS = "(others)"
"""Callers beyond the number that a route may have, together."""
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """Calls of one caller on one day; `good` of them were answered below 400. `first` and `last` are within the day."""

    route: str
    caller: str
    day: int
    calls: int
    good: int
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerUsage:
    """All that is recorded of one caller of a route; `days` is on how many it called."""

    route: str
    caller: str
    calls: int
    good: int
    first: float
    last: float
    days: int


def day_of(moment: float) -> int:
    """The UTC day of a time."""
    return int(moment // SECONDS_A_DAY)


def added(known: UsageDay, more: UsageDay) -> UsageDay:
    """Both, of the same route, caller and day."""
    return UsageDay(
        route=known.route,
        caller=known.caller,
        day=known.day,
        calls=known.calls + more.calls,
        good=known.good + more.good,
        first=min(known.first, more.first),
        last=max(known.last, more.last),
    )


def sums_of(days: Iterable[UsageDay]) -> tuple[CallerUsage, ...]:
    """By route and caller, sorted; `days` of one caller have each day once."""
    found: dict[tuple[str, str], list[UsageDay]] = {}
    for record in days:
        found.setdefault((record.route, record.caller), []).append(record)
    return tuple(_sum(found[key]) for key in sorted(found))


def _sum(days: list[UsageDay]) -> CallerUsage:
    return CallerUsage(
        route=days[0].route,
        caller=days[0].caller,
        calls=sum(each.calls for each in days),
        good=sum(each.good for each in days),
        first=min(each.first for each in days),
        last=max(each.last for each in days),
        days=len(days),
    )
