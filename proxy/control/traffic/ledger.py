"""What all workers have counted so far: their increments, folded into totals.

Rule 1: totals are never taken back: a worker that dies, or a link that breaks, ends its gauges and nothing else.
Rule 2: totals are values that a fold replaces, so a copy of the table is one moment of it, on any thread.
Rule 3: the tables are bounded: a name that is no route now is forgotten at the first reload after its last report.
Long: each counter is folded, forgotten and copied beside all others, so that none is left out of one of the three.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from proxy.core.brownout.brownout_policy import BrownoutAnswer
from proxy.core.outcome import Blame, Phase, ServedBy
from proxy.core.routing.shadow import Shadowed
from proxy.core.steps.closed_hours import HoursAnswer
from proxy.link.messages import (
    BUCKETS,
    CODE_CLASSES,
    EchoDelta,
    FailureDelta,
    RefusedDelta,
    RepeatDelta,
    Report,
    RouteDelta,
    ShadowDelta,
    StepAnswerDelta,
    UpstreamState,
)

MINUTE = 60
_SLOTS = MINUTE + 1
"""A minute of whole seconds, and the one that is still running."""


class CountedSeconds(NamedTuple):
    """The whole seconds in which a report was counted: `span` of them, of which `second` is the last."""

    second: int
    span: int


class SecondsRing:
    """Counts per second over the last minute, in a fixed piece of memory.

    Seconds are whole numbers of one steady clock; what is older than a minute is overwritten.
    """

    __slots__ = ("_counts", "_latest")

    def __init__(self, second: int) -> None:
        """Begin empty at `second`."""
        self._counts = array("q", bytes(8 * _SLOTS))
        self._latest = second

    def add(self, second: int, count: int) -> None:
        """Count `count` more in `second`, which is never before an earlier call's."""
        for skipped in range(max(self._latest + 1, second - _SLOTS + 1), second + 1):
            self._counts[skipped % _SLOTS] = 0
        self._latest = second
        self._counts[second % _SLOTS] += count

    def spread(self, now: int, count: int, told: CountedSeconds) -> None:
        """Count `count` more, evenly over the seconds of `told`; what is older than a minute at `now` is left out."""
        self.add(now, 0)
        for second in range(max(told.second - told.span, now - MINUTE) + 1, told.second + 1):
            back = told.second - second
            self._counts[second % _SLOTS] += (back + 1) * count // told.span - back * count // told.span

    def total(self, second: int, length: int) -> int:
        """The sum over the `length` whole seconds before `second`; at most a minute of them."""
        low, high = max(second - length, self._latest - MINUTE), min(second, self._latest + 1)
        if high <= low:
            return 0
        start, end = low % _SLOTS, high % _SLOTS
        if start < end:
            return sum(self._counts[start:end])
        return sum(self._counts[start:]) + sum(self._counts[:end])

    def before(self, second: int, length: int) -> list[int]:
        """The `length` whole seconds before `second`, oldest first; at most a minute of them."""
        oldest = self._latest - _SLOTS
        return [
            self._counts[each % _SLOTS] if oldest < each <= self._latest else 0
            for each in range(second - length, second)
        ]


LATELY = 10
"""Seconds."""
SILENT_AFTER = 5.0
"""Seconds without a report after which a worker no longer counts as serving; it reports every second."""


class Series(NamedTuple):
    """One route and who answered (`legacy`, `new`, `self`)."""

    route: str
    side: str


class Unanswered(NamedTuple):
    """How much of what was asked lately got no answer: no connection, or the end or the time limit before one began."""

    lost: int = 0
    asked: int = 0


class FailureSeries(NamedTuple):
    """One kind of upstream failure."""

    route: str
    side: str
    phase: str
    blame: str


class RepeatSeries(NamedTuple):
    """Requests that were sent more than once, by what became of them."""

    route: str
    side: str
    outcome: str


class RefusedSeries(NamedTuple):
    """Requests of one route and side that Banyan sent nowhere, by reason."""

    route: str
    side: str
    reason: str


class AskedSeries(NamedTuple):
    """Questions to the clerk of one kind, by what became of them."""

    kind: str
    outcome: str


class StepAnswerSeries(NamedTuple):
    """Requests of one route that a step answered, by reason."""

    route: str
    reason: str


class ShadowSeries(NamedTuple):
    """What became of the shadows of one route: sent, shed, failed, skipped."""

    route: str
    outcome: str


