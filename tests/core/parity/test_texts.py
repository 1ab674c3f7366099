from __future__ import annotations

import msgspec
import pytest

from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.texts import are_alike, format_of, is_id, text_kind

UUID = "0189f7e2-7b1a-7cc0-8f00-000000000001"


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("a", "b", DifferenceKind.STRING),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.0Z", DifferenceKind.TIME_EQUIV),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", DifferenceKind.TIME),
        ("2026-03-01T12:00:00Z", "soon", DifferenceKind.STRING),
        ("caf\u00e9", "cafe\u0301", DifferenceKind.UNICODE),
    ],
)
def test_how_texts_differ(one: str, other: str, kind: DifferenceKind) -> None:
    """Times as times, composed letters as letters, the rest as text."""
    assert text_kind(one, other) is kind


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "empty"),
        (UUID, "uuid"),
        ("42", "number"),
        ("-3.50", "number"),
        ("ann@example.test", "address"),
        ("https://shop.test/a?b", "url"),
        ("/orders/7", "url"),
        ("ord_01HZX", "opaque"),
        ("abcdefghijklmnopqrst", "opaque"),
        ("paid", "word"),
        ("paid in full", "text"),
        ("2026-03-01", "moment"),
    ],
)
def test_formats(text: str, name: str) -> None:
    """Each text has one format of a closed list."""
    assert format_of(text) == name


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (UUID, UUID.replace("1", "2"), True),
        (UUID, "unknown", False),
        ("a1b2c3d4", "ffffeeee1", True),
        ("x" * 20, "x" * 200, False),
        (1, 2, True),
        (1, msgspec.Raw("1.5"), True),
        (True, False, True),
        (True, 1, False),
        (None, "x", False),
    ],
)
def test_alike_is_of_one_format_and_about_as_long(one: object, other: object, alike: bool) -> None:  # noqa: FBT001 - a column
    """Two samples of one thing that changes from call to call."""
    assert are_alike(one, other) is alike


def test_ids_look_generated() -> None:
    """Words, short codes and numbers are no ids."""
    assert [is_id(each) for each in (UUID, "ord-1111aa", "paid", "a1", 7)] == [True, True, False, False, False]
