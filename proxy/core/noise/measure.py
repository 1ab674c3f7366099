"""What is counted of a key, by comparers of all replicas: numbers that add up, and findings that are told once.

Rule 1: what repeats showed is counted by how far apart they were: the further, the more often a state may have moved.
Rule 2: a finding is a count of one. A number that belongs to it stands in thousandths, above zero in `raw_only`, below
        in `noise_only`: what several comparers found is their mean.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

EVERY_KEY = ""
"""The key under which what is asked of a whole route is counted."""


class Measure(StrEnum):
    """What a count is of.

    `second`: legacy was asked twice. `gap …`: the same request came again within so many seconds. `compared`: answers
    on a route that has keys. `differed`: of these, those with a difference at the key (`both`: it was an instant).
    `clock`: its values are now, or a fixed time (the number, in seconds) from now. `stored`: legacy's times there are
    not. All others hold the key: it is no noise.
    """

    SECOND = "second"
    GAP_1 = "gap 1"
    GAP_4 = "gap 4"
    GAP_15 = "gap 15"
    GAP_60 = "gap 60"
    COMPARED = "compared"
    DIFFERED = "differed"
    CLOCK = "clock"
    STORED = "stored"
    FORM = "form"
    OFF = "off"
    PRECISION = "precision"
    FROZEN = "frozen"
    OUT_OF_STEP = "out of step"
    REPEATED = "repeated"
    SHARED = "shared"
    SENT_BACK = "sent back"
    STUCK = "stuck"
    STATE = "state"
    APART = "apart"
    RATIO = "ratio"


GAPS = {1.0: Measure.GAP_1, 4.0: Measure.GAP_4, 15.0: Measure.GAP_15, 60.0: Measure.GAP_60}
"""By the upper edge in seconds."""
LONGEST_GAP = 60.0
TRIALS = (Measure.GAP_1, Measure.GAP_4, Measure.GAP_15, Measure.GAP_60, Measure.SECOND)
"""What shows how often legacy differs from itself, the nearest answers first."""
HOLDING = frozenset(
    {
        Measure.FORM,
        Measure.OFF,
        Measure.PRECISION,
        Measure.FROZEN,
        Measure.OUT_OF_STEP,
        Measure.REPEATED,
        Measure.SHARED,
        Measure.SENT_BACK,
        Measure.STUCK,
        Measure.STATE,
        Measure.APART,
        Measure.RATIO,
    }
)
"""Findings that hold a key."""


class NoiseIncrement(NamedTuple):
    """One count more; the numbers are those of `proxy.core.evidence.records.NoiseCount`."""

    key: str
    measure: Measure
    asked: int = 0
    raw_only: int = 0
    noise_only: int = 0
    both: int = 0


def gap_of(seconds: float) -> Measure | None:
    """The class of a gap between two answers, None if they are too far apart."""
    return next((measure for edge, measure in GAPS.items() if 0.0 <= seconds <= edge), None)


def finding(key: str, measure: Measure, number: float = 0.0) -> NoiseIncrement:
    """A finding with its number; see rule 2."""
    thousandths = round(number * 1000)
    return NoiseIncrement(key, measure, asked=1, raw_only=max(thousandths, 0), noise_only=max(-thousandths, 0))


def number_of(asked: int, raw_only: int, noise_only: int) -> float:
    """The mean number of findings that were added up."""
    return (raw_only - noise_only) / max(asked, 1) / 1000
