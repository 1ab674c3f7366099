from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from proxy.core.judge.policy import GuardPolicy, Ramp
from proxy.core.parity.rules.rules import Rules
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position
from proxy.core.routing.route import Respond, Route
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.stage import Stage
from proxy.core.traffic.plan import (
    EXAMPLES,
    Caution,
    RouteEdit,
    RoutePlan,
    TrafficFlows,
    compare,
    dried_up,
    places_after,
    places_before,
    plan_routes,
    replayed,
)
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.core.traffic.replay import Replay
from tests.core.remembered import TENANT, UPSTREAMS, a_route, head, remember, table

OWN = Respond(status=403)


def route(stage: Stage = Stage.CANARY, split: float = 0.0, **more: object) -> Route:
    return a_route("orders", "/orders/{id}", **{"stage": stage, "split": split, "cohort": (TENANT,), **more})


def position(place: Place, said: Place, **more: bool) -> Position:
    values = {"latched": False, "held": False, **more}
    return Position(
        route="orders",
        stage=place.stage,
        split=place.split,
        version=3,
        cause=Cause.GUARD,
        since=0.0,
        file_stage=said.stage,
        file_split=said.split,
        **values,
    )


def planned(before: Route, after: Route, at: Position | None = None) -> RoutePlan:
    (found,) = plan_routes([before], [after], {"orders": at} if at else {})
    return found


def cautions(plan: RoutePlan) -> list[Caution]:
    return [note.caution for note in plan.notes]


def test_a_shadow_that_nobody_wrote_is_no_change_of_its_route() -> None:
    """Every route with two sides has one, so that it comes and goes with a side; what somebody wrote is told."""
    none, plain, written = (route(shadow=policy) for policy in (None, ShadowPolicy(), ShadowPolicy(sample=0.5)))

    assert {planned(*pair).edit for pair in ((plain, none), (none, plain))} == {RouteEdit.SAME}
    for pair in ((plain, written), (none, written), (written, none)):
        assert planned(*pair).edit is RouteEdit.CHANGED


def test_routes_come_go_change_and_stay() -> None:
    """By name; moving within the file is no change; those that go stand at the end."""
    kept, gone, new = a_route("kept", "/k"), a_route("gone", "/g"), a_route("new", "/n")
    changed = a_route("changed", "/c")
    after = [new, replace(kept, index=7, line=9), replace(changed, websocket=True)]

    assert [(each.name, each.edit) for each in plan_routes([kept, gone, changed], after, {})] == [
        ("new", RouteEdit.ADDED),
        ("kept", RouteEdit.SAME),
        ("changed", RouteEdit.CHANGED),
        ("gone", RouteEdit.REMOVED),
    ]


def test_places_are_those_that_run() -> None:
    """A route that was rolled back is compared from there; one without a position runs as the file says."""
    at = position(Place(Stage.SHADOW), Place(Stage.CANARY, 0.5), latched=True)
    plans = plan_routes([route(split=0.5)], [route(split=0.5), a_route("new", "/n")], {"orders": at})

    assert plans[0].start == plans[0].end == Place(Stage.SHADOW)
    assert places_before([route(split=0.5), a_route("b", "/b")], {"orders": at}) == {"orders": Place(Stage.SHADOW)}
    assert places_after(plans) == {"orders": Place(Stage.SHADOW), "new": Place(Stage.LEGACY)}
    assert plan_routes([route(split=0.5)], [], {"orders": at})[0].start == Place(Stage.SHADOW)
    assert plan_routes([route(split=0.5)], [], {})[0].start == Place(Stage.CANARY, 0.5)


@pytest.mark.parametrize(("before", "after"), [(OWN, None), (None, OWN), (OWN, OWN)])
def test_an_answer_of_its_own_has_no_place(before: Respond | None, after: Respond | None) -> None:
    """Such a route runs nowhere, and nothing is said of steps."""
    plan = planned(route(respond=before), route(respond=after))

    assert (plan.start is None, plan.end is None) == (before is not None, after is not None)
    assert plan.notes == ()
    assert plan_routes([], [route(respond=OWN)], {})[0].end is None
    assert plan_routes([route(respond=OWN)], [], {})[0].start is None


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (Place(Stage.CANARY, 0.1), Place(Stage.CANARY, 0.35), []),
        (Place(Stage.CANARY, 0.1), Place(Stage.CANARY, 0.36), [Caution.TOO_BIG]),
        (Place(Stage.CANARY, 0.9), Place(Stage.CANARY, 0.1), []),
        (Place(Stage.SHADOW), Place(Stage.CANARY, 0.05), []),
        (Place(Stage.LEGACY), Place(Stage.CANARY, 0.05), [Caution.SKIPS]),
        (Place(Stage.CANARY, 0.9), Place(Stage.LIVE), []),
        (Place(Stage.SHADOW), Place(Stage.LIVE), [Caution.TOO_BIG, Caution.SKIPS]),
        (Place(Stage.LIVE), Place(Stage.COMPLETE), [Caution.DOOR]),
        (Place(Stage.COMPLETE), Place(Stage.LIVE), [Caution.DOOR]),
        (Place(Stage.COMPLETE), Place(Stage.RETIRED, 1.0), []),
        (Place(Stage.LIVE), Place(Stage.SHADOW), []),
    ],
)
def test_cautions_of_a_step(start: Place, end: Place, said: list[Caution]) -> None:
    """Too much at once, stages that are skipped, and doors that are passed either way."""
    assert cautions(planned(route(start.stage, start.split), route(end.stage, end.split))) == said


