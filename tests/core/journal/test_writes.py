"""What a route says of its writes."""

from __future__ import annotations

import pytest

from proxy.core.journal.writes import JsonPath, MintedId, Writes, parse_json_path
from proxy.core.routing.cohort import CohortSource, SourceKind


@pytest.mark.parametrize(
    ("text", "names"),
    [("$.id", ("id",)), ("$.a.b-c", ("a", "b-c")), ("$['a b'].c", ("a b", "c"))],
)
def test_a_path_names_one_value_by_members(text: str, names: tuple[str, ...]) -> None:
    """Bare, or in brackets where a name holds what bare names do not."""
    assert parse_json_path(text) == JsonPath(text, names)


@pytest.mark.parametrize("text", ["", "$", "id", "$id", "$.", "$.a[0]", "$.*", "$.a b", "x.id"])
def test_what_names_no_single_member_is_no_path(text: str) -> None:
    """Lists, wildcards and the whole are not places of an identifier."""
    assert parse_json_path(text) is None


def test_a_body_has_to_stand_in_clear_where_something_is_found_in_it() -> None:
    """The key, or an identifier that one side made."""
    by_body, by_path = JsonPath("$.id", ("id",)), CohortSource(SourceKind.PATH, "id")

    assert Writes(keyed_by=by_body).reads_body
    assert not Writes(keyed_by=by_path, ids=(MintedId(by_body, (by_path,)),)).reads_body
    assert Writes(keyed_by=by_path, ids=(MintedId(by_body, (by_path, by_body)),)).reads_body
