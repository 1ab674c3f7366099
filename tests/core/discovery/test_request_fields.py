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
    """Decoded."""
    assert names_of("a=1&b&c%20d=x+y&&=5") == ("a", "b", "c d", "")
