"""How far a route's migration has come, and the moves that are legal.

Rule 1: nothing but this table says which move is legal; an operator's edit of routes.yaml is a move too.
Rule 2: a stage says who answers; it knows nothing of requests, clocks or evidence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never


class Stage(StrEnum):
    """`legacy` and `shadow` are answered by legacy, `canary` by the split, `live` and `complete` by new."""

    LEGACY = "legacy"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    COMPLETE = "complete"
    RETIRED = "retired"


def progress(stage: Stage, split: float) -> float:
    """How much of a route has left legacy, in [0, 1]."""
    match stage:
        case Stage.LEGACY | Stage.SHADOW:
            return 0.0
        case Stage.CANARY:
            return split
        case Stage.LIVE | Stage.COMPLETE | Stage.RETIRED:
            return 1.0
        case _:
            assert_never(stage)
