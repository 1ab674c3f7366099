from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from tests.clients.conftest import Serve, Web
from tests.edge.loops import BOTH
from tests.edge.proxy import Proxy

pytestmark = BOTH

EVENTS = 20


class Lockstep:
    """Sends an event only after the one before it has arrived at the client: any buffering on the way is a deadlock."""

    def __init__(self) -> None:
        self.arrived = asyncio.Semaphore(1)
        self.last_ids: list[str | None] = []
        self.gone = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.last_ids.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        try:
            for number in range(EVENTS):
                await self.arrived.acquire()
                await response.write(b"id: %d\ndata: event %d\n\n" % (number, number))
            await self.arrived.acquire()
        except (ConnectionError, asyncio.CancelledError):
            self.gone.set()
            raise
        return response


def _url(proxy: Proxy) -> str:
    return f"http://127.0.0.1:{proxy.port}/events"


async def test_each_event_arrives_before_the_next_is_sent(aiohttp_port: Web, serve: Serve) -> None:
    """Nothing is held back, however small: twenty events in lockstep with their reader (RS19)."""
    lockstep = Lockstep()
    proxy = await serve(await aiohttp_port(lockstep))
    heard = []
    async with asyncio.timeout(60), aiohttp.ClientSession() as session, session.get(_url(proxy)) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-cache"

        for _ in range(EVENTS):
            heard.append(await response.content.readuntil(b"\n\n"))
            lockstep.arrived.release()

        assert await response.content.read() == b""

    assert heard == [b"id: %d\ndata: event %d\n\n" % (number, number) for number in range(EVENTS)]


async def test_the_head_comes_before_the_first_event(aiohttp_port: Web, serve: Serve) -> None:
    """A stream that has nothing to say yet is open for its client already."""
    lockstep = Lockstep()
    lockstep.arrived = asyncio.Semaphore(0)
    proxy = await serve(await aiohttp_port(lockstep))
    async with asyncio.timeout(60), aiohttp.ClientSession() as session, session.get(_url(proxy)) as response:
        assert response.status == 200


@pytest.mark.timing
async def test_events_stream_longer_than_the_wait_for_a_response(aiohttp_port: Web, serve: Serve) -> None:
    """`timeout.response` ends with the head; a stream goes on as long as something comes within `timeout.idle`."""
    lockstep = Lockstep()
    proxy = await serve(await aiohttp_port(lockstep), waits={"response": "1s", "idle": "10s"})
    async with asyncio.timeout(60), aiohttp.ClientSession() as session, session.get(_url(proxy)) as response:
        for _ in range(4):
            await response.content.readuntil(b"\n\n")
            await asyncio.sleep(0.4)
            lockstep.arrived.release()

        assert (await response.content.readuntil(b"\n\n")).startswith(b"id: 4")


async def test_a_reader_that_comes_back_says_where_it_was(aiohttp_port: Web, serve: Serve) -> None:
    """Last-Event-ID goes through, and a stream that its reader left ends at its source."""
    lockstep = Lockstep()
    proxy = await serve(await aiohttp_port(lockstep))
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        async with session.get(_url(proxy)) as response:
            await response.content.readuntil(b"\n\n")
            response.close()
        for _ in range(EVENTS):
            lockstep.arrived.release()
            await asyncio.sleep(0.02)
        async with session.get(_url(proxy), headers={"Last-Event-ID": "0"}) as response:
            assert response.status == 200

    assert lockstep.last_ids == [None, "0"]
    await proxy.until(lambda: proxy.connections == 0)


async def test_many_readers_are_served_beside_each_other(aiohttp_port: Web, serve: Serve) -> None:
    """Streams that stay open hold up neither each other nor ordinary requests."""

    async def ticking(request: web.Request) -> web.StreamResponse:
        if request.path == "/plain":
            return web.Response(text="plain")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(3):
            await response.write(b"data: %d\n\n" % number)
            await asyncio.sleep(0.05)
        return response

    proxy = await serve(await aiohttp_port(ticking))
    connector = aiohttp.TCPConnector(limit=0)
    async with asyncio.timeout(60), aiohttp.ClientSession(connector=connector) as session:

        async def read(path: str) -> str:
            async with session.get(f"http://127.0.0.1:{proxy.port}{path}") as response:
                return await response.text()

        streams = asyncio.gather(*[read("/events") for _ in range(50)])
        plain = [await read("/plain") for _ in range(5)]

        assert plain == ["plain"] * 5
        assert {*await streams} == {"data: 0\n\ndata: 1\n\ndata: 2\n\n"}
