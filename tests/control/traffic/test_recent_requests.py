from __future__ import annotations

import time
from typing import Any

import pytest

from proxy.control.traffic import recent_requests as module
from proxy.control.traffic.cohorts import FELL_BACK, RecentCohorts
from proxy.control.traffic.recent_requests import LASTS, RecentRequests
from proxy.core.judge.reach import NO_COHORTS_SEEN
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.split import draw_of
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.link.messages import Recent
from tests.control.admin.test_admin import get, refused
from tests.control.conftest import Port
from tests.control.stands import START, Clock
from tests.control.tables import crm, route, snapshot
from tests.core.remembered import head, remember


def seen(number: int = 1, target: str = "/orders/7", **more: object) -> RememberedRequest:
    return remember(crm().table, head(target), id=f"r{number}", at=START, **more)


def report(*sample: RememberedRequest, requests: int = 0, bad: tuple[RememberedRequest, ...] = ()) -> Recent:
    return Recent(list(sample), list(bad), requests or len(sample))


@pytest.fixture
def memory(clock: Clock) -> RecentRequests:
    return RecentRequests(clock)


def test_each_stands_for_its_share(memory: RecentRequests) -> None:
    """Two of ten sampled requests stand for five each; one that is kept for having failed stands for none."""
    memory.take(report(seen(1), seen(2), requests=10, bad=(seen(3, status=502),)))

    assert [(each.id, each.weight) for each in memory.latest(None, 9)] == [("r3", 0.0), ("r2", 5.0), ("r1", 5.0)]


def test_newest_come_first_and_by_route(memory: RecentRequests) -> None:
    """At most as many as are asked for, of one route or of all."""
    memory.take(report(seen(1), seen(2, "/orders"), seen(3), seen(4)))

    assert [each.id for each in memory.latest("orders.show", 2)] == ["r4", "r3"]
    assert [each.id for each in memory.latest(None, 2)] == ["r4", "r3"]
    assert memory.latest("no such", 2) == ()


def test_the_latest_of_an_id_is_found(memory: RecentRequests) -> None:
    """Clients may send an id twice."""
    memory.take(report(seen(1, status=200), seen(1, status=404)))
    found = memory.find("r1")

    assert found is not None
    assert found.status == 404
    assert memory.find("r2") is None


def test_what_is_old_goes(memory: RecentRequests, clock: Clock) -> None:
    """A quarter of an hour is remembered, whether or not anything comes after."""
    memory.take(report(seen(1)))
    clock.now += LASTS + 1

    assert memory.find("r1") is None
    assert len(memory) == 0


