"""The metrics of `auth:` of upstreams: how old what they are asked with is, how it was had, and what was refused."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from proxy.core.routing.route import Upstream
from proxy.core.upstream_auth.token_source import source_key
from proxy.link.token_messages import UpstreamToken

_NEVER = float("inf")


def collect_tokens(upstreams: Mapping[str, Upstream], seen: Mapping[str, UpstreamToken]) -> Iterator[Metric]:
    """Of every upstream that has `auth`; nothing where none has."""
    found = {name: told for name, each in upstreams.items() if (told := _told(each, seen)) is not None}
    if not any(each.auth is not None for each in upstreams.values()):
        return
    now = time.time()
    age = GaugeMetricFamily(
        "banyan_upstream_token_age_seconds", "Since the token was issued that an upstream is asked with.", labels=_LABEL
    )
    left = GaugeMetricFamily(
        "banyan_upstream_token_left_seconds", "Until it ends; below 0 once it has. Absent: nobody knows.", labels=_LABEL
    )
    fetches = CounterMetricFamily(
        "banyan_upstream_token_fetches", "Questions to the source by outcome.", labels=(*_LABEL, "outcome")
    )
    refused = CounterMetricFamily(
        "banyan_upstream_token_refused", "Answers 401 of an upstream to Banyan's own credential.", labels=_LABEL
    )
    for name, told in found.items():
        if told.token:
            age.add_metric((name,), now - told.issued)
        if told.token and told.ends != _NEVER:
            left.add_metric((name,), told.ends - now)
        fetches.add_metric((name, "ok"), told.fetched)
        fetches.add_metric((name, "failed"), told.failed)
        refused.add_metric((name,), told.refused)
    yield from (age, left, fetches, refused)


_LABEL = ("upstream",)


def _told(upstream: Upstream, seen: Mapping[str, UpstreamToken]) -> UpstreamToken | None:
    return None if upstream.auth is None else seen.get(source_key(upstream.auth.source))
