from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.leniency_points import Leniency
from proxy.core.position.ladder import Place
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.decide import decide
from proxy.core.routing.kill_switch import decide_killed
from proxy.core.routing.route import Respond, Route
from proxy.core.stage import Stage
from proxy.core.traffic.replay import SELF, UNMATCHED, Again, Answerer, Replay, moved
from tests.core.remembered import IP, TENANT, UPSTREAMS, a_route, head, remember, table

PATH = CohortSource(SourceKind.PATH, "tenant", 2)


def canary(split: float, **more: object) -> Route:
    return a_route("orders", "/orders/{id}", stage=Stage.CANARY, split=split, cohort=(TENANT,), **more)


def replay(*routes: Route, places: dict[str, Place] | None = None) -> Replay:
    return Replay(table(*routes), UPSTREAMS, places)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**9), st.sampled_from(list(Stage)))
def test_it_is_decided_as_the_request_would_be(one: float, other: float, number: int, stage: Stage) -> None:
    """Under a table with another stage and split, what is remembered is decided as the request itself would be."""
    asked = head("/orders/7", f"t{number}")
    edited = replace(canary(other), stage=stage)
    again = replay(edited).decide(remember(table(canary(one)), asked))
    live = decide(edited, asked, IP)

    assert again.is_certain
    assert (again.below.side, again.reason) == (live.serve or SELF, live.reason)


def test_a_route_that_never_drew_is_decided_exactly() -> None:
    """A cohort is remembered at every stage, so that a first canary is known before it runs."""
    before = replace(canary(0.0), stage=Stage.LEGACY)
    for number in range(20):
        asked = head("/orders/7", f"t{number}")

        assert (
            replay(canary(0.5)).decide(remember(table(before), asked)).below.side
            == decide(canary(0.5), asked, IP).serve
        )


@pytest.mark.parametrize("stage", list(Stage))
def test_under_the_kill_switch_it_is_decided_as_requests_are(stage: Stage) -> None:
    """Legacy, as killed, where the switch takes the route from new; elsewhere as without it."""
    route = replace(canary(1.0), stage=stage)
    seen = remember(table(route), head("/orders/7", "a"))
    found = Replay(table(route), UPSTREAMS, killed=True).decide(seen)
    without = Replay(table(route), UPSTREAMS).decide(seen)
    killed = decide_killed(route, has_legacy=True)

    if killed is None:
        assert found == without
    else:
        assert (found.below.side, found.reason) == ("legacy", "killed")


def test_the_kill_switch_outranks_a_pin() -> None:
    """What was pinned to new would be answered by legacy, also where the pin alone led to new."""
    for stage in (Stage.LEGACY, Stage.CANARY):
        route = replace(canary(0.1), stage=stage)
        pinned = remember(table(route), head("/orders/7", "a"))._replace(reason="pinned", serve="new", side="new")
        found = Replay(table(route), UPSTREAMS, killed=True).decide(pinned)

        assert (found.below.side, found.reason) == ("legacy", "killed")


def test_another_group_is_drawn_anew() -> None:
    """With another salt nobody can say who is in the split, and the answer says so."""
    again = replay(canary(0.25, group="g")).decide(remember(table(canary(0.25)), head("/orders/7", "a")))

    assert not again.is_certain
    assert (again.reason, again.split, again.draw) == ("drawn_anew", 0.25, None)
    assert (again.below.side, again.above.side) == ("new", "legacy")


@pytest.mark.parametrize(("split", "certain"), [(0.0, "legacy"), (1.0, "new")])
def test_nobody_and_everybody_need_no_draw(split: float, certain: str) -> None:
    """At 0 % and 100 % a new draw changes nothing."""
    again = replay(canary(split, group="g")).decide(remember(table(canary(0.25)), head("/orders/7", "a")))

    assert again.is_certain
    assert again.at(0.3).side == certain


def test_a_path_holds_its_own_cohort() -> None:
    """A route that draws by a part of the path is exact, even one that did not exist before."""
    before = table(a_route("rest", "/**"))
    after = a_route("tenants", "/t/{tenant}", stage=Stage.CANARY, split=0.5, cohort=(PATH,))
    for number in range(20):
        asked = head(f"/t/{number}")
        again = replay(after).decide(remember(before, asked))

        assert again.is_certain
        assert again.below.side == decide(after, asked, IP).serve


def test_an_empty_part_of_the_path_is_no_cohort() -> None:
    """Where the path has no key the client's address would be drawn, which is not remembered."""
    after = a_route("tenants", "/t/**", stage=Stage.CANARY, split=0.5, cohort=(PATH,))

    assert not replay(after).decide(remember(table(a_route("rest", "/**")), head("/t/"))).is_certain


