"""What is remembered of a recent request: enough to decide it again, nothing that would be a secret.

Rule 1: method, path, host and the names of query parameters are kept; of every value that routing reads, a veil.
Rule 2: a veil is 24 bits of a hash: enough to tell whether a predicate takes the value, too few to say what it was.
Rule 3: the cohort is 64 bits of a hash under its group's salt, the upper 53 of which are its draw.
Rule 4: routes are veiled in the same way, so that the table itself answers for what is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote_plus

from xxhash import xxh3_64_intdigest

from proxy.core.auth.token_claims import texts_of
from proxy.core.http.request import RequestHead
from proxy.core.routing.cohort import CohortSource
from proxy.core.routing.predicate import ClaimHolds, HeaderIs, Predicate, QueryIs
from proxy.core.routing.route import Route

_SEED = 0x62616E79616E
_BITS = 24


class RememberedRequest(NamedTuple):
    """One recent request. `at` in unix seconds; `path` and names as sent, decoded as Latin-1.

    `route` is empty where there was none; `stage` and `split` are where it ran; `serve` is what was decided, `side` who
    answered (a fallback makes the two differ), `upstream` its name; each is `self` or empty where Banyan answered.
    `drawn_for` is the group or route whose salt made `cohort`, `sources` its list of cohort sources, `source` the one
    that was present: empty where none was and the client's address stood in. `draw` is there where a draw decided.
    `client_request_id`: the id that the client gave, where another one is used. `caller`: the verified client; empty:
    nobody was verified.
    """

    at: float
    id: str
    method: str
    path: str
    query: str
    host: str
    fields: Sequence[tuple[str, Sequence[str]]]
    route: str
    stage: str
    split: float
    reason: str
    serve: str
    side: str
    upstream: str
    status: int
    ms: float
    drawn_for: str
    sources: str
    source: str
    cohort: int
    draw: float | None
    shadow: str
    attempts: int
    fell_back: bool
    failure: str
    revision: str
    client_request_id: str = ""
    caller: str = ""


def veil(value: bytes) -> str:
    """Six hex digits that stand for a value; nothing stands for itself."""
    return f"{xxh3_64_intdigest(value, _SEED) >> (64 - _BITS):06x}" if value else ""


def veiled_query(query: bytes) -> bytes:
    """The query with a veil in place of each value, which is decoded first, as predicates do."""
    return b"&".join([_veiled_pair(pair) for pair in query.split(b"&")]) if query else b""


def _veiled_pair(pair: bytes) -> bytes:
    name, mark, value = pair.partition(b"=")
    plain = unquote_plus(value.decode("latin-1"), "utf-8", "surrogateescape")
    return name + mark + veil(plain.encode("utf-8", "surrogateescape")).encode()


def veiled_fields(fields: Mapping[bytes, Sequence[bytes]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields that routing reads, by lower-case name."""
    return tuple((name.decode("latin-1"), tuple(map(veil, values))) for name, values in fields.items())


def veiled_claims(claims: Mapping[str, object] | None, names: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The claims that routing reads, as `jwt:NAME`, which no field can be called."""
    said = [] if claims is None else [name for name in sorted(names) if name in claims]
    return tuple(
        (f"jwt:{name}", tuple(veil(text.encode()) for text in texts_of((claims or {})[name]))) for name in said
    )


def veiled(route: Route) -> Route:
    """The same route, to be asked about what is remembered."""
    return replace(route, predicates=tuple(map(_veiled, route.predicates))) if route.predicates else route


def _veiled(predicate: Predicate) -> Predicate:
    match predicate:
        case HeaderIs(name=name, values=values):
            return HeaderIs(name, frozenset(veil(value).encode() for value in values))
        case QueryIs(name=name, values=values):
            return QueryIs(name, frozenset(veil(value.encode("utf-8", "surrogateescape")) for value in values))
        case ClaimHolds(claim=claim):
            veils = frozenset(veil(text.encode()).encode() for text in claim.values)
            return HeaderIs(f"jwt:{claim.name}".encode("latin-1", "replace"), veils)
        case _:
            return predicate


def head_of(request: RememberedRequest) -> RequestHead:
    """A head that a veiled table can be asked about."""
    path, query = request.path.encode("latin-1"), request.query.encode("latin-1")
    head = RequestHead(request.method.encode("latin-1"), path + b"?" + query if query else path, path, query, 1)
    head.host = request.host
    head.fields = {
        name.encode("latin-1", "replace"): [value.encode() for value in values] for name, values in request.fields
    }
    return head


def source_text(source: CohortSource) -> str:
    """As routes.yaml writes it: `header:x-tenant-id`, `client_ip`."""
    return source.kind.value if not source.name else f"{source.kind}:{source.name}"


def sources_text(route: Route) -> str:
    """All cohort sources of a route, in order."""
    return ",".join(map(source_text, route.cohort))


def drawn_for(route: Route) -> str:
    """Whose salt the route's draws have."""
    return route.scope
