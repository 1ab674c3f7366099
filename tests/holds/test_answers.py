"""Answers held against what was recorded: each lie is found, and the truth is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holds.moving.answers import Told, answers
from holds.moving.history import SHADOW, Moved, read
from tests.holds.test_history import FORTY, ROUTES, TWENTY, moved, ordered

MOVES = (
    moved("a", 1, SHADOW, TWENTY),
    ordered("a", 2, TWENTY, SHADOW, "rollback", 17),
    ordered("a", 3, SHADOW, SHADOW, "resume", 18),
)
BACK = Told(name="rollback 17", route="a", status=200, moved=True, version=2, start=TWENTY, latched=True, held=False)
STOOD = replace(BACK, name="rollback 19", moved=False, start=SHADOW)
REFUSED = Told(name="promote 20", route="a", status=409)


def lies(*told: Told, moves: tuple[Moved, ...] = MOVES) -> list[str]:
    return answers(told, moves, read(moves, ROUTES))


def test_the_truth_is_no_lie() -> None:
    """A move that was made, one that stood already, a refusal, and a route that nobody has moved."""
    untouched = Told(name="pin 21", route="z", status=200, version=0, latched=False, held=False)

    unknown = [replace(REFUSED, name=name, status=503) for name in ("rollback 17", "promote 22")]
    assert lies(BACK, STOOD, REFUSED, untouched, *unknown, replace(BACK, start=None, latched=None, held=None)) == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (replace(BACK, name="rollback 99"), "it is not recorded"),
        (replace(BACK, version=3), "it is recorded as version 2, from canary 20%"),
        (replace(BACK, start=FORTY), "it is recorded as version 2, from canary 20%"),
        (replace(BACK, runs=TWENTY), "it says"),
        (replace(BACK, latched=False), "it says"),
        (replace(BACK, held=True), "it says"),
        (replace(BACK, status=409), "it is recorded as version 2"),
        (replace(BACK, moved=False), "it is recorded as version 2"),
        (replace(STOOD, version=3), "it says"),
        (replace(STOOD, version=9), "there is no version 9"),
        (replace(BACK, everywhere=False, runs=TWENTY), "it is recorded as a move to shadow"),
    ],
)
def test_each_lie_is_found(told: Told, words: str) -> None:
    """What was said is not what was recorded: which move, from where, to where, latched, held, or whether at all."""
    found = lies(told)

    assert len(found) == 1
    assert words in found[0]


def test_what_holds_at_one_replica_is_written_down_later() -> None:
    """With another version, from where the route stood by then, or not at all."""
    here = replace(BACK, everywhere=False, version=1, start=FORTY)

    assert lies(here, replace(here, name="rollback 23")) == []


def test_an_order_that_was_carried_out_twice_is_found() -> None:
    """Whatever its answer says."""
    twice = (*MOVES, ordered("a", 4, SHADOW, ("legacy", 0.0), "rollback", 17))

    assert "rollback 17 of a is recorded 2 times" in lies(BACK, moves=twice)
