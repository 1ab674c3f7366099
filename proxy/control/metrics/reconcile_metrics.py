"""The metrics of `banyan reconcile`: the last result of each check that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric

from proxy.core.reconcile.reconcile_run import ReconcileRun


def collect_reconcile(results: Mapping[str, ReconcileRun | None]) -> Iterator[Metric]:
    """Nothing where routes.yaml names no check; of one without a result only that."""
    if not results:
        return
    known = GaugeMetricFamily("banyan_reconcile_known", "1 where a check has a result, else 0.", labels=["check"])
    rows = GaugeMetricFamily("banyan_reconcile_rows", "Rows that the last run found.", labels=["check", "side"])
    differing = GaugeMetricFamily(
        "banyan_reconcile_differences", "Keys that differed in the last run.", labels=["check"]
    )
    unsettled = GaugeMetricFamily(
        "banyan_reconcile_unsettled", "Keys that moved at both looks of the last run.", labels=["check"]
    )
    ended = GaugeMetricFamily(
        "banyan_reconcile_ended_seconds", "When the last run ended, or began if it has not.", labels=["check"]
    )
    for check, run in results.items():
        known.add_metric([check], int(run is not None))
        if run is not None:
            rows.add_metric([check, "legacy"], run.counts.legacy_rows)
            rows.add_metric([check, "new"], run.counts.new_rows)
            differing.add_metric([check], run.counts.differences)
            unsettled.add_metric([check], run.counts.unsettled)
            ended.add_metric([check], run.ended or run.started)
    yield from (known, rows, differing, unsettled, ended)