def test_a_new_route_begins_at_legacy() -> None:
    """A route that is cut out of another took nothing new before: a big split is a leap for it, too."""
    (plan,) = plan_routes([], [route(split=0.5)], {})

    assert cautions(plan) == [Caution.TOO_BIG]


def test_a_door_of_the_routes_own() -> None:
    """Past `live`, where that is the door, nothing goes back by itself."""
    guard = GuardPolicy(door=Stage.LIVE)
    (note,) = planned(route(split=0.9, guard=guard), route(Stage.LIVE, guard=guard)).notes

    assert "one-way door (live)" in note.sentence
    assert "neither the judge nor `banyan rollback` takes it back" in note.sentence


def test_a_ramp_takes_one_step() -> None:
    """A route with a position climbs one step, whatever the file says, and the plan says so."""
    ramp = Ramp(steps=(0.01, 0.05, 0.25))
    at = position(Place(Stage.CANARY, 0.01), Place(Stage.CANARY, 0.01))
    plan = planned(route(split=0.01, ramp=ramp), route(split=0.25, ramp=ramp), at)

    assert plan.end == Place(Stage.CANARY, 0.05)
    assert cautions(plan) == [Caution.RAMP]
    assert "first to canary 5%" in plan.notes[0].sentence


def test_steps_of_a_ramp_that_are_skipped() -> None:
    """Without a position the file rules at once, past the steps that its own ramp would take."""
    ramp = Ramp(steps=(0.01, 0.05, 0.25))
    plan = planned(route(split=0.01, ramp=ramp), route(split=0.25, ramp=ramp))

    assert cautions(plan) == [Caution.SKIPS]
    assert plan.notes[0].sentence.endswith("canary 5%")


@pytest.mark.parametrize(
    ("split", "words"),
    [(0.5, "it stays there until `banyan resume orders`, or an edit of its stage or split"), (0.1, "ends that")],
)
def test_a_latch_is_told(split: float, words: str) -> None:
    """An edit of stage or split ends a latch, no other edit does."""
    at = position(Place(Stage.SHADOW), Place(Stage.CANARY, 0.5), latched=True)
    plan = planned(route(split=0.5), route(split=split, websocket=True), at)

    assert cautions(plan) == [Caution.LATCH]
    assert words in plan.notes[0].sentence


def test_an_edit_that_comes_up_to_where_the_route_runs_is_no_move() -> None:
    """The judge was there already, and its step goes on."""
    at = position(Place(Stage.CANARY, 0.5), Place(Stage.CANARY, 0.1))
    plan = planned(route(split=0.1), route(split=0.5), at)

    assert cautions(plan) == [Caution.GOES_ON]


def test_other_rules_of_comparison_begin_anew() -> None:
    """What was compared by the rules before is no evidence any more; where one side is asked nothing is compared."""
    rules = Rules(secrets=frozenset({"iban"}))

    assert cautions(planned(route(split=0.1), route(split=0.1, compare=rules))) == [Caution.ANEW]
    assert cautions(planned(route(Stage.LEGACY), route(Stage.LEGACY, compare=rules))) == []


def test_a_hold_is_told() -> None:
    """A route on hold climbs no further by itself, whatever the edit says."""
    at = position(Place(Stage.CANARY, 0.1), Place(Stage.CANARY, 0.1), held=True)

    plan = planned(route(split=0.1), route(split=0.1), at)

    assert cautions(plan) == [Caution.HOLD]
    assert plan.notes[0].sentence.endswith("promotes nothing until `banyan resume orders`")


