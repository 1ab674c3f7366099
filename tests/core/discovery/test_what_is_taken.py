from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from proxy.core.discovery.what_is_taken import taken_by, what_is_taken
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
