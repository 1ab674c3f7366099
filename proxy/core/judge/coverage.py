"""How likely the next request has a shape that nobody has seen compared.

A shape is a hash of method, template, query keys, status class, content type and the like.
Rule 1: the estimate is Good and Turing's: shapes seen once, divided by requests.
Rule 2: the bound needs no assumption about shapes. The chance of a new one only ever falls, so the new shapes among
        the later requests (at least the later half) bound it from above, by the anytime bound of `promotion`. Where
        the later ones begin is the last power of two that is at most half of the requests, whatever was found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from proxy.core.math.confidence import upper_bound

OFTEN = 20
"""So often legacy has answered a shape that blocks promotion until it was compared as often, whatever its share."""
ALPHA = 0.05


class Mark(NamedTuple):
    """How many requests were compared, and of how many shapes, when a power of two of requests was passed."""

    requests: int
    shapes: int


START = Mark(0, 0)


class Unseen(NamedTuple):
    """The chance that the next request has an unseen shape: the estimate, and the bound, 95 %."""

    estimate: float
    bound: float


def is_mark(before: int, requests: int) -> bool:
    """Whether a power of two lies above `before` requests and not above as many as there are now."""
    return requests.bit_length() > before.bit_length()


def unseen_by(compared: Collection[int], requests: int, marks: Sequence[Mark]) -> Unseen:
    """`compared` is how often each shape was, `requests` their sum; `marks` begin with `START`, in order."""
    if not requests:
        return Unseen(1.0, 1.0)
    once = sum(1 for count in compared if count == 1)
    began = next(mark for mark in reversed(marks) if mark.requests <= requests / 2)
    bound = upper_bound(requests - began.requests, len(compared) - began.shapes, ALPHA)
    return Unseen(min(once / requests, 1.0), bound)
