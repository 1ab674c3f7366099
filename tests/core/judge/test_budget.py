from __future__ import annotations

import pytest

from proxy.core.judge.budget import ErrorBudget, is_in_motion, too_many, unit, waits_for
from proxy.core.position.ladder import LIVE, SHADOW, Place
from proxy.core.stage import Stage

DAY = 86_400.0
TEN, NONE, ALL = (Place(Stage.CANARY, split) for split in (0.1, 0.0, 1.0))


def test_the_budget_is_exhausted_by_bad_answers_within_the_window() -> None:
    """0.1 % of a million answers are a thousand bad ones; one more exhausts it."""
    budget = ErrorBudget(window=30 * DAY)
    budget.add(1_000_000, 1000, at=0.0)
    at_the_limit = budget.is_exhausted(0.001, 0.0)
    budget.add(0, 1, at=DAY)

    assert not at_the_limit
    assert budget.is_exhausted(0.001, DAY)


def test_what_is_older_than_the_window_is_forgiven() -> None:
    """A bad day is forgotten a window later, and the memory stays bounded."""
    budget = ErrorBudget(window=30 * DAY)
    for day in range(100):
        budget.add(10_000, 5000 if day == 0 else 0, at=day * DAY)

    assert not budget.is_exhausted(0.001, 99 * DAY)
    assert len(budget.parts) <= 60
    assert budget.spent(200 * DAY) == (0, 0)


def test_few_answers_exhaust_nothing() -> None:
    """One bad answer of ten is too little to stop the whole migration for."""
    budget = ErrorBudget(window=DAY)
    budget.add(10, 1, at=0.0)

    assert not budget.is_exhausted(0.001, 0.0)


def test_between_legacy_and_live_a_route_is_in_motion() -> None:
    """Nothing moves at shadow or live, nor with a split of none or all."""
    assert [is_in_motion(each) for each in (SHADOW, NONE, TEN, ALL, LIVE)] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("moving", "most", "said"),
    [
        (["b", "a"], 2, "2 routes are in motion and at most 2 may be: a, b"),
        (["group g", "group g", "a"], 2, "2 routes are in motion and at most 2 may be: a, group g"),
        (["group g", "group g"], 2, None),
        (["a", "c"], 2, None),
        (["a"], 2, None),
        (["a", "b"], None, None),
        (["a", "b", "c"], 1, None),
    ],
)
def test_only_so_many_routes_begin_to_move(moving: list[str], most: int | None, said: str | None) -> None:
    """A route waits while others fill the number; one that is on its way already goes on, and a group counts once."""
    assert too_many(moving, "c", most) == said


def test_routes_of_a_group_are_one_and_others_themselves() -> None:
    """A group's name is no route's."""
    assert [unit("a", ""), unit("a", "g"), unit("b", "g"), unit("g", "")] == ["a", "group g", "group g", "g"]


def test_a_route_is_never_above_one_that_it_waits_for() -> None:
    """As high is allowed, higher is not, and the sentence names who is in the way."""
    after = {"login": TEN}

    assert waits_for(TEN, after) is None
    assert waits_for(LIVE, after) == "it waits for login, which is at canary 10%"
