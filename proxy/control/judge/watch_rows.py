"""A RouteWatch as rows of floats, and back: what the next judge takes up.

`5xx` (a class)        seven logarithms, events, gap, when it alarmed (0: never)
`baseline 5xx`         slot, count, slot, count, …
`rates`                answers of legacy, since when, then bad ones by class in the order of `Bad`, then failed answers
`breaker`              when it opened (0: it did not)
`step`                 version of the position, stage, split, since when, answers of new up to those that are needed,
                       the greatest share that new has carried (-1: unknown), the epoch in which it did
`change new EPOCH`     step, four logarithms, compared, mismatched, when it alarmed (0: never): a detector of change
`closed`               when one of its sides was, begin, end, … (closed_times.py)
`judged`               of no route: when routes were judged, begin, end, begin, end, …
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from proxy.control.judge.observed import Rates
from proxy.control.judge.route_watch import ClimbStep, RouteWatch
from proxy.core.evidence.records import GuardState
from proxy.core.judge.change import NO_CHANGE, QUIET, ChangeDetector
from proxy.core.judge.dedupe import Baseline
from proxy.core.judge.guard import RATIOS, Bad, Process
from proxy.core.outcome import Side
from proxy.core.position.judged_times import JudgedTimes
from proxy.core.stage import STAGES

_BASELINE = "baseline "
_CHANGE = "change "
_RATES, _BREAKER, _STEP, _JUDGED = "rates", "breaker", "step", "judged"
_ALL_ROUTES = ""
_LOGS = len(RATIOS)
_STEP_LENGTH = 7


def states_of(
    route: str, watch: RouteWatch, now: float, *, slow: bool = True, requests: int | None = None
) -> Iterator[GuardState]:
    """Every row of one route; without those that change `slow`ly and matter little when they are a minute old.

    `requests`: answers of new that a step of its ramp needs; None: it has no ramp, and its steps are nobody's.
    """
    for bad, each in watch.kept_processes.items():
        numbers = (*each.logs, float(each.events), float(each.gap), each.alarmed_at or 0.0)
        yield GuardState(route=route, bad=bad.value, numbers=numbers, updated=now)
    yield GuardState(route=route, bad=_BREAKER, numbers=(watch.breaker.opened_at or 0.0,), updated=now)
    if requests is not None and watch.version >= 0:
        yield GuardState(route=route, bad=_STEP, numbers=_step(watch, requests), updated=now)
    yield from _changes(route, watch, now)
    if not slow:
        return
    for bad, baseline in watch.baselines.items():
        pairs = tuple(float(number) for pair in baseline.counts for number in pair)
        yield GuardState(route=route, bad=_BASELINE + bad.value, numbers=pairs, updated=now)
    rates = watch.rates
    counts = (float(rates.bad.get(bad, 0)) for bad in Bad)
    numbers = (float(rates.answers), rates.since, *counts, float(rates.failed))
    yield GuardState(route=route, bad=_RATES, numbers=numbers, updated=now)


def judged_state(times: JudgedTimes, now: float) -> GuardState:
    """When routes were judged, as a row."""
    numbers = tuple(moment for stretch in times.stretches for moment in stretch)
    return GuardState(route=_ALL_ROUTES, bad=_JUDGED, numbers=numbers, updated=now)


def judged_of(states: Iterable[GuardState]) -> list[tuple[float, float]]:
    """The stretches in these rows."""
    rows = (each.numbers for each in states if (each.route, each.bad) == (_ALL_ROUTES, _JUDGED))
    return [stretch for numbers in rows for stretch in zip(numbers[::2], numbers[1::2], strict=False)]


def _step(watch: RouteWatch, requests: int) -> tuple[float, ...]:
    stage, split, since = watch.step
    proved, epoch = watch.capacity.proved, watch.capacity.epoch
    here = (float(watch.version), float(STAGES.index(stage)), split, float(since))
    return (
        *here,
        float(min(watch.answers - watch.failed, requests)),
        -1.0 if proved is None else proved,
        float(epoch),
    )


def recalled(watch: RouteWatch, states: Iterable[GuardState], answered: float = 0.0) -> None:
    """Put the rows into a RouteWatch, beside what it has seen already; rows of another version are passed over.

    Of what a move or a window's end `answered` (unix seconds; 0: none did) nothing is left, so that guards and breakers
    are kept like that from now on.
    """
    for state in states:
        is_void = _is_answered(state, answered)
        if is_void and state.bad.startswith(_CHANGE):
            continue
        numbers = (0.0,) * len(state.numbers) if is_void else state.numbers
        if state.bad in list(Bad) and len(numbers) == _LOGS + 3:
            _recall_process(watch, _process(Bad(state.bad), numbers), is_void=is_void)
        elif state.bad == _BREAKER and len(numbers) == 1:
            opened = watch.breaker.opened_at or numbers[0] or None
            watch.breaker = replace(watch.breaker, opened_at=opened)
        elif state.bad == _STEP and len(numbers) == _STEP_LENGTH:
            _recall_step(watch, numbers)
        elif state.bad.startswith(_CHANGE) and len(numbers) == len(QUIET) + 4:
            _recall_change(watch, state.bad, numbers)
        elif state.bad == _RATES and len(numbers) in {len(Bad) + 2, len(Bad) + 3}:
            _recall_rates(watch, numbers)
        elif state.bad.startswith(_BASELINE) and state.bad.removeprefix(_BASELINE) in list(Bad):
            pairs = zip(numbers[::2], numbers[1::2], strict=False)
            counts = ((int(slot), int(count)) for slot, count in pairs)
            watch.baselines[Bad(state.bad.removeprefix(_BASELINE))] = Baseline.of(counts)


def _is_answered(state: GuardState, at: float) -> bool:
    """Whether it began anew with them and is older, or an alarm of before: the last number says when it was raised."""
    is_guard = (state.bad in {_BREAKER, *Bad} or state.bad.startswith(_CHANGE)) and bool(state.numbers)
    return is_guard and (state.updated <= at or 0.0 < state.numbers[-1] <= at)


def _recall_process(watch: RouteWatch, process: Process, *, is_void: bool) -> None:
    """Beside an alarm of one's own; while legacy is down also what is put back afterwards (route_watch.py, rule 8)."""
    for known in (watch.processes, watch.before):
        seen = None if known is None else known.get(process.bad)
        if known is not None and (seen is None or (seen.alarmed_at is None and not is_void)):
            known[process.bad] = process


