from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.auth.auth_policy import ClaimIs
from proxy.core.http.request import RequestHead
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.predicate import ClaimHolds, HeaderAbsent, HeaderIs, HostIs, QueryAbsent, QueryIs
from proxy.core.traffic.remembered_request import (
    drawn_for,
    head_of,
    source_text,
    sources_text,
    veil,
    veiled,
    veiled_claims,
    veiled_query,
)
from tests.core.remembered import TENANT, a_route, head, remember, table

PREDICATES = (
    HostIs("a"),
    HostIs("*.b"),
    HeaderIs(b"x-client", frozenset({b"app", b"web"})),
    HeaderIs(b"x-client", frozenset()),
    HeaderAbsent(b"x-client"),
    QueryIs("v", frozenset({"2", "ü +"})),
    QueryIs("v", frozenset()),
    QueryIs("v", frozenset({""})),
    QueryAbsent("v"),
)
TARGETS = ("/", "/?v=2", "/?v=3&v=2", "/?v=%C3%BC+%2B", "/?v=", "/?v", "/?w=2", "/?%76=2")


@given(st.sampled_from(PREDICATES), st.sampled_from(TARGETS), st.sampled_from([None, "app", "other"]))
def test_a_veiled_predicate_answers_as_the_plain_one(
    predicate: HostIs | HeaderIs | HeaderAbsent | QueryIs | QueryAbsent, target: str, client: str | None
) -> None:
    """Whatever a route asks of a request, it finds the same in what is remembered of it."""
    route = a_route("r", "/**", predicates=(predicate,))
    asked = head(target) if client is None else head(target, **{"X-Client": client})
    if client is None:
        asked = head(target)
    again = head_of(remember(table(a_route("any", "/**")), asked))

    assert isinstance(table(veiled(route)).match(again), type(table(route).match(asked)))


def test_no_value_stands_in_what_is_remembered() -> None:
    """Header values and query values are gone; method, path and names are there."""
    seen = remember(table(a_route("r", "/**")), head("/a/b?email=ann%40example.com&x", "tenant-42"))
    text = repr(seen)

    assert "ann" not in text
    assert "tenant-42" not in text
    assert (seen.path, seen.query) == ("/a/b", f"email={veil(b'ann@example.com')}&x")


def test_a_veil_is_short() -> None:
    """Six digits: many values share each, so that none can be read back; nothing stays nothing."""
    assert len(veil(b"a value")) == 6
    assert veil(b"a value") != veil(b"another")
    assert (veil(b""), veiled_query(b"")) == ("", b"")


def test_a_head_has_what_was_sent() -> None:
    """Method, target and host are those of the request."""
    again = head_of(remember(table(a_route("r", "/**")), head("/a?b=1", method="POST")))

    assert isinstance(again, RequestHead)
    assert (again.method, again.path, again.host) == (b"POST", b"/a", "a")
    assert again.target == b"/a?" + again.query


def test_sources_are_written_as_in_the_file() -> None:
    """`header:x-tenant-id,client_ip`; the salt is the group's, or the route's own."""
    route = a_route("r", "/**", cohort=(TENANT, CohortSource(SourceKind.CLIENT_IP)))

    assert source_text(TENANT) == "header:x-tenant-id"
    assert sources_text(route) == "header:x-tenant-id,client_ip"
    assert drawn_for(route) == "r"
    assert drawn_for(a_route("r", "/**", group="g")) == "g"


def test_claims_that_route_are_remembered_by_their_veils() -> None:
    """Those that routes read, and a veiled route takes what the plain one took."""
    acme = a_route("r", "/**", predicates=(ClaimHolds(ClaimIs("tenant", frozenset({"acme"}))),))
    asked = head("/")
    asked.claims = {"tenant": "acme", "email": "ann@example.com"}
    said = veiled_claims(asked.claims, {"tenant", "role"})
    seen = remember(table(a_route("any", "/**")), asked)._replace(fields=said)

    assert said == (("jwt:tenant", (veil(b"acme"),)),)
    assert veiled_claims(None, {"tenant"}) == ()
    assert table(veiled(acme)).match(head_of(seen)) == veiled(acme)
