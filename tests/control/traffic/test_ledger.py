from __future__ import annotations

import msgspec
import pytest

from proxy.control.traffic.ledger import SILENT_AFTER, FailureSeries, Ledger, Series
from proxy.link.messages import (
    BUCKETS,
    EchoDelta,
    FailureDelta,
    RefusedDelta,
    Report,
    RouteDelta,
    ShadowDelta,
    StepAnswerDelta,
)
from tests.control.stands import Clock
from tests.control.worker import delta

SHOW = Series("show", "legacy")


def report(
    *routes: RouteDelta, pid: int = 100, worker: int = 0, failures: list[FailureDelta] | None = None, dropped: int = 0
) -> Report:
    return Report(
        worker=worker,
        pid=pid,
        revision="r1",
        inflight={"legacy": 2},
        connections=3,
        routes=list(routes),
        failures=failures or [],
        lines_dropped=dropped,
    )


def test_increments_of_all_workers_add_up(ledger: Ledger) -> None:
    """Totals are the sum over reports, whichever worker sent them."""
    ledger.fold(report(delta("show", "legacy", ok=3, failed=1, seconds=0.5), pid=1))
    ledger.fold(report(delta("show", "legacy", ok=4, seconds=0.25), pid=2))

    totals = ledger.counts().totals[SHOW]

    assert totals.codes == (0, 7, 0, 0, 1)
    assert totals.buckets[0] == totals.requests == ledger.served(SHOW) == 8
    assert totals.seconds == 0.75


def test_failures_and_lost_lines_add_up(ledger: Ledger) -> None:
    """Failures are kept by route, side, phase and blame; dropped lines are one number."""
    failure = FailureDelta("show", "new", "connect", "upstream", 2)
    ledger.fold(report(failures=[failure], dropped=5))
    ledger.fold(report(failures=[failure], dropped=1))

    counts = ledger.counts()

    assert counts.failures == {FailureSeries("show", "new", "connect", "upstream"): 4}
    assert counts.lines_dropped == 6


def test_shadows_add_up_by_route_and_outcome(ledger: Ledger) -> None:
    """What became of shadows is counted over all workers, and forgotten with its route."""
    for shadows in (
        [ShadowDelta("orders", "sent", 2)],
        [ShadowDelta("orders", "sent", 1), ShadowDelta("a", "shed", 4)],
    ):
        ledger.fold(msgspec.structs.replace(report(), shadows=shadows))

    assert ledger.counts().shadows == {("orders", "sent"): 3, ("a", "shed"): 4}

    ledger.follow(frozenset({"a"}))
    ledger.follow(frozenset({"a"}))

    assert ledger.counts().shadows == {("a", "shed"): 4}


def test_refusals_add_up_by_side_and_reason(ledger: Ledger) -> None:
    """What was sent nowhere is counted over all workers, and forgotten with its route."""
    for refused in (
        [RefusedDelta("orders", "new", "breaker", 2)],
        [RefusedDelta("orders", "new", "breaker", 1), RefusedDelta("a", "legacy", "queue", 4)],
    ):
        ledger.fold(msgspec.structs.replace(report(), refused=refused))

    assert ledger.counts().refused == {("orders", "new", "breaker"): 3, ("a", "legacy", "queue"): 4}

    ledger.follow(frozenset({"a"}))
    ledger.follow(frozenset({"a"}))

    assert ledger.counts().refused == {("a", "legacy", "queue"): 4}


def test_what_steps_let_pass_adds_up_beside_what_they_answered(ledger: Ledger) -> None:
    """By route and reason, and forgotten with the route."""
    told = [StepAnswerDelta("orders", "token_expired", 2), StepAnswerDelta("a", "no_token", 1)]
    for _ in range(2):
        ledger.fold(msgspec.structs.replace(report(), step_passes=told, step_answers=told[:1]))

    assert ledger.counts().step_passes == {("orders", "token_expired"): 4, ("a", "no_token"): 2}
    assert ledger.counts().step_answers == {("orders", "token_expired"): 4}

    ledger.follow(frozenset({"a"}))
    ledger.follow(frozenset({"a"}))

    assert (ledger.counts().step_passes, ledger.counts().step_answers) == ({("a", "no_token"): 2}, {})


