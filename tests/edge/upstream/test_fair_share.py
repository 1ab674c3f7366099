"""Who may have the last connections of an upstream."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic

from proxy.edge.exchange.exchange import Exchange
from proxy.edge.upstream.fair_share import FairShare
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.questions import Question, everybody
from tests.edge.raw_client import get
from tests.edge.scripted import Peer, Script, Scripted

LONG_AGO = -60.0
"""When it was begun to look, where that was before all that a test tells."""


def is_greedy(asking: Question, holding: list[Question]) -> bool:
    """Whether this one holds too much while those have one each, and all have asked."""
    share = FairShare(LONG_AGO)
    for question in (*holding, asking):
        share.note(question, 1.0)
    return share.is_greedy(asking, holding, 1.0)


def test_who_holds_more_than_an_equal_part_is_greedy() -> None:
    """The operation, or the client, that holds most; others are not, nor is somebody who comes."""
    holding = [Question(b"slow", b"c%d" % number) for number in range(14)] + [Question(b"quick", b"other")]

    assert is_greedy(Question(b"slow", b"new"), holding)
    assert not is_greedy(Question(b"quick", b"new"), holding)
    assert not is_greedy(Question(b"third", b"new"), holding)

    of_one = [Question(b"o%d" % number, b"greedy") for number in range(14)] + [Question(b"quick", b"other")]

    assert is_greedy(Question(b"o99", b"greedy"), of_one)
    assert not is_greedy(Question(b"o99", b"other"), of_one)


def test_where_there_is_nobody_else_nobody_is() -> None:
    """One operation, one client, or all alike: all connections may be had."""
    assert not is_greedy(Question(), [Question()] * 16)
    assert not any(is_greedy(question, everybody()) for question in everybody())


def test_what_one_client_holds_is_not_held_against_others() -> None:
    """It hangs at every operation; others that ask for the same are not greedy, though they hold less elsewhere."""
    holding = [Question(b"o%d" % (number % 7), b"greedy") for number in range(14)]
    share = FairShare(LONG_AGO)
    for question in (*holding, *(Question(b"other", b"c%d" % number) for number in range(5))):
        share.note(question, 1.0)

    assert share.is_greedy(Question(b"o1", b"greedy"), holding, 1.0)
    assert not share.is_greedy(Question(b"o1", b"c1"), holding, 1.0)


def test_one_that_has_just_asked_is_not_greedy_because_all_else_is_held_by_one_client() -> None:
    """Its operation holds one of fifteen connections; that nobody else's holds any does not make it too much."""
    holding = [Question(b"o%d" % (number % 7), b"greedy") for number in range(14)] + [Question(b"o1", b"c1")]
    share = FairShare(LONG_AGO)
    for question in (*holding, *(Question(b"o%d" % number, b"c%d" % number) for number in range(5))):
        share.note(question, 1.0)

    assert not share.is_greedy(Question(b"o1", b"c2"), holding, 1.0)
    assert share.is_greedy(Question(b"o1", b"greedy"), holding, 1.0)


def test_a_page_of_many_parts_is_not_greedy_beside_many_who_hold_one_each() -> None:
    """One endpoint hangs for four hundred clients; one that asks for twelve others at once holds little."""
    holding = [Question(b"slow", b"c%d" % number) for number in range(400)]
    holding += [Question(b"part%d" % number, b"page") for number in range(12)]

    assert not is_greedy(Question(b"part99", b"page"), holding)
    assert is_greedy(Question(b"slow", b"page"), holding)


def test_where_few_balancers_ask_for_all_only_the_operation_that_hangs_waits() -> None:
    """Each holds more than an equal part beside one that probes; none of that is for anything else."""
    for balancers, slow in ((1, 1), (3, 1), (1, 4), (3, 2)):
        holding = [Question(b"slow%d" % (number % slow), b"b%d" % (number % balancers)) for number in range(440)]
        holding += [Question(b"o%d" % (number % 8), b"b%d" % (number % balancers)) for number in range(8)]
        share = FairShare(LONG_AGO)
        for question in (*holding, Question(b"health", b"probe1"), Question(b"health", b"probe2")):
            share.note(question, 1.0)

        assert share.is_greedy(Question(b"slow0", b"b0"), holding, 1.0), (balancers, slow)
        assert not share.is_greedy(Question(b"o1", b"b0"), holding, 1.0), (balancers, slow)


