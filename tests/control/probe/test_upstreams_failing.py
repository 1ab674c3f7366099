"""Sides that do not answer, found by requests, shadows and first probes before a probe calls them down."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from proxy.api.upstreams import FailingView
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.control.probe.upstreams_failing import failing_views, unanswered
from proxy.control.traffic.ledger import Ledger, Unanswered
from proxy.core.routing.route import Respond
from proxy.core.stage import Stage
from proxy.link.messages import FailureDelta, ShadowDelta
from tests.control.stands import Clock
from tests.control.traffic.test_ledger import report
from tests.control.worker import delta
from tests.core.remembered import a_route

LIVE, SHADOW = a_route("live", "/live", stage=Stage.LIVE), a_route("shadow", "/shadow", stage=Stage.SHADOW)
ANSWERS = a_route("own", "/own", respond=Respond(status=200))


def lost(route: str, count: int, phase: str = "connect", blame: str = "upstream") -> FailureDelta:
    return FailureDelta(route, "new", phase, blame, count)


def test_requests_and_shadows_without_an_answer_add_up_by_upstream(ledger: Ledger, clock: Clock) -> None:
    """Not what a client broke off, nor an answer that broke; ten seconds later nothing of it is told any more."""
    failures = [lost("live", 3), lost("live", 2, "head"), lost("live", 7, "body"), lost("live", 7, blame="client")]
    told = report(delta("live", "new", ok=4), delta("shadow", "legacy", ok=9), failures=failures)
    shadows = [ShadowDelta("shadow", "failed", 6), ShadowDelta("shadow", "sent", 1), ShadowDelta("shadow", "shed", 50)]
    ledger.fold(msgspec.structs.replace(told, shadows=shadows))
    clock.now += 1
    routes = (LIVE, SHADOW, ANSWERS)

    assert unanswered(routes, ledger) == {"legacy": Unanswered(0, 9), "new": Unanswered(11, 16)}
    clock.now += 11
    assert unanswered(routes, ledger) == {"legacy": Unanswered(0, 0), "new": Unanswered(0, 0)}


def condition(status: Status, error: str = "") -> UpstreamCondition:
    return UpstreamCondition(status=status, since=datetime(2026, 11, 30, tzinfo=UTC), error=error)


def test_half_without_an_answer_or_one_failed_probe_is_told() -> None:
    """What a probe has called down is told by that; of what mostly answers there is no word."""
    seen = {"new": Unanswered(1, 1), "legacy": Unanswered(4, 9), "gone": Unanswered(5, 5)}
    conditions = {
        "new": condition(Status.UP),
        "gone": condition(Status.DOWN, "refused"),
        "old": condition(Status.UP, "refused"),
    }
    asked = [("a", {"new", "legacy"}), ("b", {"old", "gone"})]

    assert failing_views(asked, seen, conditions) == [
        FailingView(upstream="new", lost=1, asked=1, routes=["a"]),
        FailingView(upstream="old", probe="refused", routes=["b"]),
    ]
    assert failing_views(asked, {}, {}) == []
