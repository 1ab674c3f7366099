"""Numbers of JSON as they were written, compared exactly."""

from __future__ import annotations

from decimal import Context, Decimal
from math import inf, isfinite

import msgspec

from proxy.core.parity.rules.difference import DifferenceKind

EXACT = Context(prec=400, Emax=999_999, Emin=-999_999, traps=[])
"""Without traps: what cannot be computed is no number."""
_LONGEST = 400

Number = int | msgspec.Raw
"""A number without fraction or exponent, or the text of another one; truth values are none."""


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number."""
    return type(value) in {int, msgspec.Raw}


def decimal_of(value: object) -> Decimal | None:
    """The exact value of a number, or of a text that holds one; None when it has none (NaN, a bare word)."""
    if isinstance(value, str):
        text = value
    elif is_number(value):
        text = text_of(value)
    else:
        return None
    if len(text) > _LONGEST:
        return None
    found = EXACT.create_decimal(text)
    return found if found.is_finite() else None


def text_of(value: object) -> str:
    """A number as it was written."""
    return bytes(value).decode("utf-8") if isinstance(value, msgspec.Raw) else str(value)


def number_kind(one: object, other: object) -> DifferenceKind:
    """How two numbers differ whose texts do; if the nearest floats are the same, they are looked at exactly."""
    if type(one) is int and type(other) is int:
        return DifferenceKind.NUM
    near, near_other = _rough(one), _rough(other)
    if near is not None and near_other is not None and near != near_other:
        return DifferenceKind.NUM
    first, second = decimal_of(one), decimal_of(other)
    if first is None or second is None:
        return DifferenceKind.NUM if _are_long(one, other) else DifferenceKind.TYPE
    return DifferenceKind.NUM_REPR if first == second else DifferenceKind.NUM


def is_one_double(one: object, other: object) -> bool:
    """Whether a double (IEEE 754, what JavaScript calls a number) stands for both numbers, though they differ."""
    near = _rough(one)
    return near is not None and near == _rough(other)


def _rough(value: object) -> float | None:
    """The nearest float; None for what is too large or no number."""
    text = text_of(value)
    found = float(text) if text[-1:].isdigit() and len(text) <= _LONGEST else inf
    return found if isfinite(found) else None


def _are_long(one: object, other: object) -> bool:
    """Whether both are numbers, only too long to compute with."""
    return all(text_of(side).lstrip("-")[:1].isdigit() for side in (one, other))


def are_close(one: object, other: object, absolute: float, relative: float) -> bool:
    """Whether two numbers differ by no more than either bound; `relative` is of the larger one."""
    first, second = decimal_of(one), decimal_of(other)
    if first is None or second is None:
        return False
    distance = EXACT.abs(EXACT.subtract(first, second))
    largest = max(EXACT.abs(first), EXACT.abs(second))
    return distance <= Decimal(str(absolute)) or distance <= EXACT.multiply(largest, Decimal(str(relative)))
