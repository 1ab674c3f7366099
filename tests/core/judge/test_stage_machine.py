from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from proxy.core.judge import stage_machine
from proxy.core.judge.stage_machine import TABLE, Maker, MoveRefusal, RefusalReason, refused
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, RETIRED, SHADOW, Place, is_above
from proxy.core.stage import Stage, is_past
from tests.core.judge.cases import FIVE, ONE, QUARTER, RAMP, standing

PLACES = (LEGACY, SHADOW, ONE, FIVE, LIVE, COMPLETE, Place(Stage.RETIRED, 0.1), RETIRED)
DOORS = (Stage.CANARY, Stage.LIVE, Stage.COMPLETE, Stage.RETIRED)
WITHOUT = frozenset({Stage.COMPLETE, Stage.RETIRED})


def why(answer: MoveRefusal | Place | None) -> RefusalReason | None:
    return answer.why if isinstance(answer, MoveRefusal) else None


@pytest.mark.parametrize(("start", "end"), list(product(PLACES, PLACES)), ids=str)
def test_the_whole_matrix(start: Place, end: Place) -> None:
    """The file may say any place. Only it goes up to complete or retired, and nobody gets past the door back."""
    for door, latched in product(DOORS, (False, True)):
        at = standing(start, latched=latched)
        by = {maker: refused(at, end, maker, door=door) for maker in Maker}

        assert by[Maker.FILE] is None
        if by[Maker.JUDGE] is None:
            assert by[Maker.OPERATOR] is None
            assert not (is_above(end, start) and latched)
        if by[Maker.OPERATOR] is None:
            assert start != end
            assert end.stage not in WITHOUT or not is_above(end, start)
            assert is_above(end, start) or not is_past(start.stage, door)
        for each in by.values():
            assert each is None or each.sentence


def test_the_table_has_each_pair_of_stages_once() -> None:
    """One row per pair, the file may make each, and operators all that do not lead up from where legacy may be gone."""
    pairs = [(row.start, row.end) for row in TABLE]

    assert len(pairs) == len(set(pairs))
    assert all(Maker.FILE in row.makers for row in TABLE)
    assert [(row.start, row.end) for row in TABLE if Maker.OPERATOR not in row.makers] == [
        (Stage.LIVE, Stage.COMPLETE),
        (Stage.COMPLETE, Stage.RETIRED),
        (Stage.RETIRED, Stage.RETIRED),
    ]


@pytest.mark.parametrize(
    ("place", "up"),
    [
        (SHADOW, ONE),
        (ONE, FIVE),
        (FIVE, QUARTER),
        (QUARTER, LIVE),
        (LIVE, RefusalReason.NOT_YOURS),
        (LEGACY, RefusalReason.NOT_YOURS),
    ],
    ids=str,
)
def test_the_judge_climbs_from_shadow_to_live(place: Place, up: Place | RefusalReason) -> None:
    """One rung at a time; the first step into shadow is people's, the last into complete the file's."""
    found = stage_machine.promotion(standing(place), RAMP.steps, Maker.JUDGE, door=Stage.COMPLETE)

    assert (why(found) or found) == up


def test_operators_go_one_rung_up_to_live() -> None:
    """From legacy on there is always a next rung; from live on the refusal says what to write instead."""
    place, climbed = LEGACY, []
    while isinstance(
        found := stage_machine.promotion(standing(place), RAMP.steps, Maker.OPERATOR, door=Stage.LIVE), Place
    ):
        climbed.append(found)
        place = found

    assert climbed == [SHADOW, ONE, FIVE, QUARTER, LIVE]
    assert (found.why, found.sentence) == (
        RefusalReason.NOT_YOURS,
        "live is the last step that promote takes; complete and retired are written in routes.yaml as `stage:`",
    )
    for beyond in (COMPLETE, Place(Stage.RETIRED, 0.1)):
        assert stage_machine.promotion(standing(beyond), RAMP.steps, Maker.OPERATOR, door=Stage.LIVE) == found
    assert (
        why(stage_machine.promotion(standing(RETIRED), RAMP.steps, Maker.OPERATOR, door=Stage.LIVE))
        is RefusalReason.NOWHERE
    )


@pytest.mark.parametrize("place", [COMPLETE, RETIRED], ids=str)
def test_who_went_beyond_the_door_by_an_order_is_told_what_to_write(place: Place) -> None:
    """The file may say already where the route is to be: only another stage or split than it says now moves it."""
    position = replace(standing(place), file_stage=Stage.CANARY, file_split=0.5)
    found = stage_machine.rollback(position, Maker.OPERATOR, door=Stage.COMPLETE)

    assert isinstance(found, MoveRefusal)
    assert found.sentence.endswith("write another stage or split in routes.yaml than it says now (canary 50%)")


