from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.predicate import HeaderIs, HostIs
from proxy.core.routing.route import Endpoint, HostMode, Upstream
from proxy.core.tls import Sni
from tests.core.asking import route


@pytest.mark.parametrize(
    ("scheme", "host", "port", "authority"),
    [
        ("http", "legacy.internal", 80, "legacy.internal"),
        ("http", "legacy.internal", 443, "legacy.internal:443"),
        ("https", "legacy.internal", 443, "legacy.internal"),
        ("https", "legacy.internal", 80, "legacy.internal:80"),
        ("http", "::1", 80, "[::1]"),
        ("http", "::1", 3000, "[::1]:3000"),
    ],
)
def test_an_authority_leaves_out_the_schemes_own_port(scheme: str, host: str, port: int, authority: str) -> None:
    """An upstream's authority is what a Host field would say of it."""
    assert Upstream(name="legacy", scheme=scheme, host=host, port=port).authority == authority


def test_a_socket_is_named_by_its_path() -> None:
    """For people, in the file's own way; a Host field of it says localhost."""
    socket = Upstream(name="legacy", scheme="http+unix", host="/run/a b.sock", port=0)

    assert socket.where == Endpoint("/run/a b.sock", 0).text == "unix:/run/a b.sock"
    assert (socket.authority, socket.url) == ("localhost", "http+unix:///run/a%20b.sock")
    assert replace(socket, scheme="http", host="legacy.internal", port=80).where == "legacy.internal"


@pytest.mark.parametrize(
    ("scheme", "mode", "sni", "follows"),
    [
        ("https", HostMode.PRESERVE, Sni.HOST, True),
        ("http", HostMode.PRESERVE, Sni.HOST, False),
        ("https", HostMode.UPSTREAM, Sni.HOST, False),
    ],
)
def test_the_name_of_tls_is_the_urls_or_each_requests_host(
    scheme: str, mode: HostMode, sni: Sni, *, follows: bool
) -> None:
    """`sni: host` where a Host passes as it came, over TLS; a dot at the end is no part of a name."""
    known = Upstream(name="new", scheme=scheme, host="new.internal.", port=443, host_mode=mode)
    asking = replace(known, tls=replace(known.tls, sni=sni))

    assert asking.follows_host is follows
    assert asking.tls_name == "new.internal"


def test_routes_of_a_group_share_their_salt() -> None:
    """The salt comes from the group where there is one, else from the name that the route began with."""
    alone, other = route("a", "/a"), route("b", "/b")
    first, second = replace(alone, group="g"), replace(other, group="g")

    assert alone.salt != other.salt
    assert first.salt == second.salt != alone.salt
    assert replace(other, was="a").salt == alone.salt
    assert replace(second, was="a").salt == second.salt


def test_a_side_is_played_by_the_upstream_that_the_route_names() -> None:
    """Roles are the upstreams called legacy and new, unless the route says otherwise."""
    usual, named = route("a", "/a"), replace(route("b", "/b"), legacy="shop", new="crm")

    assert [usual.upstream(side) for side in Side] == ["legacy", "new"]
    assert [named.upstream(side) for side in Side] == ["shop", "crm"]


def test_a_route_names_the_fields_that_routing_it_reads() -> None:
    """What predicates and cohort sources read is collected, and nothing else."""
    asked = route("a", "/a", HeaderIs(b"x-client", frozenset()), HostIs("a.b"))
    both = replace(asked, cohort=(CohortSource(SourceKind.COOKIE, "sid"), CohortSource(SourceKind.CLIENT_IP)))

    assert asked.fields == {b"x-client"}
    assert both.fields == {b"x-client", b"cookie"}
