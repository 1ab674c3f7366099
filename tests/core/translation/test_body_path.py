"""Where a step works."""

from __future__ import annotations

import pytest

from proxy.core.translation.body_path import BodyPath, holders, parse_body_path, values_at
from proxy.core.translation.json_document import read_json, write_json


def path(text: str) -> BodyPath:
    found = parse_body_path(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "$",
        "$.a",
        "$.a.b-c",
        "$[*]",
        "$.items[*].price",
        "$.items[*][*]",
        "$['content.type']",
        "$['[*]']",
        "$.a['ä b'].c",
    ],
)
def test_a_path_is_written_as_it_was_read(text: str) -> None:
    """Quotes stand only where they are needed."""
    assert path(text).text == text


def test_quotes_that_are_not_needed_go() -> None:
    """Two ways to write one path are one path."""
    assert path("$['a']['b']") == path("$.a.b")


@pytest.mark.parametrize("text", ["", "a", ".a", "$a", "$.", "$..a", "$.a[0]", "$[a]", "$['']", "$.a ", "$.1"])
def test_what_is_no_path_is_none(text: str) -> None:
    """Positions and anything below are not known here."""
    assert parse_body_path(text) is None


def test_it_knows_what_it_names_and_what_holds_that() -> None:
    """The last name, the way to its object, and to a member beside it."""
    found = path("$.items[*].price")

    assert (found.names_member, found.name, found.above.text) == (True, "price", "$.items[*]")
    assert found.beside("cost").text == "$.items[*].cost"
    assert [path(text).names_member for text in ("$", "$[*]", "$.a", "$['[*]']")] == [False, False, True, True]


def test_values_are_found_in_their_order() -> None:
    """Of every element, and of both of two equal keys; what is of another kind is passed over."""
    document = read_json(b'{"a":[{"b":1},{"b":2,"b":3},{},null,[{"b":4}]],"a":{"b":5},"c":"x"}')

    assert [write_json(each) for each in values_at(document, path("$.a[*].b").parts)] == [b"1", b"2", b"3"]
    assert [write_json(each) for each in values_at(document, path("$.a.b").parts)] == [b"5"]
    assert values_at(document, path("$.c.d").parts) == []


def test_holders_are_objects_that_may_lack_the_member() -> None:
    """A step that puts something in needs them; elements of another kind are none."""
    document = read_json(b'{"a":[{"b":1},{},null,7,[]]}')

    assert [write_json(each) for each in holders(document, path("$.a[*].b"))] == [b'{"b":1}', b"{}"]