def _recall_rates(watch: RouteWatch, numbers: tuple[float, ...]) -> None:
    """Beside what was counted since; rows of the version before have no failed answers."""
    seen = watch.rates
    bad = {kind: int(count) + seen.bad.get(kind, 0) for kind, count in zip(Bad, numbers[2:], strict=False)}
    failed = int(sum(numbers[len(Bad) + 2 :])) + seen.failed
    watch.rates = Rates(answers=int(numbers[0]) + seen.answers, failed=failed, since=numbers[1], bad=bad)


def _recall_step(watch: RouteWatch, numbers: tuple[float, ...]) -> None:
    """The counters of a step; of one that has ended since, what new carried alone."""
    version, stage, split, since, answers, proved, epoch = numbers
    step = ClimbStep(STAGES[int(stage)], split, int(since))
    if watch.version < 0:
        watch.version, watch.step = int(version), step
    if watch.step == step:
        watch.answers += int(answers)
    if proved >= 0.0 and watch.capacity.epoch in {0, int(epoch)}:
        most = max(proved, watch.capacity.proved or 0.0)
        watch.capacity = replace(watch.capacity, proved=most, epoch=int(epoch))


def _changes(route: str, watch: RouteWatch, now: float) -> Iterator[GuardState]:
    changes = watch.changes
    for epoch, sides in changes.by_epoch.items():
        for side, each in sides.items():
            counts = (float(each.compared), float(each.mismatched), each.alarmed_at or 0.0)
            numbers = (float(changes.step), *each.logs, *counts)
            yield GuardState(route=route, bad=f"{_CHANGE}{side} {epoch}", numbers=numbers, updated=now)


def _recall_change(watch: RouteWatch, name: str, numbers: tuple[float, ...]) -> None:
    """Those of an earlier step are rows that nobody has overwritten; an alarm of one's own stays."""
    side, _, epoch = name.removeprefix(_CHANGE).partition(" ")
    if side not in list(Side) or int(numbers[0]) < watch.changes.step:
        return
    watch.changes.follow(int(numbers[0]))
    compared, mismatched, alarmed = numbers[-3:]
    change = ChangeDetector(
        logs=numbers[1:-3], compared=int(compared), mismatched=int(mismatched), alarmed_at=alarmed or None
    )
    known = watch.changes.by_epoch.setdefault(epoch, {})
    if known.get(Side(side), NO_CHANGE).alarmed_at is None:
        known[Side(side)] = change


def _process(bad: Bad, numbers: tuple[float, ...]) -> Process:
    events, gap, alarmed = numbers[_LOGS:]
    return Process(bad=bad, logs=numbers[:_LOGS], events=int(events), gap=int(gap), alarmed_at=alarmed or None)
