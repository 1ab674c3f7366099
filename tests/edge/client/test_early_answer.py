from __future__ import annotations

import asyncio

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import Message
from tests.edge.proxy import Proxy
from tests.edge.raw_client import Client, get, request
from tests.edge.scripted import PATIENCE, Peer, Scripted, sized

pytestmark = BOTH

TOO_LARGE = sized(b"{" + b"x" * 20_000 + b"}", status=b"413 Content Too Large")
PIECE = b"x" * 65536
HUGE = b"Content-Length: 1000000000"


async def _upload(client: Client, framing: bytes = HUGE) -> tuple[Message, int]:
    """Send without end until the answer is here; the answer, and how much was sent."""
    await client.send(request(b"POST", b"/", framing))
    sent = 0

    async def send() -> None:
        nonlocal sent
        while True:
            client.writer.write(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if b"chunked" in framing else PIECE)
            await client.writer.drain()
            sent += len(PIECE)

    sending = asyncio.ensure_future(send())
    answer = await client.response()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    return answer, sent


async def _send_without_end(client: Client) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            await client.send(PIECE)


async def _not_pooled(proxy: Proxy, legacy: Scripted) -> None:
    """The connection of the broken upload is gone, and a next request takes another."""
    await proxy.until(lambda: legacy.peers[0].reader.at_eof() or legacy.peers[0].writer.is_closing())
    await proxy.ask(get(b"/next"))

    assert len(legacy.peers) == 2


@pytest.mark.parametrize("framing", [HUGE, b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("then", ["close", "reset", "stay"])
async def test_an_answer_within_the_upload_reaches_the_client_whole(
    play: Play, serve: Serve, framing: bytes, then: str
) -> None:
    """413 after 64 KiB, and then the upstream closes, resets or reads no more: the client has the answer (EX07)."""
    stay = asyncio.Event()

    async def refusing(peer: Peer) -> None:
        message = await peer.head()
        if message.target == b"/next":
            await peer.send(sized(b"next"))
            return
        await peer.reader.readexactly(65536)
        await peer.send(TOO_LARGE)
        if then == "reset":
            await asyncio.sleep(0.05)
            peer.reset()
        elif then == "stay":
            await stay.wait()

    legacy = await play(refusing)
    proxy = await serve(legacy)
    answer, sent = await _upload(await proxy.client(), framing)

    assert (answer.status, len(answer.body), answer.value(b"Connection")) == (413, 20_002, b"close")
    assert sent < 1_000_000_000

    stay.set()
    await _not_pooled(proxy, legacy)


async def test_the_upload_behind_an_early_answer_ends(play: Play, serve: Serve) -> None:
    """Within seconds after the answer the client can send no more, and nothing of it is kept."""

    async def refusing(peer: Peer) -> None:
        await peer.head()
        await peer.send(TOO_LARGE)
        await asyncio.Event().wait()

    proxy = await serve(await play(refusing))
    client = await proxy.client()
    await _upload(client)
    with pytest.raises(ConnectionError):
        await _send_without_end(client)

    await proxy.until(lambda: proxy.connections == 0)


async def test_an_early_answer_streams_while_the_upload_goes_on(play: Play, serve: Serve) -> None:
    """200 before the body is legal: the answer streams, and the body still reaches the upstream (EX08)."""
    heard: list[bytes] = []

    async def early(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        heard.append(await peer.reader.readexactly(5))
        await peer.send(b"later")
        await peer.rest()

    client = await (await serve(await play(early))).client()
    await client.send(request(b"POST", b"/", b"Content-Length: 10"))
    await client.head()

    assert await client.reader.readexactly(5) == b"first"

    await client.send(b"hello")

    assert await client.reader.readexactly(5) == b"later"
    assert heard == [b"hello"]


async def test_both_directions_full_is_no_deadlock(play: Play, serve: Serve) -> None:
    """An upstream that echoes while a client sends and reads many megabytes: both come to their end (EX08)."""
    total = 32 * 1024 * 1024

    async def echoing(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        left = total
        while left:
            piece = await peer.reader.read(65536)
            left -= len(piece)
            await peer.send(piece)
        await peer.rest()

    client = await (await serve(await play(echoing))).client()
    await client.send(request(b"POST", b"/", b"Content-Length: %d" % total))
    sending = asyncio.ensure_future(client.send(*[PIECE] * (total // len(PIECE))))
    await client.head()
    async with asyncio.timeout(60):
        received = await client.reader.readexactly(total)
    await sending

    assert len(received) == total


async def test_an_early_answer_without_end_of_the_upload_is_not_pooled(play: Play, serve: Serve) -> None:
    """Even when nothing of the body was sent, the connection has an unfinished request in it."""

    async def early(peer: Peer) -> None:
        await peer.head()
        await peer.send(sized(b"done"))
        await peer.rest()

    legacy = await play(early)
    proxy = await serve(legacy)
    client = await proxy.client()
    answer = await client.ask(request(b"POST", b"/", b"Content-Length: 5"))

    assert (answer.body, answer.value(b"Connection")) == (b"done", b"close")
    await _not_pooled(proxy, legacy)
