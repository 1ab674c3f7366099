from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.position.operator_moves import target_of
from proxy.core.position.hold import held
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, SHADOW, Place
from proxy.core.position.position import Cause, Position
from proxy.core.stage import Stage
from tests.core.position.test_position import at
from tests.core.remembered import a_route


@pytest.mark.parametrize("place", [LEGACY, SHADOW, Place(Stage.CANARY, 0.05), LIVE, COMPLETE], ids=str)
@pytest.mark.parametrize("cause", list(Cause))
def test_resume_ends_a_hold_at_every_stage_whoever_set_it(place: Place, cause: Cause) -> None:
    """The route stays where it is; at `complete` legacy may be gone from routes.yaml by then."""
    upstreams = {"new"} if place == COMPLETE else {"legacy", "new"}
    route = replace(a_route("orders", "/orders"), stage=place.stage, split=place.split)
    on = held(replace(at(place), file_stage=place.stage, file_split=place.split), cause)
    after = target_of(route, on, "resume", 9.0, upstreams)

    assert isinstance(after, Position)
    assert (after.held, after.place) == (False, place)
