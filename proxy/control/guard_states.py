"""A docket as rows of floats, and back: what the next judge takes up.

`5xx` (a class)        seven logarithms, events, gap, when it alarmed (0: never)
`baseline 5xx`         slot, count, slot, count, …
`rates`                answers of legacy, since when, then bad ones by class in the order of `Bad`, then failed answers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxy.control.docket import Docket, Rates
from proxy.core.evidence import GuardState
from proxy.core.judge.dedupe import Baseline
from proxy.core.judge.guard import RATIOS, Bad, Process

_BASELINE = "baseline "
_RATES = "rates"
_LOGS = len(RATIOS)


def states_of(route: str, docket: Docket, now: float, *, slow: bool = True) -> Iterator[GuardState]:
    """Every row of one route; without those that change `slow`ly and matter little when they are a minute old."""
    for bad, each in docket.processes.items():
        numbers = (*each.logs, float(each.events), float(each.gap), each.alarmed_at or 0.0)
        yield GuardState(route=route, bad=bad.value, numbers=numbers, updated=now)
    if not slow:
        return
    for bad, baseline in docket.baselines.items():
        pairs = tuple(float(number) for pair in baseline.counts for number in pair)
        yield GuardState(route=route, bad=_BASELINE + bad.value, numbers=pairs, updated=now)
    rates = docket.rates
    counts = (float(rates.bad.get(bad, 0)) for bad in Bad)
    numbers = (float(rates.answers), rates.since, *counts, float(rates.failed))
    yield GuardState(route=route, bad=_RATES, numbers=numbers, updated=now)


def recalled(docket: Docket, states: Iterable[GuardState]) -> None:
    """Put the rows into a fresh docket; rows of another version are passed over."""
    for each in states:
        numbers = each.numbers
        if each.bad in list(Bad) and len(numbers) == _LOGS + 3:
            docket.processes[Bad(each.bad)] = _process(Bad(each.bad), numbers)
        elif each.bad == _RATES and len(numbers) in {len(Bad) + 2, len(Bad) + 3}:
            bad = {kind: int(count) for kind, count in zip(Bad, numbers[2:], strict=False)}
            failed = int(sum(numbers[len(Bad) + 2 :]))  # rows of the version before have none
            docket.rates = Rates(answers=int(numbers[0]), failed=failed, since=numbers[1], bad=bad)
        elif each.bad.startswith(_BASELINE) and each.bad.removeprefix(_BASELINE) in list(Bad):
            pairs = zip(numbers[::2], numbers[1::2], strict=False)
            counts = ((int(slot), int(count)) for slot, count in pairs)
            docket.baselines[Bad(each.bad.removeprefix(_BASELINE))] = Baseline.of(counts)


def _process(bad: Bad, numbers: tuple[float, ...]) -> Process:
    events, gap, alarmed = numbers[_LOGS:]
    return Process(bad=bad, logs=numbers[:_LOGS], events=int(events), gap=int(gap), alarmed_at=alarmed or None)