@pytest.mark.parametrize(
    ("place", "by_judge", "by_operator"),
    [
        (LEGACY, RefusalReason.NOWHERE, RefusalReason.NOWHERE),
        (SHADOW, RefusalReason.NOWHERE, LEGACY),
        (FIVE, SHADOW, SHADOW),
        (LIVE, SHADOW, SHADOW),
        (COMPLETE, RefusalReason.DOOR, RefusalReason.DOOR),
        (RETIRED, RefusalReason.NOWHERE, RefusalReason.NOWHERE),
    ],
    ids=str,
)
def test_rollback_leads_to_where_legacy_answers_everybody(
    place: Place, by_judge: Place | RefusalReason, by_operator: Place | RefusalReason
) -> None:
    """To shadow from wherever new answers somebody; past the door and where legacy answers anyway it leads nowhere."""
    for maker, expected in ((Maker.JUDGE, by_judge), (Maker.OPERATOR, by_operator)):
        found = stage_machine.rollback(standing(place), maker, door=Stage.COMPLETE)
        assert (why(found) or found) == expected


def test_a_rollback_leads_back_from_a_hold_and_from_complete_before_the_door() -> None:
    """A hold stops no way back; a door declared further up opens that from complete."""
    assert stage_machine.rollback(standing(FIVE, held=True), Maker.JUDGE, door=Stage.COMPLETE) == SHADOW
    assert stage_machine.rollback(standing(COMPLETE), Maker.JUDGE, door=Stage.RETIRED) == SHADOW


def test_a_step_back_is_one_rung() -> None:
    """An operator may go down step by step, to the bottom; the door holds here, too."""
    down = [
        stage_machine.step_back(standing(place), RAMP.steps, Maker.OPERATOR, door=Stage.COMPLETE)
        for place in (LEGACY, SHADOW, ONE, FIVE, LIVE, COMPLETE)
    ]

    assert [why(each) or each for each in down] == [
        RefusalReason.NOWHERE,
        LEGACY,
        SHADOW,
        ONE,
        QUARTER,
        RefusalReason.DOOR,
    ]


@pytest.mark.parametrize(
    ("place", "file", "lower"),
    [
        (Place(Stage.CANARY, 0.30), Place(Stage.CANARY, 0.10), Place(Stage.CANARY, 0.25)),
        (QUARTER, Place(Stage.CANARY, 0.10), Place(Stage.CANARY, 0.10)),
        (LIVE, Place(Stage.CANARY, 0.30), Place(Stage.CANARY, 0.30)),
        (Place(Stage.CANARY, 0.30), Place(Stage.CANARY, 0.30), QUARTER),
        (ONE, Place(Stage.CANARY, 0.30), SHADOW),
        (LIVE, SHADOW, QUARTER),
    ],
    ids=str,
)
def test_a_step_back_does_not_pass_where_the_file_stands(place: Place, file: Place, lower: Place) -> None:
    """The file's own split is a rung, whatever the ramp's are; from it and from below it the ramp's steps lead on."""
    position = replace(standing(place), file_stage=file.stage, file_split=file.split)

    assert stage_machine.step_back(position, RAMP.steps, Maker.OPERATOR, door=Stage.COMPLETE) == lower


def test_a_rollback_stands_where_legacy_answers_everybody_and_it_is_latched() -> None:
    """Nothing is to be done then; where new answers somebody, or nothing keeps the route back, there is."""
    places = (LEGACY, SHADOW, ONE, LIVE)

    assert [stage_machine.stands_back(standing(place, latched=True)) for place in places] == [True, True, False, False]
    assert not any(stage_machine.stands_back(standing(place)) for place in places)


def test_a_hold_binds_the_judge_and_a_latch_everybody() -> None:
    """Held: the judge does not promote, an operator may. Latched: nobody does before resume or an edit."""
    on_hold, back = standing(FIVE, held=True), standing(SHADOW, latched=True)
    makers = (Maker.JUDGE, Maker.OPERATOR)

    assert [why(refused(on_hold, QUARTER, maker, door=Stage.COMPLETE)) for maker in makers] == [
        RefusalReason.HELD,
        None,
    ]
    assert [why(refused(back, ONE, maker, door=Stage.COMPLETE)) for maker in makers] == [
        RefusalReason.LATCHED,
        RefusalReason.LATCHED,
    ]


def test_a_jump_is_refused_with_a_sentence_that_says_what_to_do() -> None:
    """From legacy straight to live leads the file only."""
    found = refused(standing(LEGACY), LIVE, Maker.OPERATOR, door=Stage.COMPLETE)

    assert found == MoveRefusal(
        RefusalReason.NOWHERE, "no move leads from legacy to live; edit routes.yaml if that is meant"
    )
