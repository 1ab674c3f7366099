from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.numerals import are_close, decimal_of, is_one_double, number_kind, text_of
from proxy.core.parity.rules.difference import DifferenceKind


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (1, 2, DifferenceKind.NUM),
        (1, raw("1.0"), DifferenceKind.NUM_REPR),
        (raw("1e2"), 100, DifferenceKind.NUM_REPR),
        (raw("0.1"), raw("0.10000000000000001"), DifferenceKind.NUM),
        (raw("1e400"), raw("1e401"), DifferenceKind.NUM),
        (raw("1e400"), raw("10e399"), DifferenceKind.NUM_REPR),
        (raw("NaN"), 1, DifferenceKind.TYPE),
        (raw("NaN"), raw("Infinity"), DifferenceKind.TYPE),
        (raw("1" * 500), raw("1" * 501), DifferenceKind.NUM),
        (10**500, raw("1e500"), DifferenceKind.NUM),
    ],
)
def test_numbers_are_compared_exactly(one: object, other: object, kind: DifferenceKind) -> None:
    """Beyond floats and 64 bits; what is no number (NaN) has another type than one; what is too long is another one."""
    assert number_kind(one, other) is kind
    assert number_kind(other, one) is kind


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.decimals(allow_nan=False, allow_infinity=False))
def test_a_value_decides_whether_only_the_writing_differs(one: Decimal, other: Decimal) -> None:
    """Two texts of one value differ in representation, of two values in number."""
    expected = DifferenceKind.NUM_REPR if one == other else DifferenceKind.NUM

    assert number_kind(raw(f"{one:f}"), raw(f"{other:f}")) is expected


def test_what_is_no_number_has_no_value() -> None:
    """Text counts if it holds a number; lists and truth values never do."""
    assert decimal_of("12.50") == Decimal("12.5")
    values: list[object] = ["12,50", True, None, [], "1" * 500]

    assert [decimal_of(value) for value in values] == [None] * 5
    assert [text_of(each) for each in (12, raw("1.50"))] == ["12", "1.50"]


@pytest.mark.parametrize(
    ("one", "other", "absolute", "relative", "close"),
    [
        (raw("1.00"), raw("1.01"), 0.01, 0.0, True),
        (raw("1.00"), raw("1.011"), 0.01, 0.0, False),
        (1000, 1001, 0.0, 0.001, True),
        (-1000, -1002, 0.0, 0.001, False),
        ("12.5", "12.6", 0.2, 0.0, True),
        (1, "one", 9.0, 0.0, False),
        (None, 1, 9.0, 0.0, False),
    ],
)
def test_close_numbers(one: object, other: object, absolute: float, relative: float, close: bool) -> None:  # noqa: FBT001 - a column
    """Either bound is enough, and the bound itself is within."""
    assert are_close(one, other, absolute, relative) is close


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (9007199254740993, 9007199254740992, True),
        (raw("0.1"), raw("0.10000000000000001"), True),
        (1, 2, False),
        (raw("1e400"), raw("1e401"), False),
    ],
)
def test_some_numbers_have_one_double(one: object, other: object, *, expected: bool) -> None:
    """Beyond 2 ** 53 and beyond 17 digits; numbers without a double have none in common."""
    assert is_one_double(one, other) is expected
