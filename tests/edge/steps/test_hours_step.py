"""Closed hours over the wire: who is answered by Banyan, until when, and who is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.core.outcome import Side
from proxy.edge.exchange import retry
from proxy.edge.shadow import shadows
from proxy.edge.steps import hours_step
from proxy.edge.steps.hours_step import HoursStep
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import REST, Block, Proxy, snapshot_of, upstream
from tests.edge.steps.test_upstream_auth_step import BEARER, ok, request, tell_bearer, waiting
from tests.edge.steps.test_upstream_auth_tap import KillingClerk

START = 1_790_000_000.0
END = START + 3600.0
MOVED: Block = {"name": "moved", "match": "/moved", "stage": "live"}
SHADOWED: Block = {**REST, "stage": "shadow", "shadow": {"second": "0%"}}


class Clock:
    """What the worker takes for unix time where it asks whether a side is closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START + 10.0
        for module in (hours_step, retry, shadows):
            monkeypatch.setattr(module, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def window(name: str = "nightly", start: float = START, end: float = END) -> Block:
    return {"name": name, "start": iso(start), "end": iso(end), "answer": 503}


def answers(proxy: Proxy) -> list[tuple[str, str, int]]:
    """What steps have answered since the last call."""
    return [(each.route, each.reason, each.count) for each in proxy.listener.counters.take_step_answers() if each.count]


async def two_sides(play: Play, serve: Serve, routes: list[Block], closed: str = "legacy") -> tuple[Proxy, int, int]:
    """Both take what comes; the one that is named has closed hours. With the ports of both."""
    legacy, new = await play(ok), await play(ok)
    hours: dict[str, list[Block]] = {closed: [window()]}
    upstreams = {
        "legacy": upstream(legacy, windows=hours.get("legacy", [])),
        "new": upstream(new, windows=hours.get("new", [])),
    }
    return await serve(upstreams=upstreams, routes=routes), legacy.port, new.port


@pytest.mark.usefixtures("clock")
async def test_clients_of_a_closed_side_are_told_when_it_opens(play: Play, serve: Serve, clock: Clock) -> None:
    """A problem with Retry-After to the end, rounded up; nothing is sent, nobody has failed, it is counted by its name;
    the other side's routes go on.
    """
    legacy, new = await play(ok), await play(ok)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy, windows=[window()]), "new": upstream(new)}, routes=[REST, MOVED]
    )
    clock.now = END - 59.5
    refused = await proxy.ask(request(method=b"POST", body=b"abc"))

    assert (refused.status, refused.value(b"retry-after")) == (503, b"60")
    assert refused.value(b"content-type") == b"application/problem+json"
    assert json.loads(refused.body)["detail"] == f"legacy is closed until {iso(END)} (nightly)"
    assert (await proxy.ask(request(target=b"/moved"))).status == 200
    assert (legacy.requests, len(new.requests)) == ([], 1)
    assert answers(proxy) == [("rest", "closed", 1)]
    routes, failures = proxy.counted()
    assert failures == []
    assert {(each.route, each.side) for each in routes if each.asked} == {("rest", "self"), ("moved", "new")}
    lines = {line["route"]: line for line in await proxy.lines(2)}
    assert (lines["rest"]["reason"], lines["rest"]["side"]) == ("closed", "self")


async def test_a_window_begins_and_ends_with_its_second(play: Play, serve: Serve, clock: Clock) -> None:
    """Its first moment is closed, its last one too, and its end is open."""
    legacy = await play(ok)
    proxy = await serve(upstreams={"legacy": upstream(legacy, windows=[window()])}, routes=[REST])
    found = []
    for clock.now in (START - 0.001, START, END - 0.001, END):
        answer = await proxy.ask(request())
        found.append((answer.status, answer.value(b"retry-after")))

    assert found == [(200, None), (503, b"3600"), (503, b"1"), (200, None)]


