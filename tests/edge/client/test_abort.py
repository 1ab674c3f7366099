"""Every timeout is a minute or more here: what ends within the patience of a test ends because it was noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import REST, upstream
from tests.edge.raw_client import Client, get, request
from tests.edge.scripted import PATIENCE, Peer, Scripted, sized

pytestmark = BOTH

LEAVE: list[Callable[[Client], None]] = [Client.reset, Client.close]
"""A client that breaks off, and one whose program ends: a RST, and a FIN that nobody waits behind."""


class Noticing:
    """An upstream that says when its connection was ended by the proxy."""

    def __init__(self, *answer: bytes) -> None:
        self.answer = answer
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()
        self.rest = b""

    async def __call__(self, peer: Peer) -> None:
        await peer.head()
        await peer.send(*self.answer)
        self.asked.set()
        self.rest = await peer.rest()
        self.ended.set()


async def _noticed(noticing: Noticing, leave: Callable[[], None]) -> None:
    async with asyncio.timeout(PATIENCE):
        await noticing.asked.wait()
    await asyncio.sleep(0.05)
    leave()
    async with asyncio.timeout(PATIENCE):
        await noticing.ended.wait()


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_while_it_waits_ends_the_upstreams_work(
    play: Play, serve: Serve, leave: Callable[[Client], None]
) -> None:
    """The upstream's connection ends as soon as the client has gone, before any answer (R20)."""
    noticing = Noticing()
    proxy = await serve(await play(noticing))
    client = await proxy.client()
    await client.send(get())
    await _noticed(noticing, lambda: leave(client))

    (line,) = await proxy.lines(1)

    assert (line["status"], line["failure"]) == (499, "send:client")


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_within_its_upload_ends_the_upstreams_work(
    play: Play, serve: Serve, leave: Callable[[Client], None]
) -> None:
    """An upload that breaks off breaks off for the upstream too, without its end (R20)."""
    noticing = Noticing()
    client = await (await serve(await play(noticing))).client()
    await client.send(request(b"POST", b"/", b"Content-Length: 100") + b"some")
    await _noticed(noticing, lambda: leave(client))

    assert noticing.rest == b"some"


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_within_its_download_ends_the_upstreams_work(
    play: Play, serve: Serve, leave: Callable[[Client], None]
) -> None:
    """A download that nobody reads any more is ended at its source, events that come now and then included (R20)."""
    ended = asyncio.Event()

    async def ticking(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        gone = asyncio.ensure_future(peer.rest())
        while not gone.done():
            await peer.send(b"4\r\ntick\r\n")
            await asyncio.sleep(0.1)
        ended.set()

    proxy = await serve(await play(ticking))
    client = await proxy.client()
    await client.send(get())
    await client.head()
    await client.reader.readexactly(9)
    leave(client)
    async with asyncio.timeout(PATIENCE):
        await ended.wait()
    (line,) = await proxy.lines(1)

    assert (line["status"], line["failure"], line["level"]) == (499, "body:client", "info")
    assert [delta.codes for delta in proxy.counted()[0]] == [[0, 0, 0, 1, 0]]
    assert proxy.counted() == ([], [])


async def test_a_client_that_leaves_while_it_waits_for_a_connection_is_forgotten(play: Play, serve: Serve) -> None:
    """A request in the queue whose client has gone never reaches the upstream."""
    go_on = asyncio.Event()

    async def one_at_a_time(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await go_on.wait()
            await peer.send(sized(b"hi"))

    legacy: Scripted = await play(one_at_a_time)
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=1)}, routes=[REST])
    first, second, third = [await proxy.client() for _ in range(3)]
    await first.send(get(b"/1"))
    await proxy.until(lambda: legacy.requests)
    await second.send(get(b"/2"))
    await third.send(get(b"/3"))
    await proxy.until(lambda: len(proxy.pool().waiting) == 2)
    second.reset()
    await proxy.until(lambda: len(proxy.pool().waiting) == 1)
    go_on.set()
    await first.response()
    await third.response()

    assert [received.target for received in legacy.requests] == [b"/1", b"/3"]


@pytest.mark.parametrize("leave", LEAVE)
async def test_a_client_that_leaves_a_quiet_stream_ends_the_upstreams_work(
    play: Play, serve: Serve, leave: Callable[[Client], None]
) -> None:
    """A stream in which nothing comes is ended at its source too, without waiting for its next event (R20)."""
    noticing = Noticing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nevent\r\n")
    client = await (await serve(await play(noticing))).client()
    await client.send(get())
    await client.head()
    await client.reader.readexactly(10)
    await _noticed(noticing, lambda: leave(client))


async def test_an_upstream_that_breaks_off_is_felt_at_once(play: Play, serve: Serve) -> None:
    """A RST of the upstream, before its answer or within, reaches the client without waiting for a timeout (R20)."""

    async def resetting(peer: Peer) -> None:
        message = await peer.request()
        if message.target == b"/body":
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            await asyncio.sleep(0.05)
        peer.reset()

    proxy = await serve(await play(resetting))

    assert (await proxy.ask(get(b"/head"))).status == 502

    client = await proxy.client()
    await client.send(get(b"/body"))
    await client.head()

    assert await client.rest() == b"hello"