def test_a_client_that_hangs_here_and_there_takes_few_of_the_last() -> None:
    """It holds most at one operation, and a twentieth at many others: it waits at all of them."""
    for elsewhere, waits in ((5, False), (20, True)):
        holding = [Question(b"o1", b"greedy")] * 428
        holding += [Question(b"o%d" % number, b"greedy") for number in range(2, 2 + elsewhere)]
        holding.append(Question(b"o1", b"c1"))

        assert is_greedy(Question(b"o99", b"greedy"), holding) is waits
        assert is_greedy(Question(b"o1", b"greedy"), holding)
        assert not is_greedy(Question(b"o1", b"c1"), holding)


def test_one_of_two_clients_that_hangs_at_every_operation_leaves_them_to_the_other() -> None:
    """It holds nearly all; what it holds is not held against the operations, though only two have asked."""
    holding = [Question(b"o%d" % (number % 7), b"greedy") for number in range(448)] + [Question(b"o1", b"other")]

    for turn in range(7):
        assert not is_greedy(Question(b"o%d" % turn, b"other"), holding)
        assert is_greedy(Question(b"o%d" % turn, b"greedy"), holding)


def test_two_that_hang_together_are_greedy_while_a_third_asks() -> None:
    """Half each is too much then."""
    holding = [Question(b"o%d" % (number % 2), b"c%d" % number) for number in range(14)]
    share = FairShare(LONG_AGO)
    share.note(Question(b"quick", b"c99"), 1.0)

    assert share.is_greedy(Question(b"o1", b"c100"), holding, 1.0)
    assert not share.is_greedy(Question(b"o1", b"c100"), holding, 12.0)


def test_when_it_has_just_begun_to_look_somebody_else_is_taken_to_have_asked() -> None:
    """Who asked before is not known; after ten seconds it would be."""
    holding = [Question(b"o%d" % (number % 4), b"greedy") for number in range(14)]
    share = FairShare(1.0)
    for now, waits in ((1.0, True), (12.0, False)):
        share.note(Question(b"o1", b"greedy"), now)

        assert share.is_greedy(Question(b"o1", b"greedy"), holding, now) is waits
        assert not share.is_greedy(Question(b"quick", b"other"), holding, now)


def until_set(hang: asyncio.Event) -> Script:
    """What is slow is answered then, everything else at once."""

    async def answering(peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            if b"slow" in message.target:
                await hang.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")

    return answering


@BOTH
async def test_an_endpoint_that_hangs_leaves_connections_to_others(play: Play, serve: Serve) -> None:
    """Of sixteen connections those that never answer get fourteen; the rest of the route goes on, and they wait."""
    hang = asyncio.Event()

    legacy = await play(until_set(hang))
    rest: Block = {"name": "rest", "match": "/**", "stage": "legacy"}
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[rest])
    slow = [asyncio.ensure_future(proxy.ask(get(b"/slow/report"))) for _ in range(10)]
    await proxy.until(lambda: len(legacy.requests) == 10)
    assert (await proxy.ask(get(b"/quick"))).status == 200
    slow += [asyncio.ensure_future(proxy.ask(get(b"/slow/report"))) for _ in range(30)]
    await proxy.until(lambda: len(proxy.pool()._greedy) == 26)
    answers = Counter([(await proxy.ask(get(b"/quick"))).status for _ in range(20)])
    asked = sum(request.target == b"/slow/report" for request in legacy.requests)
    hang.set()

    assert (answers, asked) == ({200: 20}, 14)
    assert Counter([answer.status for answer in await asyncio.gather(*slow)]) == {200: 40}


