"""The metrics that grow with the route table, as Prometheus text (exposition format 0.0.4).

Written straight as text: 10,000 routes are a quarter of a million samples, for which prometheus_client's objects took
thirty times as long. Everything that does not grow with the table is in `collector`.

Rule 1: what can happen exists at 0 (`possible`), other series from their first count on; stages and splits exist for
        every route that has a stage.
Rule 2: `side` is who answered: legacy, new, or self, which is Banyan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from proxy.control.traffic.ledger import (
    Echoes,
    FailureSeries,
    LedgerCounts,
    RefusedSeries,
    Series,
    ShadowSeries,
    StepAnswerSeries,
    Totals,
)
from proxy.control.traffic.possible_series import FAILING, MoveSeries, Possible, with_zeros
from proxy.core.routing.route import Route
from proxy.core.stage import Stage
from proxy.link.messages import BUCKETS, CODE_CLASSES

_BOUNDS = (*(repr(bound) for bound in BUCKETS), "+Inf")


def write_series(routes: Iterable[Route], counts: LedgerCounts, possible: Possible) -> Iterator[str]:
    """What workers have counted, and where routes stand, line by line."""
    totals = counts.totals
    staged = [(label(route.name), route) for route in routes if route.respond is None]
    labelled = [(f'route="{label(series.route)}",side="{series.side}"', each) for series, each in totals.items()]
    yield from _requests(labelled)
    yield from _unfailing(totals, possible.answers())
    yield from _durations(labelled)
    yield from _failures(with_zeros(counts.failures, possible.failures()))
    yield from _shadows(with_zeros(counts.shadows, possible.shadows()))
    yield from _refused(with_zeros(counts.refused, possible.refused()))
    yield from _step_answers(with_zeros(counts.step_answers, possible.step_answers()))
    yield from _step_passes(with_zeros(counts.step_passes, possible.step_passes()))
    yield from _echoes(counts.echoes)
    yield from _stages(staged)
    yield from _splits(staged)


def label(value: str) -> str:
    """A label's value with what the format escapes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _head(name: str, kind: str, meaning: str) -> str:
    return f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"


def _requests(labelled: list[tuple[str, Totals]]) -> Iterator[str]:
    yield _head("banyan_requests_total", "counter", "Requests answered, by who answered and class of status.")
    for labels, totals in labelled:
        for code, count in zip(CODE_CLASSES, totals.codes, strict=True):
            if count:
                yield f'banyan_requests_total{{{labels},code="{code}"}} {count}\n'


def _unfailing(totals: Mapping[Series, Totals], answers: Iterable[Series]) -> Iterator[str]:
    """Those of the same family that are 0 and can be more."""
    failing = CODE_CLASSES.index(FAILING)
    for series in answers:
        counted = totals.get(series)
        if counted is None or not counted.codes[failing]:
            labels = f'route="{label(series.route)}",side="{series.side}",code="{FAILING}"'
            yield f"banyan_requests_total{{{labels}}} 0\n"


def write_moves(moves: Mapping[MoveSeries, int]) -> Iterator[str]:
    """The family `banyan_transitions_total`: moves by route, stages and cause."""
    name = "banyan_transitions_total"
    yield _head(name, "counter", "Moves that this replica made, by cause.")
    for series, count in moves.items():
        labels = f'route="{label(series.route)}",from="{series.start}",to="{series.end}",cause="{series.cause}"'
        yield f"{name}{{{labels}}} {count}\n"


def _durations(labelled: list[tuple[str, Totals]]) -> Iterator[str]:
    name = "banyan_request_duration_seconds"
    yield _head(name, "histogram", "Time from a request's head to the last byte of its answer.")
    for labels, totals in labelled:
        for bound, count in zip(_BOUNDS, accumulate(totals.buckets), strict=True):
            yield f'{name}_bucket{{{labels},le="{bound}"}} {count}\n'
        yield f"{name}_sum{{{labels}}} {totals.seconds!r}\n{name}_count{{{labels}}} {sum(totals.buckets)}\n"


def _failures(failures: Mapping[FailureSeries, int]) -> Iterator[str]:
    name = "banyan_upstream_failures_total"
    yield _head(name, "counter", "Exchanges with an upstream that failed, by how far they came and whose fault it was.")
    for series, count in failures.items():
        labels = f'route="{label(series.route)}",side="{series.side}",phase="{series.phase}",blame="{series.blame}"'
        yield f"{name}{{{labels}}} {count}\n"


def _shadows(shadows: Mapping[ShadowSeries, int]) -> Iterator[str]:
    name = "banyan_shadow_total"
    yield _head(name, "counter", "Requests that were to be sent to the other side as well, by what became of that.")
    for series, count in shadows.items():
        yield f'{name}{{route="{label(series.route)}",outcome="{series.outcome}"}} {count}\n'


def _refused(refused: Mapping[RefusedSeries, int]) -> Iterator[str]:
    name = "banyan_upstream_refused_total"
    yield _head(name, "counter", "Requests that Banyan itself sent nowhere, by reason: they are nobody's bad answers.")
    for series, count in refused.items():
        labels = f'route="{label(series.route)}",side="{series.side}",reason="{series.reason}"'
        yield f"{name}{{{labels}}} {count}\n"


def _step_answers(answers: Mapping[StepAnswerSeries, int]) -> Iterator[str]:
    """Nothing where no route has a step that answers by name."""
    name = "banyan_step_answers_total"
    if answers:
        yield _head(name, "counter", "Requests that a step of their route answered, by reason.")
    for series, count in answers.items():
        yield f'{name}{{route="{label(series.route)}",reason="{series.reason}"}} {count}\n'


def _step_passes(passes: Mapping[StepAnswerSeries, int]) -> Iterator[str]:
    """Nothing where all is enforced."""
    name = "banyan_step_passes_total"
    if passes:
        yield _head(name, "counter", "Requests that a step would have answered if it were enforced, by reason.")
    for series, count in passes.items():
        yield f'{name}{{route="{label(series.route)}",reason="{series.reason}"}} {count}\n'


def _echoes(echoes: Mapping[Series, Echoes]) -> Iterator[str]:
    """Nothing where nobody who calls is known."""
    name = "banyan_principal_echoes_total"
    if echoes:
        yield _head(name, "counter", "Answers to known callers, shadowed: whether the side has said whom it saw.")
    for series, found in echoes.items():
        labels = f'route="{label(series.route)}",side="{series.side}"'
        yield f'{name}{{{labels},echo="said"}} {found.echoed}\n{name}{{{labels},echo="none"}} {found.silent}\n'


def _stages(staged: list[tuple[str, Route]]) -> Iterator[str]:
    yield _head("banyan_route_stage", "gauge", "1 for the stage that the route is in, 0 for the others.")
    for route_label, route in staged:
        for stage in Stage:
            yield f'banyan_route_stage{{route="{route_label}",stage="{stage.value}"}} {int(route.stage is stage)}\n'


def _splits(staged: list[tuple[str, Route]]) -> Iterator[str]:
    yield _head("banyan_route_split_ratio", "gauge", "Share of the cohorts that new serves while the stage is canary.")
    for route_label, route in staged:
        yield f'banyan_route_split_ratio{{route="{route_label}"}} {route.split!r}\n'