class Totals(NamedTuple):
    """Since the control process began; `codes` follows CODE_CLASSES, `buckets` BUCKETS and one infinite.

    `nobodys` are those of `buckets` that say nothing of the side.
    """

    codes: tuple[int, ...] = (0,) * len(CODE_CLASSES)
    buckets: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0
    nobodys: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return sum(self.codes)

    def plus(self, delta: RouteDelta) -> Totals:
        """These totals and one increment more."""
        return Totals(
            tuple(map(add, self.codes, delta.codes)),
            tuple(map(add, self.buckets, delta.buckets)),
            self.seconds + delta.seconds,
            tuple(map(add, self.nobodys, delta.nobodys)) if delta.nobodys else self.nobodys,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """What a linked worker last said of itself; `seen` is on the ledger's clock, `switched` on the machine's."""

    worker: int
    pid: int
    revision: str
    inflight: Mapping[str, int]
    connections: int
    draining: bool
    seen: float
    killed: bool = False
    switched: float = 0.0
    upstreams: tuple[UpstreamState, ...] = ()
    orders: int = 0
    waits: int = 0
    held: int = 0


class Echoes(NamedTuple):
    """Answers to known callers whose requests were shadowed: with `X-Banyan-Saw`, and without."""

    echoed: int
    silent: int


NO_ECHOES = Echoes(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCounts:
    """One moment of the ledger, which later folds do not touch."""

    totals: Mapping[Series, Totals]
    failures: Mapping[FailureSeries, int]
    workers: tuple[WorkerState, ...]
    lines_dropped: int
    repeats: Mapping[RepeatSeries, int] = field(default_factory=dict)
    sheds: Mapping[str, int] = field(default_factory=dict)
    shadows: Mapping[ShadowSeries, int] = field(default_factory=dict)
    refused: Mapping[RefusedSeries, int] = field(default_factory=dict)
    asked: Mapping[AskedSeries, int] = field(default_factory=dict)
    translations: Mapping[str, int] = field(default_factory=dict)
    step_answers: Mapping[StepAnswerSeries, int] = field(default_factory=dict)
    step_passes: Mapping[StepAnswerSeries, int] = field(default_factory=dict)
    echoes: Mapping[Series, Echoes] = field(default_factory=dict)


class Ledger:
    """Folds reports; `clock` is steady and in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with nothing counted."""
        self._clock = clock
        self._began = int(clock())
        self._rows: dict[Series, _Row] = {}
        self._failures: dict[FailureSeries, int] = {}
        self._repeats: dict[RepeatSeries, int] = {}
        self._workers: dict[int, WorkerState] = {}
        self._lines_dropped = 0
        self._sheds: dict[str, int] = {}
        self._shadows: dict[ShadowSeries, int] = {}
        self._refused: dict[RefusedSeries, int] = {}
        self._asked: dict[AskedSeries, int] = {}
        self._translations: dict[str, int] = {}
        self._step_answers: dict[StepAnswerSeries, int] = {}
        self._step_passes: dict[StepAnswerSeries, int] = {}
        self._echoes: dict[Series, Echoes] = {}
        self._reported: set[str] = set()
        self._lost: dict[Series, SecondsRing] = {}
        self._shadowed: dict[ShadowSeries, SecondsRing] = {}

    def fold(self, report: Report) -> None:
        """Add one report; ValueError, and nothing added, when it does not fit this version's classes and bounds."""
        _check(report)
        second = int(self._clock())
        told = CountedSeconds(min(int(report.at) or second, second), max(int(report.span), 1))
        self._began = min(self._began, told.second - told.span + 1)
        for delta in report.routes:
            self._fold_route(delta, second, told)
        for failure in report.failures:
            self._fold_failure(failure, second, told)
        for repeat in report.repeats:
            self._fold_repeat(repeat)
        for shadow in report.shadows:
            self._fold_shadow(shadow, second, told)
        for refused in report.refused:
            self._fold_refused(refused)
        for asked in report.asked:
            kind = AskedSeries(asked.kind, asked.outcome)
            self._asked[kind] = self._asked.get(kind, 0) + asked.count
        self._fold_callers(report, told)
        self._lines_dropped += report.lines_dropped
        for reason, count in report.sheds.items():
            self._sheds[reason] = self._sheds.get(reason, 0) + count
        for outcome, count in report.translations.items():
            self._translations[outcome] = self._translations.get(outcome, 0) + count
        self._workers[report.pid] = _state_of(report, self._clock())

    def _fold_route(self, delta: RouteDelta, second: int, told: CountedSeconds) -> None:
        series = Series(delta.route, delta.side)
        row = self._rows.get(series)
        if row is None:
            row = self._rows[series] = _Row(second)
        row.totals = row.totals.plus(delta)
        row.ring.spread(second, sum(delta.codes), told)
        if delta.codes[_FAILED]:
            row.add_failed(second, delta.codes[_FAILED], told)
        self._reported.add(delta.route)

    def _fold_failure(self, delta: FailureDelta, second: int, told: CountedSeconds) -> None:
        series = FailureSeries(delta.route, delta.side, delta.phase, delta.blame)
        self._failures[series] = self._failures.get(series, 0) + delta.count
        if delta.blame == Blame.UPSTREAM and delta.phase != Phase.BODY:
            side = Series(delta.route, delta.side)
            self._lost.setdefault(side, SecondsRing(second)).spread(second, delta.count, told)
        self._reported.add(delta.route)

    def _fold_repeat(self, delta: RepeatDelta) -> None:
        series = RepeatSeries(delta.route, delta.side, delta.outcome)
        self._repeats[series] = self._repeats.get(series, 0) + delta.count
        self._reported.add(delta.route)

    def _fold_shadow(self, delta: ShadowDelta, second: int, told: CountedSeconds) -> None:
        series = ShadowSeries(delta.route, delta.outcome)
        self._shadows[series] = self._shadows.get(series, 0) + delta.count
        if delta.outcome in _ASKED:
            self._shadowed.setdefault(series, SecondsRing(second)).spread(second, delta.count, told)
        self._reported.add(delta.route)

    def _fold_refused(self, delta: RefusedDelta) -> None:
        series = RefusedSeries(delta.route, delta.side, delta.reason)
        self._refused[series] = self._refused.get(series, 0) + delta.count
        self._reported.add(delta.route)

    def _fold_callers(self, report: Report, told: CountedSeconds) -> None:
        for answered in report.step_answers:
            self._fold_step(self._step_answers, answered)
            self._fold_closed(answered, told)
        for passed in report.step_passes:
            self._fold_step(self._step_passes, passed)
        for echo in report.echoes:
            self._fold_echo(echo)

    def _fold_closed(self, delta: StepAnswerDelta, told: CountedSeconds) -> None:
        """A 503 of closed hours, or of a brown-out, says when to come back: nobody failed."""
        if delta.reason in _COME_BACK:
            series, second = Series(delta.route, ServedBy.SELF), int(self._clock())
            row = self._rows.get(series)
            if row is None:
                row = self._rows[series] = _Row(second)
            row.add_failed(second, -delta.count, told)

    def _fold_echo(self, delta: EchoDelta) -> None:
        series = Series(delta.route, delta.side)
        known = self._echoes.get(series, NO_ECHOES)
        self._echoes[series] = Echoes(known.echoed + delta.echoed, known.silent + delta.silent)
        self._reported.add(delta.route)

    def echoes(self, series: Series) -> Echoes:
        """How often a side has said whom it saw."""
        return self._echoes.get(series, NO_ECHOES)

    def _fold_step(self, counts: dict[StepAnswerSeries, int], delta: StepAnswerDelta) -> None:
        series = StepAnswerSeries(delta.route, delta.reason)
        counts[series] = counts.get(series, 0) + delta.count
        self._reported.add(delta.route)

    def end(self, pid: int) -> None:
        """The worker's link is gone: so are its gauges; its counts stay."""
        self._workers.pop(pid, None)

    def follow(self, routes: frozenset[str]) -> None:
        """The table now has these routes: forget others, unless something was reported for them since the last call."""
        kept = routes | self._reported
        self._rows = {series: row for series, row in self._rows.items() if series.route in kept}
        self._failures = {series: value for series, value in self._failures.items() if series.route in kept}
        self._repeats = {series: value for series, value in self._repeats.items() if series.route in kept}
        self._shadows = {series: value for series, value in self._shadows.items() if series.route in kept}
        self._lost = {series: ring for series, ring in self._lost.items() if series.route in kept}
        self._shadowed = {series: ring for series, ring in self._shadowed.items() if series.route in kept}
        self._refused = {series: value for series, value in self._refused.items() if series.route in kept}
        answered, passed = self._step_answers, self._step_passes
        self._step_answers = {series: value for series, value in answered.items() if series.route in kept}
        self._step_passes = {series: value for series, value in passed.items() if series.route in kept}
        self._echoes = {series: value for series, value in self._echoes.items() if series.route in kept}
        self._reported = set()

    def counts(self) -> LedgerCounts:
        """This moment, for a reader on any thread."""
        return LedgerCounts(
            totals={series: row.totals for series, row in self._rows.items()},
            failures=self._failures.copy(),
            repeats=self._repeats.copy(),
            workers=tuple(sorted(self._workers.values(), key=lambda each: (each.worker, each.pid))),
            lines_dropped=self._lines_dropped,
            sheds=self._sheds.copy(),
            shadows=self._shadows.copy(),
            refused=self._refused.copy(),
            asked=self._asked.copy(),
            translations=self._translations.copy(),
            step_answers=self._step_answers.copy(),
            step_passes=self._step_passes.copy(),
            echoes=self._echoes.copy(),
        )

    def is_killed(self) -> bool:
        """Whether the kill switch is on in a linked worker."""
        return any(worker.killed for worker in self._workers.values())

    def served(self, series: Series) -> int:
        """Requests answered since the start."""
        row = self._rows.get(series)
        return row.totals.requests if row is not None else 0

    def rate(self, series: Series, seconds: int = 10) -> float:
        """Requests per second over the last whole `seconds` (at most a minute), or since the start if that is later."""
        row = self._rows.get(series)
        return 0.0 if row is None else self._per_second(row.ring, seconds)

    def failed_rate(self, series: Series, seconds: int = 10) -> float:
        """Those of `rate` that were a 5xx, but for a 503 of closed hours."""
        row = self._rows.get(series)
        return 0.0 if row is None or row.failed is None else max(self._per_second(row.failed, seconds), 0.0)

    def unanswered(self, series: Series) -> Unanswered:
        """Of what a side was asked in the last `LATELY` whole seconds, how much it did not answer."""
        row = self._rows.get(series)
        lost, answered = self._lately(self._lost.get(series)), self._lately(None if row is None else row.ring)
        return Unanswered(lost, lost + answered)

    def unanswered_shadows(self, route: str) -> Unanswered:
        """The same of its shadows."""
        lost, sent = (self._lately(self._shadowed.get(ShadowSeries(route, each))) for each in _ASKED)
        return Unanswered(lost, lost + sent)

    def _lately(self, ring: SecondsRing | None) -> int:
        return 0 if ring is None else ring.total(int(self._clock()), LATELY)

    def _per_second(self, ring: SecondsRing, seconds: int) -> float:
        now = int(self._clock())
        length = max(1, min(seconds, MINUTE, now - self._began))
        return ring.total(now, length) / length

    def last_minute(self, series: Series) -> list[int]:
        """Requests in each of the last sixty whole seconds, oldest first."""
        row = self._rows.get(series)
        return row.ring.before(int(self._clock()), MINUTE) if row is not None else [0] * MINUTE

    @property
    def workers(self) -> tuple[WorkerState, ...]:
        """Every linked worker, as it last said it is."""
        return tuple(self._workers.values())

    def is_heard(self, worker: WorkerState) -> bool:
        """Whether the worker has reported lately."""
        return self._clock() - worker.seen < SILENT_AFTER


_NOTHING = Totals()
_COME_BACK = frozenset({HoursAnswer.CLOSED.value, BrownoutAnswer.BROWNED_OUT.value})
_FAILED = CODE_CLASSES.index("5xx")
_ASKED = (Shadowed.FAILED.value, Shadowed.SENT.value)
"""What became of shadows for which a side was asked."""


class _Row:
    """What is known of one series, behind one look-up; `failed` are its 5xx without those of closed hours, None before
    the first one.
    """

    __slots__ = ("failed", "ring", "totals")

    def __init__(self, second: int) -> None:
        self.totals = _NOTHING
        self.ring = SecondsRing(second)
        self.failed: SecondsRing | None = None

    def add_failed(self, second: int, count: int, told: CountedSeconds) -> None:
        """Count `count` more 5xx, of the seconds of `told`."""
        if self.failed is None:
            self.failed = SecondsRing(second)
        self.failed.spread(second, count, told)


def _check(report: Report) -> None:
    """Refuse a report as a whole, before any of it is folded."""
    for delta in report.routes:
        if len(delta.codes) != len(CODE_CLASSES) or len(delta.buckets) != len(BUCKETS) + 1:
            raise ValueError(
                f"worker {report.worker} counts {delta.route!r} in {len(delta.codes)} code classes and "
                f"{len(delta.buckets)} bounds; this version has {len(CODE_CLASSES)} and {len(BUCKETS) + 1}"
            )


def _state_of(report: Report, now: float) -> WorkerState:
    return WorkerState(
        worker=report.worker,
        pid=report.pid,
        revision=report.revision,
        inflight=report.inflight,
        connections=report.connections,
        draining=report.draining,
        seen=now,
        killed=report.killed,
        switched=report.switched,
        upstreams=tuple(report.upstreams),
        orders=report.orders,
        waits=report.waits,
        held=report.held,
    )
