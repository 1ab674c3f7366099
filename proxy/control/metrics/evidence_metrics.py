"""The metrics of comparing: outcomes by route, and how the comparer and the evidence behind it are.

Rule 1: labels are routes and closed lists of words.
Rule 2: the counter says what a comparison came to when it was made; one that was undecided stays so there, and the
        gauge says how many still are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from proxy.control.metrics.exposition import label
from proxy.control.traffic.possible_series import with_zeros
from proxy.core.parity.compare import Outcome
from proxy.link.messages import Comparer


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReading:
    """One moment. `state` is the comparer's, None while there is none.

    `outcomes` by route and outcome, as they were found, and `incomparable` by route and reason, are those of this
    replica since it began; `undecided` by route is that of the present epoch, over all replicas, as it is now.
    """

    outcomes: Mapping[tuple[str, Outcome], int] = field(default_factory=dict)
    incomparable: Mapping[tuple[str, str], int] = field(default_factory=dict)
    undecided: Mapping[str, int] = field(default_factory=dict)
    state: Comparer | None = None
    sheds: Mapping[str, int] = field(default_factory=dict)
    lost: int = 0
    waiting: int = 0


NOTHING = EvidenceReading()


def write_parity(reading: EvidenceReading, possible: Iterable[tuple[str, Outcome]] = ()) -> Iterator[str]:
    """`banyan_parity_total`, at 0 where it is `possible`, and `banyan_parity_undecided`: they grow with the table."""
    name = "banyan_parity_total"
    yield f"# HELP {name} Comparisons by what they came to.\n# TYPE {name} counter\n"
    for (route, outcome), count in with_zeros(reading.outcomes, possible).items():
        yield f'{name}{{route="{label(route)}",outcome="{outcome.value}"}} {count}\n'
    name = "banyan_parity_undecided"
    yield f"# HELP {name} Comparisons of the present epoch that are undecided now.\n# TYPE {name} gauge\n"
    for route, count in reading.undecided.items():
        yield f'{name}{{route="{label(route)}"}} {count}\n'


def write_incomparable(reading: EvidenceReading) -> Iterator[str]:
    """`banyan_incomparable_total`: why; the reasons are a closed list (`core/parity/answers.py`)."""
    name = "banyan_incomparable_total"
    yield f"# HELP {name} Comparisons that could not be made, by why.\n# TYPE {name} counter\n"
    for (route, reason), count in reading.incomparable.items():
        yield f'{name}{{route="{label(route)}",reason="{label(reason)}"}} {count}\n'


def collect_comparing(reading: EvidenceReading) -> Iterator[Metric]:
    """Everything else."""
    state = reading.state
    yield GaugeMetricFamily("banyan_comparer_up", "1 while a comparer is linked.", int(state is not None))
    waiting, lag = (0, 0.0) if state is None else (state.waiting, state.lag)
    yield GaugeMetricFamily("banyan_comparer_waiting_pairs", "Pairs of answers that wait to be compared.", waiting)
    yield GaugeMetricFamily("banyan_comparer_lag_seconds", "Age of the oldest pair that waits.", lag)
    sheds = CounterMetricFamily(
        "banyan_comparer_shed", "Pairs that nobody compared, by the bound that was met.", labels=["reason"]
    )
    for reason, count in reading.sheds.items():
        sheds.add_metric([reason], count)
    yield sheds
    yield CounterMetricFamily("banyan_evidence_lost", "Records of evidence that found no place.", reading.lost)
    yield GaugeMetricFamily(
        "banyan_evidence_waiting_records", "Records of evidence that are not in the store yet.", reading.waiting
    )
