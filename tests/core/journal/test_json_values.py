"""One value of a JSON text, read and replaced."""

from __future__ import annotations

import pytest

from proxy.core.journal.json_values import is_encoded, replaced, value_at
from proxy.core.journal.writes import JsonPath, parse_json_path


def path(text: str) -> JsonPath:
    found = parse_json_path(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "where", "value"),
    [
        ('{"id": 7}', "$.id", "7"),
        ('{"a": [1, {"id": 1}], "id" : "x\\u00e9"}', "$.id", "xé"),
        ('{"a": {"b-c": 1.10}}', "$.a['b-c']", "1.10"),
        ('{"id": 1, "id": 2}', "$.id", "2"),
        (' {"id":18446744073709551616} ', "$.id", "18446744073709551616"),
        ('{"id": true}', "$.id", "true"),
        ('{"id": null}', "$.id", None),
        ('{"id": {"x": 1}}', "$.id", None),
        ('{"id": [1]}', "$.id", None),
        ('{"a": 1}', "$.id", None),
        ('{"a": 1}', "$.a.id", None),
        ("{}", "$.id", None),
        ("[1]", "$.id", None),
        ("", "$.id", None),
        ('{"id"', "$.id", None),
        ('{"id": 1', "$.id", None),
        ("[" * 100_000, "$.id", None),
        ('{"a":' + "[" * 100_000, "$.id", None),
    ],
)
def test_a_value_is_read_as_it_is_written(text: str, where: str, value: str | None) -> None:
    """A scalar as text, numbers with all their digits; of equal names the last; None where there is none."""
    assert value_at(text, path(where)) == value


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('{ "z":1.10, "id" : 7 ,"a":1}', '{ "z":1.10, "id" : 42 ,"a":1}'),
        ('{"id": "7"}', '{"id": "42"}'),
        ('{"a": 7}', '{"a": 7}'),
        ("no json", "no json"),
    ],
)
def test_all_other_bytes_stay(text: str, after: str) -> None:
    """Blanks, order and digits are the sender's; a number stays one, a string too."""
    assert replaced(text, path("$.id"), "42") == after


def test_what_is_no_number_becomes_a_string() -> None:
    """Sides may count differently: one by numbers, the other by UUIDs."""
    assert replaced('{"id": 7}', path("$.id"), 'a"b') == '{"id": "a\\"b"}'


@pytest.mark.parametrize(
    ("codings", "said"),
    [
        ((), ""),
        ((b"",), ""),
        ((b" Identity",), ""),
        ((b"gzip",), "encoded"),
        ((b"identity, br",), "encoded"),
        ((b"identity", b"gzip"), "encoded"),
    ],
)
def test_what_has_no_coding_stands_in_clear(codings: tuple[bytes, ...], said: str) -> None:
    """`identity` is none (RFC 9110 section 8.4.1); every line has to say so."""
    assert is_encoded(codings) is bool(said)
