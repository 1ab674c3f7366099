from __future__ import annotations

import pytest

from proxy.core.judge.policy import GuardPolicy, OnFailure
from proxy.core.stage import GUARDED, Stage, is_past


@pytest.mark.parametrize("said", OnFailure)
@pytest.mark.parametrize("door", list(Stage)[2:])
def test_past_the_door_nothing_goes_back(said: OnFailure, door: Stage) -> None:
    """From the one-way door on, rollback becomes freeze; freeze and page stay what they are, as does all before it."""
    policy = GuardPolicy(on_failure=tuple((stage, said) for stage in GUARDED), door=door)

    for stage in GUARDED:
        past = is_past(stage, door)
        assert policy.action(stage) is (OnFailure.FREEZE if past and said is OnFailure.ROLLBACK else said)


def test_without_a_word_an_alarm_rolls_back_up_to_complete() -> None:
    """The defaults are the safe ones: back from canary and live, not from complete."""
    actions = [GuardPolicy().action(stage) for stage in GUARDED]

    assert actions == [OnFailure.ROLLBACK, OnFailure.ROLLBACK, OnFailure.FREEZE]
