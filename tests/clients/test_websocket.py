from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from random import Random

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.typing import Subprotocol

from tests.clients.conftest import Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import REST, Proxy

pytestmark = BOTH

CHAT = [Subprotocol("chat.v2"), Subprotocol("chat.v1")]
Behind = Callable[..., Awaitable[Proxy]]


async def echo(server: ServerConnection) -> None:
    """Send back every message as it came."""
    async for message in server:
        await server.send(message)


@pytest.fixture
async def behind(serve: Serve) -> AsyncIterator[Behind]:
    """Starts a WebSocket server and the proxy before it."""
    async with AsyncExitStack() as stack:

        async def start(
            handler: Callable[[ServerConnection], Awaitable[None]] = echo,
            speaks: list[Subprotocol] | None = None,
            **route: object,
        ) -> Proxy:
            server = await stack.enter_async_context(
                listen(handler, "127.0.0.1", 0, max_size=None, subprotocols=speaks)
            )
            port = next(iter(server.sockets)).getsockname()[1]
            return await serve(port, route={**REST, "upgrades": ["websocket"], **route})

        yield start


def to(proxy: Proxy) -> str:
    return f"ws://127.0.0.1:{proxy.port}/socket?room=1"


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_frames_of_megabytes_come_back_as_they_went(behind: Behind, compression: str | None) -> None:
    """3 MiB in one frame, binary and text, both ways, compressed by the two ends or not."""
    data = Random(7).randbytes(3 * 1024 * 1024)
    async with connect(to(await behind()), max_size=None, compression=compression) as client:
        for message in (data, data.hex()[: 3 * 1024 * 1024], b"", ""):
            await client.send(message)

            assert await client.recv() == message


async def test_fragments_arrive_as_one_message(behind: Behind) -> None:
    """A message in many frames is a message."""
    pieces = [b"piece %d " % number for number in range(100)]
    async with connect(to(await behind())) as client:
        await client.send(pieces)

        assert await client.recv() == b"".join(pieces)


async def test_the_subprotocol_is_agreed_end_to_end(behind: Behind) -> None:
    """The server picks from what the client offers; the proxy only carries it."""
    async with connect(to(await behind(speaks=CHAT[1:])), subprotocols=CHAT) as client:
        assert client.subprotocol == "chat.v1"


async def test_pings_and_pongs_pass(behind: Behind) -> None:
    """A ping is answered by the other end, within the tunnel."""
    async with connect(to(await behind())) as client:
        for payload in (b"one", b""):
            async with asyncio.timeout(60):
                await (await client.ping(payload))


async def test_a_clients_close_code_reaches_the_server(behind: Behind) -> None:
    """Code and reason of a close pass, and both connections end."""
    closed: list[tuple[int | None, str | None]] = []

    async def waiting(server: ServerConnection) -> None:
        await server.wait_closed()
        closed.append((server.close_code, server.close_reason))

    proxy = await behind(waiting)
    client = await connect(to(proxy))
    await client.close(4001, "that was all")
    await proxy.until(lambda: closed)

    assert closed == [(4001, "that was all")]
    await proxy.until(lambda: proxy.connections == 0)


async def test_a_servers_close_code_reaches_the_client(behind: Behind) -> None:
    """The same when the server begins; nothing is left open, and the line is written."""

    async def closing(server: ServerConnection) -> None:
        await server.send("last")
        await server.close(4002, "go away")

    proxy = await behind(closing)
    async with connect(to(proxy)) as client:
        assert await client.recv() == "last"

        with pytest.raises(ConnectionClosedError) as error:
            await client.recv()

    assert error.value.rcvd is not None
    assert (error.value.rcvd.code, error.value.rcvd.reason) == (4002, "go away")
    await proxy.until(lambda: proxy.connections == 0)
    assert (await proxy.lines(1))[0]["status"] == 101


async def test_a_server_that_ends_well_is_no_error(behind: Behind) -> None:
    """A normal close is one for the client too."""

    async def brief(server: ServerConnection) -> None:
        await server.recv()

    async with connect(to(await behind(brief))) as client:
        await client.send("done")
        with pytest.raises(ConnectionClosedOK):
            await client.recv()


async def test_many_sockets_at_once_do_not_mix(behind: Behind) -> None:
    """A hundred connections, each with its own conversation, over one listener."""

    async def talk(client: ClientConnection, number: int) -> list[str | bytes]:
        heard = []
        for turn in range(10):
            await client.send(f"{number}.{turn}")
            heard.append(await client.recv())
        return heard

    proxy = await behind()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(to(proxy))) for _ in range(100)]
        heard = await asyncio.gather(*[talk(client, number) for number, client in enumerate(clients)])

        assert proxy.connections == 100

    assert heard == [[f"{number}.{turn}" for turn in range(10)] for number in range(100)]
    await proxy.until(lambda: proxy.connections == 0)


async def test_both_ends_may_speak_at_once(behind: Behind) -> None:
    """A server that sends without being asked and a client that does the same do not wait for each other."""

    async def chatty(server: ServerConnection) -> None:
        async def count() -> None:
            for number in range(200):
                await server.send(str(number))

        counting = asyncio.ensure_future(count())
        heard = [int(await server.recv()) for _ in range(200)]
        await counting
        await server.send("in order" if all(a < b for a, b in pairwise(heard)) else "mixed up")

    async with connect(to(await behind(chatty))) as client:

        async def count() -> None:
            for number in range(200):
                await client.send(str(number))

        counting = asyncio.ensure_future(count())
        heard = [await client.recv() for _ in range(200)]
        await counting

        assert heard == [str(number) for number in range(200)]
        assert await client.recv() == "in order"


async def test_a_route_without_upgrades_says_what_is_missing(behind: Behind) -> None:
    """The client's handshake fails with the sentence that helps the operator."""
    proxy = await behind(upgrades=[])
    with pytest.raises(InvalidStatus) as error:
        await connect(to(proxy))

    assert error.value.response.status_code == 403
    assert b"upgrades: [websocket]" in (error.value.response.body or b"")


async def test_the_server_sees_the_handshake_as_it_was_sent(behind: Behind) -> None:
    """Target, Origin, cookies and the client's own fields arrive, and who it was."""
    seen: list[tuple[str, dict[str, str]]] = []

    async def looking(server: ServerConnection) -> None:
        assert server.request is not None
        seen.append((server.request.path, dict(server.request.headers.raw_items())))

    proxy = await behind(looking)
    async with connect(to(proxy), origin="https://crm.example", additional_headers={"Cookie": "session=1"}) as client:  # type: ignore[arg-type]
        await client.wait_closed()
    path, fields = seen[0]

    assert path == "/socket?room=1"
    assert fields["Origin"] == "https://crm.example"
    assert fields["Cookie"] == "session=1"
    assert fields["Host"] == f"127.0.0.1:{proxy.port}"
    assert fields["X-Forwarded-For"] == "127.0.0.1"