def test_a_503_of_closed_hours_is_no_failed_answer(ledger: Ledger, clock: Clock) -> None:
    """All other 5xx of Banyan's own are some, and so are those of a side; whatever is reported first."""
    own, legacy = Series("show", "self"), Series("show", "legacy")
    ledger.fold(msgspec.structs.replace(report(), step_answers=[StepAnswerDelta("show", "closed", 3)]))
    early = ledger.failed_rate(own)
    told = report(delta("show", "self", failed=5), delta("show", "legacy", failed=2))
    ledger.fold(msgspec.structs.replace(told, step_answers=[StepAnswerDelta("show", "no_token", 1)]))
    clock.now += 1

    assert early == 0.0
    assert (ledger.failed_rate(own), ledger.failed_rate(legacy)) == (2.0, 2.0)
    assert ledger.counts().totals[own].codes[-1] == 5


def test_who_says_whom_it_saw_adds_up(ledger: Ledger) -> None:
    """By route and side, and forgotten with the route."""
    told = [EchoDelta("orders", "new", 2, 1), EchoDelta("a", "legacy", 0, 3)]
    for _ in range(2):
        ledger.fold(msgspec.structs.replace(report(), echoes=told))

    assert ledger.counts().echoes == {("orders", "new"): (4, 2), ("a", "legacy"): (0, 6)}
    assert ledger.echoes(Series("orders", "new")) == (4, 2)
    assert ledger.echoes(Series("orders", "legacy")) == (0, 0)

    ledger.follow(frozenset({"a"}))
    ledger.follow(frozenset({"a"}))

    assert ledger.counts().echoes == {("a", "legacy"): (0, 6)}


def test_what_is_nobodys_adds_up_beside_what_was_answered(ledger: Ledger) -> None:
    """Answers that say nothing of the side stay known as such, by how long they took."""
    nobodys = [0, 2] + [0] * (len(BUCKETS) - 1)
    for told in ([], nobodys, nobodys):
        ledger.fold(report(msgspec.structs.replace(delta("show", "legacy", ok=3), nobodys=told)))

    found = ledger.counts().totals[SHOW]
    assert (found.requests, found.nobodys[1], sum(found.nobodys)) == (9, 4, 4)


def test_sheds_add_up_by_their_bound(ledger: Ledger) -> None:
    """Each bound has a count of its own, over all workers."""
    for sheds in ({"rate": 2}, {"rate": 1, "memory": 4}):
        ledger.fold(msgspec.structs.replace(report(), sheds=sheds))

    assert ledger.counts().sheds == {"rate": 3, "memory": 4}


def test_totals_survive_a_worker(ledger: Ledger) -> None:
    """When a worker ends, its gauges go and its counts stay; its successor's are added."""
    ledger.fold(report(delta("show", "legacy", ok=3), pid=1))
    ledger.end(1)

    assert ledger.counts().workers == ()

    ledger.fold(report(delta("show", "legacy", ok=1), pid=2))

    assert ledger.served(SHOW) == 4
    assert [worker.pid for worker in ledger.counts().workers] == [2]


def test_the_latest_report_is_the_workers_state(ledger: Ledger) -> None:
    """A worker stands in the list once, as it last said it was, ordered by its number."""
    ledger.fold(report(pid=7, worker=1))
    ledger.fold(report(pid=9, worker=0))
    ledger.fold(report(pid=7, worker=1))

    workers = ledger.counts().workers

    assert [(worker.worker, worker.pid) for worker in workers] == [(0, 9), (1, 7)]
    assert (workers[0].connections, workers[0].inflight) == (3, {"legacy": 2})


@pytest.mark.parametrize(
    "wrong",
    [RouteDelta("show", "legacy", [1] * 4, [0] * 15, 0.0), RouteDelta("show", "legacy", [0] * 5, [1] * 14, 0.0)],
    ids=["codes", "buckets"],
)
def test_a_report_of_another_version_adds_nothing(ledger: Ledger, wrong: RouteDelta) -> None:
    """A report with other classes or bounds is refused whole, also what stood before the wrong part."""
    with pytest.raises(ValueError, match="'show'"):
        ledger.fold(report(delta("list", "legacy", ok=1), wrong))

    assert not ledger.counts().totals
    assert not ledger.counts().workers


def test_a_reading_stays_as_it_was(ledger: Ledger) -> None:
    """What a scrape has taken does not move while later reports come in."""
    ledger.fold(report(delta("show", "legacy", ok=1)))
    counts = ledger.counts()
    ledger.fold(report(delta("show", "legacy", ok=1), delta("list", "new", ok=1)))

    assert counts.totals.keys() == {SHOW}
    assert counts.totals[SHOW].requests == 1


