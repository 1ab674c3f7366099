"""What routes.yaml lets Banyan connect to, as targets by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

from proxy.core.auth.auth_policy import JwtPolicy
from proxy.core.auth.public_keys import MOST_BYTES
from proxy.core.reachability.finding import TargetKind
from proxy.core.reconcile.reconcile_check import Database, SideQuery
from proxy.core.routing.route import Endpoint, HostMode, Upstream
from proxy.core.routing.snapshot import Snapshot
from proxy.reachability.asked_server import server_of
from proxy.reachability.endpoint_targets import EndpointTarget, endpoint_targets
from proxy.reachability.question import Question

_POSTGRES = 5432
STATE = "state"
KEY_SET = 5.0
"""Seconds for a connection to the source of a key set, and for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTarget:
    """One endpoint of an upstream. `host` is what clients say as Host, empty: what serving would say by itself."""

    upstream: Upstream
    endpoint: Endpoint
    host: str = ""

    @property
    def kind(self) -> TargetKind:
        """What it is."""
        return TargetKind.UPSTREAM

    @property
    def name(self) -> str:
        """Of the upstream."""
        return self.upstream.name

    @property
    def where(self) -> str:
        """Scheme and endpoint."""
        return self.endpoint.text if self.endpoint.is_unix else f"{self.upstream.scheme}://{self.endpoint.text}"

    @property
    def question(self) -> Question:
        """Its health path, or `HEAD /`, with the Host that serving would say."""
        upstream, health = self.upstream, self.upstream.health
        own = replace(upstream, host=self.endpoint.host, port=self.endpoint.port, more=()).authority
        if health is not None:
            return Question(method="GET", path=health.path, host=self.host or health.host or own)
        host = self.host if self.host and upstream.host_mode is HostMode.PRESERVE else own
        return Question(method="HEAD", path="/", host=host)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySetTarget:
    """A key set at a URL; `upstream` is its server, as control meets it. `name` are the policies that ask for it."""

    name: str
    upstream: Upstream
    path: str

    @property
    def kind(self) -> TargetKind:
        """What it is."""
        return TargetKind.KEY_SET

    @property
    def endpoint(self) -> Endpoint:
        """The one."""
        return self.upstream.endpoints[0]

    @property
    def where(self) -> str:
        """Without a query, which may hold a key."""
        return f"{self.upstream.url}{self.path.partition('?')[0]}"

    @property
    def question(self) -> Question:
        """Its path, whole."""
        return Question(method="GET", path=self.path, host=self.upstream.authority, most=MOST_BYTES, whole=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTarget:
    """One server of a database; `selects` are what the checks of `reconcile` ask of it, by their names."""

    kind: TargetKind
    database: Database
    endpoint: Endpoint
    selects: tuple[tuple[str, SideQuery], ...] = ()

    @property
    def name(self) -> str:
        """Of the database."""
        return self.database.name

    @property
    def where(self) -> str:
        """Endpoint and database: of the address nothing that may be secret."""
        return f"{self.endpoint.text}/{self.database_name}"

    @property
    def role(self) -> str:
        """As whom its address says."""
        found = urlsplit(self.database.url.reveal())
        return unquote(found.username or "") or _option(self.database, "user") or "of this user's name"

    @property
    def database_name(self) -> str:
        """Within its server."""
        found = urlsplit(self.database.url.reveal())
        return unquote(found.path.removeprefix("/")) or _option(self.database, "dbname", "database") or self.role

    @property
    def key(self) -> str:
        """Where routes.yaml says it."""
        return STATE if self.kind is TargetKind.STATE else f"databases.{self.name}"


Target = UpstreamTarget | KeySetTarget | EndpointTarget | DatabaseTarget


def targets_of(snapshot: Snapshot, host: str = "") -> Iterator[Target]:
    """All of them: upstreams, whom Banyan's own parts ask, databases, and the state where it is somebody's server."""
    for upstream in snapshot.upstreams.values():
        for endpoint in upstream.endpoints:
            yield UpstreamTarget(upstream=upstream, endpoint=endpoint, host=host)
    yield from _key_sets(snapshot)
    yield from endpoint_targets(snapshot)
    for database in snapshot.databases:
        selects = tuple(_selects(snapshot, database))
        for endpoint in _servers(database):
            yield DatabaseTarget(kind=TargetKind.DATABASE, database=database, endpoint=endpoint, selects=selects)
    if snapshot.state.reveal().startswith("postgres"):
        state = Database(name=STATE, url=snapshot.state)
        for endpoint in _servers(state):
            yield DatabaseTarget(kind=TargetKind.STATE, database=state, endpoint=endpoint)


def _key_sets(snapshot: Snapshot) -> Iterator[KeySetTarget]:
    """Each URL once; what stands in a file was read with routes.yaml."""
    signed = {name: each for name, each in snapshot.auth.items() if isinstance(each, JwtPolicy)}
    sources = dict.fromkeys(policy.source for policy in signed.values())
    for source in (each for each in sources if each.startswith(("http://", "https://"))):
        policies = [name for name, each in signed.items() if each.source == source]
        server = server_of(", ".join(policies), source, KEY_SET, system=True)
        yield KeySetTarget(name=server.upstream.name, upstream=server.upstream, path=server.path)


def _selects(snapshot: Snapshot, database: Database) -> Iterator[tuple[str, SideQuery]]:
    for check in snapshot.reconcile:
        yield from ((check.name, side) for side in (check.legacy, check.new) if side.database == database.name)


def _servers(database: Database) -> Iterator[Endpoint]:
    """Each host of its address, as asyncpg reads them; the folder of a socket is the path of that socket."""
    listed = urlsplit(database.url.reveal()).netloc.rpartition("@")[2] or _option(database, "host")
    said = _option(database, "port")
    port = int(said) if said.isdecimal() else _POSTGRES
    for host, own in (_host_and_port(unquote(each), port) for each in listed.split(",")):
        yield Endpoint(f"{host}/.s.PGSQL.{own}", 0) if host.startswith("/") else Endpoint(host, own)


def _host_and_port(written: str, port: int) -> tuple[str, int]:
    """`db`, `db:5433`, `[::1]:5433`; `port` where none is said."""
    host, colon, last = written.rpartition(":")
    if colon and last.isdecimal() and (":" not in host or host.endswith("]")):
        written, port = host, int(last)
    return written.removeprefix("[").removesuffix("]"), port


def _option(database: Database, *names: str) -> str:
    options = parse_qs(urlsplit(database.url.reveal()).query)
    return next((options[name][0] for name in names if name in options), "")
