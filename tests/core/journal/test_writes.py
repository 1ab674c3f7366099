"""What a route says of its writes."""

from __future__ import annotations

import pytest

from proxy.core.journal.writes import JsonPath, parse_json_path


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
