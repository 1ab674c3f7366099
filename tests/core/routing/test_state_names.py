from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.core.routing.state_names import NO_ORIGINS, all_called, called, origins_of
from tests.core.remembered import a_route

RENAMED = replace(a_route("b", "/b"), was="a")
PLAIN = a_route("c", "/c")
ORIGINS = origins_of([RENAMED, PLAIN])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something about a route."""

    route: str
    count: int = 0


def test_state_is_kept_under_the_name_that_a_route_began_with() -> None:
    """A renamed route's origin is what it was; any other name is its own origin, also one that no table has."""
    assert [ORIGINS.origin(each) for each in ("b", "c", "gone", "")] == ["a", "c", "gone", ""]


def test_what_is_kept_is_called_by_the_present_name() -> None:
    """Both ways agree; what is kept under the name of a route that was another one is nobody's."""
    assert [ORIGINS.name(each) for each in ("a", "b", "c", "gone")] == ["b", None, "c", "gone"]


def test_without_renames_there_is_nothing_to_know() -> None:
    """A table without `was` has the one empty value."""
    assert origins_of([PLAIN]) is NO_ORIGINS
    assert NO_ORIGINS.name("a") == NO_ORIGINS.origin("a") == "a"


def test_records_are_called_otherwise() -> None:
    """By the new name, the rest as it was; a record that has the name stays the same object; nobody's are left out."""
    row = Row(route="a", count=3)

    assert called(row, "b") == Row(route="b", count=3)
    assert called(row, "a") is row
    assert all_called([row, Row(route="b"), Row(route="c")], ORIGINS.name) == (called(row, "b"), Row(route="c"))