@BOTH
async def test_one_client_that_hangs_everywhere_takes_no_endpoint_from_others(play: Play, serve: Serve) -> None:
    """It holds fourteen of sixteen connections; an endpoint where somebody else has one of the others is answered."""
    hang = asyncio.Event()

    legacy = await play(until_set(hang))
    rest: Block = {"name": "rest", "match": "/**", "stage": "legacy"}
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[rest])
    hanging = [
        asyncio.ensure_future((await proxy.client(source="127.0.9.9")).ask(get(b"/o%d?slow" % (number % 7))))
        for number in range(10)
    ]
    await proxy.until(lambda: len(legacy.requests) == 10)
    for turn in range(7):
        assert (await proxy.ask(get(b"/o%d" % turn))).status == 200
    hanging += [
        asyncio.ensure_future((await proxy.client(source="127.0.9.9")).ask(get(b"/o%d?slow" % (number % 7))))
        for number in range(20)
    ]
    await proxy.until(lambda: len(proxy.pool()._greedy) == 16)
    hanging.append(asyncio.ensure_future(proxy.ask(get(b"/o1?slow"))))
    await proxy.until(lambda: len(legacy.requests) == 10 + 7 + 4 + 1)
    share = proxy.pool()._fair_share
    assert share is not None
    share._look_at = 0.0
    answers = [(await proxy.ask(get(b"/o%d" % number))).status for number in range(7)]
    hang.set()

    assert answers == [200] * 7
    assert Counter([answer.status for answer in await asyncio.gather(*hanging)]) == {200: 31}


def burst(proxy: Proxy, count: int = 16) -> list[asyncio.Future[int]]:
    """Requests that hang, at once, of one client at several operations; what each is answered with."""

    async def ask(number: int) -> int:
        client = await proxy.client(source="127.0.9.9")
        return (await client.ask(get(b"/o%d?slow" % (number % 4)))).status

    return [asyncio.ensure_future(ask(turn)) for turn in range(count)]


async def beside_a_burst(proxy: Proxy, legacy: Scripted) -> tuple[Counter[int], int]:
    """What others are answered with, once two of a burst wait apart, and how many of it were sent."""
    await proxy.until(lambda: len(proxy.pool()._greedy) == 2)
    answers = Counter([(await proxy.ask(get(b"/quick"))).status for _ in range(4)])
    return answers, sum(b"slow" in request.target for request in legacy.requests)


@BOTH
async def test_a_burst_of_what_hangs_leaves_connections_to_who_asked_before_it(play: Play, serve: Serve) -> None:
    """All comes at once, when it was not yet looked who asks."""
    hang = asyncio.Event()
    legacy = await play(until_set(hang))
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[REST])
    assert (await proxy.ask(get(b"/quick"))).status == 200
    slow = burst(proxy)
    found = await beside_a_burst(proxy, legacy)
    hang.set()

    assert found == ({200: 4}, 14)
    assert await asyncio.gather(*slow) == [200] * 16


@BOTH
async def test_a_burst_over_connections_that_are_open_leaves_some_to_others(play: Play, serve: Serve) -> None:
    """None is opened for it, since a rush before it has left as many as may be."""
    hang = asyncio.Event()
    legacy = await play(until_set(hang))
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[REST])
    many = [await proxy.client(source=f"127.0.8.{number}") for number in range(1, 17)]
    first = [asyncio.ensure_future(client.ask(get(b"/o%d?slow" % number))) for number, client in enumerate(many)]
    await proxy.until(lambda: len(legacy.requests) == 16)
    hang.set()
    await asyncio.gather(*first)
    await proxy.until(lambda: proxy.idle() == 16)
    hang.clear()
    proxy.pool().sweep(monotonic())
    legacy.requests.clear()
    slow = burst(proxy)
    found = await beside_a_burst(proxy, legacy)
    hang.set()

    assert found == ({200: 4}, 14)
    assert await asyncio.gather(*slow) == [200] * 16


async def test_who_waits_apart_is_served_once_nobody_else_has_asked_for_a_while(play: Play, serve: Serve) -> None:
    """What was kept for others is not kept for nobody, though nothing has ended."""
    hang = asyncio.Event()
    legacy = await play(until_set(hang))
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[REST])
    slow = burst(proxy, 20)
    await proxy.until(lambda: len(proxy.pool()._greedy) == 6)
    await proxy.until(lambda: len(legacy.requests) == 14)
    proxy.pool().sweep(monotonic() + 11.0)
    await proxy.until(lambda: len(legacy.requests) == 16)

    assert len(proxy.pool()._greedy) == 4

    hang.set()

    assert await asyncio.gather(*slow) == [200] * 20


