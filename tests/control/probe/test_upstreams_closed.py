"""Which upstreams are closed now, and until when."""

from __future__ import annotations

from proxy.api.upstreams import ClosedView
from proxy.control.probe.upstreams_closed import called, closed_views
from proxy.core.journal.writes import AnswerKey, JsonPath, Writes
from proxy.core.judge.policy import Freeze
from proxy.core.outcome import Side
from proxy.core.routing.route import Fallback
from proxy.core.stage import Stage
from proxy.core.steps.closed_hours import ClosedHours
from tests.control.tables import route

HOUR = 3600.0
BATCH = Freeze(name="batch", start=0.0, end=HOUR, closes=True)
LATER = Freeze(name="later", start=HOUR - 60.0, end=2 * HOUR, closes=True)

WRITES = Writes(keyed_by=AnswerKey(JsonPath("$.id", ("id",))))


def test_who_is_closed_is_told_with_what_it_is_to_answer() -> None:
    """By upstream and end; what a closed side does not answer now is not told, nor what is open."""
    routes = {
        each.name: each
        for each in (
            route("a", steps=(ClosedHours(legacy=(BATCH,)),)),
            route("b", steps=(ClosedHours(legacy=(BATCH,), new=(LATER,)),)),
            route("c", steps=(ClosedHours(legacy=(BATCH, LATER)),)),
            route("d", steps=(ClosedHours(legacy=(BATCH,)),)),
            route("e"),
        )
    }
    asked = [("a", {"legacy"}), ("b", {"legacy", "new"}), ("c", {"legacy"}), ("d", {"new"}), ("e", {"legacy"})]
    one, two = "1970-01-01T01:00:00.000Z", "1970-01-01T02:00:00.000Z"

    assert closed_views([*asked, ("gone", {"legacy"})], routes.get, 10.0) == [
        ClosedView(upstream="legacy", until=one, window="batch", routes=["a", "b"]),
        ClosedView(upstream="legacy", until=two, window="batch, later", routes=["c"]),
    ]
    assert [view.upstream for view in closed_views(asked, routes.get, 1.5 * HOUR)] == ["new", "legacy"]
    assert closed_views(asked, routes.get, 2 * HOUR) == []


def test_who_is_called_beside_answers_is_told_apart() -> None:
    """A route that new answers nothing of is told beside those that it is to answer, and none of them twice."""
    hours = (ClosedHours(new=(BATCH,)),)
    routes = {name: route(name, steps=hours) for name in ("a", "b")}
    both = [("a", {"legacy", "new"}), ("b", {"legacy", "new"})]
    found = closed_views([("a", {"new"}), ("b", {"legacy"})], routes.get, 10.0, both)
    alone = closed_views([("b", {"legacy"})], routes.get, 10.0, both[1:])

    assert [(each.routes, each.beside) for each in found] == [(["a"], ("b",))]
    assert [(each.upstream, each.routes, each.beside) for each in alone] == [("new", [], ("b",))]


def test_something_is_sent_to_both_sides_by_shadows_writes_and_a_fallback() -> None:
    """At stages that call both, with writes to both, or with a fallback; at legacy alone to nobody else."""
    both = frozenset({"legacy", "new"})

    assert called(route("a", stage=Stage.SHADOW)) == both
    assert called(route("a", stage=Stage.LEGACY)) == frozenset()
    assert called(route("a", stage=Stage.LEGACY, steps=(WRITES,))) == both
    assert called(route("a", stage=Stage.LEGACY, fallback=Fallback(to=Side.NEW))) == both
