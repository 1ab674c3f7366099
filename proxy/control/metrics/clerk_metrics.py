"""The metrics of the clerk: whether it is there and can answer, what it was asked, and what waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from proxy.control.traffic.ledger import AskedSeries, LedgerCounts
from proxy.core.outcome import AskOutcome
from proxy.link.messages import ClerkState
from proxy.link.questions import QUESTION_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkReading:
    """One moment; `state` None: there is no clerk, `needed` False: nor need there be one."""

    state: ClerkState | None = None
    needed: bool = False


NONE = ClerkReading()


def collect_clerk(reading: ClerkReading, counts: LedgerCounts) -> Iterator[Metric]:
    """Nothing where there is no database, and so no clerk."""
    if not reading.needed:
        return
    state = reading.state
    yield GaugeMetricFamily("banyan_clerk_up", "1 while a clerk is linked.", int(state is not None))
    able = state is not None and not state.away
    yield GaugeMetricFamily("banyan_clerk_able", "1 unless the clerk found its database away at last.", int(able))
    running = 0 if state is None else state.running
    yield GaugeMetricFamily("banyan_clerk_running", "Questions that the clerk works on.", running)
    waits = sum(worker.waits for worker in counts.workers)
    yield GaugeMetricFamily("banyan_clerk_waits", "Requests that wait for the clerk.", waits)
    held = sum(worker.held for worker in counts.workers)
    yield GaugeMetricFamily("banyan_clerk_held_bytes", "Bytes that workers keep for the clerk.", held)
    asked = CounterMetricFamily(
        "banyan_clerk_asked", "Questions to the clerk by what became of them.", labels=["kind", "outcome"]
    )
    for kind in QUESTION_KINDS:
        for outcome in AskOutcome:
            asked.add_metric([kind, outcome.value], counts.asked.get(AskedSeries(kind, outcome.value), 0))
    yield asked
