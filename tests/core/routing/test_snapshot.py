from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from proxy.core.auth.auth_policy import JwtPolicy
from proxy.core.http.leniency_points import Leniency
from proxy.core.http.request import RequestHead
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs
from proxy.core.routing.route import Endpoint, HostMode, Upstream
from proxy.core.routing.snapshot import Hook, Snapshot
from proxy.core.routing.table import RouteTable
from proxy.core.secret import Secret
from tests.core.asking import asking, route

ROUTES = (
    route("app", "/a", HeaderIs(b"x-client", frozenset({b"app"})), index=0),
    route("plain", "/a", HeaderAbsent(b"x-debug"), index=1),
    route("rest", "/**", index=2),
)
SNAPSHOT = Snapshot(
    revision="r1",
    listen=("127.0.0.1", 8080),
    admin=("127.0.0.1", 9090),
    workers=1,
    upstreams={"legacy": Upstream(name="legacy", scheme="http", host="127.0.0.1", port=3000)},
    table=RouteTable(ROUTES),
)


def test_a_snapshot_holds_its_routes_in_file_order() -> None:
    """The routes are the table's, in the order of the file."""
    assert SNAPSHOT.routes == ROUTES


def test_a_route_is_found_by_its_name() -> None:
    """None where no route has it."""
    assert SNAPSHOT.named("plain") is ROUTES[1]
    assert SNAPSHOT.named("nobody") is None


def test_a_snapshot_names_the_fields_that_routing_reads() -> None:
    """The fields to collect are those of all routes together."""
    assert SNAPSHOT.fields == {b"x-client", b"x-debug"}


def test_what_any_route_forgives_is_read() -> None:
    """A point is open while a head is read if some route opens it; `%00` is taken where the reader is told so."""
    lenient = replace(ROUTES[0], leniency=frozenset({Leniency.RAW_UTF8_TARGET}))
    forgiving = replace(SNAPSHOT, table=RouteTable((lenient, *ROUTES[1:])))
    raw = b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"

    assert SNAPSHOT.forgiven == frozenset()
    assert forgiving.forgiven == {Leniency.RAW_UTF8_TARGET}
    assert [isinstance(SNAPSHOT.reader(nul=nul).read(raw), RequestHead) for nul in (False, True)] == [False, True]


def test_a_snapshot_travels_to_workers() -> None:
    """What a worker unpickles decides as the original does."""
    head = asking("/a", fields=[(b"x-client", b"app"), (b"x-debug", b"1")])
    arrived = pickle.loads(pickle.dumps(SNAPSHOT, protocol=5))

    assert arrived.routes == SNAPSHOT.routes
    assert arrived.table.match(head) == SNAPSHOT.table.match(head) == ROUTES[0]


def test_the_addresses_of_a_routes_sides_have_a_name() -> None:
    """Another after an edit of either side's; the same whatever else is edited, and in which order endpoints stand."""
    first, second = Endpoint("a.internal", 1), Endpoint("a.internal", 2)
    new = Upstream(name="new", scheme="http", host="new.internal", port=80, more=(first, second))
    known = {**SNAPSHOT.upstreams, "new": new}
    names = [
        replace(SNAPSHOT, upstreams={**known, **edited}).addresses(ROUTES[0])
        for edited in (
            {},
            {"new": replace(new, more=(second, first), connections=1, keep_alive=1.0)},
            {"new": replace(new, port=81)},
            {"new": replace(new, more=())},
            {"new": replace(new, host_mode=HostMode.UPSTREAM)},
            {"legacy": replace(new, name="legacy")},
        )
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 5
    assert SNAPSHOT.addresses(ROUTES[0]) not in names


@pytest.mark.parametrize("rest", ["", "/in/token", "?token=1", "/in?token=1"])
def test_a_hook_shows_scheme_and_host_alone(rest: str) -> None:
    """A path or a query may hold a token."""
    assert Hook(url=Secret(f"https://hooks.example.com:8443{rest}")).shown == "https://hooks.example.com:8443"


def test_whatever_is_not_kept_in_memory_is_in_a_database() -> None:
    """A clerk is there then."""
    assert not SNAPSHOT.has_database
    assert replace(SNAPSHOT, state=Secret("embedded")).has_database


def test_key_sets_that_came_with_the_table_are_not_fetched() -> None:
    """Only those that a policy names elsewhere are."""
    here, there = (
        JwtPolicy(name=name, issuer="i", audience=frozenset(), algorithms=frozenset(), source=source)
        for name, source in (("a", "jwks.json"), ("b", "https://id/jwks"))
    )
    table = replace(SNAPSHOT, auth={"a": here, "b": there}, key_sets={"jwks.json": b"{}"})

    assert table.fetched_sources == {"https://id/jwks"}
