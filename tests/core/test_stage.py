from __future__ import annotations

import re
from pathlib import Path

import pytest

from proxy.core.outcome import Side
from proxy.core.stage import DOORS, FACTS, GUARDED, Stage, is_past, progress


def test_stages_are_those_of_the_contract_in_order() -> None:
    """A migration knows six stages, from legacy to retired."""
    assert [str(stage) for stage in Stage] == ["legacy", "shadow", "canary", "live", "complete", "retired"]


def test_every_stage_has_its_facts() -> None:
    """A stage without a row would fail where it is asked for, not where it was forgotten."""
    assert list(FACTS) == list(Stage)
    assert all(stage.facts is FACTS[stage] for stage in Stage)


def test_few_files_name_a_stage() -> None:
    """Everybody else asks for a fact, so that another stage is a row of the table and its moves."""
    product = Path(__file__).parents[2] / "proxy"
    naming = {
        path.relative_to(product).as_posix()
        for path in product.rglob("*.py")
        if re.search(r"\bStage\.[A-Z]", path.read_text(encoding="utf-8"))
    }

    assert naming == {
        "core/stage.py",
        "core/judge/stage_machine.py",
        "core/position/ladder.py",
        "core/routing/decide.py",
        "core/routing/route.py",
    }


def test_facts_agree_with_each_other() -> None:
    """Either one side serves or the split says who; where both are called legacy is there."""
    for facts in FACTS.values():
        assert (facts.serves is None) is facts.has_split
        assert not (facts.draws and facts.ends)
        assert facts.has_legacy or not (facts.has_both or facts.draws or facts.serves is Side.LEGACY)
        assert facts.has_both or not (facts.judged or facts.shadows_all)


@pytest.mark.parametrize(
    ("fact", "stages"),
    [
        ("has_legacy", "legacy shadow canary live"),
        ("has_both", "shadow canary live"),
        ("shadows_all", "shadow"),
        ("draws", "canary"),
        ("ends", "retired"),
        ("has_split", "canary retired"),
        ("guarded", "canary live complete"),
        ("judged", "shadow canary"),
        ("may_be_door", "canary live complete retired"),
    ],
)
def test_a_fact_holds_at_its_stages_alone(fact: str, stages: str) -> None:
    """The table, read by column."""
    assert [stage.value for stage in Stage if getattr(stage.facts, fact)] == stages.split()


def test_named_stages_come_from_the_table() -> None:
    """Guarded stages and those that may be doors are lists in order, for sentences and schemas."""
    assert " ".join(GUARDED) == "canary live complete"
    assert " ".join(DOORS) == "canary live complete retired"


@pytest.mark.parametrize(
    ("stage", "split", "needed"),
    [
        (Stage.LEGACY, 0.0, [Side.LEGACY]),
        (Stage.SHADOW, 0.0, [Side.LEGACY]),
        (Stage.CANARY, 0.0, [Side.LEGACY, Side.NEW]),
        (Stage.CANARY, 1.0, [Side.LEGACY, Side.NEW]),
        (Stage.LIVE, 0.0, [Side.NEW]),
        (Stage.COMPLETE, 0.0, [Side.NEW]),
        (Stage.RETIRED, 0.5, [Side.NEW]),
        (Stage.RETIRED, 1.0, []),
    ],
    ids=str,
)
def test_a_side_is_needed_where_it_answers(stage: Stage, split: float, needed: list[Side]) -> None:
    """At canary both, whatever the split is now; at retired new, as long as anybody is answered."""
    assert [side for side in Side if stage.facts.needs(side, split)] == needed


def test_a_stage_is_past_a_door_that_is_not_later() -> None:
    """The door's own stage is past it."""
    assert [stage.value for stage in Stage if is_past(stage, Stage.LIVE)] == ["live", "complete", "retired"]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.LEGACY, 0.0),
        (Stage.SHADOW, 0.0),
        (Stage.CANARY, 0.25),
        (Stage.LIVE, 1.0),
        (Stage.COMPLETE, 1.0),
        (Stage.RETIRED, 1.0),
    ],
    ids=str,
)
def test_progress_counts_what_has_left_legacy(stage: Stage, expected: float) -> None:
    """Only a canary's split counts in part; before it nothing has moved, after it everything."""
    assert progress(stage, 0.25) == expected
