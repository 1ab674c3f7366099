"""Snapshots for the tests of the control process."""

from __future__ import annotations

from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.route import Health, Respond, Route, Upstream
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.table import RouteTable
from proxy.core.stage import Stage


def pattern(path: str) -> PathPattern:
    parsed = parse_pattern(path)
    assert isinstance(parsed, PathPattern), parsed
    return parsed


def route(name: str, stage: Stage = Stage.LEGACY, split: float = 0.0, path: str = "", **also: object) -> Route:
    return Route(name=name, index=0, pattern=pattern(path or f"/{name}"), stage=stage, split=split, **also)  # type: ignore[arg-type]


def refusal(name: str) -> Route:
    """A route that answers by `respond`."""
    return route(name, respond=Respond(status=403))


def upstream(name: str, port: int = 3000, health: Health | None = None) -> Upstream:
    return Upstream(name=name, scheme="http", host="127.0.0.1", port=port, health=health)


def snapshot(*routes: Route, revision: str = "r1", upstreams: tuple[Upstream, ...] = (), workers: int = 1) -> Snapshot:
    return Snapshot(
        revision=revision,
        listen=("127.0.0.1", 8080),
        admin=("127.0.0.1", 9090),
        workers=workers,
        upstreams={each.name: each for each in upstreams or (upstream("legacy"), upstream("new", 8443))},
        table=RouteTable(routes),
    )


def crm(revision: str = "r1") -> Snapshot:
    """Four routes, of which three have a stage."""
    return snapshot(
        route("orders.show", Stage.CANARY, 0.1, "/orders/{id}"),
        route("orders.list", Stage.LIVE, path="/orders"),
        route("rest", path="/**"),
        refusal("internal"),
        revision=revision,
    )
