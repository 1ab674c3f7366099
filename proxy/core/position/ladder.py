"""The ladder: every place that a route can stand on, from below to above.

Rule 1: a place is a stage and a split; the split counts at `canary` and `retired` only, elsewhere it is 0.
Rule 2: above means further away from legacy, whoever moves there.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.core.stage import STAGES, Stage


class Place(NamedTuple):
    """A stage and a split in [0, 1]."""

    stage: Stage
    split: float = 0.0

    def __str__(self) -> str:
        """As people write it: `canary 5%`."""
        return f"{self.stage} {self.split * 100:g}%" if self.stage.facts.has_split else self.stage.value


LEGACY, SHADOW, LIVE, COMPLETE = (Place(stage) for stage in (Stage.LEGACY, Stage.SHADOW, Stage.LIVE, Stage.COMPLETE))
RETIRED = Place(Stage.RETIRED, 1.0)


def height(place: Place) -> tuple[int, float]:
    """The sort key of a place."""
    return STAGES.index(place.stage), place.split if place.stage.facts.has_split else 0.0


def is_above(place: Place, other: Place) -> bool:
    """Whether `place` is further from legacy than `other`."""
    return height(place) > height(other)


def rungs(steps: tuple[float, ...]) -> tuple[Place, ...]:
    """All places of a ramp with these splits, in order."""
    return (LEGACY, SHADOW, *(Place(Stage.CANARY, split) for split in steps), LIVE, COMPLETE, RETIRED)


def next_above(place: Place, steps: tuple[float, ...]) -> Place | None:
    """The next place up; None at the top."""
    return next((rung for rung in rungs(steps) if is_above(rung, place)), None)


def next_below(place: Place, steps: tuple[float, ...]) -> Place | None:
    """The next place down; None at the bottom."""
    return next((rung for rung in reversed(rungs(steps)) if is_above(place, rung)), None)
