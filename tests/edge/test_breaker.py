"""An upstream that fails is left alone for a moment, and asked again by single real requests (R29)."""

from __future__ import annotations

import asyncio

import pytest

from proxy.core.route import Breaker as Rule
from proxy.edge.breaker import BUDGET_FLOOR, BUDGET_WINDOW, Breaker, RetryBudget, State
from tests.edge.client import get, post
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, upstream
from tests.edge.scripted import PATIENCE, Peer, always, silent, sized, then_close

QUICK = {"failures": 3, "open": "300ms"}
LASTING = {"failures": 3, "open": "1m"}


def opened(breaker: Breaker, times: int, now: float = 0.0) -> list[bool]:
    """Which of so many failures open it."""
    return [breaker.failed(number, now) for number in range(1, times + 1)]


def test_failures_in_a_row_open_it() -> None:
    """The fifth of five in a row; a success between them begins the count anew."""
    breaker = Breaker(Rule(volume=1000))

    assert opened(breaker, 4) == [False] * 4
    assert not breaker.succeeded()
    assert opened(breaker, 5) == [False] * 4 + [True]
    assert breaker.state is State.OPEN


def test_failures_far_apart_do_not() -> None:
    """A row counts within one window only."""
    breaker = Breaker(Rule(volume=1000))

    assert not any(breaker.failed(number, number * 3.0) for number in range(20))


def test_a_share_of_failures_opens_it() -> None:
    """Half of at least twenty requests, though each failure is followed by a success."""
    breaker = Breaker(Rule())
    asked, when = 0, None
    while when is None:
        asked += 2
        when = asked if breaker.failed(asked - 1, 1.0) else None
        breaker.succeeded()

    assert 18 <= when <= 24


def test_without_a_rule_it_stays_closed() -> None:
    """The off-switch."""
    breaker = Breaker(None)

    assert not any(opened(breaker, 100))
    assert breaker.admits(0.0)


def test_single_requests_find_out_how_the_upstream_is() -> None:
    """After `open` seconds `probes` requests go out; a failure opens it again, an answer closes it."""
    breaker = Breaker(Rule(failures=1, open=5.0, probes=2))
    opened(breaker, 1)

    assert not breaker.admits(3.9)
    assert breaker.retry_after(1.0) in (3, 4)
    assert [breaker.admits(5.0) for _ in range(3)] == [True, True, False]
    assert breaker.state is State.HALF_OPEN
    assert breaker.failed(9, 5.1)
    assert [breaker.admits(10.2) for _ in range(3)] == [True, True, False]
    assert breaker.succeeded()
    assert (breaker.state, breaker.admits(10.3)) == (State.CLOSED, True)


def test_probes_that_say_nothing_are_followed_by_others() -> None:
    """A client that leaves takes its probe with it; the upstream is not lost for that."""
    breaker = Breaker(Rule(failures=1, open=5.0))
    opened(breaker, 1)

    assert [breaker.admits(each) for each in (5.0, 5.1, 9.9, 10.0)] == [True, False, False, True]


def test_looking_takes_no_probe() -> None:
    """`rests` says what `admits` would answer, as often as it is asked, and changes nothing."""
    breaker = Breaker(Rule(failures=1, open=5.0, probes=2))

    assert not breaker.rests(0.0)
    opened(breaker, 1)
    for when, admitted in ((3.9, False), (5.0, True), (5.0, True), (5.1, False), (10.2, True)):
        assert [breaker.rests(when), breaker.rests(when)] == [not admitted] * 2
        assert breaker.admits(when) is admitted


def test_the_budget_is_a_fifth_of_the_requests_or_a_floor() -> None:
    """A window of few requests has the floor, one of many a fifth; the next window begins anew."""
    few, many = RetryBudget(), RetryBudget()

    assert [few.spend(number, 1.0 + BUDGET_WINDOW) for number in range(100)].count(True) == BUDGET_FLOOR
    many.spend(0, 100.0)
    assert sum(many.spend(10_000, 101.0) for _ in range(3000)) in range(1600, 2001)
    assert many.spend(10_000, 102.0 + BUDGET_WINDOW)


