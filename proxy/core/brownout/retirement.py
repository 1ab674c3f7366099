"""Whether a route may be retired: a list of what speaks for it, each met or open, with a sentence.

Rule 1: nobody has called for the whole period, and the record covers it: "not recorded" is never "not called". Neither
        can be skipped.
Rule 2: a brown-out of the endpoint has run for as long as the period, and was ended by nothing but its time: who comes
        so seldom was met then, if there is anybody.
Rule 3: clients were told: answers said since when it is deprecated, and its sunset has passed.
Rule 4: what is skipped is so by name, and stands in the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.core.brownout.deprecation import DeprecationPolicy
from proxy.core.discovery.usage import CallerUsage

DAY = 86_400.0
MOST_NAMED = 3
"""Callers that a sentence names: a wide route may have many thousands, and the sentence goes into the record."""


class RetireItem(StrEnum):
    """What is asked, in the order in which it is shown: a closed list."""

    UNUSED = "unused"
    RECORDED = "recorded"
    BROWNED_OUT = "browned_out"
    DEPRECATED = "deprecated"
    SUNSET = "sunset"


class ItemState(StrEnum):
    """How one stands."""

    MET = "met"
    OPEN = "open"
    SKIPPED = "skipped"


MAY_BE_SKIPPED = frozenset({RetireItem.BROWNED_OUT, RetireItem.DEPRECATED, RetireItem.SUNSET})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireNeed:
    """One line of the list."""

    item: RetireItem
    state: ItemState
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointBrownout:
    """A brown-out of the endpoint itself. `begun` None: nobody has read since when; `ended` None: it runs.

    `why`: what ended it before its time; empty: nothing did. `limited`: it is of some clients alone.
    """

    begun: float | None
    ended: float | None = None
    why: str = ""
    limited: bool = False
    found: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, now: float) -> float:
        """For how long it has run."""
        return 0.0 if self.begun is None else (now if self.ended is None else min(self.ended, now)) - self.begun


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireCase:
    """All that is known; times in unix seconds, `period` in seconds. `since`: when the record of usage begins."""

    now: float
    period: float
    since: float
    callers: tuple[CallerUsage, ...] = ()
    brownout: EndpointBrownout | None = None
    deprecation: DeprecationPolicy | None = None
    skipped: frozenset[RetireItem] = frozenset()

    @property
    def recent(self) -> tuple[CallerUsage, ...]:
        """Who called within the period, the last one first."""
        found = [caller for caller in self.callers if caller.last > self.now - self.period]
        return tuple(sorted(found, key=lambda caller: -caller.last))


def checklist(case: RetireCase) -> tuple[RetireNeed, ...]:
    """All items."""
    return tuple(_needs(case))


def is_met(needs: tuple[RetireNeed, ...]) -> bool:
    """Whether nothing is open."""
    return all(need.state is not ItemState.OPEN for need in needs)


def _needs(case: RetireCase) -> Iterator[RetireNeed]:
    for item, (met, sentence) in {
        RetireItem.UNUSED: _unused(case),
        RetireItem.RECORDED: _recorded(case),
        RetireItem.BROWNED_OUT: _browned_out(case),
        RetireItem.DEPRECATED: _deprecated(case),
        RetireItem.SUNSET: _sunset(case),
    }.items():
        is_skipped = item in case.skipped & MAY_BE_SKIPPED
        state = ItemState.MET if met else ItemState.SKIPPED if is_skipped else ItemState.OPEN
        yield RetireNeed(item=item, state=state, sentence=sentence)


def _unused(case: RetireCase) -> tuple[bool, str]:
    period, recent = days(case.period), case.recent
    if recent:
        who = ", ".join(f"{caller.caller} ({ago(case.now - caller.last)})" for caller in recent[:MOST_NAMED])
        more = f" and {len(recent) - MOST_NAMED:,} more" if recent[MOST_NAMED:] else ""
        return False, f"called within {period}: by {who}{more}"
    last = max((caller.last for caller in case.callers), default=None)
    before = "at all since the record begins" if last is None else f"for {days(case.now - last)}"
    return True, f"nobody has called within {period}, or {before}"


def _recorded(case: RetireCase) -> tuple[bool, str]:
    known = case.now - case.since
    if known >= case.period:
        return True, f"usage is recorded for {days(known)}"
    return False, f"usage is recorded for {days(known)}: of the time before it says nothing"


def _browned_out(case: RetireCase) -> tuple[bool, str]:
    brownout, period = case.brownout, days(case.period)
    if brownout is None:
        return False, "no brown-out of the endpoint stands in routes.yaml (`brownout: { until: … }`, without field)"
    ran = brownout.seconds(case.now)
    met = f"it met {_met(brownout)}"
    if brownout.why:
        return False, f"the brown-out was ended after {days(ran)}: {brownout.why}"
    if brownout.limited:
        return False, "the brown-out is of some clients alone; leave out `clients`"
    if ran < case.period:
        return (
            False,
            f"the brown-out has run for {days(ran)} of {period}: who comes seldom may be missed; {met}",
        )
    return True, f"the brown-out has run for {days(ran)}; {met}"


def _met(brownout: EndpointBrownout) -> str:
    """Whom it has met last; all of them stand in `brownout.found` of the API."""
    met = sorted(brownout.found, key=lambda client: (-brownout.found[client], client))
    more = f" and {len(met) - MOST_NAMED:,} more" if met[MOST_NAMED:] else ""
    return ", ".join(met[:MOST_NAMED]) + more if met else "nobody"


def _deprecated(case: RetireCase) -> tuple[bool, str]:
    said = case.deprecation
    if said is None:
        return False, "answers do not say that it is deprecated (`deprecated: { since: … }`)"
    if said.since > case.now:
        return False, f"answers say that it is deprecated in {days(said.since - case.now)}"
    return True, f"answers say that it is deprecated, for {days(case.now - said.since)}"


def _sunset(case: RetireCase) -> tuple[bool, str]:
    said = case.deprecation
    if said is None or said.sunset is None:
        return False, "answers name no sunset (`deprecated: { sunset: … }`)"
    if said.sunset > case.now:
        return False, f"its sunset is in {days(said.sunset - case.now)}"
    return True, f"its sunset was {ago(case.now - said.sunset)}"


def days(seconds: float) -> str:
    """`30 days`, `5 hours`, `2 minutes`: the largest that fits."""
    for size, name in ((DAY, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' * (count != 1)}"
    return "less than a second"


def ago(seconds: float) -> str:
    """`3 days ago`."""
    return f"{days(seconds)} ago"
