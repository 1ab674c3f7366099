"""Which cohorts change their side."""

from __future__ import annotations

import pytest

from proxy.core.journal.moving import joined, moving, written_scopes
from proxy.core.journal.writes import Writes
from proxy.core.position.ladder import Place
from proxy.core.routing.cohort import CLIENT_IP
from proxy.core.stage import Stage
from tests.control.tables import route

LEGACY, SHADOW, LIVE, COMPLETE = (
    Place(stage, 0.0) for stage in (Stage.LEGACY, Stage.SHADOW, Stage.LIVE, Stage.COMPLETE)
)


def canary(split: float) -> Place:
    return Place(Stage.CANARY, split)


@pytest.mark.parametrize(
    ("before", "after", "draws"),
    [
        (LEGACY, SHADOW, None),
        (SHADOW, canary(0.1), (0.0, 0.1)),
        (canary(0.1), canary(0.25), (0.1, 0.25)),
        (canary(0.25), SHADOW, (0.0, 0.25)),
        (canary(0.25), LIVE, (0.25, 1.0)),
        (LIVE, LEGACY, (0.0, 1.0)),
        (LIVE, COMPLETE, None),
        (canary(0.5), canary(0.5), None),
    ],
)
def test_those_between_the_two_splits_move(before: Place, after: Place, draws: tuple[float, float] | None) -> None:
    """Up or down; where the same side answers before and after, nobody does."""
    assert moving(before, after) == draws


def test_ranges_are_joined() -> None:
    """Routes of one group that move together hold what lies between, too."""
    assert joined((0.0, 0.1), (0.2, 0.3)) == (0.0, 0.3)
    assert joined(None, (0.2, 0.3)) == joined((0.2, 0.3), None) == (0.2, 0.3)
    assert joined(None, None) is None


def test_a_group_is_written_to_when_one_of_its_routes_is() -> None:
    """Its other routes move with it; a route without a group is a scope of its own."""
    routes = [route("reads", group="g"), route("writes", group="g", steps=(Writes(keyed_by=CLIENT_IP),)), route("rest")]
    assert written_scopes(routes) == {"g"}
    assert written_scopes(routes[::2]) == frozenset()
