from __future__ import annotations

import pytest

from proxy.core.judge.coverage import START, Mark, is_mark, unseen_by
from proxy.core.judge.policy import Needs, Ramp
from proxy.core.judge.reach import (
    NO_COHORTS_SEEN,
    SeenCohorts,
    cure,
    daily,
    least_comparisons,
    least_sample,
    repeats,
    shortfall,
    undrawn,
)
from proxy.core.math.confidence import is_proved, upper_bound
from proxy.core.parity.rules.pair_counts import PairCounts

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


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (PairCounts(574, repeated=560), True),
        (PairCounts(574, repeated=500), False),
        (PairCounts(19, repeated=19), False),
        (PairCounts(), False),
    ],
)
def test_requests_that_repeat_bring_no_more_than_they_did(pairs: PairCounts, *, said: bool) -> None:
    """Where nearly all of enough pairs are no evidence any more; a few, or many that are new, say nothing."""
    assert bool(repeats(pairs, 360, 0.0, 9.0)) == said


def test_a_day_ends_at_midnight() -> None:
    """A step that began at noon has two days' comparisons after the next noon."""
    noon = 43_200.0

    assert (daily(360, noon, noon + 9), daily(720, noon, 3 * noon), daily(361, noon, 3 * noon)) == (360, 360, 180)


@pytest.mark.parametrize(
    ("a_day", "write"),
    [
        (12, "compared: 0"),
        (334, "compared: 334, mismatch_rate: 1.7%"),
        (900, "compared: 900"),
        (1_200, "mismatch_rate: 2%"),
    ],
)
def test_a_cure_is_met_by_what_comes(a_day: int, write: str) -> None:
    """So many comparisons prove the limit that it names; what is met already is not named."""
    mismatched = 9 if a_day > Needs().compared else 0
    proved = upper_bound(a_day, mismatched)

    assert cure(Needs(), a_day, proved, "a") == f"`needs: {{ {write} }}` or `banyan promote a`"
    assert "rate" not in write or is_proved(a_day, mismatched, 0.02 if mismatched else 0.017)


def test_a_split_below_every_draw_draws_nobody() -> None:
    """Said once each cohort has asked some times; one that lies below it is asked for, and then nothing is wrong."""
    assert undrawn(SeenCohorts(1, 5, 0.5), 0.01) == "the one cohort seen is not drawn below 1 %, the lowest is at 50 %"
    assert undrawn(SeenCohorts(60, 300, 0.02), 0.01).startswith("none of the about 60 cohorts seen is drawn below 1 %")
    for few in (NO_COHORTS_SEEN, SeenCohorts(60, 299, 0.02), SeenCohorts(60, 900, 0.009)):
        assert not undrawn(few, 0.01)