async def test_who_waits_apart_waits_as_long_as_in_the_other_queue(play: Play, serve: Serve) -> None:
    """For `timeout.queue`, not for `timeout.connect`: nothing is being opened for it."""
    hang = asyncio.Event()
    legacy = await play(until_set(hang))
    block = upstream(legacy, connections=16, queue=64, timeout={"queue": "30m"})
    proxy = await serve(upstreams={"legacy": block}, routes=[REST])
    slow = burst(proxy)
    await proxy.until(lambda: len(proxy.pool()._greedy) == 2)
    greedy = [waiter for waiter in proxy.pool()._greedy if isinstance(waiter, Exchange)]

    assert [waiter._client.deadline > monotonic() + 60.0 for waiter in greedy] == [True, True]

    hang.set()
    await asyncio.gather(*slow)


async def test_what_hangs_at_an_address_that_is_out_takes_none_of_the_others(play: Play, serve: Serve) -> None:
    """The client that has most of it is answered by the address that is left, which has connections for all."""
    hang = asyncio.Event()
    bad, good = await play(until_set(hang)), await play(until_set(hang))
    names = [f"127.0.0.1:{server.port}" for server in (bad, good)]
    block = {**upstream(bad, connections=16, queue=64), "endpoints": [f"http://{name}" for name in names]}
    del block["url"]
    proxy = await serve(upstreams={"legacy": block}, routes=[REST])
    assert (await proxy.ask(get(b"/quick"))).status == 200
    proxy.pool().hear(names[1], 0.0, float("inf"))
    slow = burst(proxy, 14)
    await proxy.until(lambda: len(bad.requests) + len(good.requests) == 15)
    assert (await proxy.ask(get(b"/quick"))).status == 200
    proxy.pool().hear(names[1], 0.0, 0.0)
    proxy.pool().hear(names[0], 0.0, float("inf"))
    for _ in range(2):
        client = await proxy.client(source="127.0.9.9")
        assert (await client.ask(get(b"/o1"))).status == 200
    hang.set()
    await asyncio.gather(*slow)


@BOTH
async def test_a_burst_is_served_as_fast_as_connections_become_free(play: Play, serve: Serve) -> None:
    """Three hundred at once for one endpoint, and one for another: nobody is refused, or waits for a clock."""
    legacy = await play(answering_at_once)
    rest: Block = {"name": "rest", "match": "/**", "stage": "legacy"}
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16)}, routes=[rest])
    asked = [b"/busy"] * 150 + [b"/other"] + [b"/busy"] * 150
    answers = await asyncio.gather(*[proxy.ask(get(target)) for target in asked])

    assert Counter(answer.status for answer in answers) == {200: 301}


async def test_who_waits_apart_is_served_after_a_reload(play: Play, serve: Serve) -> None:
    """The upstream is another from now on; who waits for the old one waits for its connections, not for nothing."""
    hang = asyncio.Event()

    legacy = await play(until_set(hang))
    rest: Block = {"name": "rest", "match": "/**", "stage": "legacy"}
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[rest])
    slow = [asyncio.ensure_future(proxy.ask(get(b"/slow/report"))) for _ in range(10)]
    await proxy.until(lambda: len(legacy.requests) == 10)
    assert (await proxy.ask(get(b"/quick"))).status == 200
    slow += [asyncio.ensure_future(proxy.ask(get(b"/slow/report"))) for _ in range(30)]
    await proxy.until(lambda: len(proxy.pool()._greedy) == 26)
    proxy.install({"legacy": upstream(legacy, connections=32)}, [rest])
    hang.set()

    assert Counter([answer.status for answer in await asyncio.gather(*slow)]) == {200: 40}


async def answering_at_once(peer: Peer) -> None:
    """Every request."""
    while await peer.next_request() is not None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")
