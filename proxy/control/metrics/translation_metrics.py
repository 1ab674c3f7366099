"""What became of messages that workers handed to the translators' process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric

from proxy.control.traffic.ledger import LedgerCounts
from proxy.core.routing.route import Route
from proxy.core.translation.adapter_policy import TranslationOutcome, adapter_of


def collect_translations(routes: Iterable[Route], counts: LedgerCounts) -> Iterator[Metric]:
    """Nothing where no route has an adapter."""
    if not any(adapter_of(route.steps) is not None for route in routes):
        return
    family = CounterMetricFamily(
        "banyan_translations",
        "Messages that were handed to the translators' process, by what became of them.",
        labels=["outcome"],
    )
    for outcome in TranslationOutcome:
        family.add_metric([outcome.value], counts.translations.get(outcome.value, 0))
    yield family
