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
Rule 5: where the whole upstream of new is left alone, new cannot answer this route either, whoever found that out.
        Such refusals begin a row and go on with it: five, with the route's own failures, open it once `ONE_LASTS`
        seconds lie between the first and the last refusal; more where the upstream is left alone for longer at a time
        (`lasting`), so that somebody has asked it in between, and it failed. A restart costs fewer, and moves nothing.
        Two refusals that are further apart than that time and `FORGOTTEN` are not of one death.
        Where the route itself found no connection, refusals that follow are requests as the others: five of both are a
        row, however many routes share the upstream, and its breaker has seen five connects fail by then.
Rule 6: a side that dies answers first and fails then, but of failures and answers that are told together nobody knows
        the order. The last four of those failures count from where the whole of new is left alone: at rule 5. To count
        them always would make rows of steady failures: at 4 requests/s of which 30 % fail, 22 an hour instead of one in
        four hours.
Rule 7: what is open already is raised again where new was well in between, and nothing would have opened it for `ANEW`
        seconds: a later death is another one, also where the first one moved nothing.
Half of all answers that fail end every row: those are found by their share (share.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.core.outcome import Side

IN_A_ROW = 5
OF_OTHERS = 2
MOST_BEFORE = IN_A_ROW - 1
OF_ONE_COHORT = 20
ONE_LASTS = 10.0
PATIENCE = 5.0
FORGOTTEN = 60.0
ANEW = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """The row so far: its length, when it began and was last added to, its first cohort, how many failures are of
    others, and how many requests were refused since.

    `unconnected`: the last failures, of the row or `before`, if they found no connection, and when the last of them
    did. `left_alone`: refusals of rule 5 since the last good answer, when the first and the last of them came, and how
    far apart those have to be; `before`: failures of rule 6, told with it.
    `is_sole`: no other cohort is answered well lately; `why`: the sentence that it was opened with. `due_at`: when
    something would have opened it last; `raised_at`: when that was another death than before (rule 7); `was_well`: new
    has answered since.
    """

    row: int = 0
    began: float = 0.0
    last: float = 0.0
    cohort: int = 0
    others: int = 0
    unreachable: bool = False
    unconnected: int = 0
    unconnected_at: float = 0.0
    refused: int = 0
    before: int = 0
    left_alone: int = 0
    alone_since: float = 0.0
    alone_until: float = 0.0
    alone_lasts: float = ONE_LASTS
    is_sole: bool = True
    legacy_answered: bool = False
    opened_at: float | None = None
    why: str = ""
    due_at: float = 0.0
    raised_at: float | None = None
    was_well: bool = False

    @property
    def is_begun(self) -> bool:
        """Whether there is a row, of whatever length."""
        return bool(self.row or self.left_alone or self.before)

    @property
    def is_left_alone(self) -> bool:
        """Whether rule 5 is met, whatever legacy does."""
        count = self.before + self.row + self.left_alone
        return count >= IN_A_ROW and self.alone_until - self.alone_since >= self.alone_lasts

    @property
    def is_cut_off(self) -> bool:
        """Whether five requests found no connection, or were refused since one of them did: rule 5."""
        return bool(self.unconnected and self.left_alone) and self.unconnected + self.left_alone >= IN_A_ROW

    @property
    def is_due(self) -> bool:
        """Whether the row is long enough, whatever legacy does."""
        if self.is_left_alone or self.is_cut_off:
            return True
        if self.row >= IN_A_ROW and (self.others >= OF_OTHERS or self.unreachable):
            return True
        row = self.row + (self.refused if self.row >= IN_A_ROW else 0)
        return self.is_sole and row >= OF_ONE_COHORT and self.last - self.began >= ONE_LASTS

    @property
    def what(self) -> str:
        """What new did, for people."""
        if self.is_left_alone:
            return (
                f"nothing could be sent to new for {self.alone_until - self.alone_since:.0f} s: "
                f"its upstream is left alone ({self.left_alone} requests refused)"
            )
        if self.is_cut_off and self.row < IN_A_ROW:
            return (
                f"nothing could be sent to new: {self.unconnected} {'requests' if self.unconnected > 1 else 'request'} "
                f"found no connection, and its upstream is left alone ({self.left_alone} refused)"
            )
        row = self.row + (self.before if self.row < IN_A_ROW else 0)
        return f"new failed {row or 'too many'} times in a row"

    @property
    def sentence(self) -> str:
        """Why it is open, for people."""
        return self.why or _sentence(self)


def answered(breaker: FailureRow, side: Side, *, at: float = 0.0, before: int = 0, unconnected: int = 0) -> FailureRow:
    """After an answer that is no hard failure. An open breaker stays open until somebody clears it.

    `before` failures were told with it, at `at`; so many of them, the last ones, were `unconnected`: rule 6.
    """
    if side is Side.LEGACY:
        return _judged(replace(breaker, legacy_answered=True), max(breaker.began, breaker.last))
    return FailureRow(
        before=min(before, MOST_BEFORE),
        unconnected=unconnected,
        unconnected_at=at,
        opened_at=breaker.opened_at,
        why=breaker.why,
        due_at=breaker.due_at,
        raised_at=breaker.raised_at,
        was_well=breaker.opened_at is not None,
    )


def failed(breaker: FailureRow, side: Side, *, cohort: int, at: float, unreachable: bool = False) -> FailureRow:
    """After a hard failure; `unreachable` says that there was no connection at all."""
    if side is Side.LEGACY:
        return replace(breaker, legacy_answered=False)
    breaker = replace(
        breaker, unconnected=breaker.unconnected + 1 if unreachable else 0, unconnected_at=at if unreachable else 0.0
    )
    if not breaker.row:
        unreachable = unreachable and breaker.unconnected > breaker.before
        is_known = breaker.legacy_answered and bool(breaker.left_alone)
        begun = replace(breaker, row=1, began=at, last=at, cohort=cohort, others=0, unreachable=unreachable, refused=0)
        return _judged(replace(begun, legacy_answered=is_known), at)
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


def lasting(rest: float, connect: float) -> float:
    """How long refusals of rule 5 have to last: a `rest` of the upstream, and a try to `connect` after it (seconds)."""
    return max(ONE_LASTS, rest + connect)


def refused(breaker: FailureRow, count: int, at: float, *, left_alone: int = 0, lasts: float = ONE_LASTS) -> FailureRow:
    """After so many requests that Banyan sent nowhere: rule 4; `left_alone` of them: rule 5, which `lasts` so long."""
    if left_alone:
        is_one = breaker.left_alone and at - breaker.alone_until <= lasts + FORGOTTEN
        so_far, since = (breaker.left_alone, breaker.alone_since) if is_one else (0, at)
        breaker = replace(breaker, left_alone=so_far + left_alone, alone_since=since, alone_until=at, alone_lasts=lasts)
        if at - breaker.unconnected_at > lasts + FORGOTTEN:
            breaker = replace(breaker, unconnected=0)
    if not breaker.is_begun or not count:
        return breaker
    return _judged(replace(breaker, refused=breaker.refused + count * bool(breaker.row), last=at), at)


def waited(breaker: FailureRow, at: float, *, closed: bool = False) -> FailureRow:
    """Now, while nothing is known of legacy: rule 2. Or while it is within its `closed` hours, and answers nobody."""
    began = breaker.began if breaker.row else breaker.alone_since
    lasts = breaker.is_left_alone or at - began >= PATIENCE
    if not breaker.is_due or not lasts:
        return breaker
    why = f"{breaker.what}, and nothing is known of legacy that speaks against going back"
    if closed:
        why = f"{breaker.what}{',' * breaker.what.endswith(')')} while legacy was closed"
    return opened(breaker, why, at)


def opened(breaker: FailureRow, why: str, at: float) -> FailureRow:
    """The breaker, open; one that is open already stays so since the same time, but for rule 7."""
    if breaker.opened_at is None:
        return replace(breaker, opened_at=at, why=why, due_at=at, raised_at=at, was_well=False)
    if breaker.was_well and at - max(breaker.due_at, breaker.opened_at) >= ANEW:
        return replace(breaker, why=why, due_at=at, raised_at=at, was_well=False)
    return replace(breaker, due_at=at)


def _judged(breaker: FailureRow, at: float) -> FailureRow:
    return opened(breaker, _sentence(breaker), at) if breaker.legacy_answered and breaker.is_due else breaker


def _sentence(breaker: FailureRow) -> str:
    return f"{breaker.what}{',' * breaker.what.endswith(')')} while legacy answered"
