from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.core.discovery.what_is_taken import former_name, is_former, left_to, route_of, taken_by, what_is_taken
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.predicate import HeaderIs, HostIs
from proxy.core.routing.route import Route

ROOT = Path(__file__).parents[3]
MANY = """
from tests.core.discovery.test_what_is_taken import MANY_VALUES, what_is_taken
print(what_is_taken(MANY_VALUES))
"""


def pattern(text: str) -> PathPattern:
    found = parse_pattern(text)
    assert isinstance(found, PathPattern)
    return found


ROUTE = Route(name="a", index=0, pattern=pattern("/a/{id}"), methods=frozenset({b"GET", b"HEAD", b"PUT"}))
HEADER = HeaderIs(b"x-client", frozenset({b"app", b"web", b"shop", b"pos"}))
MANY_VALUES = replace(ROUTE, predicates=(HEADER, HostIs("shop.example")))


def test_what_a_route_takes_is_its_methods_path_and_predicates() -> None:
    """In whatever order they stand; neither its name nor what becomes of its requests is in it."""
    same = (
        replace(ROUTE, name="b", index=9, pattern=pattern("/a/{number}"), split=0.5, legacy="old"),
        replace(ROUTE, predicates=()),
    )
    others = (
        replace(ROUTE, methods=None),
        replace(ROUTE, methods=frozenset({b"GET"})),
        replace(ROUTE, pattern=pattern("/a/**")),
        replace(ROUTE, predicates=(HEADER,)),
        MANY_VALUES,
    )

    assert {what_is_taken(route) for route in same} == {what_is_taken(ROUTE)}
    assert len({what_is_taken(route) for route in (ROUTE, *others)}) == 6
    assert what_is_taken(replace(ROUTE, predicates=MANY_VALUES.predicates[::-1])) == what_is_taken(MANY_VALUES)


def test_it_is_the_same_in_every_process() -> None:
    """Sets of texts have another order in each."""
    command = [sys.executable, "-c", MANY]
    found = {subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout for _ in range(3)}

    assert found == {f"{what_is_taken(MANY_VALUES)}\n".encode()}


def test_routes_are_told_by_their_origin() -> None:
    """A renamed one by the name that it began with."""
    assert taken_by([ROUTE, replace(ROUTE, name="b", was="c")]).keys() == {"a", "c"}


def taken(path: str, methods: frozenset[bytes] | None = ROUTE.methods) -> str:
    return what_is_taken(replace(ROUTE, pattern=pattern(path), methods=methods))


@pytest.mark.parametrize(
    ("gone", "here", "comes"),
    [
        ("/orders/{id}", "/**", True),
        ("/orders/{id}", "/orders/**", True),
        ("/orders/{id}", "/{any}/{id}", True),
        ("/orders/open", "/orders/{id}", True),
        ("/orders/**", "/**", True),
        ("/a/**", "/*/b", True),
        ("/a/{x}/c", "/a/**", True),
        ("/a", "/a/**", True),
        ("/a/**", "/{x}", True),
        ("/", "/**", True),
        ("/a/", "/a/**", True),
        ("/a/", "/a/{x}", False),
        ("/a/**", "/a", False),
        ("/**", "/orders/{id}", False),
        ("/orders/{id}", "/orders/open", False),
        ("/orders/{id}", "/users/**", False),
        ("/orders/{id}", "/orders/{id}/lines", False),
        ("/orders/{id}/lines", "/orders/{id}", False),
        ("/{x}", "/a/**", False),
        ("/a/b", "/*", False),
    ],
)
def test_what_a_route_took_comes_to_those_behind_it(gone: str, here: str, *, comes: bool) -> None:
    """Where there are paths of both, of which the one that is gone was asked first."""
    assert left_to("here", {"here": taken(here)}, {"gone": taken(gone)}) == (("gone",) if comes else ())


def test_what_is_taken_exactly_comes_to_nobody_else() -> None:
    """A route of the same match under another name has taken it over; one of other methods or fields has not."""
    gone = {"a": taken("/orders/{id}"), "b": taken("/orders/{id}", methods=None)}
    takes = {"again": taken("/orders/{number}"), "rest": taken("/**"), "other": taken("/users/**")}

    assert left_to("again", takes, gone) == ("a", "b")
    assert left_to("rest", takes, gone) == ("b",)
    assert left_to("other", takes, gone) == ()
    assert left_to("nothing", takes, gone) == ()


def test_what_has_no_path_may_have_come_from_anywhere() -> None:
    """Of a route that an older Banyan knew there is a digest: who takes exactly that has it, else it may be any."""
    takes = {"again": taken("/orders/{id}"), "rest": taken("/**")}
    gone = {"known": taken("/orders/{id}").partition(" ")[0], "other": "5f"}

    assert left_to("again", takes, gone) == ("known", "other")
    assert left_to("rest", takes, gone) == ("other",)


def test_a_former_name_is_told_from_a_routes_name() -> None:
    """It says whose it was, and names what was taken then by its digest alone."""
    former = former_name("orders", taken("/orders/{id}"))

    assert (is_former(former), is_former("orders")) == (True, False)
    assert (route_of(former), route_of("orders")) == ("orders", "orders")
    assert former == f"orders {taken('/orders/{id}').partition(' ')[0]}" != former_name("orders", taken("/orders/**"))


def test_what_a_route_took_before_is_its_own() -> None:
    """Its calls are recorded under its name; whoever takes exactly what it took then has them too."""
    takes = {"orders": taken("/orders/open"), "again": taken("/orders/{id}")}
    gone = {former_name("orders", taken("/orders/{id}")): taken("/orders/{id}")}

    assert left_to("orders", takes, gone) == ()
    assert left_to("again", takes, gone) == tuple(gone)
