"""The stage machine: which move is legal, who may make it, and what it needs.

Rule 1: nothing but this table says which move is legal. A refusal is a value with a sentence for whoever asked.
Rule 2: `complete` and `retired` are entered by the file only: once legacy is gone no order leads back, so that none
        leads there.
Rule 3: the judge moves up from `shadow` on, one rung at a time, and back to `shadow`, the last stage at which legacy
        answers everybody. It never goes back from the route's one-way door or beyond.
Rule 4: the file may say anything; how far an edit goes at once is `reconcile`'s.
Rule 5: a latched route moves up by `resume` or an edit only.
Rule 6: a rollback that stands is not made again: whoever asks once more changes nothing (`stands_back`).
Rule 7: where the file stands is a rung of the way down: one step from above it never ends below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.outcome import Side
from proxy.core.position.hold import hold_ends
from proxy.core.position.ladder import LEGACY, LIVE, SHADOW, Place, is_above, next_above, next_below
from proxy.core.position.position import Position
from proxy.core.stage import Stage, is_past


class Maker(StrEnum):
    """Who makes a move."""

    FILE = "file"
    OPERATOR = "operator"
    JUDGE = "judge"


class Need(StrEnum):
    """What a move needs beside the right to make it."""

    EVIDENCE = "evidence"
    UNLATCHED = "unlatched"
    UNHELD = "unheld"
    BEFORE_THE_DOOR = "before_the_door"


class RefusalReason(StrEnum):
    """Why a move is refused: a closed list."""

    NOWHERE = "nowhere"
    NOT_YOURS = "not_yours"
    LATCHED = "latched"
    HELD = "held"
    DOOR = "door"


@dataclass(frozen=True, slots=True)
class MoveRefusal:
    """A move that is not made."""

    why: RefusalReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    start: Stage
    end: Stage
    makers: frozenset[Maker]
    needs: frozenset[Need]


_FILE = frozenset({Maker.FILE})
_PEOPLE = frozenset({Maker.FILE, Maker.OPERATOR})
_ALL = frozenset(Maker)
_UP = frozenset({Need.UNLATCHED})
_BY_EVIDENCE = frozenset({Need.UNLATCHED, Need.UNHELD, Need.EVIDENCE})
_BACK = frozenset({Need.BEFORE_THE_DOOR})
_FREE: frozenset[Need] = frozenset()

TABLE = (
    Row(Stage.LEGACY, Stage.SHADOW, _PEOPLE, _UP),
    Row(Stage.SHADOW, Stage.CANARY, _ALL, _BY_EVIDENCE),
    Row(Stage.CANARY, Stage.CANARY, _ALL, _BY_EVIDENCE | _BACK),
    Row(Stage.CANARY, Stage.LIVE, _ALL, _BY_EVIDENCE),
    Row(Stage.LIVE, Stage.COMPLETE, _FILE, _UP),
    Row(Stage.COMPLETE, Stage.RETIRED, _FILE, _UP),
    Row(Stage.RETIRED, Stage.RETIRED, _FILE, _FREE),
    Row(Stage.SHADOW, Stage.LEGACY, _PEOPLE, _FREE),
    Row(Stage.CANARY, Stage.LEGACY, _PEOPLE, _BACK),
    Row(Stage.CANARY, Stage.SHADOW, _ALL, _BACK),
    Row(Stage.LIVE, Stage.LEGACY, _PEOPLE, _BACK),
    Row(Stage.LIVE, Stage.SHADOW, _ALL, _BACK),
    Row(Stage.LIVE, Stage.CANARY, _PEOPLE, _BACK),
    Row(Stage.COMPLETE, Stage.SHADOW, _ALL, _BACK),
    Row(Stage.COMPLETE, Stage.LIVE, _PEOPLE, _BACK),
    Row(Stage.RETIRED, Stage.COMPLETE, _PEOPLE, _BACK),
)
"""Every move from stage to stage. Evidence and holds bind the judge; latch and door bind operators, too."""

_ROWS = {(row.start, row.end): row for row in TABLE}


def refused(position: Position, to: Place, maker: Maker, *, door: Stage) -> MoveRefusal | None:
    """Why `maker` may not move the route to this place; None when it may. Evidence is the judge's own business."""
    if maker is Maker.FILE:
        return None
    row = _ROWS.get((position.stage, to.stage))
    if row is None or to == position.place:
        return MoveRefusal(
            RefusalReason.NOWHERE, f"no move leads from {position.place} to {to}; edit routes.yaml if that is meant"
        )
    if maker not in row.makers:
        return MoveRefusal(RefusalReason.NOT_YOURS, _not_yours(position.route, to, row, maker))
    return _up(position, row, maker) if is_above(to, position.place) else _down(position, row, door)


