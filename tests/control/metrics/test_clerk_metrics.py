"""The metrics of the clerk."""

from __future__ import annotations

from dataclasses import replace

from proxy.control.metrics.clerk_metrics import ClerkReading
from proxy.control.metrics.collector import MetricsReading
from proxy.control.traffic.ledger import AskedSeries, Ledger
from proxy.core.outcome import AskOutcome
from proxy.link.messages import AskedDelta, ClerkState, Report
from proxy.link.questions import QUESTION_KINDS
from tests.control.metrics.test_collector import families, reading, samples

STATE = ClerkState(pid=7, revision="r", running=3, away=False)


def counted(*asked: AskedDelta) -> MetricsReading:
    """Two reports of two workers."""
    ledger = Ledger(lambda: 1000.0)
    for worker in (0, 1):
        report = Report(worker, worker + 1, "r", {}, 0, [], [], asked=list(asked), waits=2, held=100)
        ledger.fold(report)
    return reading(counts=ledger.counts())


def test_without_a_database_there_are_none() -> None:
    """Nobody looks for a clerk that need not be."""
    assert not [name for name in families(reading()) if name.startswith("banyan_clerk")]


def test_questions_are_counted_by_kind_and_outcome() -> None:
    """Over all workers, and at 0 from the start; what waits is added up."""
    read = replace(counted(AskedDelta("claim_key", "late", 3)), clerk=ClerkReading(state=STATE, needed=True))
    found = samples(read, "banyan_clerk_asked_total")

    assert len(found) == len(QUESTION_KINDS) * len(AskOutcome)
    assert {key: count for key, count in found.items() if count} == {("claim_key", "late"): 6}
    gauges = ("up", "able", "running", "waits", "held_bytes")
    assert [samples(read, f"banyan_clerk_{name}")[()] for name in gauges] == [1, 1, 3, 4, 200]
    assert AskedSeries("claim_key", "late") in read.counts.asked


def test_a_clerk_that_is_gone_or_cannot_answer_is_told() -> None:
    """Down while none is linked, unable while its database is away."""
    gone = replace(reading(), clerk=ClerkReading(needed=True))
    away = ClerkState(pid=7, revision="r", running=0, away=True)
    unable = replace(reading(), clerk=ClerkReading(state=away, needed=True))

    assert [samples(gone, f"banyan_clerk_{name}")[()] for name in ("up", "able")] == [0, 0]
    assert [samples(unable, f"banyan_clerk_{name}")[()] for name in ("up", "able")] == [1, 0]
