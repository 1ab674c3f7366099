from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from proxy.core.outcome import Failure
from proxy.edge.upstream.connection import UpstreamConnection
from tests.edge.blackhole import blackhole
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, upstream
from tests.edge.questions import Question
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, Scripted, always, echo, once, sized, then_close

pytestmark = BOTH


class Asking(Question):
    """Who waits for a connection, and what it was lent."""

    def __init__(self) -> None:
        super().__init__()
        self.host = ""
        self.lent: list[UpstreamConnection] = []
        self.failures: list[Failure] = []

    def lend(self, connection: UpstreamConnection) -> None:
        self.lent.append(connection)

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)


class Gate:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            await self.open.wait()
            await peer.send(sized(message.target))


async def test_clients_share_connections(play: Play, serve: Serve) -> None:
    """Requests of many clients, one after the other, use one connection."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    for _ in range(10):
        await proxy.ask(get())

    assert len(legacy.peers) == 1
    assert repr(proxy.pool()) == "<Pool legacy: 1 open, 1 idle, 0 waiting>"


async def test_the_most_recently_used_connection_goes_first(play: Play, serve: Serve) -> None:
    """After a rush the connections that are not needed stay unused, and so can expire."""
    gate = Gate()
    legacy = await play(gate)
    proxy = await serve(legacy)
    asking = [asyncio.ensure_future(proxy.ask(get())) for _ in range(5)]
    await proxy.until(lambda: len(legacy.requests) == 5)
    gate.open.set()
    await asyncio.gather(*asking)
    for _ in range(5):
        await proxy.ask(get())

    assert sorted(len(peer.requests) for peer in legacy.peers) == [1, 1, 1, 1, 6]


async def test_connections_are_bounded_and_the_rest_waits_in_order(play: Play, serve: Serve) -> None:
    """Above `connections` requests wait, and are served first come, first served."""
    gate = Gate()
    legacy = await play(gate)
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=2)}, routes=[REST])
    asking = []
    for number in range(8):
        asking.append(asyncio.ensure_future(proxy.ask(get(b"/%d" % number))))
        await proxy.until(lambda count=number + 1: proxy.connections == count)  # type: ignore[misc]
        await asyncio.sleep(0.02)
    await proxy.until(lambda: len(legacy.requests) == 2)

    assert repr(proxy.pool()) == "<Pool legacy: 2 open, 0 idle, 6 waiting>"

    gate.open.set()
    answers = await asyncio.gather(*asking)

    assert [answer.body for answer in answers] == [b"/%d" % number for number in range(8)]
    assert len(legacy.peers) == 2
    assert [received.target for received in legacy.requests][2:] == [b"/%d" % number for number in range(2, 8)]


async def test_the_queue_is_bounded_and_beyond_it_is_503(play: Play, serve: Serve) -> None:
    """A full queue refuses at once, whatever the method, and nothing of it goes upstream."""
    gate = Gate()
    legacy = await play(gate)
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=1, queue=2)}, routes=[REST])
    first = asyncio.ensure_future(proxy.ask(get(b"/first")))
    await proxy.until(lambda: legacy.requests)
    waiting = [asyncio.ensure_future(proxy.ask(post(b"x", target=b"/waiting"))) for _ in range(2)]
    await proxy.until(lambda: len(proxy.pool().waiting) == 2)
    for message in (get(b"/shed"), post(b"x", target=b"/shed")):
        assert "already wait" in check_problem(await proxy.ask(message), 503)

    gate.open.set()

    assert [answer.status for answer in await asyncio.gather(first, *waiting)] == [200] * 3
    assert b"/shed" not in [received.target for received in legacy.requests]


async def test_a_queue_of_nothing_still_serves(play: Play, serve: Serve) -> None:
    """`queue: 0` means that nobody waits behind others, not that nobody is served."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=1, queue=0)}, routes=[REST])

    assert [(await proxy.ask(get())).status for _ in range(3)] == [200] * 3


async def test_everybody_who_waits_hears_that_the_upstream_is_down(play: Play, serve: Serve) -> None:
    """A refused connection is 502 for all who wait for one, not only for the first."""
    legacy = await play(echo)
    legacy.stop_listening()
    alone = upstream(legacy, connections=1, timeout={"connect": "30s"}, breaker={"enabled": False})
    proxy = await serve(upstreams={"legacy": alone}, routes=[REST])
    answers = await asyncio.gather(*[proxy.ask(get()) for _ in range(6)])

    assert ["cannot connect" in check_problem(answer, 502) for answer in answers] == [True] * 6
    assert repr(proxy.pool()) == "<Pool legacy: 0 open, 0 idle, 0 waiting>"


