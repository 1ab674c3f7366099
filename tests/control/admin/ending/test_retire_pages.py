"""The list by which a route is retired, and the order, over a real admin port."""

from __future__ import annotations

from time import time
from typing import Any

import pytest

from proxy.core.brownout.retirement import DAY
from proxy.core.discovery.usage import UsageDay, day_of
from proxy.core.discovery.what_is_taken import taken_by
from proxy.link.messages import UsageDelta
from proxy.store.errors import StoreUnavailable
from proxy.store.usage import UsageBatch
from tests.control.admin.orders.test_moves import place, post
from tests.control.conftest import Open, Port
from tests.control.stands import canary, table
from tests.control.worker import FakeWorker, delta

SKIPS = ["browned_out", "deprecated", "sunset"]
SAID = 'deprecated: {since: "2026-01-01", sunset: "2026-02-01"}'


@pytest.fixture
async def port(open_port: Open) -> Port:
    """A route that says when it ends, a plain one, and a record of usage that began forty days ago."""
    made = await open_port(token="t", snapshot=table(canary("5%", SAID), canary("5%", name="b")))
    made.client.headers["Authorization"] = "Bearer t"
    usage, running = made.parts._base.stores.usage, made.running
    await usage.begin(time() - 40 * DAY)
    await usage.know(taken_by(running.snapshot.routes), time() - 40 * DAY)
    return made


@pytest.fixture
async def worker(port: Port) -> FakeWorker:
    return await port.worker()


async def look(port: Port, query: str = "", route: str = "a") -> tuple[int, dict[str, Any]]:
    async with port.client.get(f"{port.url}/api/routes/{route}/retirement{query}") as answer:
        return answer.status, await answer.json(content_type=None)


async def test_it_is_refused_while_somebody_calls(port: Port, worker: FakeWorker) -> None:
    """Who it was and when is said, in the list and in the refusal; nothing is moved."""
    worker.count(delta("a", "legacy", ok=3))
    worker.usage = [UsageDelta("a", "monthly-report", 3, 3)]
    _, found = await look(port)
    status, refused = await post(port, "/api/routes/a/retire", {"skip": SKIPS})

    assert (found["may"], [each["state"] for each in found["needs"]]) == (False, ["open", "met", "open", "met", "met"])
    (caller,) = found["callers"]
    assert (caller["caller"], caller["calls"], caller["recent"], caller["met"]) == ("monthly-report", 3, True, "")
    assert found["deprecated"]["since"].startswith("2026-01-01")
    assert status == 409
    assert refused["detail"].startswith("a is not retired: called within 30 days: by monthly-report (")
    assert await place(port, "a") == ("canary", 0.05)


@pytest.mark.usefixtures("worker")
async def test_a_route_that_nobody_calls_is_retired_by_order(port: Port) -> None:
    """At once, with the list on record; what was skipped stands there; `resume` takes it back."""
    _, found = await look(port, "?skip=browned_out")
    said = {"skip": ["browned_out"], "reason": "asked everybody", "by": "ann"}
    status, moved = await post(port, "/api/routes/a/retire", said)
    again = await post(port, "/api/routes/a/retire", {"skip": SKIPS})

    assert found["may"]
    assert (status, moved["runs"], moved["done"]) == (200, {"stage": "retired", "split": 1.0}, True)
    assert await place(port, "a") == ("retired", 1.0)
    assert (again[0], again[1]["moved"]) == (200, False)
    async with port.client.get(f"{port.url}/api/history?route=a") as answer:
        (order,) = [each for each in (await answer.json())["orders"] if each["kind"] == "retire"]
    assert order["actor"] == "ann"
    assert order["reason"].startswith("asked everybody; unused met: nobody has called within 30 days")
    assert "browned_out skipped: no brown-out of the endpoint stands in routes.yaml" in order["reason"]
    assert (await post(port, "/api/routes/a/resume"))[0] == 200
    assert await place(port, "a") == ("canary", 0.05)
    assert await place(port, "b") == ("canary", 0.05)