@pytest.mark.usefixtures("clock")
async def test_windows_that_overlap_open_with_the_last_of_them(play: Play, serve: Serve) -> None:
    """Those of the file, of the upstream and of the route together; one without `answer` closes nothing."""
    legacy = await play(ok)
    later, last = window("later", START + 5.0, END + 60.0), window("last", END + 60.0, END + 90.0)
    quiet = {**window("quiet", START, END + 9000.0), "answer": None}
    quiet.pop("answer")
    route: Block = {**REST, "windows": [last, quiet]}
    proxy = await serve(upstreams={"legacy": upstream(legacy, windows=[window()])}, routes=[route], windows=[later])
    answer = await proxy.ask(request())

    assert answer.value(b"retry-after") == b"%d" % (3600 - 10 + 90)
    assert json.loads(answer.body)["detail"] == f"legacy is closed until {iso(END + 90)} (later, nightly, last)"


@pytest.mark.usefixtures("clock")
async def test_cohorts_of_the_side_that_is_open_go_on(play: Play, serve: Serve) -> None:
    """At canary, each by its own draw."""
    route: Block = {**REST, "stage": "canary", "split": "50%", "cohort": "header:X-Tenant"}
    proxy, _, _ = await two_sides(play, serve, [route])
    tenants = [b"X-Tenant: %d" % number for number in range(40)]
    statuses = [(await proxy.ask(request(tenant))).status for tenant in tenants]
    sides = [line["side"] for line in await proxy.lines(40)]

    assert {"new", "self"} == set(sides)
    assert [status == 200 for status in statuses] == [side == "new" for side in sides]


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.usefixtures("clock")
async def test_where_a_side_is_closed_the_other_may_step_in(play: Play, serve: Serve, method: bytes) -> None:
    """By `fallback`, as for whatever was not sent; nobody has failed, and it is counted by its name."""
    proxy, _, _ = await two_sides(play, serve, [{**REST, "fallback": "new"}])
    answer = await proxy.ask(request(method=method, body=b"x" * (method == b"POST")))

    assert answer.status == 200
    (line,) = await proxy.lines(1)
    assert (line["side"], line["fallback"], line["steps"]) == ("new", True, {"hours": "nightly"})
    assert proxy.counted()[1] == []
    assert [(each.side, each.reason) for each in proxy.listener.counters.take_refused()] == [("legacy", "closed")]


@pytest.mark.usefixtures("clock")
async def test_where_the_other_side_may_not_step_in_it_is_503(play: Play, serve: Serve) -> None:
    """Another one that is closed, or a fallback after other things."""
    legacy, new = await play(ok), await play(ok)
    for after, hours in ((["connect"], [window("theirs", START, END + 60)]), (["failure"], [])):
        proxy = await serve(
            upstreams={"legacy": upstream(legacy, windows=[window()]), "new": upstream(new, windows=hours)},
            routes=[{**REST, "fallback": {"to": "new", "after": after}}],
        )
        answer = await proxy.ask(request())
        assert (answer.status, answer.value(b"retry-after")) == (503, b"3590")
    assert legacy.requests + new.requests == []


@pytest.mark.usefixtures("clock")
async def test_a_closed_side_does_not_step_in(play: Play, serve: Serve) -> None:
    """What new fails at is answered as if there were no fallback."""
    legacy = await play(ok)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy, windows=[window()]), "new": upstream(1)},
        routes=[{**REST, "stage": "live", "fallback": "legacy"}],
    )

    assert (await proxy.ask(request())).status == 502
    assert legacy.requests == []


@pytest.mark.parametrize(("stage", "closed"), [("shadow", "new"), ("live", "legacy")])
async def test_a_closed_side_gets_no_shadows(play: Play, serve: Serve, clock: Clock, stage: str, closed: str) -> None:
    """They are counted apart, and nothing is compared; with its end they come again."""
    route = {**SHADOWED, "stage": stage, "shadow": {"sample": "100%", "second": "0%"}}
    proxy, _, _ = await two_sides(play, serve, [route], closed)
    proxy.listener.shadows.recorder = pairs = Pairs()
    assert (await proxy.ask(request())).status == 200
    told = proxy.listener.counters.take_shadows()
    assert ([(each.outcome, each.count) for each in told if each.count], pairs.taken) == ([("closed", 1)], [])

    clock.now = END
    await proxy.ask(request())
    assert (await pairs.next()).route == "rest"


