from __future__ import annotations

import pytest

from proxy.core.judge.coverage import START, Mark, is_mark, unseen_by
from proxy.core.judge.policy import Needs, Ramp
from proxy.core.judge.reach import least_comparisons, least_sample, shortfall
from proxy.core.math.confidence import is_proved

STEPS = Ramp().steps


def test_the_first_step_that_a_sample_never_reaches() -> None:
    """With a tenth shadowed 5 % carries 14.5 %, and a quarter is next; with all of them every step is reached."""
    found = shortfall(STEPS, 0.1)

    assert found is not None
    assert (found.split, found.to) == (0.05, 0.25)
    assert found.most == pytest.approx(0.145)
    assert shortfall((0.2, 0.3), 0.1) == (0.0, 0.1, 0.2)
    assert shortfall(STEPS, 1.0) is None


@pytest.mark.parametrize("steps", [STEPS, (0.5,), (0.1, 0.2, 0.3), (0.9, 0.95)])
def test_the_least_sample_reaches_every_step(steps: tuple[float, ...]) -> None:
    """A little more is enough, a little less is not."""
    least = least_sample(steps)

    assert shortfall(steps, least + 1e-9) is None
    assert shortfall(steps, least - 1e-3) is not None


def test_the_default_needs_ask_for_no_more_than_they_say() -> None:
    """A thousand comparisons prove 1 % of mismatches and 0.5 % of unseen shapes."""
    assert least_comparisons(Needs()) == Needs().compared


@pytest.mark.parametrize(("limit", "unseen"), [(0.01, 1.0), (1.0, 0.005), (0.05, 0.02), (0.001, 0.5), (1.0, 1.0)])
def test_so_many_comparisons_are_needed_and_no_fewer(limit: float, unseen: float) -> None:
    """Clean ones, all of one shape: at that number both limits are proved for the first time."""
    needs = Needs(compared=1, mismatch_rate=limit, coverage=unseen)
    least, marks = least_comparisons(needs), [START]
    proved: list[int] = []
    for number in range(1, least + 1):
        if is_mark(number - 1, number):
            marks.append(Mark(number, 1))
        if is_proved(number, 0, limit) and unseen_by([number], number, marks).bound <= unseen:
            proved.append(number)

    assert proved[:1] == [least]
