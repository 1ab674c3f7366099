"""The metrics of the journal of writes, for routes that write to both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric

from proxy.core.journal.intent import IntentState
from proxy.core.journal.standing import JournalStanding


def collect_journal(standings: Mapping[str, JournalStanding]) -> Iterator[Metric]:
    """Nothing where no route does."""
    if not standings:
        return
    writes = GaugeMetricFamily("banyan_journal_writes", "Writes in the journal.", labels=["route", "state"])
    lag = GaugeMetricFamily(
        "banyan_journal_lag_seconds", "Age of the oldest write that one side has and the other not.", labels=["route"]
    )
    size = GaugeMetricFamily("banyan_journal_bytes", "Requests and answers in the journal.", labels=["route"])
    for route, standing in standings.items():
        for state in IntentState:
            writes.add_metric([route, state.value], getattr(standing, state.value))
        lag.add_metric([route], standing.lag)
        size.add_metric([route], standing.bytes)
    yield writes
    yield lag
    yield size
