"""Counters of the data plane: plain integers on the hot path, folded into increments once a second.

Rule 1: a counter is found when a table is installed, never per request.
Rule 2: only what changed is reported, so 10,000 quiet routes cost nothing.
Rule 3: where very many changed, most of them wait for a later report; those on which something went wrong do not, and
        go whole: a guard must not see bad answers without the good ones.
Rule 4: a status says what the client got, not who failed: what a side failed to do, and what is nobody's answer, is
        counted beside it, and only where something went wrong. What Banyan sent nowhere is its own answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

from proxy.core.limits.bounds_met import Shed
from proxy.core.outcome import Failure, Repeat, ServedBy, Side
from proxy.core.routing.shadow import Shadowed
from proxy.edge.brownout_tally import BrownoutTally
from proxy.link.messages import (
    BUCKETS,
    AliveDelta,
    BrownoutDelta,
    EchoDelta,
    FailureDelta,
    RefusedDelta,
    RepeatDelta,
    RouteDelta,
    ShadowDelta,
    StepAnswerDelta,
)

_CLASSES: Final = 5
_BEYOND: Final = 600
"""Statuses from here on are none of HTTP's; they count as 5xx (RFC 9110 section 15)."""
_NOTHING = [0] * (_CLASSES + len(BUCKETS) + 1)


