from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.judge.policy import GuardPolicy, Ramp
from proxy.core.outcome import Side
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, RETIRED, SHADOW, Place
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.placement import as_killed, is_possible, place_now, place_of, placed, waits
from proxy.core.routing.route import Respond, Route
from proxy.core.routing.split_exceptions import SplitExceptions
from proxy.core.stage import Stage

TEN, FIFTY = Place(Stage.CANARY, 0.1), Place(Stage.CANARY, 0.5)


def route(place: Place = TEN) -> Route:
    pattern = parse_pattern("/a")
    assert isinstance(pattern, PathPattern)
    return Route(name="a", index=0, pattern=pattern, stage=place.stage, split=place.split)


@pytest.mark.parametrize(
    ("file", "ordered", "said", "runs"),
    [
        (TEN, FIFTY, TEN, FIFTY),
        (TEN, SHADOW, TEN, SHADOW),
        (LEGACY, FIFTY, TEN, LEGACY),
        (FIFTY, TEN, LEGACY, TEN),
        (FIFTY, FIFTY, TEN, FIFTY),
    ],
    ids=["raised by order", "taken back", "lowered by an edit", "an edit raises through control alone", "agreed"],
)
def test_an_edit_lowers_at_once_and_raises_through_control(
    file: Place, ordered: Place, said: Place, runs: Place
) -> None:
    """What was ordered runs, unless the file was edited since and says something lower."""
    assert place_now(file, ordered, said) == runs


@pytest.mark.parametrize(
    ("place", "upstreams"),
    [
        (LEGACY, {"legacy"}),
        (SHADOW, {"legacy"}),
        (TEN, {"legacy", "new"}),
        (LIVE, {"new"}),
        (COMPLETE, {"new"}),
        (Place(Stage.RETIRED, 0.5), {"new"}),
        (RETIRED, set()),
    ],
    ids=["legacy", "shadow", "canary", "live", "complete", "brown-out", "retired"],
)
def test_a_place_needs_its_upstreams(place: Place, upstreams: set[str]) -> None:
    """Each place is possible with these upstreams, and with none of them fewer."""
    assert is_possible(route(), place, upstreams)
    assert not any(is_possible(route(), place, upstreams - {upstream}) for upstream in upstreams)


def test_a_route_at_its_own_place_is_the_same_object() -> None:
    """So that routes which nobody moves cost nothing; another place makes another route of the same name."""
    mine = route()

    assert placed(mine, TEN) is mine
    assert place_of(placed(mine, FIFTY)) == FIFTY
    assert placed(mine, FIFTY).name == "a"


def test_pins_at_legacy_can_be_switched_off() -> None:
    """A route at legacy has something to kill only when single cohorts go to new."""
    pins = SplitExceptions(sides={b"acme": Side.NEW}, certain=None)

    assert as_killed(route(LEGACY), None).stage is Stage.LEGACY
    assert as_killed(route(LEGACY), pins).stage is Stage.SHADOW
    assert as_killed(route(TEN), pins).stage is Stage.CANARY


@pytest.mark.parametrize(
    ("place", "door", "ramp", "expected"),
    [
        (LEGACY, Stage.COMPLETE, None, True),
        (SHADOW, Stage.COMPLETE, None, True),
        (TEN, Stage.COMPLETE, None, True),
        (LIVE, Stage.COMPLETE, None, True),
        (COMPLETE, Stage.COMPLETE, None, False),
        (COMPLETE, Stage.RETIRED, None, True),
        (LIVE, Stage.LIVE, None, False),
        (LIVE, Stage.LIVE, Ramp(), True),
        (COMPLETE, Stage.LIVE, Ramp(), False),
        (RETIRED, Stage.RETIRED, None, False),
    ],
)
def test_what_legacy_can_answer_waits(place: Place, door: Stage, ramp: Ramp | None, *, expected: bool) -> None:
    """Before its one-way door a route waits until it is known where it stands; past it, only on the way up a ramp."""
    mine = replace(route(place), guard=GuardPolicy(door=door), ramp=ramp)

    assert waits(mine, {"legacy", "new"}) is expected


def test_who_has_one_side_does_not_wait() -> None:
    """Without legacy nobody else can answer, without new nobody else would; nor does what Banyan answers itself."""
    assert not waits(route(LIVE), {"new"})
    assert not waits(route(LEGACY), {"legacy"})
    assert not waits(replace(route(), respond=Respond(status=403)), {"legacy", "new"})
