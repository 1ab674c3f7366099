from __future__ import annotations

import asyncio

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.exchange.test_tunnel import ALLOWED, HANDSHAKE, parrot
from tests.edge.loops import BOTH
from tests.edge.proxy import Proxy
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import PATIENCE, Peer, always, silent, sized

pytestmark = BOTH


class Halves:
    """An upstream that sends the second half of its answer when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        await self.go_on.wait()
        await peer.send(b"later")
        await peer.rest()


def _drain(proxy: Proxy, grace: float = 5.0) -> asyncio.Task[None]:
    return asyncio.ensure_future(proxy.listener.drain(grace))


async def test_idle_connections_are_closed(play: Play, serve: Serve) -> None:
    """Clients that wait for nothing see the end a moment after the drain has begun, and then it is over (DR07)."""
    proxy = await serve(await play(always(sized(b"hi"))))
    clients = [await proxy.client() for _ in range(5)]
    for client in clients[1:]:
        await client.ask(get())
    async with asyncio.timeout(PATIENCE):
        await _drain(proxy, 3600)

    assert [await client.rest() for client in clients] == [b""] * 5


async def test_a_request_that_crosses_the_drain_is_answered(play: Play, serve: Serve) -> None:
    """What an idle client sends as the drain begins is no reset: it gets its answer, which says that it is the last."""
    proxy = await serve(await play(always(sized(b"hi"))))
    client = await proxy.client()
    await client.ask(get())
    draining = _drain(proxy, 3600)
    await asyncio.sleep(0)
    answer = await client.ask(get())

    assert (answer.status, answer.body, answer.value(b"Connection")) == (200, b"hi", b"close")
    assert await client.rest() == b""

    async with asyncio.timeout(PATIENCE):
        await draining


async def test_what_runs_is_finished(play: Play, serve: Serve) -> None:
    """A download and an upload in flight come to their end; the drain waits for them (DR01)."""
    halves = Halves()
    proxy = await serve(await play(halves))
    down, up = await proxy.client(), await proxy.client()
    await down.send(get())
    await down.head()
    await up.send(request(b"POST", b"/", b"Content-Length: 10") + b"hello")
    await proxy.until(lambda: len([each for each in proxy.clients if each.exchange]) == 2)
    draining = _drain(proxy)
    await asyncio.sleep(0.1)

    assert not draining.done()

    halves.go_on.set()

    assert await down.rest() == b"firstlater"

    await up.send(b"world")
    answer = await up.response()

    assert (answer.body, answer.value(b"Connection")) == (b"firstlater", b"close")
    assert await up.rest() == b""

    for client in (up, down):
        client.close()
    await draining


async def test_the_last_answer_says_close(play: Play, serve: Serve) -> None:
    """An answer that begins during a drain tells the client to go elsewhere; what was pipelined is not begun."""
    go_on = asyncio.Event()

    async def gated(peer: Peer) -> None:
        await peer.request()
        await go_on.wait()
        await peer.send(sized(b"hi"))
        await peer.rest()

    legacy = await play(gated)
    proxy = await serve(legacy)
    client = await proxy.client()
    await client.send(get(b"/1") + get(b"/2"))
    await proxy.until(lambda: legacy.requests)
    draining = _drain(proxy)
    await asyncio.sleep(0)
    go_on.set()

    assert (await client.response()).value(b"Connection") == b"close"
    assert await client.rest() == b""
    client.close()
    await draining
    assert [each.target for each in legacy.requests] == [b"/1"]


async def test_a_request_whose_head_has_begun_is_served(play: Play, serve: Serve) -> None:
    """Half a head is a request already: its rest is read and answered."""
    proxy = await serve(await play(always(sized(b"hi"))))
    client = await proxy.client()
    await client.send(b"GET / HTTP/1.1\r\n")
    await proxy.until(lambda: proxy.clients and proxy.clients[0]._partial)
    draining = _drain(proxy)
    await asyncio.sleep(0.05)
    await client.send(b"Host: a\r\n\r\n")
    answer = await client.response()

    assert (answer.body, answer.value(b"Connection")) == (b"hi", b"close")
    client.close()
    await draining


async def test_new_connections_are_refused(play: Play, serve: Serve) -> None:
    """From the beginning of the drain the port is closed, while what runs goes on."""
    halves = Halves()
    proxy = await serve(await play(halves))
    client = await proxy.client()
    await client.send(get())
    await client.head()
    draining = _drain(proxy)
    await asyncio.sleep(0.05)
    with pytest.raises(ConnectionRefusedError):
        await proxy.client()
    halves.go_on.set()

    assert await client.rest() == b"firstlater"

    client.close()
    await draining


async def test_grace_is_the_end(play: Play, serve: Serve) -> None:
    """What has not finished within the grace is cut: requests and tunnels alike (DR07)."""
    proxy = await serve(await play(silent))
    waiting = await proxy.client()
    await waiting.send(post(b"x"))
    tunnelled = await serve(await play(parrot), routes=[ALLOWED])
    socket = await tunnelled.client()
    await socket.send(HANDSHAKE)
    await socket.head()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(_drain(proxy, 0.3), _drain(tunnelled, 0.3))

    assert [await waiting.rest(), await socket.rest()] == [b"", b""]


async def test_a_tunnel_that_ends_in_time_ends_the_drain(play: Play, serve: Serve) -> None:
    """A WebSocket that closes during the grace is not cut, and nothing waits any longer."""
    proxy = await serve(await play(parrot), routes=[ALLOWED])
    client = await proxy.client()
    await client.send(HANDSHAKE)
    await client.head()
    draining = _drain(proxy, 3600)
    await asyncio.sleep(0.05)
    await client.send(b"bye")

    assert await client.reader.readexactly(3) == b"bye"

    client.end_writing()

    assert await client.rest() == b""
    async with asyncio.timeout(PATIENCE):
        await draining


async def test_a_stop_leaves_nothing_open(play: Play, serve: Serve) -> None:
    """After a drain the upstreams' connections are closed too."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    await proxy.ask(get())
    await _drain(proxy)

    await proxy.until(legacy.peers[0].reader.at_eof)
    assert proxy.connections == 0