class AnswerTally:
    """Answers of one server on one route since the last report; classes of codes and buckets lie in one list."""

    __slots__ = ("_counts", "_dirty", "_elsewhere", "_failed", "_nobodys", "_seconds", "_touched", "route", "side")

    def __init__(self, route: str, side: ServedBy, touched: list[AnswerTally]) -> None:
        """`touched` collects the tallies that have something to report."""
        self.route = route
        self.side = side
        self._touched = touched
        self._dirty = False
        self._clear()

    def _clear(self) -> None:
        self._counts = _NOTHING.copy()
        self._seconds = 0.0
        self._failed = 0
        self._elsewhere = 0
        self._nobodys: list[int] = []

    def count(self, status: int, seconds: float) -> None:
        """One answer with this status after this time."""
        counts = self._counts
        counts[status // 100 - 1 if status < _BEYOND else _CLASSES - 1] += 1
        counts[_CLASSES + bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds
        if not self._dirty:
            self._touch()

    def fail(self, *, elsewhere: bool = False) -> None:
        """The side was asked and has failed; `elsewhere`: the other side answered, and counts that answer."""
        self._failed += 1
        self._elsewhere += elsewhere
        if not self._dirty:
            self._touch()

    def disown(self, seconds: float) -> None:
        """One of the answers counted, after this time, says nothing of the side."""
        self._nobodys = self._nobodys or [0] * (len(BUCKETS) + 1)
        self._nobodys[bisect_left(BUCKETS, seconds)] += 1

    def _touch(self) -> None:
        self._dirty = True
        self._touched.append(self)

    def take(self) -> RouteDelta:
        """The increments, and begin anew."""
        counts = self._counts
        delta = RouteDelta(
            self.route,
            self.side.value,
            counts[:_CLASSES],
            counts[_CLASSES:],
            self._seconds,
            self._failed,
            self._elsewhere,
            self._nobodys,
        )
        self._dirty = False
        self._clear()
        return delta


class Gauge:
    """A number that goes up and down."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        """Begin at nothing."""
        self.value = 0


class Counters:
    """All counters of one worker; they outlive reloads."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._tallies: dict[tuple[str, ServedBy], AnswerTally] = {}
        self._touched: list[AnswerTally] = []
        self._failures: Counter[tuple[str, str, str, str]] = Counter()
        self._repeats: Counter[tuple[str, str, str]] = Counter()
        self._sheds: Counter[str] = Counter()
        self._step_answers: Counter[tuple[str, str]] = Counter()
        self._step_passes: Counter[tuple[str, str]] = Counter()
        self._shadows: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[tuple[str, str, str]] = Counter()
        self._alive: dict[str, list[int]] = {}
        self._brownouts: dict[tuple[str, str], BrownoutTally] = {}
        self._echoes: dict[tuple[str, str], list[int]] = {}
        self.before_take: Callable[[], None] = lambda: None
        self.inflight = {side: Gauge() for side in ServedBy}
        self.connections = Gauge()

    def tally(self, route: str, side: ServedBy) -> AnswerTally:
        """The tally of one route and server; names are the table's, so they are bounded."""
        found = self._tallies.get((route, side))
        if found is None:
            found = self._tallies[route, side] = AnswerTally(route, side, self._touched)
        return found

    def brownout(self, route: str, policy_id: str) -> BrownoutTally:
        """The tally of one brown-out; they are the table's, so they are bounded."""
        found = self._brownouts.get((route, policy_id))
        if found is None:
            found = self._brownouts[route, policy_id] = BrownoutTally(route, policy_id)
        return found

    def fail(self, route: str, side: ServedBy, failure: Failure) -> None:
        """Count a failure of an upstream (or of a client during a relay) by phase and blame, a refusal by reason."""
        if failure.refused is not None:
            self._refused[route, side.value, failure.refused.value] += 1
        else:
            self._failures[route, side.value, failure.phase.value, failure.blame.value] += 1

    def repeated(self, route: str, side: ServedBy, outcome: Repeat) -> None:
        """Count what became of a request that was sent more than once; `side` is who was asked last."""
        self._repeats[route, side.value, outcome.value] += 1

    def shed(self, reason: Shed) -> None:
        """Count that a bound was met."""
        self._sheds[reason.value] += 1

    def step_answered(self, route: str, reason: str) -> None:
        """Count an answer that a step gave, for one of the reasons of its policy."""
        self._step_answers[route, reason] += 1

    def step_passed(self, route: str, reason: str) -> None:
        """Count a request that a step would have answered, for this reason, if that were enforced."""
        self._step_passes[route, reason] += 1

    def shadowed(self, route: str, outcome: Shadowed) -> None:
        """Count what became of a request's shadow."""
        self._shadows[route, outcome.value] += 1

    def legacy_shadowed(self, route: str, *, failed: bool) -> None:
        """Legacy has answered a shadow, or failed to: a sign of how it is where new serves."""
        self._alive.setdefault(route, [0, 0])[failed] += 1

    def echoed(self, route: str, side: Side, *, heard: bool) -> None:
        """Count an answer to a known caller, and whether its side has said whom it saw."""
        self._echoes.setdefault((route, side.value), [0, 0])[heard] += 1

    def take_brownouts(self) -> list[BrownoutDelta]:
        """What brown-outs have met since the last call."""
        return [delta for tally in self._brownouts.values() if (delta := tally.take()) is not None]

    def take_echoes(self) -> list[EchoDelta]:
        """Who has said whom it saw since the last call."""
        echoes, self._echoes = self._echoes, {}
        return [EchoDelta(*key, echoed, silent) for key, (silent, echoed) in echoes.items()]

    def take_refused(self) -> list[RefusedDelta]:
        """What was sent nowhere since the last call."""
        refused, self._refused = self._refused, Counter()
        return [RefusedDelta(*key, count) for key, count in refused.items()]

    def take_step_answers(self) -> list[StepAnswerDelta]:
        """What steps answered since the last call."""
        answered, self._step_answers = self._step_answers, Counter()
        return [StepAnswerDelta(*key, count) for key, count in answered.items()]

    def take_step_passes(self) -> list[StepAnswerDelta]:
        """What steps let pass since the last call, as nothing is enforced there."""
        passed, self._step_passes = self._step_passes, Counter()
        return [StepAnswerDelta(*key, count) for key, count in passed.items()]

    def take_alive(self) -> list[AliveDelta]:
        """How legacy answered shadows since the last call."""
        alive, self._alive = self._alive, {}
        return [AliveDelta(route, good, failed) for route, (good, failed) in alive.items()]

    def take_shadows(self) -> list[ShadowDelta]:
        """Shadows since the last call."""
        shadows, self._shadows = self._shadows, Counter()
        return [ShadowDelta(*key, count) for key, count in shadows.items()]

    def take_sheds(self) -> dict[str, int]:
        """How often each bound was met since the last call."""
        sheds, self._sheds = dict(self._sheds), Counter()
        return sheds

    @property
    def touched(self) -> int:
        """How many tallies have something to report."""
        return len(self._touched)

    def take(self, only: AbstractSet[str] | None = None) -> tuple[list[RouteDelta], list[FailureDelta]]:
        """What changed since the last call, with what somebody still has to count; `only`: of these routes, if given.

        What the others counted adds up; `only` is looked at last, so that it may be a view of what is counted.
        """
        self.before_take()
        taken = [tally for tally in self._touched if only is None or tally.route in only]
        rest = [tally for tally in self._touched if tally.route not in only] if only else []
        if only is None or taken:
            self._touched[:] = rest
        failures = [FailureDelta(*key, count) for key, count in self._failures.items()]
        self._failures.clear()
        return [tally.take() for tally in taken], failures

    def take_repeats(self) -> list[RepeatDelta]:
        """Repeats since the last call; to be asked for after `take`."""
        repeats = [RepeatDelta(*key, count) for key, count in self._repeats.items()]
        self._repeats.clear()
        return repeats