def test_the_rate_is_over_whole_seconds(ledger: Ledger, clock: Clock) -> None:
    """Twenty requests per second for a minute are a rate of twenty, over ten seconds and over sixty."""
    for _ in range(70):
        ledger.fold(report(delta("show", "legacy", ok=20)))
        clock.now += 1

    assert ledger.rate(SHOW) == ledger.rate(SHOW, 60) == 20.0
    assert ledger.last_minute(SHOW) == [20] * 60

    clock.now += 5

    assert ledger.rate(SHOW) == 10.0


def test_the_rate_is_right_from_the_start(ledger: Ledger, clock: Clock) -> None:
    """In the first seconds the rate is over the time that has passed, not over a window that has not."""
    ledger.fold(report(delta("show", "legacy", ok=30)))
    clock.now += 3

    assert ledger.rate(SHOW) == 10.0


def test_what_was_counted_before_control_lived_is_of_the_seconds_in_which_it_came(ledger: Ledger, clock: Clock) -> None:
    """A worker that served 200 requests in ten seconds without control tells them at once: 20 a second, and not 200."""
    late = report(delta("show", "legacy", ok=150, failed=50))
    ledger.fold(msgspec.structs.replace(late, span=10.3))
    clock.now += 1

    assert (ledger.rate(SHOW), ledger.failed_rate(SHOW)) == (20.0, 5.0)
    assert ledger.last_minute(SHOW) == [0] * 50 + [20] * 10
    assert ledger.served(SHOW) == 200


def test_reports_that_waited_for_control_are_of_the_seconds_that_they_name(ledger: Ledger, clock: Clock) -> None:
    """Seven reports of a second each that stood in the socket until control read them are 22 a second, and not 154."""
    for ago in range(6, -1, -1):
        each = report(delta("show", "legacy", ok=22))
        ledger.fold(msgspec.structs.replace(each, span=1.0, at=clock.now - ago))
    clock.now += 1

    assert ledger.rate(SHOW) == 22.0
    assert ledger.last_minute(SHOW) == [0] * 53 + [22] * 7


def test_what_was_counted_in_more_than_a_minute_weighs_what_it_did(ledger: Ledger, clock: Clock) -> None:
    """Of ten minutes without control the last one has a tenth; what was of a second is of that second."""
    ledger.fold(msgspec.structs.replace(report(delta("show", "legacy", ok=6000)), span=600.0))
    clock.now += 1
    ledger.fold(msgspec.structs.replace(report(delta("show", "legacy", ok=30)), span=1.2))
    clock.now += 1

    assert ledger.last_minute(SHOW) == [10] * 59 + [30]


def test_the_rate_of_5xx_is_that_of_the_same_seconds(ledger: Ledger, clock: Clock) -> None:
    """Three a second while they come, and none ten seconds after the last one; the totals keep them."""
    for _ in range(20):
        ledger.fold(report(delta("show", "legacy", ok=9, failed=3)))
        clock.now += 1
    during = ledger.failed_rate(SHOW), ledger.rate(SHOW)
    for _ in range(10):
        ledger.fold(report(delta("show", "legacy", ok=9)))
        clock.now += 1

    assert during == (3.0, 12.0)
    assert (ledger.failed_rate(SHOW), ledger.rate(SHOW)) == (0.0, 9.0)
    assert ledger.counts().totals[SHOW].codes[4] == 60


def test_a_series_without_traffic_has_no_rate(ledger: Ledger) -> None:
    """Nothing counted reads as zero everywhere."""
    assert ledger.rate(SHOW) == ledger.failed_rate(SHOW) == 0.0
    assert ledger.served(SHOW) == 0
    assert ledger.last_minute(SHOW) == [0] * 60


def test_routes_that_are_gone_are_forgotten_when_they_are_quiet(ledger: Ledger) -> None:
    """A removed route keeps its series as long as requests that began on it still end, then loses them."""
    failure = FailureDelta("show", "new", "head", "upstream", 1)
    ledger.fold(report(delta("show", "legacy", ok=1), delta("rest", "legacy", ok=1), failures=[failure]))
    ledger.follow(frozenset({"rest"}))

    assert ledger.served(SHOW) == 1

    ledger.follow(frozenset({"rest"}))

    assert ledger.counts().totals.keys() == {Series("rest", "legacy")}
    assert not ledger.counts().failures
    assert ledger.last_minute(SHOW) == [0] * 60


def test_a_worker_is_heard_while_it_reports(ledger: Ledger, clock: Clock) -> None:
    """A worker that has said nothing for five seconds is silent."""
    ledger.fold(report())
    worker = ledger.counts().workers[0]
    clock.now += SILENT_AFTER / 2

    assert ledger.is_heard(worker)

    clock.now += SILENT_AFTER / 2

    assert not ledger.is_heard(worker)
