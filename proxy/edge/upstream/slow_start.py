"""`slow_start`: an address that returned gets its part of the requests slowly.

Rule 1: its weight grows from a tenth to 1 within `slow_start` seconds of coming back.
Rule 2: it is taken as often as its weight says; otherwise the other address that was drawn is.
"""

from __future__ import annotations

from random import random

_LEAST = 0.1
"""The weight of an address that has just come back."""


def weight_after(since: float, slow_start: float) -> float:
    """Rule 1, `since` seconds after it came back."""
    return 1.0 if since >= slow_start else max(_LEAST, since / slow_start)


def is_passed_over(weight: float, other: float) -> bool:
    """Rule 2: whether this draw goes to the address that weighs `other`."""
    return weight < 1.0 and weight < other and random() > weight  # noqa: S311 -- no secret hangs on it