@BOTH
async def test_an_open_breaker_answers_at_once_and_sends_nothing(play: Play, serve: Serve) -> None:
    """FT05: after three broken requests the fourth is 503 with Retry-After, and the upstream does not hear of it."""
    legacy = await play(then_close())
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker={"failures": 3})}, routes=[REST])
    answers = [await proxy.ask(get()) for _ in range(3)]

    assert [each.status for each in answers] == [502] * 3

    refused = await proxy.ask(post(b"x"))

    assert "left alone" in check_problem(refused, 503)
    assert refused.value(b"Retry-After") in (b"4", b"5")
    assert len(legacy.requests) == 3
    assert proxy.pool().breaker.state is State.OPEN
    assert (await proxy.lines(4))[3]["failure"] == "connect:proxy"


@BOTH
async def test_an_upstream_that_is_back_is_found_again(play: Play, serve: Serve) -> None:
    """One request finds out; when it is answered, all are let through."""
    legacy = await play(then_close())
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=QUICK)}, routes=[REST])
    for _ in range(3):
        await proxy.ask(get())
    legacy.script = always(sized(b"back"))
    async with asyncio.timeout(PATIENCE):
        while (await proxy.ask(get())).status != 200:  # noqa: ASYNC110 -- only asking tells
            await asyncio.sleep(0.02)

    assert {(await proxy.ask(get())).status for _ in range(5)} == {200}
    assert proxy.pool().breaker.state is State.CLOSED


async def test_its_return_is_no_storm(play: Play, serve: Serve) -> None:
    """FT05: of fifty requests at the moment of return one is sent."""
    gate = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.request()
        await gate.wait()

    legacy = await play(then_close())
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=QUICK)}, routes=[REST])
    for _ in range(3):
        await proxy.ask(get())
    legacy.script = slow
    await asyncio.sleep(0.35)
    asking = [asyncio.ensure_future(proxy.ask(get())) for _ in range(50)]
    await proxy.until(lambda: sum(each.done() for each in asking) == 49)
    gate.set()
    await asyncio.gather(*asking)

    assert len(legacy.requests) == 4


async def test_an_upstream_that_is_gone_takes_its_queue_with_it(play: Play, serve: Serve) -> None:
    """When the breaker opens, those who wait hear it at once instead of one after the other."""
    legacy = await play(always(sized(b"")))
    legacy.stop_listening()
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=1, breaker=QUICK)}, routes=[REST])
    answers = await asyncio.gather(*[proxy.ask(get()) for _ in range(20)])

    assert {each.status for each in answers} <= {502, 503}
    assert proxy.pool().breaker.state is State.OPEN


@pytest.mark.parametrize(("breaker", "status"), [({"failures": 2, "count_5xx": True}, 503), ({"failures": 2}, 500)])
async def test_answers_of_500_count_where_the_file_says_so(
    play: Play, serve: Serve, breaker: dict[str, object], status: int
) -> None:
    """By default an answer is an answer."""
    legacy = await play(always(sized(b"", status=b"500 X")))
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=breaker)}, routes=[REST])

    assert [(await proxy.ask(get())).status for _ in range(3)] == [500, 500, status]


async def test_silence_counts(play: Play, serve: Serve) -> None:
    """FT02: responses that do not come open it, so that clients stop waiting."""
    legacy = await play(silent)
    keys = {"breaker": {"failures": 2}, "timeout": {"response": "200ms"}}
    proxy = await serve(upstreams={"legacy": upstream(legacy, **keys)}, routes=[REST])

    assert [(await proxy.ask(get())).status for _ in range(3)] == [504, 504, 503]


async def test_clients_that_leave_do_not(play: Play, serve: Serve) -> None:
    """Who hangs up says nothing of the upstream."""
    legacy = await play(silent)
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker={"failures": 1})}, routes=[REST])
    for number in range(1, 4):
        client = await proxy.client()
        await client.send(get())
        await proxy.until(lambda count=number: len(legacy.peers) == count)  # type: ignore[misc]
        client.reset()
    await proxy.until(lambda: proxy.connections == 0)

    assert proxy.pool().breaker.state is State.CLOSED


async def test_others_are_not_touched(play: Play, serve: Serve) -> None:
    """FT01: new is down and its breaker open; legacy's routes answer as before."""
    legacy, new = await play(always(sized(b"hi"))), await play(then_close())
    routes = [REST, {"name": "new", "match": "/new", "stage": "live"}]
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new, breaker=LASTING)}, routes=routes)
    for _ in range(5):
        await proxy.ask(get(b"/new"))

    assert (await proxy.ask(get(b"/new"))).status == 503
    assert (await proxy.ask(get())).status == 200
