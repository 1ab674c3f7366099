"""Which upstreams are closed now, and until when."""

from __future__ import annotations

from proxy.api.upstreams import ClosedView
from proxy.control.probe.upstreams_closed import closed_views
from proxy.core.judge.policy import Freeze
from proxy.core.steps.closed_hours import ClosedHours
from tests.control.tables import route

HOUR = 3600.0
BATCH = Freeze(name="batch", start=0.0, end=HOUR, closes=True)
LATER = Freeze(name="later", start=HOUR - 60.0, end=2 * HOUR, closes=True)


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
        ClosedView(upstream="legacy", until=two, window="batch", routes=["c"]),
    ]
    assert [view.upstream for view in closed_views(asked, routes.get, 1.5 * HOUR)] == ["new", "legacy"]
    assert closed_views(asked, routes.get, 2 * HOUR) == []
