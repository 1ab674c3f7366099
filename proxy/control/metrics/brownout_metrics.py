"""The metrics of brown-outs, for routes that have one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from proxy.control.brownout.brownout_state import BrownoutState
from proxy.core.brownout.brownout_policy import Browned


def collect_brownouts(states: Sequence[BrownoutState]) -> Iterator[Metric]:
    """Nothing where no route has one."""
    if not states:
        return
    on = GaugeMetricFamily("banyan_brownout_on", "1 while the route's brown-out runs; 0: it is over.", labels=["route"])
    calls = CounterMetricFamily(
        "banyan_brownout_calls", "Calls that a brown-out drew, by what became of them.", labels=["route", "outcome"]
    )
    followed = CounterMetricFamily(
        "banyan_brownout_followed",
        "Next calls of a client, by what the one before was (lean, whole) and how they went.",
        labels=["route", "behind", "how"],
    )
    for state in states:
        on.add_metric([state.route], int(state.end is None))
        for outcome in Browned:
            calls.add_metric([state.route, outcome.value], state.count(outcome))
        for behind, seen in (("lean", state.aftermath.without), ("whole", state.aftermath.whole)):
            for how, count in (("any", seen.calls), ("error", seen.errors), ("repeat", seen.repeats)):
                followed.add_metric([state.route, behind, how], count)
    yield from (on, calls, followed)
