"""The metrics of messages that are translated outside of workers."""

from __future__ import annotations

from proxy.control.traffic.ledger import Ledger
from proxy.core.translation.adapter_policy import TranslationOutcome
from proxy.link.messages import Report
from tests.control.metrics.test_collector import counted, families, reading, samples
from tests.edge.proxy import snapshot_of, upstream

TABLE = snapshot_of(
    {"legacy": upstream(1), "new": upstream(2)},
    [{"name": "a", "match": "/**", "stage": "live", "adapter": "tel"}],
    {"adapters": {"tel": {"speaks": "legacy", "request": [{"rename": "$.tel", "to": "phone"}]}}},
)


def test_without_an_adapter_there_are_none() -> None:
    """Nobody looks for what cannot be."""
    assert "banyan_translations" not in families(reading())


def test_messages_are_counted_by_what_became_of_them() -> None:
    """Over all workers, and at 0 from the start."""
    ledger = Ledger(lambda: 1000.0)
    for worker in (0, 1):
        ledger.fold(Report(worker, worker + 1, "r", {}, 0, [], [], translations={"late": 2}))
    read = reading(TABLE, ledger.counts())

    assert len(samples(read, "banyan_translations_total")) == len(TranslationOutcome)
    assert counted(read, "banyan_translations_total") == {("late",): 4}
