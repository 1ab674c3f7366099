"""How far a route's migration has come, and what holds at each stage: one table, asked by everybody else.

Rule 1: what depends on a stage alone is a fact in `FACTS`; which moves are legal is in `judge/stage_machine.py`.
Rule 2: stages are in order: a later one is further away from legacy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from proxy.core.outcome import Side


class Stage(StrEnum):
    """`legacy` and `shadow` are answered by legacy, `canary` by the split, `live` and `complete` by new."""

    LEGACY = "legacy"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    COMPLETE = "complete"
    RETIRED = "retired"

    @property
    def facts(self) -> Facts:
        """The stage's row of `FACTS`."""
        return FACTS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`serves`: the side that answers every cohort which is not pinned; None: the split decides.

    `has_legacy`: legacy could answer still. `has_both`: both sides are called, so there are shadows, flows that stay
    on a side, and something for the kill switch to take back. `shadows_all`: the other side is asked everything.
    `draws`: the split divides cohorts between the sides. `ends`: it divides those that new answers from those that
    nobody answers any more. `guarded`: new answers, and an alarm leads back. `judged`: the judge may move a route up
    from here. `may_be_door`: a route's one-way door may be here.
    """

    serves: Side | None = None
    has_legacy: bool = False
    has_both: bool = False
    shadows_all: bool = False
    draws: bool = False
    ends: bool = False
    guarded: bool = False
    judged: bool = False
    may_be_door: bool = False

    @property
    def has_split(self) -> bool:
        """Whether the split counts."""
        return self.draws or self.ends

    def needs(self, side: Side, split: float) -> bool:
        """Whether this side has to be there: it answers, or could after a change of the split within canary."""
        return self.serves is side or self.draws or (self.ends and side is Side.NEW and split < 1.0)


FIRST: Final = Stage.LEGACY
"""Where a migration begins."""
FACTS: Final[Mapping[Stage, Facts]] = {
    Stage.LEGACY: Facts(serves=Side.LEGACY, has_legacy=True),
    Stage.SHADOW: Facts(serves=Side.LEGACY, has_legacy=True, has_both=True, shadows_all=True, judged=True),
    Stage.CANARY: Facts(has_legacy=True, has_both=True, draws=True, guarded=True, judged=True, may_be_door=True),
    Stage.LIVE: Facts(serves=Side.NEW, has_legacy=True, has_both=True, guarded=True, may_be_door=True),
    Stage.COMPLETE: Facts(serves=Side.NEW, guarded=True, may_be_door=True),
    Stage.RETIRED: Facts(ends=True, may_be_door=True),
}
STAGES: Final = tuple(Stage)
"""In order, from legacy on."""
GUARDED: Final = tuple(stage for stage in Stage if FACTS[stage].guarded)
DOORS: Final = tuple(stage for stage in Stage if FACTS[stage].may_be_door)


def is_past(stage: Stage, door: Stage) -> bool:
    """Whether a stage is the door's or beyond."""
    return STAGES.index(stage) >= STAGES.index(door)


def progress(stage: Stage, split: float) -> float:
    """How much of a route has left legacy, in [0, 1]."""
    facts = FACTS[stage]
    if facts.draws:
        return split
    return 0.0 if facts.serves is Side.LEGACY else 1.0
