"""Requests as they are remembered, for the tests of what is decided again."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.core.http.request import RequestHead, RequestReader
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind, present_cohort
from proxy.core.routing.decide import decide
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.split import hash_of
from proxy.core.routing.table import RouteTable
from proxy.core.traffic.remembered_request import (
    RememberedRequest,
    drawn_for,
    source_text,
    sources_text,
    veiled_fields,
    veiled_query,
)

TENANT = CohortSource(SourceKind.HEADER, "x-tenant-id")
IP = b"203.0.113.7"
UPSTREAMS: Mapping[str, Upstream] = {
    name: Upstream(name=name, scheme="http", host=f"{name}.internal", port=80) for name in ("legacy", "new", "other")
}


def a_route(name: str, path: str, **more: object) -> Route:
    pattern = parse_pattern(path)
    assert isinstance(pattern, PathPattern)
    return Route(name=name, index=0, pattern=pattern, **more)  # type: ignore[arg-type]


def table(*routes: Route) -> RouteTable:
    return RouteTable(routes)


def head(target: str, tenant: str = "", method: str = "GET", **fields: str) -> RequestHead:
    lines = [f"X-Tenant-Id: {tenant}"] * bool(tenant) + [f"{name}: {value}" for name, value in fields.items()]
    text = "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *lines, "", ""])
    wanted = frozenset({b"x-tenant-id", *(name.lower().encode() for name in fields)})
    read = RequestReader(wanted).read(text.encode())
    assert isinstance(read, RequestHead), read
    return read


def remember(known: RouteTable, asked: RequestHead, **more: object) -> RememberedRequest:
    """What a worker with this table would keep of the request."""
    found = known.match(asked)
    route = found if isinstance(found, Route) else None
    decision = None if route is None else decide(route, asked, IP)
    winner = None if route is None else present_cohort(route.cohort, asked, IP)
    source, key = winner or (CLIENT_IP, IP)
    seen = RememberedRequest(
        at=1.0,
        id="r1",
        method=asked.method.decode(),
        path=asked.path.decode(),
        query=veiled_query(asked.query).decode(),
        host=asked.host,
        fields=veiled_fields(asked.fields),
        route="" if route is None else route.name,
        stage="" if route is None or route.respond is not None else route.stage.value,
        split=0.0 if route is None else route.split,
        reason="refused" if decision is None else decision.reason.value,
        serve=(decision.serve if decision else None) or "self",
        side=(decision.serve if decision else None) or "self",
        upstream="",
        status=200,
        ms=1.0,
        drawn_for="" if route is None else drawn_for(route),
        sources="" if route is None else sources_text(route),
        source="" if winner is None else source_text(source),
        cohort=0 if route is None else hash_of(route.salt, source.prefix + key),
        draw=None if decision is None else decision.draw,
        shadow="",
        attempts=1,
        fell_back=False,
        failure="",
        revision="r",
    )
    return seen._replace(**more)  # type: ignore[arg-type]