@pytest.mark.usefixtures("clock")
async def test_a_reload_closes_and_opens(play: Play, serve: Serve) -> None:
    """The next request hears of it, on the same connection."""
    legacy = await play(ok)
    proxy = await serve(upstreams={"legacy": upstream(legacy)}, routes=[REST])
    client = await proxy.client()
    found = []
    for windows in ([], [window()], [window(end=END + 60.0)], []):
        proxy.install({"legacy": upstream(legacy, windows=windows)}, [REST])
        answer = await client.ask(request())
        found.append((answer.status, answer.value(b"retry-after")))

    assert found == [(200, None), (503, b"3590"), (503, b"3650"), (200, None)]


@pytest.mark.usefixtures("clock")
async def test_answers_of_the_routes_own_are_given_at_all_hours(play: Play, serve: Serve) -> None:
    """`respond` asks no side; a route that nothing closes has no step for it."""
    legacy, new = await play(ok), await play(ok)
    here: Block = {"name": "here", "match": "/here", "respond": {"status": 204}}
    proxy = await serve(
        upstreams={"legacy": upstream(legacy, windows=[window()]), "new": upstream(new)},
        routes=[REST, here, {**MOVED, "legacy": "new"}],
    )

    assert (await proxy.ask(request(target=b"/here"))).status == 204
    bound = {each.route.name: each for each in proxy.listener.live.bound}
    assert [bound[name].admission for name in ("here", "moved")] == [(), ()]
    assert bound["moved"].hours is None
    assert [type(step) for step in bound["rest"].admission if isinstance(step, HoursStep)] == [HoursStep]


@pytest.mark.usefixtures("clock")
async def test_a_request_that_a_kill_has_moved_is_not_sent_to_a_closed_side(play: Play, serve: Serve) -> None:
    """While it waited for the other side's token: it is 503, and the next one is told until when."""
    legacy = await play(ok)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy, windows=[window()]), "new": upstream(1, auth=BEARER)},
        routes=[{**REST, "stage": "live"}],
    )
    asked = asyncio.ensure_future(proxy.ask(request()))
    await proxy.until(lambda: waiting(proxy, "new"))
    proxy.listener.kill(on=True)
    tell_bearer(proxy, "banyans")

    assert (await asked).status == 503
    assert (await proxy.ask(request())).value(b"retry-after") == b"3590"
    assert legacy.requests == []


# -- writes of both sides ----------------------------------------------------------------------------------------------


@pytest.fixture
async def dual(tmp_path: Path, play: Play) -> AsyncIterator[Callable[..., Awaitable[Proxy]]]:
    """A route whose writes both sides get."""
    started: list[Proxy] = []

    async def serve(clerk: KillingClerk, stage: str, closed: str) -> Proxy:
        sides = {name: await play(ok) for name in ("legacy", "new")}
        upstreams = {
            name: upstream(side, applies="/applies", windows=[window()] if name == closed else [])
            for name, side in sides.items()
        }
        route: Block = {"name": "cards", "match": "/cards/{id}", "stage": stage}
        route["writes"] = {"mode": "dual", "key": "path:id"}
        table = snapshot_of(upstreams, [route], {"state": "embedded"})
        clerk.proxy = await Proxy(tmp_path / "log").start(table, clerk=clerk)
        started.append(clerk.proxy)
        return clerk.proxy

    yield serve
    for proxy in started:
        await proxy.stop()


PUT = request(target=b"/cards/7", method=b"PUT", body=b"a card")


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("closed", "status", "begun"), [("legacy", 503, []), ("new", 200, [Side.LEGACY])], ids=["first", "second"]
)
async def test_a_write_is_begun_where_the_side_that_answers_is_open(
    dual: Callable[..., Awaitable[Proxy]], closed: str, status: int, begun: list[Side]
) -> None:
    """Whatever the other one is: that gets it when it opens."""
    clerk = KillingClerk()
    proxy = await dual(clerk, "shadow", closed)

    assert ((await proxy.ask(PUT)).status, clerk.sides) == (status, begun)


@pytest.mark.usefixtures("clock")
async def test_a_write_that_a_kill_has_moved_is_not_begun_for_a_closed_side(
    dual: Callable[..., Awaitable[Proxy]],
) -> None:
    """While it was begun for new: what was begun is taken back, and its client is told until when."""
    clerk = KillingClerk()
    proxy = await dual(clerk, "live", "legacy")
    answer = await proxy.ask(PUT)

    assert (answer.status, answer.value(b"retry-after"), clerk.sides) == (503, b"3590", [Side.NEW])
