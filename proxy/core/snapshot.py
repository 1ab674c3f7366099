"""One generation of everything that routes.yaml says: immutable, swapped whole, held by a request to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from proxy.core.route import Route, Upstream
from proxy.core.table import RouteTable
from proxy.core.tls import ListenerTls

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the client's side; seconds and bytes. Precedents stand in docs/operations.md.

    `head` is the time for a whole request head, `idle` between two requests, `body` inside a silent body.
    """

    connections: int = 16_000
    head: float = 10.0
    body: float = 30.0
    idle: float = 75.0
    body_size: int = 0
    tunnel: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """The canonical lines: `sample` is the share of good requests that get one; failures and 5xx always do."""

    sample: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What runs. `revision` names the text that it came from (12 hex digits of its SHA-256).

    `kill_file` as written: a path, relative ones from the folder of routes.yaml; empty: in the state directory.
    """

    revision: str
    listen: tuple[str, int]
    admin: tuple[str, int]
    workers: int
    upstreams: Mapping[str, Upstream]
    table: RouteTable
    trusted: tuple[Network, ...] = ()
    limits: Limits = Limits()
    access_log: AccessLog = AccessLog()
    drain: float = 30.0
    tls: ListenerTls | None = None
    kill_file: str = ""

    @property
    def routes(self) -> tuple[Route, ...]:
        """All routes in file order."""
        return self.table.routes

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields that routing reads."""
        return frozenset[bytes]().union(*(route.fields for route in self.routes))
