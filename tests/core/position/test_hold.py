from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.position.hold import held, hold_ends, resumed
from proxy.core.position.ladder import COMPLETE, SHADOW, Place
from proxy.core.position.position import Cause, begun, moved, rolled_back
from tests.core.position.test_position import FIVE, HALF, ONE, QUARTER, TEN, at, edited


def test_an_edit_leaves_a_hold_alone() -> None:
    """Whoever held the route wanted the judge to keep off; an edit is no permission to promote."""
    assert edited(held(at(ONE), Cause.OPERATOR), TEN).held


def test_a_hold_for_a_legacy_that_was_down_is_kept_by_no_move() -> None:
    """Whoever moves the route ends it; any other hold stays."""
    waits = held(at(FIVE), Cause.LEGACY)
    moves = [
        edited(waits, TEN),
        moved(waits, QUARTER, Cause.OPERATOR, 200.0),
        rolled_back(waits, SHADOW, Cause.GUARD, 200.0),
    ]

    assert waits.waits
    assert not any(each.held for each in moves)
    assert begun(waits).waits
    assert not held(waits, Cause.OPERATOR).waits
    assert moved(held(at(FIVE), Cause.GUARD), QUARTER, Cause.OPERATOR, 200.0).held


def test_a_hold_stops_nothing_that_runs() -> None:
    """Holding, and letting go, change who may promote, not what runs nor since when."""
    on = held(at(FIVE), Cause.OPERATOR)
    off = held(on, Cause.OPERATOR, on=False)

    assert (on.held, on.place, on.since, on.version) == (True, FIVE, 100.0, 8)
    assert (off.held, off.version) == (False, 9)


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("place", [FIVE, COMPLETE], ids=str)
@pytest.mark.parametrize("has_ramp", [True, False])
def test_the_command_that_is_named_ends_every_hold(cause: Cause, place: Place, *, has_ramp: bool) -> None:
    """Whoever set it, at whatever stage: `banyan resume` ends it, and leaves the route at its place."""
    on = held(at(place), cause)

    assert "`banyan resume orders`" in hold_ends(on)
    assert ("by itself" in hold_ends(on)) == on.waits
    assert (resumed(on, 500.0, has_ramp=has_ramp).held, resumed(on, 500.0, has_ramp=True).place) == (False, place)


def test_resuming_goes_back_to_the_file_or_climbs_from_where_it_is() -> None:
    """Without a ramp nothing else would bring the route back; with one it climbs again, by evidence."""
    latched = replace(rolled_back(at(HALF), SHADOW, Cause.GUARD, 150.0), held=True)

    plain, ramped = resumed(latched, 500.0, has_ramp=False), resumed(latched, 500.0, has_ramp=True)

    assert (plain.place, ramped.place) == (HALF, SHADOW)
    for each in (plain, ramped):
        assert (each.latched, each.held, each.cause, each.since, each.version) == (False, False, Cause.RESUME, 500.0, 9)
