"""A docket as rows of floats, and back: what the next judge takes up.

`5xx` (a class)        seven logarithms, events, gap, when it alarmed (0: never)
`baseline 5xx`         slot, count, slot, count, …
`rates`                answers of legacy, since when, then bad ones by class in the order of `Bad`, then failed answers
`breaker`              when it opened (0: it did not)
`step`                 version of the position, stage, split, since when, answers of new up to those that are needed,
                       the greatest share that new has carried (-1: unknown), the epoch in which it did
`change new EPOCH`     step, four logarithms, compared, mismatched, when it alarmed (0: never): a detector of change
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from proxy.control.judge.route_watch import Docket, Rates, Step
from proxy.core.evidence.records import GuardState
from proxy.core.judge.change import NO_CHANGE, QUIET, ChangeDetector
from proxy.core.judge.dedupe import Baseline
from proxy.core.judge.guard import RATIOS, Bad, Process
from proxy.core.outcome import Side
from proxy.core.stage import STAGES

_BASELINE = "baseline "
_CHANGE = "change "
_RATES, _BREAKER, _STEP = "rates", "breaker", "step"
_LOGS = len(RATIOS)
_STEP_LENGTH = 7


def states_of(
    route: str, docket: Docket, now: float, *, slow: bool = True, requests: int | None = None
) -> Iterator[GuardState]:
    """Every row of one route; without those that change `slow`ly and matter little when they are a minute old.

    `requests`: answers of new that a step of its ramp needs; None: it has no ramp, and its steps are nobody's.
    """
    for bad, each in docket.kept_processes.items():
        numbers = (*each.logs, float(each.events), float(each.gap), each.alarmed_at or 0.0)
        yield GuardState(route=route, bad=bad.value, numbers=numbers, updated=now)
    yield GuardState(route=route, bad=_BREAKER, numbers=(docket.breaker.opened_at or 0.0,), updated=now)
    if requests is not None and docket.version >= 0:
        yield GuardState(route=route, bad=_STEP, numbers=_step(docket, requests), updated=now)
    yield from _changes(route, docket, now)
    if not slow:
        return
    for bad, baseline in docket.baselines.items():
        pairs = tuple(float(number) for pair in baseline.counts for number in pair)
        yield GuardState(route=route, bad=_BASELINE + bad.value, numbers=pairs, updated=now)
    rates = docket.rates
    counts = (float(rates.bad.get(bad, 0)) for bad in Bad)
    numbers = (float(rates.answers), rates.since, *counts, float(rates.failed))
    yield GuardState(route=route, bad=_RATES, numbers=numbers, updated=now)


def _step(docket: Docket, requests: int) -> tuple[float, ...]:
    stage, split, since = docket.step
    proved, epoch = docket.capacity.proved, docket.capacity.epoch
    here = (float(docket.version), float(STAGES.index(stage)), split, float(since))
    return (
        *here,
        float(min(docket.answers - docket.failed, requests)),
        -1.0 if proved is None else proved,
        float(epoch),
    )


def recalled(docket: Docket, states: Iterable[GuardState], answered: float = 0.0) -> None:
    """Put the rows into a docket, beside what it has seen already; rows of another version are passed over.

    Of what a move or a window's end `answered` (unix seconds; 0: none did) nothing is left, so that guards and breakers
    are kept like that from now on.
    """
    for each in states:
        is_void = _is_answered(each, answered)
        if is_void and each.bad.startswith(_CHANGE):
            continue
        numbers = (0.0,) * len(each.numbers) if is_void else each.numbers
        if each.bad in list(Bad) and len(numbers) == _LOGS + 3:
            _recall_process(docket, _process(Bad(each.bad), numbers), is_void=is_void)
        elif each.bad == _BREAKER and len(numbers) == 1:
            opened = docket.breaker.opened_at or numbers[0] or None
            docket.breaker = replace(docket.breaker, opened_at=opened)
        elif each.bad == _STEP and len(numbers) == _STEP_LENGTH:
            _recall_step(docket, numbers)
        elif each.bad.startswith(_CHANGE) and len(numbers) == len(QUIET) + 4:
            _recall_change(docket, each.bad, numbers)
        elif each.bad == _RATES and len(numbers) in {len(Bad) + 2, len(Bad) + 3}:
            _recall_rates(docket, numbers)
        elif each.bad.startswith(_BASELINE) and each.bad.removeprefix(_BASELINE) in list(Bad):
            pairs = zip(numbers[::2], numbers[1::2], strict=False)
            counts = ((int(slot), int(count)) for slot, count in pairs)
            docket.baselines[Bad(each.bad.removeprefix(_BASELINE))] = Baseline.of(counts)


def _is_answered(state: GuardState, at: float) -> bool:
    """Whether it began anew with them and is older, or an alarm of before: the last number says when it was raised."""
    is_guard = (state.bad in {_BREAKER, *Bad} or state.bad.startswith(_CHANGE)) and bool(state.numbers)
    return is_guard and (state.updated <= at or 0.0 < state.numbers[-1] <= at)


def _recall_process(docket: Docket, process: Process, *, is_void: bool) -> None:
    """Beside an alarm of one's own; while legacy is down also what is put back afterwards (route_watch.py, rule 8)."""
    for known in (docket.processes, docket.before):
        seen = None if known is None else known.get(process.bad)
        if known is not None and (seen is None or (seen.alarmed_at is None and not is_void)):
            known[process.bad] = process


