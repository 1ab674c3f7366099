"""The metrics of `grants`: families by state, calls to providers, stored answers, alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from proxy.control.fleet.grants_seen import GrantsSeen
from proxy.core.grants.family import FamilyState

_WAITING = (FamilyState.INFLIGHT, FamilyState.UNKNOWN)


def collect_grants(seen: GrantsSeen | None) -> Iterator[Metric]:
    """Nothing where routes.yaml names no provider."""
    if seen is None:
        return
    families = GaugeMetricFamily("banyan_grant_families", "Families by state.", labels=("grants", "state"))
    oldest = GaugeMetricFamily(
        "banyan_grant_oldest_seconds",
        "Age of the oldest call in flight or of unknown outcome.",
        labels=("grants", "state"),
    )
    for each in seen.families:
        families.add_metric((each.provider, each.state), each.count)
        if each.state in _WAITING:
            oldest.add_metric((each.provider, each.state), each.oldest)
    yield families
    yield oldest
    yield _counted("banyan_grant_calls", "Calls to the provider by outcome, at this replica.", "outcome", seen.calls)
    seconds = CounterMetricFamily(
        "banyan_grant_call_seconds", "Seconds that calls to the provider took, at this replica.", labels=("grants",)
    )
    for provider, took in seen.seconds.items():
        seconds.add_metric((provider,), took)
    yield seconds
    yield _counted("banyan_grant_stored", "Stored answers given, at this replica.", "system", seen.stored)
    yield _counted("banyan_grant_alarms", "What somebody has to look at, at this replica.", "alarm", seen.alarms)


def _counted(name: str, sentence: str, label: str, counts: Mapping[tuple[str, str], int]) -> CounterMetricFamily:
    found = CounterMetricFamily(name, sentence, labels=("grants", label))
    for (provider, word), count in counts.items():
        found.add_metric((provider, word), count)
    return found