def test_what_no_route_takes_is_answered_here() -> None:
    """A request that the table does not take is Banyan's own to answer, before and after."""
    seen = remember(table(a_route("a", "/a")), head("/b"))
    again = replay(a_route("a", "/a")).decide(seen)

    assert (again.route, again.below.side) == (UNMATCHED, SELF)
    assert replay(a_route("a", "/a")).happened(seen).route == UNMATCHED
    assert moved(replay(a_route("a", "/a")).happened(seen), again) == 0


def test_an_ambiguous_path_that_was_let_in_is_let_in_again() -> None:
    """What leniency allowed once is taken to be allowed still."""
    lenient = a_route("files", "/files/**", leniency=frozenset({Leniency.AMBIGUOUS_PATH}))
    rest = a_route("rest", "/**")
    seen = remember(table(lenient, rest), head("/files/x"), path="/files/../x", route="files")

    assert replay(lenient, rest).decide(seen).route == "files"


def test_pins_hold_where_their_route_stays() -> None:
    """A pinned cohort stays on its side, whatever the split becomes."""
    seen = remember(table(canary(0.0)), head("/orders/7", "a"), reason="pinned", serve="new")

    assert replay(canary(0.0)).decide(seen).below.side == "new"
    assert replay(replace(canary(0.0), name="renamed")).decide(seen).at(0.5).side == "legacy"
    assert replay(replace(canary(0.0), name="renamed", was=canary(0.0).name)).decide(seen).below.side == "new"


def test_a_place_outranks_the_file() -> None:
    """What runs is what a route's place says; a route that answers itself has none."""
    seen = remember(table(canary(1.0)), head("/orders/7", "a"))
    own = replace(canary(1.0), respond=Respond(status=403))

    assert replay(canary(1.0), places={"orders": Place(Stage.SHADOW)}).decide(seen).below.side == "legacy"
    assert replay(own, places={"orders": Place(Stage.LIVE)}).decide(seen).below == Answerer(SELF)


def test_what_happened_is_what_was_decided() -> None:
    """Also when the other side stepped in."""
    seen = remember(table(canary(1.0)), head("/orders/7", "a"), side="legacy", fell_back=True)

    assert replay(canary(1.0)).happened(seen).below == Answerer("new", "new.internal")


def test_an_upstream_that_is_missing_has_no_address() -> None:
    """A side without an upstream is still a side."""
    seen = remember(table(canary(1.0)), head("/orders/7", "a"))

    assert Replay(table(canary(1.0)), {}).decide(seen).below == Answerer("new")


def unknown(split: float, whose: str = "a") -> Again:
    return Again(
        route="r",
        reason="drawn_anew",
        below=Answerer("new"),
        above=Answerer("legacy"),
        split=split,
        drawn_for=(whose, ""),
    )


def sure(side: str) -> Again:
    return Again(route="r", reason="stage", below=Answerer(side), above=Answerer(side))


@pytest.mark.parametrize(
    ("before", "after", "chance"),
    [
        (sure("legacy"), sure("legacy"), 0.0),
        (sure("legacy"), sure("new"), 1.0),
        (sure("legacy"), unknown(0.1), 0.1),
        (sure("new"), unknown(0.1), 0.9),
        (unknown(0.1), unknown(0.3), 0.2),
        (unknown(0.3), unknown(0.1), 0.2),
        (unknown(0.1, "a"), unknown(0.3, "b"), 0.1 * 0.7 + 0.9 * 0.3),
    ],
)
def test_the_chance_to_move(before: Again, after: Again, chance: float) -> None:
    """One draw under two splits moves the difference alone; two draws move whoever they disagree on."""
    assert moved(before, after) == pytest.approx(chance)


def test_what_no_route_takes_has_the_status_of_its_refusal() -> None:
    """404 for a path that nobody has, 405 for a method, 400 for one with two readings."""
    made = replay(a_route("a", "/a/{id}", methods=frozenset({b"POST"})), a_route("b", "/a/b/c"))
    seen = remember(table(a_route("rest", "/**")), head("/a/7"))._replace(route="")
    found = [made.decide(seen._replace(path=path)) for path in ("/nowhere", "/a/7", "/a/b%2Fc", "/a/b/c")]

    assert [(each.route, each.status, each.taker) for each in found] == [
        (UNMATCHED, 404, "(404)"),
        (UNMATCHED, 405, "(405)"),
        (UNMATCHED, 400, "(400)"),
        ("b", 0, "b"),
    ]


def test_who_takes_an_example_is_asked_of_the_table() -> None:
    """By the first method that the route takes, GET where it takes all; or with which status it is refused."""
    made = replay(a_route("a", "/a/{id}", methods=frozenset({b"GET"})))
    every, posted = a_route("gone", "/a/{id}"), a_route("gone", "/a/{id}", methods=frozenset({b"POST", b"PUT"}))
    found = [made.taker(gone, path) for gone, path in ((every, b"/a/x"), (posted, b"/a/x"), (every, b"/b"))]

    assert [each.name if isinstance(each, Route) else each for each in found] == ["a", 405, 404]
