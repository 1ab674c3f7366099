from __future__ import annotations

import asyncio

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import Message
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, echo, sized

pytestmark = BOTH


async def test_a_client_that_has_closed_its_sending_half_is_answered(play: Play, serve: Serve) -> None:
    """A request followed by a FIN gets its whole answer, with close, and then the end."""
    client = await (await serve(await play(always(sized(b"x" * 300_000))))).client()
    await client.send(get())
    client.end_writing()
    answer = await client.response()

    assert (answer.status, len(answer.body), answer.value(b"Connection")) == (200, 300_000, b"close")
    assert await client.rest() == b""


async def test_a_pipeline_that_ends_with_a_fin_is_answered_to_the_last(play: Play, serve: Serve) -> None:
    """Every request that was sent before the FIN is answered, in order; only the last answer says close."""
    client = await (await serve(await play(echo))).client()
    await client.send(b"".join(post(b"%d" % number) for number in range(10)))
    client.end_writing()
    answers = [await client.response() for _ in range(10)]

    assert [answer.body for answer in answers] == [b"%d" % number for number in range(10)]
    assert [answer.value(b"Connection") for answer in answers] == [None] * 9 + [b"close"]
    assert await client.rest() == b""


async def test_a_slow_answer_still_reaches_a_half_closed_client(play: Play, serve: Serve) -> None:
    """While such a client waits it may be sent a 100, which says nothing to it; its answer comes whole."""

    async def slow(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.6)
        await peer.send(sized(b"late"))
        await peer.rest()

    client = await (await serve(await play(slow))).client()
    await client.send(get())
    client.end_writing()
    answers = [await client.response()]
    while answers[-1].status == 100:
        answers.append(await client.response())

    assert answers[-1].body == b"late"
    assert len(answers) <= 2


async def test_a_half_closed_client_of_http_1_0_gets_its_answer_alone(play: Play, serve: Serve) -> None:
    """HTTP/1.0 knows no 100: nothing is sent before the answer."""

    async def slow(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.5)
        await peer.send(sized(b"late"))
        await peer.rest()

    client = await (await serve(await play(slow))).client()
    await client.send(request(b"GET", b"/", version=b"1.0"))
    client.end_writing()

    assert (await client.response()).body == b"late"


async def test_a_fin_within_a_sized_body_is_400_and_visible_upstream(play: Play, serve: Serve) -> None:
    """A body that ends before its length is refused, and the upstream sees a broken request, not a short one (FR29)."""
    ends: list[bytes] = []

    async def reading(peer: Peer) -> None:
        await peer.head()
        ends.append(await peer.rest())

    proxy = await serve(await play(reading))
    client = await proxy.client()
    await client.send(request(b"POST", b"/", b"Content-Length: 10") + b"hello")
    await asyncio.sleep(0.05)
    client.end_writing()
    answer = await client.response()

    assert (answer.status, answer.problem["detail"]) == (400, "the body ended before its length")

    await proxy.until(lambda: ends)

    assert ends == [b"hello"]


async def test_a_fin_within_a_chunked_body_is_400_and_never_the_last_chunk(play: Play, serve: Serve) -> None:
    """A chunked body without its end is not ended for the upstream either (FR29)."""
    ends: list[bytes] = []

    async def reading(peer: Peer) -> None:
        await peer.head()
        ends.append(await peer.rest())

    proxy = await serve(await play(reading))
    for tail in (b"", b"0\r\n", b"5\r\nhe"):
        client = await proxy.client()
        await client.send(request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n" + tail)
        await asyncio.sleep(0.05)
        client.end_writing()

        assert (await client.response()).status == 400

    await proxy.until(lambda: len(ends) == 3)

    assert not any(b"0\r\n" in end for end in ends)


async def test_a_fin_within_a_head_is_400(play: Play, serve: Serve) -> None:
    """Half a head and a FIN is a bad request; it goes nowhere."""
    legacy = await play(echo)
    client = await (await serve(legacy)).client()
    await client.send(b"GET / HTTP/1.1\r\nHost:")
    client.end_writing()

    assert (await client.response()).status == 400
    assert await client.rest() == b""
    assert legacy.requests == []


async def test_a_fin_on_an_idle_connection_ends_it(play: Play, serve: Serve) -> None:
    """A client that has nothing to wait for is closed at once."""
    proxy = await serve(await play(echo))
    client = await proxy.client()
    await client.ask(get())
    client.end_writing()

    assert await client.rest() == b""
    await proxy.until(lambda: proxy.connections == 0)


async def test_an_upstream_that_half_closes_before_it_answers_has_failed(play: Play, serve: Serve) -> None:
    """A FIN instead of an answer on a first connection is 502; nothing is sent twice."""

    async def ending(peer: Peer) -> None:
        await peer.request()
        peer.end_writing()
        await peer.rest()

    legacy = await play(ending)
    answer = await (await serve(legacy)).ask(get())

    assert answer.status == 502
    assert len(legacy.requests) == 1


async def test_an_upstream_may_half_close_behind_its_answer(play: Play, serve: Serve) -> None:
    """An upstream that answers and ends its half at once is not asked again on that connection."""
    seen: list[Message] = []

    async def ending(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(sized(b"hi"))
        peer.end_writing()
        await peer.rest()

    proxy = await serve(await play(ending))
    for _ in range(3):
        assert (await proxy.ask(get())).body == b"hi"
        await asyncio.sleep(0.02)

    assert len(seen) == 3


async def test_a_quiet_stream_to_a_half_closed_client_stays_whole(play: Play, serve: Serve) -> None:
    """Between two chunks such a client may be sent the zero that the next size begins with; the body is the same."""

    async def slow(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await asyncio.sleep(0.5)
        await peer.send(b"6\r\nsecond\r\n")
        await asyncio.sleep(0.1)
        await peer.send(b"0\r\n\r\n")
        await peer.rest()

    client = await (await serve(await play(slow))).client()
    await client.send(get())
    await client.head()
    client.end_writing()

    assert await client.rest() in {b"5\r\nfirst\r\n" + size + b"\r\nsecond\r\n0\r\n\r\n" for size in (b"6", b"06")}


async def test_a_long_pipeline_that_ends_with_a_fin_is_answered_to_the_last(play: Play, serve: Serve) -> None:
    """More requests than may wait, and a FIN behind them: reading stops and goes on, and none is lost."""
    client = await (await serve(await play(always(sized(b"hi"))))).client()
    count = 3000
    await client.send(get(b"/" + b"x" * 100) * count)
    client.end_writing()

    assert (await client.rest()).count(b"\r\n\r\nhi") == count
