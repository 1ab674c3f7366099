from __future__ import annotations

import json

import pytest

from proxy.core.discovery.request_fields import DEEPEST, MOST_FIELDS, fields_of, names_of


def test_names_are_paths_with_what_stood_there() -> None:
    """No value is among them; what is null in one item and a text in another is both."""
    body = {
        "name": "Ann",
        "note": None,
        "tags": [{"id": 1}, {"id": None}],
        "price": 1.5,
        "is_new": True,
        "by_id": {"4711": {"n": 1}, "4712": {"n": 2}},
        "list": [1, [2]],
        "unit.price": {"$ref": True},
    }

    assert fields_of(json.dumps(body).encode()) == (
        ("$.by_id", "object"),
        ("$.by_id.{}", "object"),
        ("$.by_id.{}.n", "integer"),
        ("$.is_new", "boolean"),
        ("$.list", "array"),
        ("$.name", "string"),
        ("$.note", "null"),
        ("$.price", "number"),
        ("$.tags", "array"),
        ("$.tags[*].id", "integer"),
        ("$.tags[*].id", "null"),
        ("$['unit.price']", "object"),
        ("$['unit.price']['$ref']", "boolean"),
    )


@pytest.mark.parametrize("body", [b"", b"name=Ann", b'"Ann"', b"7", b"[" * 100_000, b"\xff"])
def test_what_has_no_fields_says_nothing(body: bytes) -> None:
    """Neither an object nor a list of JSON."""
    assert fields_of(body) is None


def test_fields_are_bounded() -> None:
    """In number and in depth."""
    deep: object = 1
    for _ in range(DEEPEST + 3):
        deep = {"a": deep}
    wide = {f"{first}{second}": 1 for first in "abcdefghij" for second in "abcdefghij"}

    assert len(fields_of(json.dumps(deep).encode()) or ()) == DEEPEST
    assert len(fields_of(json.dumps(wide).encode()) or ()) == MOST_FIELDS


def test_names_of_a_query_have_no_values() -> None:
    """Decoded; of a name in brackets each part is looked at."""
    assert names_of("a=1&b&&filter%5Bname%5D=x&ids[]=1&items[7][price]=2&$top=3&api-version=4") == (
        *("a", "b", "filter[name]", "ids[]", "items[{}][price]", "$top", "api-version"),
    )


@pytest.mark.parametrize(
    "query",
    [
        *("4711", "ann%40example.com", "4111111111111111", "4111-1111-1111-1111=", "=5", "c%20d=x+y", "%1bred%20x="),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP",
        "0f8fad5b-d9cb-469f-a165-70867728950e=x",
        "%00%0a",
        "\ud800",
    ],
)
def test_what_stands_where_names_do_may_be_a_value(query: str) -> None:
    """`?TOKEN` has no name at all: by its look it is a value, and is kept nowhere."""
    (name,) = names_of(query)

    assert set(name) <= set("{}[]")


def test_a_field_without_a_name_is_as_one_by_id() -> None:
    """An empty name would be that of what holds it."""
    assert fields_of(b'{"": 1}') == (("$.{}", "integer"),)