async def test_an_upstream_that_comes_back_is_used_again(play: Play, serve: Serve) -> None:
    """A failure leaves nothing behind: the next request connects anew."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    legacy.stop_listening()

    assert (await proxy.ask(get())).status == 502

    await legacy.start()

    assert (await proxy.ask(get())).status == 200


async def test_an_unused_connection_expires(play: Play, serve: Serve) -> None:
    """After `keep_alive` without a request a connection is closed by the proxy, before the upstream would."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(upstreams={"legacy": upstream(legacy, keep_alive="200ms")}, routes=[REST])
    await proxy.ask(get())
    await proxy.until(legacy.peers[0].reader.at_eof)
    await proxy.ask(get())

    assert len(legacy.peers) == 2


async def test_what_an_upstream_says_of_its_idle_connections_is_believed(play: Play, serve: Serve) -> None:
    """`Keep-Alive: timeout=1` ends a connection before that, however long `keep_alive` is; a word of 0 at once."""
    hint = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=%d, max=100\r\nContent-Length: 0\r\n\r\n"
    for told in (1, 0):
        legacy = await play(always(hint % told))
        proxy = await serve(upstreams={"legacy": upstream(legacy, keep_alive="1m")}, routes=[REST])
        for count in (1, 2):
            answer = await proxy.ask(get())
            await proxy.until(legacy.peers[-1].reader.at_eof)

            assert b"keep-alive" not in answer.names
            assert len(legacy.peers) == count


async def test_a_connection_in_use_does_not_expire(play: Play, serve: Serve) -> None:
    """`keep_alive` counts from the last answer."""
    gate = Gate()
    legacy = await play(gate)
    proxy = await serve(upstreams={"legacy": upstream(legacy, keep_alive="1m")}, routes=[REST])
    asking = asyncio.ensure_future(proxy.ask(get()))
    await proxy.until(lambda: legacy.requests)
    proxy.pool().sweep(monotonic() + 3600.0)
    gate.open.set()

    assert (await asking).status == 200


class ClosingWhenAsked:
    """An upstream that answers a connection's first request and closes on its second, unanswered."""

    def __init__(self, *, reset: bool = False) -> None:
        self.reset = reset

    async def __call__(self, peer: Peer) -> None:
        await peer.request()
        await peer.send(sized(b"hi"))
        await peer.request()
        if self.reset:
            peer.reset()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_a_stale_connection_costs_a_safe_request_nothing(
    play: Play, serve: Serve, method: bytes, *, reset: bool
) -> None:
    """An idle connection that dies under a safe request: asked once more, on a new one, and answered (PL02)."""
    legacy = await play(ClosingWhenAsked(reset=reset))
    proxy = await serve(legacy)
    await proxy.ask(get(b"/first"))
    answer = await proxy.ask(request(method, b"/second"))

    assert answer.status == 200
    assert [received.target for received in legacy.requests] == [b"/first", b"/second", b"/second"]
    assert len(legacy.peers) == 2


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH"])
@pytest.mark.parametrize("body", [None, b"", b"x" * 100_000])
async def test_a_stale_connection_never_repeats_what_may_have_been_done(
    play: Play, serve: Serve, method: bytes, body: bytes | None, *, reset: bool
) -> None:
    """The same under any other method, with a body or without: 502, and the upstream saw it once (PL01, PL03, PL04)."""
    legacy = await play(ClosingWhenAsked(reset=reset))
    proxy = await serve(legacy)
    await proxy.ask(get(b"/first"))
    answer = await proxy.ask(request(method, b"/second", b"Idempotency-Key: k", body=body))

    check_problem(answer, 502)
    assert [received.target for received in legacy.requests] == [b"/first", b"/second"]


async def test_a_safe_request_with_a_body_is_not_repeated(play: Play, serve: Serve) -> None:
    """A body may be half on its way: GET with one is not asked again."""
    legacy = await play(ClosingWhenAsked())
    proxy = await serve(legacy)
    await proxy.ask(get(b"/first"))

    check_problem(await proxy.ask(request(b"GET", b"/second", body=b"x")), 502)
    assert len(legacy.requests) == 2


async def test_effects_decide_over_the_method(play: Play, serve: Serve) -> None:
    """`effects: unsafe` on a route is never repeated, and `safe` is, whatever the method."""
    for effects, method, status in (("unsafe", b"GET", 502), ("safe", b"POST", 200)):
        legacy = await play(ClosingWhenAsked())
        proxy = await serve(legacy, route={"effects": effects})
        await proxy.ask(get(b"/first"))

        assert (await proxy.ask(request(method, b"/second"))).status == status
        assert len(legacy.requests) == (2 if status == 502 else 3)


async def test_nothing_is_repeated_on_a_first_connection(play: Play, serve: Serve) -> None:
    """An upstream that closes a fresh connection without an answer has been asked: 502 after one request."""
    legacy = await play(then_close())

    check_problem(await (await serve(legacy)).ask(get()), 502)
    assert len(legacy.requests) == 1