def test_cohorts_that_are_drawn_anew() -> None:
    """Another group, name of source or list: who is in the split changes, which is told while a draw decides."""
    assert cautions(planned(route(split=0.1), route(split=0.1, group="g"))) == [Caution.REDRAWN]
    assert cautions(planned(route(Stage.LIVE), route(Stage.LIVE, group="g"))) == []


# -- traffic ----------------------------------------------------------------------------------------------------------


def tenants(*routes: Route, number: int = 100, target: str = "/orders/7") -> list[RememberedRequest]:
    known = table(*routes)
    return [remember(known, head(target, f"t{each}"), id=f"r{each}") for each in range(number)]


def traffic(before: Route, after: Iterable[Route], weight: float = 2.0) -> TrafficFlows:
    then, soon = Replay(table(before), UPSTREAMS), Replay(table(*after), UPSTREAMS)
    return compare(then, soon, [(weight, tenant) for tenant in tenants(before)])


def test_requests_and_cohorts_that_move_are_counted() -> None:
    """Each request for as many as it stands for; each cohort once; the ids of some that move."""
    before, after = route(split=0.1), route(split=0.5)
    found = traffic(before, [after])
    (flow,) = found.flows.values()
    moving = sum(0.1 <= (tenant.draw or 0) < 0.5 for tenant in tenants(before))

    assert flow.requests == 200
    assert flow.moving == 2 * moving
    assert flow.is_exact
    assert len(flow.examples) == EXAMPLES
    assert len(found.cohorts["orders"].chances) == 100
    assert found.cohorts["orders"].moving == moving


def test_shares_stand_in_for_draws_that_cannot_be_known() -> None:
    """With another group a cohort moves with the chance of the split, and no request is an example."""
    found = traffic(route(Stage.LEGACY), [route(split=0.25, group="g")])
    (flow,) = found.flows.values()

    assert flow.moving == pytest.approx(50)
    assert flow.to_new == pytest.approx(50)
    assert not flow.is_exact
    assert flow.examples == []
    assert found.cohorts["orders"].moving == pytest.approx(25)


def test_one_kept_for_having_failed_counts_for_nothing() -> None:
    """It may be an example, and is no cohort."""
    found = traffic(route(Stage.LEGACY), [route(Stage.LIVE)], weight=0.0)
    (flow,) = found.flows.values()

    assert (flow.requests, flow.moving, len(flow.examples)) == (0.0, 0.0, EXAMPLES)
    assert found.cohorts == {}


def test_a_route_that_would_get_nothing_more() -> None:
    """It is still there, and another takes all that it had."""
    before = a_route("rest", "/**")
    after = [route(Stage.LEGACY), before]
    found = traffic(before, after)
    plans = plan_routes([before], after, {})
    ((name, note),) = dried_up(plans, found)

    assert (name, note.caution) == ("rest", Caution.DRIES_UP)
    assert note.sentence.endswith("would go to orders")
    assert list(dried_up(plan_routes([before], [], {}), found)) == []


def test_what_no_route_takes_is_told_with_its_status() -> None:
    """404 where no route has the path, 405 where it takes other methods: each in words."""
    before = a_route("rest", "/**")
    post = replace(before, methods=frozenset({b"POST"}))
    notes = []
    for after in ([a_route("other", "/other")], [post]):
        found = traffic(before, [*after, replace(before, pattern=a_route("x", "/x").pattern)])
        notes += [note.sentence for _, note in dried_up(plan_routes([before], [before], {}), found)]
        (flow,) = found.flows.values()
        notes.append(str(flow.status))

    assert notes == [
        "all of its recent requests would be answered with 404, as no route takes them",
        "404",
        "all of its recent requests would be answered with 405, as no route takes them",
        "405",
    ]


def test_a_replay_compares_with_what_was_answered() -> None:
    """What happened is the measure, not what the present table would say.

    Answers of the kill switch are left out, and those given before it was known where routes stand.
    """
    seen = tenants(route(split=1.0))
    killed = [each._replace(reason=reason) for reason in ("killed", "standing_unknown") for each in seen[:5]]
    then, soon = Replay(table(route(split=0.0)), UPSTREAMS), Replay(table(route(split=0.0)), UPSTREAMS)
    found = replayed(then, soon, [(5.0, each) for each in [*killed, *seen[10:]]])
    (flow,) = found.flows.values()

    assert (flow.requests, flow.moving, found.killed) == (90, 90, 10)


def test_a_replay_tells_the_edit_from_what_was_moved_since() -> None:
    """What was rolled back gives another answer by now, which no edit did; one that brings it back moves them all."""
    seen = [(1.0, each) for each in tenants(route(split=1.0))]
    here, back = (Replay(table(route(split=split)), UPSTREAMS) for split in (0.0, 1.0))
    (same,), (edited,) = (replayed(here, soon, seen).flows.values() for soon in (here, back))

    assert (same.moving, same.by_edit) == (100, 0)
    assert (edited.moving, edited.by_edit) == (0, 100)


