"""The Idempotency-Key field, line for line of draft-07 and RFC 9651."""

from __future__ import annotations

import pytest

from proxy.core.idempotency.key_field import LONGEST, read_key


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (b'  "a b"  ', "a b"),
        (rb'"a\"b\\c"', 'a"b\\c'),
        (b'"a";v=1;w="x;y";flag;t=?1', "a"),
        (b'"a"; b=*tok/en', "a"),
        (b'"' + b"x" * LONGEST + b'"', "x" * LONGEST),
    ],
)
def test_a_string_item_is_a_key(line: bytes, key: str) -> None:
    """Quotes go, escapes are read, parameters mean nothing."""
    assert read_key([line]) == key


@pytest.mark.parametrize(
    "line",
    [
        b"8e03978e",
        b'""',
        b'"' + b"x" * (LONGEST + 1) + b'"',
        b'"a',
        b'a"',
        b'"a", "b"',
        b'"a" b',
        rb'"a\b"',
        b'"a\x7f"',
        b'"\xc3\xa4"',
        b'"a\tb"',
        b'("a")',
        b'"a";V=1',
        b'"a";v="x',
        b"?1",
        b"",
    ],
)
def test_anything_else_is_malformed(line: bytes) -> None:
    """Tokens, lists, other characters, bad escapes, keys that are empty or too long."""
    assert read_key([line]) is None


def test_a_field_that_stands_twice_is_malformed() -> None:
    """Two lines are a list, even of the same key."""
    assert read_key([b'"a"', b'"a"']) is None