def _recall_rates(docket: Docket, numbers: tuple[float, ...]) -> None:
    """Beside what was counted since; rows of the version before have no failed answers."""
    seen = docket.rates
    bad = {kind: int(count) + seen.bad.get(kind, 0) for kind, count in zip(Bad, numbers[2:], strict=False)}
    failed = int(sum(numbers[len(Bad) + 2 :])) + seen.failed
    docket.rates = Rates(answers=int(numbers[0]) + seen.answers, failed=failed, since=numbers[1], bad=bad)


def _recall_step(docket: Docket, numbers: tuple[float, ...]) -> None:
    """The counters of a step; of one that has ended since, what new carried alone."""
    version, stage, split, since, answers, proved, epoch = numbers
    step = Step(STAGES[int(stage)], split, int(since))
    if docket.version < 0:
        docket.version, docket.step = int(version), step
    if docket.step == step:
        docket.answers += int(answers)
    if proved >= 0.0 and docket.capacity.epoch in {0, int(epoch)}:
        most = max(proved, docket.capacity.proved or 0.0)
        docket.capacity = replace(docket.capacity, proved=most, epoch=int(epoch))


def _changes(route: str, docket: Docket, now: float) -> Iterator[GuardState]:
    changes = docket.changes
    for epoch, sides in changes.by_epoch.items():
        for side, each in sides.items():
            counts = (float(each.compared), float(each.mismatched), each.alarmed_at or 0.0)
            numbers = (float(changes.step), *each.logs, *counts)
            yield GuardState(route=route, bad=f"{_CHANGE}{side} {epoch}", numbers=numbers, updated=now)


def _recall_change(docket: Docket, name: str, numbers: tuple[float, ...]) -> None:
    """Those of an earlier step are rows that nobody has overwritten; an alarm of one's own stays."""
    side, _, epoch = name.removeprefix(_CHANGE).partition(" ")
    if side not in list(Side) or int(numbers[0]) < docket.changes.step:
        return
    docket.changes.follow(int(numbers[0]))
    compared, mismatched, alarmed = numbers[-3:]
    change = ChangeDetector(
        logs=numbers[1:-3], compared=int(compared), mismatched=int(mismatched), alarmed_at=alarmed or None
    )
    known = docket.changes.by_epoch.setdefault(epoch, {})
    if known.get(Side(side), NO_CHANGE).alarmed_at is None:
        known[Side(side)] = change


def _process(bad: Bad, numbers: tuple[float, ...]) -> Process:
    events, gap, alarmed = numbers[_LOGS:]
    return Process(bad=bad, logs=numbers[:_LOGS], events=int(events), gap=int(gap), alarmed_at=alarmed or None)
