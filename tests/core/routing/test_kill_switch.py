from __future__ import annotations

import pytest

from proxy.core.outcome import Side
from proxy.core.routing.decide import Decision, Reason
from proxy.core.routing.kill_switch import Beyond, beyond, decide_killed
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.route import Respond, Route
from proxy.core.stage import Stage


def route(stage: Stage = Stage.LEGACY, *, respond: Respond | None = None, legacy: str = "legacy") -> Route:
    pattern = parse_pattern("/orders")
    assert isinstance(pattern, PathPattern)
    return Route(name="orders", index=0, pattern=pattern, stage=stage, split=0.5, respond=respond, legacy=legacy)


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.CANARY, Stage.LIVE])
def test_what_legacy_can_answer_is_given_to_legacy(stage: Stage) -> None:
    """A route on its way is answered by legacy for everyone, with no draw, no shadow and the reason `killed`."""
    assert decide_killed(route(stage), has_legacy=True) == Decision(Side.LEGACY, None, Reason.KILLED)
    assert beyond(route(stage), {"legacy", "new"}) is None


@pytest.mark.parametrize("stage", [Stage.LEGACY, Stage.COMPLETE, Stage.RETIRED])
def test_other_stages_stay_as_they_are(stage: Stage) -> None:
    """Where legacy answers anyway, or no longer has what is asked for, the switch changes nothing."""
    assert decide_killed(route(stage), has_legacy=True) is None


@pytest.mark.parametrize("stage", Stage)
def test_a_local_answer_stays(stage: Stage) -> None:
    """A route that Banyan answers itself goes on doing so."""
    closed = route(stage, respond=Respond(status=403))

    assert decide_killed(closed, has_legacy=True) is None
    assert beyond(closed, {"legacy"}) is Beyond.RESPOND


@pytest.mark.parametrize("stage", Stage)
def test_without_its_upstream_nothing_can_be_given_to_legacy(stage: Stage) -> None:
    """A live route whose legacy stands in no list of upstreams stays with new, and is told."""
    assert decide_killed(route(stage), has_legacy=False) is None
    if stage not in {Stage.COMPLETE, Stage.RETIRED}:
        assert beyond(route(stage, legacy="old"), {"legacy", "new"}) is Beyond.NO_LEGACY


@pytest.mark.parametrize(
    ("stage", "why"), [(Stage.LEGACY, None), (Stage.COMPLETE, Beyond.COMPLETE), (Stage.RETIRED, Beyond.RETIRED)]
)
def test_what_is_beyond_the_switch_has_a_name(stage: Stage, why: Beyond | None) -> None:
    """Routes that new goes on answering are told with the reason; one that legacy answers anyway is none of them."""
    assert beyond(route(stage), {"legacy"}) is why
