"""What the other side's answer to a write means, and when it is asked again.

Rule 1: what may pass is tried again, later and later, for a day; then it is dead, and waits for people.
Rule 2: the other side's no to what the first side has done is a difference between them, which no repetition mends: it
        is dead at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.journal.intent import GONE

FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0
GIVES_UP = 24 * 3600.0
"""Seconds: between the first two attempts, between two at most, and from a write to its last attempt."""
_PASSING = frozenset({408, 423, 425, 429})
"""No for now: too slow, locked, too early, too many (RFC 9110, 4918, 8470, 6585)."""
_CONFLICT = 409
CONFLICTS = 5
"""Attempts for which a conflict may be with an earlier attempt that is still running; then it is one of data."""


class SecondOutcome(StrEnum):
    """What becomes of a write on the other side."""

    DONE = "done"
    LATER = "later"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondVerdict:
    """`wait` in seconds before it is sent again; `said` for people."""

    outcome: SecondOutcome
    said: str = ""
    wait: float = 0.0


def verdict_on(status: int, said: str, *, method: bytes, attempts: int, age: float, draw: float) -> SecondVerdict:
    """After `attempts` of a write that is `age` seconds old; `status` 0: no answer came. `draw` in [0, 1) is jitter."""
    if 200 <= status < 300 or (method == b"DELETE" and status in GONE):
        return SecondVerdict(outcome=SecondOutcome.DONE)
    passes = status in _PASSING or (status == _CONFLICT and attempts < CONFLICTS)
    if status and status < 500 and not passes:
        return SecondVerdict(outcome=SecondOutcome.DEAD, said=said)
    if age >= GIVES_UP:
        return SecondVerdict(outcome=SecondOutcome.DEAD, said=f"given up after a day; at last: {said}")
    return SecondVerdict(outcome=SecondOutcome.LATER, said=said, wait=wait_after(attempts, draw))


def wait_after(attempts: int, draw: float) -> float:
    """Doubles with each attempt, and spreads what failed together over half of it."""
    return float(min(FIRST_WAIT * 2.0 ** min(attempts - 1, 30), LONGEST_WAIT) * (0.5 + draw / 2))
