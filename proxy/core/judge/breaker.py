"""The fast breaker: new fails hard, again and again, while legacy answers.

It protects where the guard is slow for lack of traffic, and acts within seconds.
Rule 1: five hard failures of new in a row (no connection, a timeout, a 5xx) open it; one answer ends the row.
Rule 2: when both are down, going back helps nobody: where legacy is known to be down it stays shut. Where legacy has
        answered since the row began (a health probe counts) it opens at once; where nothing is known of legacy, after
        the row has lasted `PATIENCE` seconds: unknown is not down.
Rule 3: one cohort's failures may be its own requests' fault. Unless new cannot even be connected to, a row needs two
        failures of other cohorts than its first, or twenty over at least `ONE_LASTS` seconds, while nobody else is
        answered well.
Rule 4: a request that Banyan refused by itself has not been asked of new. Where five of the route's own have failed in
        a row, as many as shut an upstream's breaker, what is refused then goes on with the row of one cohort: a dead
        new is not hidden behind refusals, and a route that has not failed is not moved by them.
Half of all answers that fail end every row: those are found by their share (share.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.core.outcome import Side

IN_A_ROW = 5
OF_OTHERS = 2
OF_ONE_COHORT = 20
ONE_LASTS = 10.0
PATIENCE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The row so far: its length, when it began and was last added to, its first cohort, how many failures are of
    others, and how many requests were refused since.

    `is_sole`: no other cohort is answered well lately; `why`: the sentence that it was opened with.
    """

    row: int = 0
    began: float = 0.0
    last: float = 0.0
    cohort: int = 0
    others: int = 0
    unreachable: bool = False
    refused: int = 0
    is_sole: bool = True
    legacy_answered: bool = False
    opened_at: float | None = None
    why: str = ""

    @property
    def is_due(self) -> bool:
        """Whether the row is long enough, whatever legacy does."""
        if self.row >= IN_A_ROW and (self.others >= OF_OTHERS or self.unreachable):
            return True
        row = self.row + (self.refused if self.row >= IN_A_ROW else 0)
        return self.is_sole and row >= OF_ONE_COHORT and self.last - self.began >= ONE_LASTS

    @property
    def sentence(self) -> str:
        """Why it is open, for people."""
        return self.why or f"new failed {self.row or 'too many'} times in a row while legacy answered"


def answered(breaker: Breaker, side: Side) -> Breaker:
    """After an answer that is no hard failure. An open breaker stays open until somebody clears it."""
    if side is Side.LEGACY:
        return _judged(replace(breaker, legacy_answered=True), max(breaker.began, breaker.last))
    return Breaker(opened_at=breaker.opened_at, why=breaker.why)


def failed(breaker: Breaker, side: Side, *, cohort: int, at: float, unreachable: bool = False) -> Breaker:
    """After a hard failure; `unreachable` says that there was no connection at all."""
    if side is Side.LEGACY:
        return replace(breaker, legacy_answered=False)
    if not breaker.row:
        begun = Breaker(row=1, began=at, last=at, cohort=cohort, unreachable=unreachable)
        return replace(begun, is_sole=breaker.is_sole, opened_at=breaker.opened_at, why=breaker.why)
    return _judged(
        replace(
            breaker,
            row=breaker.row + 1,
            last=at,
            others=breaker.others + (cohort != breaker.cohort),
            unreachable=breaker.unreachable and unreachable,
        ),
        at,
    )


def refused(breaker: Breaker, count: int, at: float) -> Breaker:
    """After so many requests that Banyan sent nowhere: rule 4."""
    if not breaker.row or not count:
        return breaker
    return _judged(replace(breaker, refused=breaker.refused + count, last=at), at)


def waited(breaker: Breaker, at: float) -> Breaker:
    """Now, while nothing is known of legacy: rule 2."""
    if breaker.opened_at is not None or not breaker.is_due or at - breaker.began < PATIENCE:
        return breaker
    why = f"new failed {breaker.row} times in a row, and nothing is known of legacy that speaks against going back"
    return opened(breaker, why, at)


def opened(breaker: Breaker, why: str, at: float) -> Breaker:
    """The breaker, open; one that is open already stays as it is."""
    return breaker if breaker.opened_at is not None else replace(breaker, opened_at=at, why=why)


def _judged(breaker: Breaker, at: float) -> Breaker:
    return opened(breaker, breaker.sentence, at) if breaker.legacy_answered and breaker.is_due else breaker
