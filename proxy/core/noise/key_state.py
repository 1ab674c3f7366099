"""What is known of one key of a route's answers, and what a comparison comes to when only keys differ.

A key is the path of a difference; where a path pools many values (`$[*]`, text) the value's skeleton belongs to it too.

Rule 1: a comparison whose differences all have a key that is not decided is `undecided`; it is decided later, by the
        same rule, when its keys are.
Rule 2: one key that counts makes a mismatch; all keys excused make it ignored; else it waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class KeyState(StrEnum):
    """How one key stands.

    `waits`: nobody knows yet. `noisy`: legacy does not repeat it. `clock`: it says what time it is. `held`: proved
    to be more than noise; it counts until an operator or a new epoch says otherwise. `open`: it waited for too long and
    counts until noise is proved.
    """

    WAITS = "waits"
    NOISY = "noisy"
    CLOCK = "clock"
    HELD = "held"
    OPEN = "open"


EXCUSED = frozenset({KeyState.NOISY, KeyState.CLOCK})
COUNTS = frozenset({KeyState.HELD, KeyState.OPEN})


class Decided(StrEnum):
    """What a group of keys that differed together comes to."""

    IGNORED = "ignored"
    MISMATCH = "mismatch"
    UNDECIDED = "undecided"


def decide(keys: Iterable[str], states: Mapping[str, KeyState]) -> Decided:
    """What a comparison comes to in which exactly these keys differed and nothing else counted."""
    found = [states.get(key, KeyState.WAITS) for key in keys]
    if any(state in COUNTS for state in found):
        return Decided.MISMATCH
    return Decided.IGNORED if all(state in EXCUSED for state in found) else Decided.UNDECIDED