def _not_yours(route: str, to: Place, row: Row, maker: Maker) -> str:
    if Maker.OPERATOR in row.makers:
        return f"{to} is entered by people only: by `banyan promote {route}`, or an edit of routes.yaml"
    if maker is Maker.OPERATOR:
        return (
            f"{LIVE} is the last step that promote takes; complete and retired are written in routes.yaml as `stage:`"
        )
    return f"{to} is entered by an edit of routes.yaml only (`stage: {to.stage}`)"


def _up(position: Position, row: Row, maker: Maker) -> MoveRefusal | None:
    if Need.UNLATCHED in row.needs and position.latched:
        sentence = f"it was rolled back ({position.cause}) and stays back; say `banyan resume {position.route}` first, "
        return MoveRefusal(RefusalReason.LATCHED, sentence + "or edit its stage or split")
    if Need.UNHELD in row.needs and position.held and maker is Maker.JUDGE:
        return MoveRefusal(RefusalReason.HELD, f"it is on hold; {hold_ends(position)}")
    return None


def _down(position: Position, row: Row, door: Stage) -> MoveRefusal | None:
    if Need.BEFORE_THE_DOOR not in row.needs or not is_past(position.stage, door):
        return None
    sentence = f"{position.stage} is past its one-way door ({door}): what new has written, legacy does not know; "
    return MoveRefusal(RefusalReason.DOOR, sentence + f"if going back is meant, {_write_another(position)}")


def _write_another(position: Position) -> str:
    """Only an edit that changes them moves the route: the file may say already where it is to be."""
    return f"write another stage or split in routes.yaml than it says now ({position.file_place})"


def promotion(position: Position, steps: tuple[float, ...], maker: Maker, *, door: Stage) -> Place | MoveRefusal:
    """Where `promote` leads: one rung up."""
    to = next_above(position.place, steps)
    if to is None:
        return MoveRefusal(RefusalReason.NOWHERE, f"{position.place} is the top; there is nothing to promote to")
    return refused(position, to, maker, door=door) or to


def rollback(position: Position, maker: Maker, *, door: Stage) -> Place | MoveRefusal:
    """Where `rollback` leads: to the last stage at which legacy answers everybody."""
    to = LEGACY if position.stage is Stage.SHADOW else SHADOW
    if position.stage in (Stage.LEGACY, Stage.RETIRED) or (position.stage is Stage.SHADOW and maker is Maker.JUDGE):
        return MoveRefusal(RefusalReason.NOWHERE, _no_way_back(position))
    return refused(position, to, maker, door=door) or to


def stands_back(position: Position) -> bool:
    """Whether a rollback stands already: latched where legacy answers everybody."""
    return position.latched and position.stage.facts.serves is Side.LEGACY


def _no_way_back(position: Position) -> str:
    if position.stage is Stage.RETIRED:
        return f"it is retired; if it is to come back, {_write_another(position)}"
    return f"legacy answers everybody at {position.place} already"


def step_back(position: Position, steps: tuple[float, ...], maker: Maker, *, door: Stage) -> Place | MoveRefusal:
    """One rung down, for an operator who does not want to go all the way."""
    to = next_below(position.place, _with_file(position, steps))
    if to is None:
        return MoveRefusal(RefusalReason.NOWHERE, "legacy is the bottom; there is nowhere to go back to")
    return refused(position, to, maker, door=door) or to


def _with_file(position: Position, steps: tuple[float, ...]) -> tuple[float, ...]:
    said = position.file_place
    return tuple(sorted({*steps, said.split})) if said.stage.facts.draws else steps