def test_it_is_bounded_by_number_and_bytes(
    memory: RecentRequests, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bounds the oldest go first, and the time that is covered shrinks with them."""
    monkeypatch.setattr(module, "MOST", 10)
    memory.take(report(*(seen(number)._replace(at=START + number) for number in range(20))))
    clock.now = START + 20.0

    assert [each.id for each in memory.latest(None, 99)][-1] == "r10"
    assert memory.seconds == 10.0

    monkeypatch.setattr(module, "BYTES", 1)
    memory.take(report(seen(99)))

    assert len(memory) == 0


def test_the_time_that_is_covered(memory: RecentRequests, clock: Clock) -> None:
    """Since the start, at most a quarter of an hour, never nothing: requests per day are reckoned by it."""
    assert memory.seconds == 1.0
    clock.now += 60
    assert memory.seconds == 60.0
    clock.now += 10_000
    assert memory.seconds == LASTS


def cohort(source: str, number: int, **more: object) -> RememberedRequest:
    values: dict[str, Any] = {
        "sources": "header:x",
        "source": source,
        "cohort": number << 40,
        "drawn_for": "orders.show",
    }
    return seen()._replace(**values | more)


def test_cohorts_are_counted_by_source() -> None:
    """Requests are weighed, cohorts are different ones, and the share without any source is said."""
    cohorts = RecentCohorts()
    for number in range(30):
        cohorts.note(cohort("header:x", number * 977 + 1), 2.0)
    for _ in range(20):
        cohorts.note(cohort("", 5), 1.0)
    view = cohorts.view("orders.show")

    assert view.without == 0.25
    assert [(source.source, source.requests) for source in view.sources] == [("header:x", 60), (FELL_BACK, 20)]
    assert view.sources[1].cohorts == 1
    known = cohorts.seen("orders.show")
    assert (known.number, known.requests) == (sum(source.cohorts for source in view.sources), 80)
    assert known.lowest == draw_of(1 << 40)
    assert cohorts.seen("rest") == NO_COHORTS_SEEN
    assert cohorts.view("rest").sources == ()


def test_cohorts_begin_anew_when_they_are_others() -> None:
    """Another group or list of sources makes other cohorts; a route that is gone has none."""
    cohorts = RecentCohorts()
    cohorts.note(cohort("header:x", 1), 1.0)
    cohorts.note(cohort("header:x", 1, drawn_for="group"), 3.0)

    assert [source.requests for source in cohorts.view("orders.show").sources] == [3]

    cohorts.follow((route("orders.show"),))

    assert cohorts.view("orders.show").sources == ()

    cohorts.note(cohort("client_ip", 1, sources="client_ip"), 1.0)
    cohorts.follow((route("orders.show"),))

    assert [source.requests for source in cohorts.view("orders.show").sources] == [1]


def test_what_needs_no_side_has_no_cohort() -> None:
    """A request without a route, or that the file answers, counts for no source."""
    cohorts = RecentCohorts()
    cohorts.note(seen(target="/internal"), 1.0)

    assert cohorts.view("internal").sources == ()


async def told(port: Port, *sample: RememberedRequest) -> None:
    """A worker has reported these."""
    worker = await port.worker()
    worker.recent = report(*sample)
    worker.report()
    await port.links.refresh()


async def test_the_page_holds_what_is_remembered(port: Port) -> None:
    """All that deciding needs, the weight, and the time that is covered."""
    await told(port, now(seen(1)), now(seen(2, "/orders")))
    page = await get(port, "/api/recent")

    assert (page["revision"], page["remembered"]) == ("r1", 2)
    assert page["seconds"] > 0
    assert [(each["id"], each["route"], each["weight"]) for each in page["requests"]] == [
        ("r2", "orders.list", 1.0),
        ("r1", "orders.show", 1.0),
    ]
    assert int(page["requests"][0]["cohort"], 16) > 2**53
    assert len((await get(port, "/api/recent?route=orders.list"))["requests"]) == 1
    assert len((await get(port, "/api/recent?limit=1"))["requests"]) == 1


async def test_requests_of_a_route_that_never_was_are_not_asked_for(port: Port) -> None:
    """A name that is mistyped is not a route without requests; one that is gone still has those it had."""
    await told(port, now(seen(2, "/orders")))
    mistyped = await refused(port, "/api/recent?route=orders.lst")
    port.take(snapshot(route("orders.show", crm().routes[0].stage, 1.0, "/orders/{id}"), revision="r2"))

    assert mistyped["status"] == 404
    assert "there is no route 'orders.lst'; did you mean orders.list?" in mistyped["detail"]
    assert (await get(port, "/api/recent?route=orders.show"))["requests"] == []
    assert len((await get(port, "/api/recent?route=orders.list"))["requests"]) == 1
    assert len((await get(port, "/api/recent?route="))["requests"]) == 1


@pytest.mark.parametrize("limit", ["0", "x", "-1", "50001", "9" * 5000, "²"])
async def test_a_limit_is_a_number(port: Port, limit: str) -> None:
    """What is no number within bounds is refused, and the bounds are said."""
    assert "from 1 to 50000" in (await refused(port, f"/api/recent?limit={limit}"))["detail"]


def now(each: RememberedRequest) -> RememberedRequest:
    """As if it had just ended."""
    return each._replace(at=time.time())


async def test_one_request_and_what_would_be_decided_now(port: Port) -> None:
    """The facts, and the present decision of the same cohort: here the split was raised since."""
    await told(port, now(seen(1)._replace(serve="legacy", side="legacy", reason="above_split")))
    port.take(snapshot(route("orders.show", crm().routes[0].stage, 1.0, "/orders/{id}"), revision="r2"))
    page = await get(port, "/api/requests/r1")

    assert page["request"]["status"] == 200
    assert page["revision"] == "r2"
    assert page["comparison"] is None
    assert page["now"] | {"draw": 0} == {
        "route": "orders.show",
        "stage": "canary",
        "split": 1.0,
        "side": "new",
        "address": "127.0.0.1:8443",
        "reason": "below_split",
        "draw": 0,
        "differs": True,
    }


async def test_under_the_kill_switch_what_would_be_decided_now_is_that(port: Port) -> None:
    """The stage is the route's own, and the reason the switch."""
    await told(port, now(seen(1)._replace(serve="legacy", side="legacy", reason="killed")))
    port.kill.take(KillSwitchOrder(by="ann"))
    found = (await get(port, "/api/requests/r1"))["now"]

    assert (found["stage"], found["side"], found["reason"], found["differs"]) == ("canary", "legacy", "killed", False)


async def test_a_request_whose_cohort_would_be_drawn_anew(port: Port) -> None:
    """Nobody can say who would answer it now, and the page does not pretend to."""
    await told(port, now(seen(1)))
    canary = route("orders.show", crm().routes[0].stage, 0.5, "/orders/{id}", group="g")
    port.take(snapshot(canary, revision="r2"))
    page = await get(port, "/api/requests/r1")

    assert (page["now"]["side"], page["now"]["reason"], page["now"]["differs"]) == (None, "drawn_anew", True)


async def test_a_request_that_no_route_took(port: Port) -> None:
    """It has no stage, and none now."""
    port.take(snapshot(route("a", path="/a")))
    await told(port, now(remember(port.running.snapshot.table, head("/b"))))
    page = await get(port, "/api/requests/r1")

    assert (page["now"]["route"], page["now"]["stage"], page["now"]["differs"]) == ("(unmatched)", None, False)


async def test_a_request_that_is_not_remembered(port: Port) -> None:
    """404, and where to look instead."""
    document = await refused(port, "/api/requests/gone")

    assert document["status"] == 404
    assert "'gone'" in document["detail"]
    assert "canonical line" in document["detail"]


async def test_a_route_shows_its_cohorts(port: Port) -> None:
    """Which sources its cohorts come from, how many there are, and which share has none."""
    await told(port, now(seen(1)))
    page = await get(port, "/api/routes/orders.show")

    assert page["cohorts"] == {
        "without": 0.0,
        "sources": [{"source": "client_ip", "requests": 1, "cohorts": 1}],
    }


def test_a_request_is_found_by_its_clients_id(memory: RecentRequests) -> None:
    """As by Banyan's own, the latest first."""
    memory.take(report(seen(1)._replace(client_request_id="mine"), seen(2)._replace(client_request_id="mine"), seen(3)))

    assert [found.id if (found := memory.find(name)) else "" for name in ("mine", "r1", "r3", "no")] == [
        "r2",
        "r1",
        "r3",
        "",
    ]
