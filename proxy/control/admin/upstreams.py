"""The upstreams as JSON: how probes and workers find each."""

from __future__ import annotations

from proxy.api.upstreams import EndpointView, HealthView, UpstreamView
from proxy.control.fleet.upstreams import BREAKER_WORDS
from proxy.control.probe.health import Probes, UpstreamCondition
from proxy.core.routing.route import Upstream
from proxy.link.messages import UpstreamState
from proxy.log import stamp


def upstream_view(upstream: Upstream, probes: Probes, state: UpstreamState | None) -> UpstreamView:
    """One entry of `GET /api/upstreams`."""
    return UpstreamView(
        name=upstream.name,
        url=upstream.url,
        health=_health_view(probes.conditions.get(upstream.name)),
        endpoints=[
            EndpointView(endpoint=endpoint.text, health=_health_view(probes.condition_of(upstream.name, endpoint)))
            for endpoint in upstream.endpoints
        ],
        breaker=None if state is None else BREAKER_WORDS[state.breaker],
        addresses=None if state is None else state.addresses,
        ejected=None if state is None else state.ejected,
        alone=[] if state is None else list(state.alone),
    )


def _health_view(condition: UpstreamCondition | None) -> HealthView | None:
    if condition is None:
        return None
    return HealthView(status=condition.status.value, since=stamp(condition.since), error=condition.error)
