from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.cohort import CohortSource, SourceKind
from proxy.core.outcome import Side
from proxy.core.predicate import HeaderIs, HostIs
from proxy.core.route import Upstream
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
