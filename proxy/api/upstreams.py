"""Upstreams as probes and workers find them."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import View


class HealthView(View, frozen=True, kw_only=True):
    """What the health probes found."""

    status: str
    """`up`, `down` or `unknown`."""
    since: str
    """When the status last changed (RFC 3339)."""
    error: str
    """What the last probe met; empty: nothing bad."""


class EndpointView(View, frozen=True, kw_only=True):
    """One address behind an upstream."""

    endpoint: str
    """`host:port`, or the path of a socket."""
    health: HealthView | None
    """Null where routes.yaml names no path to probe."""


class UpstreamView(View, frozen=True, kw_only=True):
    """One upstream; `breaker`, `addresses` and `ejected` are those of the worker that finds it worst."""

    name: str
    """As routes.yaml calls it."""
    url: str
    """As routes.yaml writes it."""
    health: HealthView | None
    """Null where routes.yaml names no path to probe; else up when any endpoint is."""
    endpoints: Sequence[EndpointView]
    """Its addresses, as routes.yaml lists them."""
    breaker: str | None
    """`closed`, `half_open` or `open`; null while no worker has reported."""
    addresses: int | None
    """How many addresses its name has now; null while no worker has reported."""
    ejected: int | None
    """How many of them are left out; null while no worker has reported."""
    alone: Sequence[str]
    """Operations whose own breaker is not closed: `ROUTE`, behind `**` with method and two segments."""


class UpstreamsView(View, frozen=True, kw_only=True):
    """All upstreams in file order."""

    revision: str
    """Of the routes.yaml that runs."""
    upstreams: Sequence[UpstreamView]
    """In file order."""


class DownView(View, frozen=True, kw_only=True):
    """An upstream whose health probes fail."""

    upstream: str
    """As routes.yaml calls it."""
    since: str = ""
    """Since when (RFC 3339)."""
    error: str = ""
    """What the last probe met."""
    routes: Sequence[str] = ()
    """Routes of which it is to answer something now."""


class FailingView(View, frozen=True, kw_only=True):
    """An upstream that does not answer, and that its health probes have not called down, or that has none."""

    upstream: str
    """As routes.yaml calls it."""
    lost: int = 0
    """Requests and shadows of the last ten seconds that got no answer from it."""
    asked: int = 0
    """Of so many."""
    probe: str = ""
    """What its last health probe met; empty: nothing bad, or it has none."""
    routes: Sequence[str] = ()
    """Routes of which it is to answer something now."""


class ClosedView(View, frozen=True, kw_only=True):
    """An upstream that is within its closed hours (`windows` with `answer: 503`)."""

    upstream: str
    """As routes.yaml calls it."""
    until: str = ""
    """When it is open again (RFC 3339)."""
    window: str = ""
    """The names of the windows that are on, and of those that follow until then."""
    routes: Sequence[str] = ()
    """Routes of which it is to answer something now."""
    beside: Sequence[str] = ()
    """Routes that the other side answers, and of which it gets no shadow, no fallback and no write that it is owed."""