def renamed(name: str, *, was: str = "", **more: object) -> Route:
    return replace(route(**more), name=name, was=was)  # type: ignore[arg-type]


def test_a_renamed_route_is_the_same() -> None:
    """With `was` a latch, its place and the draws go on, forth and back and over a second rename."""
    at = position(Place(Stage.SHADOW), Place(Stage.LIVE), latched=True)
    old, new, newer = (
        renamed("orders", stage=Stage.LIVE),
        renamed("b", was="orders", stage=Stage.LIVE),
        renamed("c", was="orders", stage=Stage.LIVE),
    )
    for before, after in ((old, new), (new, newer), (new, old)):
        (plan,) = plan_routes([before], [after], {before.name: at})

        assert (plan.name, plan.name_before, plan.edit) == (after.name, before.name, RouteEdit.CHANGED)
        assert plan.start == plan.end == Place(Stage.SHADOW)
        assert cautions(plan) == [Caution.LATCH]


def test_a_route_that_goes_leaves_behind_what_is_kept_of_it() -> None:
    """Renamed without `was`: latch and comparisons are left, and the line that keeps them is said."""
    at = position(Place(Stage.SHADOW), Place(Stage.LIVE), latched=True)
    before, after = renamed("orders", stage=Stage.LIVE), renamed("b", stage=Stage.LIVE)
    new, gone = plan_routes([before], [after], {"orders": at}, {"orders": 1785})

    assert (new.edit, new.end, gone.edit) == (RouteEdit.ADDED, Place(Stage.LIVE), RouteEdit.REMOVED)
    (note,) = gone.notes
    said = "left behind, as nobody is orders any more: its latch (shadow), 1,785 comparisons; `was: orders` on b keeps"
    assert note.sentence == f"{said} all of it"


def test_a_route_without_was_is_a_new_one() -> None:
    """When `was` is taken out, or names another route, what is kept is left behind and the cohorts are drawn anew."""
    at = position(Place(Stage.CANARY, 0.2), Place(Stage.CANARY, 0.5))
    before, after = renamed("b", was="orders", split=0.5), renamed("b", split=0.5)
    (plan,) = plan_routes([before], [after], {"b": at})

    assert (plan.edit, plan.start, plan.end) == (RouteEdit.CHANGED, Place(Stage.CANARY, 0.2), Place(Stage.CANARY, 0.5))
    assert cautions(plan) == [Caution.TOO_BIG, Caution.REDRAWN, Caution.FREED]
    assert "its position (canary 20%), its draws; `was: orders` on b keeps" in plan.notes[-1].sentence


def test_who_goes_for_good_is_said_once() -> None:
    """Nothing is left of a route of which nothing was kept; where nobody takes its requests, no heir is named."""
    at = position(Place(Stage.SHADOW), Place(Stage.CANARY, 0.5))
    (nothing,) = plan_routes([route()], [], {})
    (some,) = plan_routes([route()], [], {"orders": at})

    assert nothing.notes == ()
    assert [cautions(each) for each in plan_routes([route(split=0.5)], [renamed("b", split=0.5)], {})] == [
        [Caution.TOO_BIG],
        [Caution.FREED],
    ]
    assert "its position (shadow); `was: orders` on the route that takes its place keeps" in some.notes[0].sentence


def test_a_name_that_changes_hands_takes_nothing_along() -> None:
    """A name that another route has now is not that route; who was it is."""
    before = renamed("b", was="orders", split=0.5)
    back, other = renamed("orders", split=0.5), renamed("b", split=0.1)
    plans = plan_routes([before], [back, other], {})

    assert [(plan.name, plan.name_before, plan.edit) for plan in plans] == [
        ("orders", "b", RouteEdit.CHANGED),
        ("b", "b", RouteEdit.ADDED),
    ]


def test_traffic_of_a_renamed_route_is_its_own() -> None:
    """Its requests are known by the old name; with `was` none of them moves, and it does not dry up."""
    before, after = renamed("orders", split=0.5), renamed("b", was="orders", split=0.5)
    then, soon = Replay(table(before), UPSTREAMS), Replay(table(after), UPSTREAMS)
    found = compare(then, soon, [(1.0, tenant) for tenant in tenants(before)])
    flow = found.flows["orders", "b"]

    assert (flow.moving, flow.is_exact) == (0.0, True)
    assert list(dried_up(plan_routes([before], [after], {}), found)) == []
