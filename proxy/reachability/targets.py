"""What routes.yaml lets Banyan connect to, as targets by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from proxy.core.reachability.finding import TargetKind
from proxy.core.reconcile.reconcile_check import Database, SideQuery
from proxy.core.routing.route import Endpoint, Upstream
from proxy.core.routing.snapshot import Snapshot

_POSTGRES = 5432
STATE = "state"


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


Target = UpstreamTarget | DatabaseTarget


def targets_of(snapshot: Snapshot, host: str = "") -> Iterator[Target]:
    """All of them: upstreams, databases, and the state where it is a server of somebody's."""
    for upstream in snapshot.upstreams.values():
        for endpoint in upstream.endpoints:
            yield UpstreamTarget(upstream=upstream, endpoint=endpoint, host=host)
    for database in snapshot.databases:
        selects = tuple(_selects(snapshot, database))
        for endpoint in _servers(database):
            yield DatabaseTarget(kind=TargetKind.DATABASE, database=database, endpoint=endpoint, selects=selects)
    if snapshot.state.reveal().startswith("postgres"):
        state = Database(name=STATE, url=snapshot.state)
        for endpoint in _servers(state):
            yield DatabaseTarget(kind=TargetKind.STATE, database=state, endpoint=endpoint)


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
