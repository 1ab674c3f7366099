"""The metrics of callers: key sets as they are fetched, opaque tokens as they are asked for, suspended subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from proxy.control.key_sets.key_set_watch import FetchOutcome
from proxy.core.auth.key_set_state import KeySetState


@dataclass(frozen=True, slots=True, kw_only=True)
class CallersReading:
    """One moment, `now` in unix seconds. `suspended` by where it is said: `order` or `file`."""

    now: float = 0.0
    key_sets: Mapping[str, KeySetState] = field(default_factory=dict)
    fetches: Mapping[tuple[str, FetchOutcome], int] = field(default_factory=dict)
    introspections: Mapping[tuple[str, str], int] = field(default_factory=dict)
    suspended: Mapping[str, int] = field(default_factory=dict)


NOBODY = CallersReading()


def collect_callers(reading: CallersReading) -> Iterator[Metric]:
    """All families; without policies there is nothing in most of them."""
    keys = GaugeMetricFamily("banyan_key_set_keys", "Keys that hold, by key set; 0: there is none.", labels=["source"])
    left = GaugeMetricFamily(
        "banyan_key_set_holds_seconds", "For how long the key set holds if its source stays away.", labels=["source"]
    )
    failing = GaugeMetricFamily(
        "banyan_key_set_failures", "Fetches in a row that failed; 0: the last one was good.", labels=["source"]
    )
    fetches = CounterMetricFamily(
        "banyan_key_set_fetches", "Fetches of key sets by outcome.", labels=["source", "outcome"]
    )
    for state in reading.key_sets.values():
        shown, holds = state.source.shown, bool(state.held(reading.now))
        keys.add_metric([shown], state.count if holds else 0)
        left.add_metric([shown], state.ends - reading.now if holds else 0)
        failing.add_metric([shown], state.failures)
        for outcome in FetchOutcome:
            fetches.add_metric([shown, outcome.value], reading.fetches.get((shown, outcome), 0))
    yield from (keys, left, failing, fetches)
    asked = CounterMetricFamily(
        "banyan_introspections", "Questions about opaque tokens by what became of them.", labels=["policy", "outcome"]
    )
    for labels, count in reading.introspections.items():
        asked.add_metric(labels, count)
    yield asked
    suspended = GaugeMetricFamily("banyan_suspended_subjects", "Subjects who may not call.", labels=["by"])
    for where, count in reading.suspended.items():
        suspended.add_metric([where], count)
    yield suspended