async def test_nothing_is_repeated_twice(play: Play, serve: Serve) -> None:
    """Every connection dies when asked: a GET is sent at most twice."""
    dead = asyncio.Event()

    async def dying(peer: Peer) -> None:
        await peer.request()
        if not dead.is_set():
            await peer.send(sized(b"hi"))
            await peer.request()

    legacy = await play(dying)
    proxy = await serve(legacy)
    await proxy.ask(get(b"/first"))
    dead.set()

    check_problem(await proxy.ask(get(b"/second")), 502)
    assert [received.target for received in legacy.requests] == [b"/first", b"/second", b"/second"]


async def test_nothing_is_repeated_after_the_first_byte_of_an_answer(play: Play, serve: Serve) -> None:
    """Half a head, or a hint, is an answer that has begun."""
    for beginning in (b"HTTP/1.1 2", b"HTTP/1.1 103 Early Hints\r\n\r\n"):

        async def breaking(peer: Peer, beginning: bytes = beginning) -> None:
            await peer.request()
            await peer.send(sized(b"hi"))
            await peer.request()
            await peer.send(beginning)

        legacy = await play(breaking)
        proxy = await serve(legacy)
        await proxy.ask(get(b"/first"))

        check_problem(await proxy.ask(get(b"/second")), 502)
        assert len(legacy.requests) == 2


async def test_a_retry_works_with_the_smallest_pool(play: Play, serve: Serve) -> None:
    """With one connection allowed, the dead one makes room for the new one."""
    legacy = await play(ClosingWhenAsked())
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=1)}, routes=[REST])
    await proxy.ask(get(b"/first"))

    assert (await proxy.ask(get(b"/second"))).status == 200


async def test_an_upstream_that_closes_an_idle_connection_is_not_asked_on_it(play: Play, serve: Serve) -> None:
    """A connection whose end has been seen is gone from the pool: even a POST goes out once, on a new one."""
    legacy = await play(then_close(sized(b"hi")))
    proxy = await serve(legacy)
    for number in range(3):
        assert (await proxy.ask(post(b"x", target=b"/%d" % number))).status == 200
        await proxy.until(lambda: not proxy.idle())

    assert [received.target for received in legacy.requests] == [b"/0", b"/1", b"/2"]


PLANTED = sized(b"planted")


async def test_bytes_behind_an_answer_are_never_the_next_one(play: Play, serve: Serve) -> None:
    """What follows a body, chunked or sized, is thrown away with its connection (RS07)."""
    for first in (sized(b"hello"), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"):
        legacy = await play(once(first + PLANTED))
        proxy = await serve(legacy)

        assert (await proxy.ask(get())).body == b"hello"

        legacy.script = always(sized(b"probe"))

        assert (await proxy.ask(get(b"/probe"))).body == b"probe"
        assert len(legacy.peers) == 2


async def test_bytes_on_an_idle_connection_discard_it(play: Play, serve: Serve) -> None:
    """An answer that nobody asked for, some time after a clean one, goes to nobody (RS08)."""

    async def planting(peer: Peer) -> None:
        await peer.request()
        await peer.send(sized(b"hello"))
        await asyncio.sleep(0.05)
        await peer.send(PLANTED)
        await peer.rest()

    legacy: Scripted = await play(planting)
    proxy = await serve(legacy)

    assert (await proxy.ask(get())).body == b"hello"

    await proxy.until(lambda: not proxy.idle())
    legacy.script = always(sized(b"probe"))

    assert (await proxy.ask(get(b"/probe"))).body == b"probe"


async def test_a_name_that_does_not_resolve_is_502(serve: Serve) -> None:
    """An upstream whose name nobody knows is down, and says which name it was."""
    proxy = await serve(upstreams={"legacy": {"url": "http://nowhere.invalid:80"}}, routes=[REST])

    assert "nowhere.invalid" in check_problem(await proxy.ask(get()), 502)


async def test_a_name_is_tried_at_each_of_its_addresses(play: Play, serve: Serve) -> None:
    """`localhost` may be two addresses; the upstream that listens on one of them is found."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(upstreams={"legacy": {"url": f"http://localhost:{legacy.port}"}}, routes=[REST])

    assert (await proxy.ask(get())).status == 200


async def test_a_connection_that_is_closing_is_lent_to_nobody(play: Play, serve: Serve) -> None:
    """An idle connection whose end is known, though not yet heard by its owner, is passed over for a new one."""
    proxy = await serve(await play(always(sized(b"hi"))))
    await proxy.ask(get())
    pool = proxy.pool()
    (idle,) = pool.addresses[0].idle
    idle.transport.abort()
    asking = Asking()
    pool.acquire(asking)

    assert asking.lent == []
    await proxy.until(lambda: asking.lent)
    assert asking.lent[0] is not idle


async def test_no_more_connections_are_opened_than_requests_wait(serve: Serve) -> None:
    """A request that left while its connection was being opened leaves that connection to the next one."""
    with blackhole() as port:
        proxy = await serve(port)
        pool = proxy.pool()
        for _ in range(5):
            gone = Asking()
            pool.acquire(gone)
            pool.forget(gone)
        pool.acquire(Asking())

        assert repr(pool) == "<Pool legacy: 1 open, 0 idle, 1 waiting>"
