"""The fast breaker: new fails hard, again and again, while legacy answers.

It protects where the guard is slow for lack of traffic, and acts within seconds.
Rule 1: five hard failures of new in a row (no connection, a timeout, a 5xx) open it; one answer ends the row.
Rule 2: legacy must have answered since the row began (a health probe counts): when both are down, going back helps
        nobody.
Rule 3: one cohort's failures may be its own requests' fault. Unless new cannot even be connected to, a row needs two
        cohorts, or twenty failures of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.core.outcome import Side

IN_A_ROW = 5
OF_ONE_COHORT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The row so far: its length, when it began, its first cohort and whether there are others."""

    row: int = 0
    began: float = 0.0
    cohort: int = 0
    has_others: bool = False
    unreachable: bool = False
    legacy_answered: bool = False
    opened_at: float | None = None


def answered(breaker: Breaker, side: Side) -> Breaker:
    """After an answer that is no hard failure. An open breaker stays open until somebody clears it."""
    if side is Side.LEGACY:
        return _judged(replace(breaker, legacy_answered=True), breaker.began)
    return Breaker(opened_at=breaker.opened_at)


def failed(breaker: Breaker, side: Side, *, cohort: int, at: float, unreachable: bool = False) -> Breaker:
    """After a hard failure; `unreachable` says that there was no connection at all."""
    if side is Side.LEGACY:
        return replace(breaker, legacy_answered=False)
    if not breaker.row:
        return Breaker(row=1, began=at, cohort=cohort, unreachable=unreachable, opened_at=breaker.opened_at)
    return _judged(
        replace(
            breaker,
            row=breaker.row + 1,
            has_others=breaker.has_others or cohort != breaker.cohort,
            unreachable=breaker.unreachable and unreachable,
        ),
        at,
    )


def _judged(breaker: Breaker, at: float) -> Breaker:
    least = IN_A_ROW if breaker.has_others or breaker.unreachable else OF_ONE_COHORT
    opens = breaker.opened_at is None and breaker.legacy_answered and breaker.row >= least
    return replace(breaker, opened_at=at) if opens else breaker
