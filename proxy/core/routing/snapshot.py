"""One generation of everything that routes.yaml says: immutable, swapped whole, held by a request to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network

from proxy.core.auth.auth_policy import JwtPolicy
from proxy.core.auth.opaque_policy import OpaquePolicy
from proxy.core.auth.principal_policy import NOBODY_TOLD, PrincipalPolicy
from proxy.core.grants.grant_policy import GrantPolicy
from proxy.core.http.chunked import MAX_EXTENSION, MAX_TRAILERS
from proxy.core.http.leniency_points import NONE, Points
from proxy.core.http.request import RequestReader
from proxy.core.http.trace import RequestIds
from proxy.core.judge.policy import PLAIN_FLEET, FleetPolicy
from proxy.core.limits.request_head_bounds import HeadBounds
from proxy.core.reconcile.reconcile_check import Database, ReconcileCheck
from proxy.core.routing.route import RateLimit, Route, Upstream
from proxy.core.routing.shadow import MEMORY
from proxy.core.routing.table import RouteTable
from proxy.core.routing.tie import PLAIN_COOKIES, Cookies
from proxy.core.secret import NO_TEXT, Secret
from proxy.core.tls import ListenerTls

Network = IPv4Network | IPv6Network


AUTO = -1
"""`memory`: what the control group allows, shared among the workers."""
_BOUNDS = HeadBounds()
FAILED_CHECKS = RateLimit(requests=20, seconds=1.0)
IN_MEMORY = Secret("memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the client's side, per worker; seconds and bytes; 0 is none. Precedents stand in docs/limits.md.

    `head` is the time for a whole request head, `idle` between two requests, `body` inside a silent body, `write` for a
    client that does not read; `body_rate` is the least that a body must bring, in bytes per second, over each `body`.
    `failed_checks`: how often tokens of one address may be found bad before its next new one is not looked at.
    """

    connections: int = 16_000
    connections_per_client: int = 0
    requests_per_connection: int = 0
    pipeline: int = 100
    rate: RateLimit | None = None
    failed_checks: RateLimit = FAILED_CHECKS
    memory: int = AUTO
    head: float = 10.0
    body: float = 30.0
    body_rate: int = 240
    idle: float = 75.0
    write: float = 60.0
    tunnel: float = 3600.0
    body_size: int = 0
    request_line: int = _BOUNDS.line
    field: int = _BOUNDS.field
    head_size: int = _BOUNDS.head
    fields: int = _BOUNDS.fields
    chunk_extension: int = MAX_EXTENSION
    trailers: int = MAX_TRAILERS


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogPolicy:
    """The canonical lines: `sample` is the share of good requests that get one; failures and 5xx always do."""

    sample: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Somebody who is told of moves. `secret` signs what is sent, empty: it is not signed. A `url` may hold a token.

    `timeout` in seconds, of one attempt.
    """

    url: Secret[str]
    secret: Secret[str] = NO_TEXT
    timeout: float = 5.0

    @property
    def shown(self) -> str:
        """Scheme and host: a path or query may hold a token."""
        scheme, _, rest = self.url.reveal().partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"


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
    access_log: AccessLogPolicy = AccessLogPolicy()
    fleet: FleetPolicy = PLAIN_FLEET
    state: Secret[str] = IN_MEMORY
    """As in routes.yaml; it may hold a password."""
    state_password_file: str = ""
    """The whole path of the file that holds its password; empty: `state` says all."""
    drain: float = 30.0
    tls: ListenerTls | None = None
    leniency: Points = NONE
    underscores: bool = True
    """Whether the names of a request's fields may hold one."""
    request_id: RequestIds = RequestIds.TRUSTED
    kill_file: str = ""
    suspend: str = ""
    """The file of subjects who may not call, as written, as `kill_file` is; empty: there is none."""
    hooks: tuple[Hook, ...] = ()
    databases: tuple[Database, ...] = ()
    reconcile: tuple[ReconcileCheck, ...] = ()
    shadow_memory: int = MEMORY
    """Bytes that all captures of one worker may hold."""
    cookies: Cookies = PLAIN_COOKIES
    choosers: tuple[Network, ...] = ()
    """Clients that may say which side is to answer them."""
    grants: Mapping[str, GrantPolicy] = field(default_factory=dict)
    """Providers whose tokens exist once, by name."""
    auth: Mapping[str, JwtPolicy | OpaquePolicy] = field(default_factory=dict)
    """Policies by which callers are checked, by name."""
    key_sets: Mapping[str, bytes] = field(default_factory=dict)
    """Key sets that were read with the file, by source; the others are fetched."""
    principal: PrincipalPolicy = NOBODY_TOLD
    """What upstreams are told of who calls."""

    @property
    def has_database(self) -> bool:
        """Whether there is a PostgreSQL."""
        return self.state != IN_MEMORY

    @property
    def has_credentials(self) -> bool:
        """Whether Banyan has credentials of its own towards an upstream."""
        return any(upstream.auth is not None for upstream in self.upstreams.values())

    @property
    def fetched_sources(self) -> frozenset[str]:
        """The key sets that its policies name, and that did not come with it."""
        named = {policy.source for policy in self.auth.values() if isinstance(policy, JwtPolicy)}
        return frozenset(named - self.key_sets.keys())

    @property
    def needs_clerk(self) -> bool:
        """Whether there is somebody to be asked on a request's behalf: a database, or who knows tokens or members."""
        asks = self.principal.lookup is not None or any(isinstance(each, OpaquePolicy) for each in self.auth.values())
        return self.has_database or self.has_credentials or asks

    @property
    def routes(self) -> tuple[Route, ...]:
        """All routes in file order."""
        return self.table.routes

    def named(self, name: str) -> Route | None:
        """The route of this name."""
        return self.table.by_name.get(name)

    @property
    def forgiven(self) -> Points:
        """Every point that is open for some request; which of them a route allows is asked once it is known."""
        return self.leniency.union(*(route.leniency for route in self.routes))

    def addresses(self, route: Route) -> str:
        """Stands for the addresses of both sides of a route: another one after an edit of either, 12 hex digits."""
        known = (self.upstreams.get(name) for name in (route.legacy, route.new))
        return sha256("\0".join(_addressed(upstream) for upstream in known).encode()).hexdigest()[:12]

    def reader(self, *, nul: bool = False) -> RequestReader:
        """A reader of request heads with these bounds; `nul`: it takes `%00` in targets."""
        limits = self.limits
        bounds = HeadBounds(line=limits.request_line, field=limits.field, head=limits.head_size, fields=limits.fields)
        return RequestReader(self.fields, bounds, underscores=self.underscores, nul=nul, owned=self.principal.owned)

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields that routing reads."""
        own = {b"cookie"} if self.is_tied else set[bytes]()
        own |= {b"authorization"} if self.claims_read else set()
        return frozenset(own).union(*(route.fields for route in self.routes))

    @property
    def claims_read(self) -> frozenset[str]:
        """Names of the claims by which requests are routed or drawn."""
        return frozenset[str]().union(*(route.claims_read for route in self.routes))

    @property
    def is_tied(self) -> bool:
        """Whether requests can be tied to a side otherwise than by pins of their cohorts."""
        return bool(self.choosers) or any(route.is_tied for route in self.routes)


def _addressed(upstream: Upstream | None) -> str:
    """What decides which system answers: timeouts and bounds do not, nor does the order of its endpoints."""
    if upstream is None:
        return ""
    endpoints = " ".join(sorted(endpoint.text for endpoint in upstream.endpoints))
    return f"{upstream.scheme} {upstream.host_mode} {upstream.tls_name} {endpoints}"
