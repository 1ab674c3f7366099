"""The upstreams as JSON: how probes and workers find each."""

from __future__ import annotations

from proxy.control.admin.routes import View
from proxy.control.fleet.upstreams import BREAKER_WORDS
from proxy.control.probe.health import Probes, UpstreamCondition
from proxy.core.routing.route import Upstream
from proxy.link.messages import UpstreamState
from proxy.log import stamp


class HealthView(View, frozen=True, kw_only=True):
    """What the probes found; `since` in RFC 3339."""

    status: str
    since: str
    error: str


class EndpointView(View, frozen=True, kw_only=True):
    """One endpoint of an upstream, as `host:port`."""

    endpoint: str
    health: HealthView | None


class UpstreamView(View, frozen=True, kw_only=True):
    """One upstream; `health` is null when routes.yaml names no path to probe, else up when any endpoint is.

    `breaker`, `addresses` and `ejected` are those of the worker that finds it worst; null while none has reported.
    `alone` names operations (`ROUTE`, behind `**` with method and two segments) whose own breaker is not closed.
    """

    name: str
    url: str
    health: HealthView | None
    endpoints: list[EndpointView]
    breaker: str | None
    addresses: int | None
    ejected: int | None
    alone: list[str]


class UpstreamsView(View, frozen=True, kw_only=True):
    """All upstreams in file order."""

    revision: str
    upstreams: list[UpstreamView]


def upstream_view(upstream: Upstream, probes: Probes, state: UpstreamState | None) -> UpstreamView:
    """One entry of `GET /api/upstreams`."""
    return UpstreamView(
        name=upstream.name,
        url=upstream.url,
        health=_health_view(probes.conditions.get(upstream.name)),
        endpoints=[
            EndpointView(endpoint=each.text, health=_health_view(probes.condition_of(upstream.name, each)))
            for each in upstream.endpoints
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
