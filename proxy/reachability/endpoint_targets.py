"""Whom the clerk asks: introspection endpoints, the lookup of callers' numbers, token endpoints of upstreams' `auth`.

Rule 1: each is asked what it is asked when Banyan serves, of a token and a subject that nobody has; a token endpoint
        for the very token, which its upstream's own rows need as well.
Rule 2: equal ones are one: their names stand together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from proxy.core.auth.introspected import MOST_BYTES
from proxy.core.auth.member_lookup import LARGEST, MemberLookup
from proxy.core.auth.opaque_policy import Introspection, OpaquePolicy, SecretPlace
from proxy.core.reachability.finding import TargetKind
from proxy.core.routing.route import Endpoint, Upstream
from proxy.core.routing.snapshot import Snapshot
from proxy.core.upstream_auth.token_source import ClientCredentials
from proxy.reachability.asked_server import server_of
from proxy.reachability.question import Question

NOBODY = "banyan-probe"
"""A token, and a subject, that nobody has."""
LOOKUP = "lookup"
"""The one lookup's name."""
ASKED, TOKEN = 1.8, 10.0
"""Seconds that each has when Banyan serves: what a request waits for, and what is fetched ahead."""


NO_SECRET = SecretPlace()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTarget:
    """`key` is where routes.yaml says it; `client` is asked as, with its `secret`; empty: as nobody."""

    kind: TargetKind
    name: str
    key: str
    upstream: Upstream
    path: str
    form: bytes = b""
    most: int = MOST_BYTES
    client: str = ""
    secret: SecretPlace = NO_SECRET
    lookup: MemberLookup | None = None

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
        """A form where it is asked by one."""
        method, host = "POST" if self.form else "GET", self.upstream.authority
        return Question(method=method, path=self.path, host=host, form=self.form, most=self.most, whole=True)


def endpoint_targets(snapshot: Snapshot) -> Iterator[EndpointTarget]:
    """All of a table's."""
    yield from _introspections(snapshot)
    if snapshot.principal.lookup is not None:
        yield _lookup(snapshot.principal.lookup)
    yield from _token_endpoints(snapshot)


def _introspections(snapshot: Snapshot) -> Iterator[EndpointTarget]:
    named: dict[Introspection, list[str]] = {}
    for name, policy in snapshot.auth.items():
        if isinstance(policy, OpaquePolicy):
            named.setdefault(policy.introspection, []).append(name)
    for asked, policies in named.items():
        server = server_of(", ".join(policies), asked.url, ASKED, system=True)
        yield EndpointTarget(
            kind=TargetKind.INTROSPECTION,
            name=server.upstream.name,
            key=f"auth.{policies[0]}.introspection",
            upstream=server.upstream,
            path=server.path,
            form=urlencode({"token": NOBODY, "token_type_hint": "access_token"}).encode(),
            client=asked.client,
            secret=asked.secret,
        )


def _lookup(lookup: MemberLookup) -> EndpointTarget:
    server = server_of(LOOKUP, lookup.url_of(NOBODY), ASKED, system=True)
    return EndpointTarget(
        kind=TargetKind.LOOKUP,
        name=LOOKUP,
        key="principal.lookup",
        upstream=server.upstream,
        path=server.path,
        most=LARGEST,
        lookup=lookup,
    )


def _token_endpoints(snapshot: Snapshot) -> Iterator[EndpointTarget]:
    named: dict[ClientCredentials, list[str]] = {}
    for name, upstream in snapshot.upstreams.items():
        if upstream.auth is not None and isinstance(upstream.auth.source, ClientCredentials):
            named.setdefault(upstream.auth.source, []).append(name)
    for source, upstreams in named.items():
        server = server_of(", ".join(upstreams), source.url, TOKEN, system=False)
        form = {"grant_type": "client_credentials", "scope": source.scope, "audience": source.audience}
        yield EndpointTarget(
            kind=TargetKind.TOKEN_ENDPOINT,
            name=server.upstream.name,
            key=f"upstreams.{upstreams[0]}.auth.client_credentials",
            upstream=server.upstream,
            path=server.path,
            form=urlencode({name: value for name, value in form.items() if value}).encode(),
            client=source.client_id,
            secret=SecretPlace(file=source.secret_file, text=source.client_secret),
        )