@pytest.mark.usefixtures("worker")
async def test_a_route_that_came_later_has_no_record_of_the_time_before(port: Port) -> None:
    """Who called then is recorded with what took it, such as `/**`: nobody is taken for not having called."""
    usage, routes = port.parts._base.stores.usage, port.running.snapshot.routes
    await usage.know(taken_by(route for route in routes if route.name == "b"), time() - DAY)
    status, refused = await post(port, "/api/routes/a/retire", {"skip": SKIPS})
    other, _ = await post(port, "/api/routes/b/retire", {"skip": SKIPS})

    assert (status, other) == (409, 200)
    assert "of the time before it says nothing" in refused["detail"]


@pytest.mark.usefixtures("worker")
async def test_who_called_a_route_that_is_gone_is_named(port: Port) -> None:
    """What was taken out of routes.yaml comes now to the route behind it, and so do those who called it."""
    usage, now = port.parts._base.stores.usage, time()
    taken = taken_by(port.running.snapshot.routes)
    await usage.know({**taken, "old": f"5f {taken['a'].partition(' ')[2]}"}, now - 40 * DAY)
    called = UsageDay(route="old", caller="shop", day=day_of(now), calls=2, good=2, first=now - 60, last=now - 60)
    await usage.add(UsageBatch(id="1", at=now, days=(called,)))
    await usage.know(taken, now - 30)
    status, refused = await post(port, "/api/routes/a/retire", {"skip": SKIPS})

    assert status == 409
    assert "called within 30 days: by shop at old, which is gone (1 minute ago)" in refused["detail"]


@pytest.mark.usefixtures("worker")
async def test_what_is_open_refuses_each_by_itself(port: Port) -> None:
    """A brown-out, a word to clients; and a period that the record does not cover."""
    for said, words in (
        ({}, "no brown-out of the endpoint stands in routes.yaml"),
        ({"skip": SKIPS, "seconds": 41 * DAY}, "usage is recorded for 40 days"),
    ):
        status, refused = await post(port, "/api/routes/a/retire", said)
        assert status == 409
        assert words in refused["detail"]
    status, refused = await post(port, "/api/routes/b/retire", {"skip": ["browned_out"]})
    assert (status, "answers name no sunset" in refused["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"skip": ["unused"]}, "only browned_out, deprecated, sunset may be skipped"),
        ({"skip": ["recorded"]}, "that somebody calls is what it is for"),
        ({"skip": ["else"]}, "skip"),
        ({"seconds": 0.5}, "the period must be from 1 s to 366 days"),
        ({"seconds": 400 * DAY}, "the record is kept for a year"),
    ],
)
@pytest.mark.usefixtures("worker")
async def test_what_cannot_be_asked_for_is_said(port: Port, said: object, words: str) -> None:
    """400, and nothing is moved."""
    status, refused = await post(port, "/api/routes/a/retire", said)
    assert status == 400
    assert words in refused["detail"]


@pytest.mark.usefixtures("worker")
async def test_a_look_at_nothing_is_told(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such route, no such number, no such item; a store that is away is no store that says nobody called."""
    assert (await look(port, route="c"))[0] == 404
    assert (await post(port, "/api/routes/c/retire"))[0] == 404
    assert (await look(port, "?seconds=x"))[0] == 400
    assert (await look(port, "?skip=else"))[0] == 400

    async def away(_: str) -> None:
        raise StoreUnavailable("it cannot be reached")

    monkeypatch.setattr(port.parts._base.stores.usage, "days", away)
    assert (await look(port))[0] == 503
    assert (await post(port, "/api/routes/a/retire", {"skip": SKIPS}))[0] == 503


@pytest.mark.usefixtures("worker")
async def test_a_tag_that_is_old_is_refused(port: Port) -> None:
    """Somebody else has moved it since."""
    status, _ = await post(port, "/api/routes/a/retire", {"skip": SKIPS}, **{"If-Match": '"v9"'})
    assert status == 412
