from __future__ import annotations

import asyncio

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import Message
from tests.edge.proxy import REST
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, echo, silent, sized

pytestmark = BOTH

ENOUGH = 64 * 1024 * 1024
"""Bytes that a client may try to send ahead; far more than the system's own buffers hold."""


async def test_a_hundred_requests_in_one_write_are_answered_in_order(play: Play, serve: Serve) -> None:
    """A pipeline of 100 requests gets its 100 answers, in the order of the requests (FR45)."""
    legacy = await play(echo)
    client = await (await serve(legacy)).client()
    await client.send(b"".join(post(b"%d" % number, target=b"/%d" % number) for number in range(100)))
    answers = [await client.response() for _ in range(100)]

    assert [answer.body for answer in answers] == [b"%d" % number for number in range(100)]
    assert [answer.value(b"X-Target") for answer in answers] == [b"/%d" % number for number in range(100)]


async def test_every_kind_of_request_can_stand_in_a_pipeline(play: Play, serve: Serve) -> None:
    """Sized, chunked, without body, HEAD, and those that the proxy answers itself: each gets its own answer in turn."""
    legacy = await play(echo)
    proxy = await serve(
        legacy, routes=[REST, {"name": "closed", "match": "/closed", "respond": {"status": 403, "body": "no"}}]
    )
    client = await proxy.client()
    await client.send(
        post(b"sized", target=b"/1")
        + request(b"POST", b"/2", b"Transfer-Encoding: chunked")
        + b"7\r\nchunked\r\n0\r\n\r\n"
        + get(b"/closed")
        + request(b"HEAD", b"/3")
        + post(b"body of a refused one", target=b"/closed")
        + get(b"/4")
    )
    answers = [await client.response(to=method) for method in (b"POST", b"POST", b"GET", b"HEAD", b"POST", b"GET")]

    assert [answer.status for answer in answers] == [200, 200, 403, 200, 403, 200]
    assert [answer.body for answer in answers] == [b"sized", b"chunked", b"no", b"", b"no", b""]
    assert [received.target for received in legacy.requests] == [b"/1", b"/2", b"/3", b"/4"]


async def test_a_pipeline_is_the_same_byte_by_byte(play: Play, serve: Serve) -> None:
    """How the bytes were cut into writes changes nothing, for requests and responses alike (LM12)."""
    answers = iter(
        [sized(b"one", b"A: 1"), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"]
    )

    async def dripping(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.drip(next(answers))

    legacy = await play(dripping)
    client = await (await serve(legacy)).client()
    await client.drip(
        post(b"first") + request(b"PUT", b"/2", b"Transfer-Encoding: chunked") + b"6\r\nsecond\r\n0\r\n\r\n"
    )

    assert [(await client.response()).body for _ in range(2)] == [b"one", b"two"]
    assert [received.body for received in legacy.requests] == [b"first", b"second"]


async def test_a_request_waits_until_the_one_before_it_is_answered(play: Play, serve: Serve) -> None:
    """The upstream never sees the second request of a pipeline before it has answered the first."""
    seen: list[Message] = []
    go_on = asyncio.Event()

    async def careful(peer: Peer) -> None:
        seen.append(await peer.request())
        await go_on.wait()
        await peer.send(sized(b"1"))
        seen.append(await peer.request())
        await peer.send(sized(b"2"))

    proxy = await serve(await play(careful))
    client = await proxy.client()
    await client.send(get(b"/1") + get(b"/2"))
    await proxy.until(lambda: seen)
    await asyncio.sleep(0.05)

    assert [received.target for received in seen] == [b"/1"]

    go_on.set()

    assert [(await client.response()).body for _ in range(2)] == [b"1", b"2"]


async def test_a_client_that_sends_ahead_without_end_is_no_longer_read(play: Play, serve: Serve) -> None:
    """While one request is answered, what waits behind it is bounded (R16)."""
    proxy = await serve(await play(silent))
    client = await proxy.client()
    accepted = await _push(client.writer, get(b"/" + b"x" * 1000) * 100)

    assert accepted < ENOUGH
    assert sum(len(client._ahead) for client in proxy.clients) < 512 * 1024


async def test_a_client_that_never_reads_its_answers_is_no_longer_read(play: Play, serve: Serve) -> None:
    """Whoever asks without end and reads nothing fills no memory, be it the proxy's own answers or an upstream's."""
    big = sized(b"x" * 100_000)
    for legacy, target in ((await play(always(big)), b"/"), (await play(silent), b"*")):
        proxy = await serve(legacy, routes=[REST])
        client = await proxy.client()
        client.stop_reading()
        accepted = await _push(client.writer, request(b"OPTIONS", target) * 1000)

        assert accepted < ENOUGH
        assert sum(client.transport.get_write_buffer_size() for client in proxy.clients) < 1024 * 1024


async def test_a_client_that_reads_late_gets_every_answer(play: Play, serve: Serve) -> None:
    """What was not read for a while still comes, whole and in order."""
    bodies = [b"%d" % (number % 10) * 300_000 for number in range(40)]

    async def numbered(peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            await peer.send(sized(bodies[int(message.target[1:])]))

    client = await (await serve(await play(numbered))).client()
    client.stop_reading()
    await client.send(b"".join(get(b"/%d" % number) for number in range(40)))
    await asyncio.sleep(0.2)
    client.go_on_reading()
    for body in bodies:
        assert (await client.response()).body == body


async def _push(writer: asyncio.StreamWriter, piece: bytes) -> int:
    """Write until the other end takes no more for a while; how many bytes it took."""
    accepted = 0
    while accepted < ENOUGH:
        writer.write(piece)
        try:
            async with asyncio.timeout(0.2):
                await writer.drain()
        except TimeoutError:
            break
        accepted += len(piece)
    return accepted
