from __future__ import annotations

import pytest

from proxy.core.position.ladder import COMPLETE, RETIRED, Place
from proxy.core.routing.placement import placed
from proxy.core.routing.route import Respond, Route
from proxy.core.stage import Stage
from proxy.core.traffic.answered_again import answered_again
from proxy.core.traffic.plan import Caution
from tests.core.remembered import a_route

HALF = Place(Stage.RETIRED, 0.5)
SHOP = a_route("shop", "/shop")


def at(stage: Stage, split: float = 0.0, name: str = "rest") -> Route:
    return placed(a_route(name, "/**"), Place(stage, split))


def said(gone: Route, start: Place | None, *takers: Route) -> str:
    note = answered_again(gone, start, takers)
    assert note is None or note.caution is Caution.ANSWERS_AGAIN
    return "" if note is None else note.sentence


@pytest.mark.parametrize(
    ("taker", "who"),
    [
        (at(Stage.LEGACY), "legacy of route rest"),
        (at(Stage.COMPLETE), "new of route rest"),
        (at(Stage.CANARY, 0.1), "legacy or new of route rest"),
        (at(Stage.RETIRED, 0.5), "new of route rest"),
        (a_route("own", "/**", respond=Respond(status=200)), "Banyan itself of route own"),
    ],
)
@pytest.mark.parametrize("start", [RETIRED, HALF], ids=str)
def test_what_is_retired_and_loses_its_block_answers_again(start: Place, taker: Route, who: str) -> None:
    """It is said by which side of which route, and what keeps it retired; retired in part is retired as well."""
    keeps = "a block with `stage: retired` keeps it from that"

    assert said(SHOP, start, taker) == f"what is retired is answered again, by {who}; {keeps}"


def test_so_does_what_a_route_refused_with_an_answer_of_its_own() -> None:
    """A `respond` of 400 and more hides what is behind it, until its block goes."""
    gone = a_route("admin", "/admin/**", respond=Respond(status=403))

    both = said(gone, None, at(Stage.LEGACY), at(Stage.LIVE, name="app"))
    assert both == (
        "what it refuses with 403 is answered again, by legacy of route rest and new of route app; "
        "its block keeps it from that"
    )


def test_where_nobody_answers_then_either_nothing_is_said() -> None:
    """Whoever takes its requests refuses them as well, or no route takes them."""
    refuses = a_route("own", "/**", respond=Respond(status=410))

    assert said(SHOP, RETIRED, at(Stage.RETIRED, 1.0), refuses) == said(SHOP, RETIRED) == ""


@pytest.mark.parametrize("start", [COMPLETE, Place(Stage.RETIRED, 0.0), None], ids=str)
def test_a_route_that_answered_is_no_news(start: Place | None) -> None:
    """Of its requests the plan says already where they go; an answer of its own below 400 is an answer."""
    gone = SHOP if start else a_route("own", "/own", respond=Respond(status=200))

    assert said(gone, start, at(Stage.LEGACY)) == ""


def test_where_it_is_not_known_who_takes_its_requests_they_may_be_answered() -> None:
    """Its match asks for more than a method and a path, and none of its requests is remembered."""
    note = answered_again(SHOP, RETIRED, None)

    assert note is not None
    assert note.sentence.startswith("what is retired may be answered again, by whichever route takes its requests")
