from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from tests.edge.blackhole import blackhole
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, upstream
from tests.edge.raw_client import Client, get, post, request
from tests.edge.scripted import Peer, always, deaf, echo, once, silent, sized

SHORT = "200ms"
CURE = "the client asked to wait 60s (Prefer), and timeout.response is 0.2s; write timeout: streaming"


@BOTH
async def test_connect_has_its_own_timeout(serve: Serve) -> None:
    """An address that never answers is 504 after `timeout.connect`, for every request that waits."""
    with blackhole() as port:
        proxy = await serve(port, waits={"connect": SHORT, "response": "1h"})
        answers = await asyncio.gather(*[proxy.ask(get()) for _ in range(3)])

    assert ["connect" in check_problem(each, 504) for each in answers] == [True] * 3

    lines = await proxy.lines(3)

    assert {line["failure"] for line in lines} == {"connect:upstream"}


@BOTH
async def test_the_response_head_has_its_own_timeout(play: Play, serve: Serve) -> None:
    """An upstream that takes a request and says nothing is 504 after `timeout.response`; its connection is closed."""
    legacy = await play(silent)
    proxy = await serve(legacy, waits={"connect": "1h", "response": SHORT, "idle": "1h"})
    answer = await proxy.ask(get())

    assert "took too long (head)" in check_problem(answer, 504)
    await proxy.until(legacy.peers[0].reader.at_eof)


async def test_a_long_poll_that_is_cut_is_told_why(play: Play, serve: Serve) -> None:
    """Who asks to wait longer than the bound learns of it, and so does the log; who asks for less, or nothing, not."""
    proxy = await serve(await play(silent), waits={"response": SHORT})
    for asked, told in ((b"Prefer: wait=60", True), (b"Prefer: wait=0", False), (b"X: y", False)):
        detail = check_problem(await proxy.ask(get(b"/", asked)), 504)

        assert (CURE in detail) is told
    assert [CURE in line["detail"] for line in await proxy.lines(3)] == [True, False, False]


async def test_an_event_stream_that_is_cut_is_told_in_the_log(play: Play, serve: Serve) -> None:
    """Silence within one is no fault of the upstream's; another body that stops coming is."""
    cut = []
    for media in (b"text/event-stream", b"text/plain"):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % media
        proxy = await serve(await play(once(head + b"7\r\ndata:\n\n\r\n")), waits={"idle": SHORT})
        client = await proxy.client()
        await client.send(get())
        await client.head()
        await client.rest()
        cut.append((await proxy.lines(1))[0]["detail"])

    assert cut[0].endswith(": an event stream, and timeout.idle is 0.2s; write timeout: streaming on its route")
    assert cut[1] == "upstream legacy took too long (body)"


@pytest.mark.timing
async def test_the_response_timeout_begins_when_the_request_has_been_sent(play: Play, serve: Serve) -> None:
    """A slow upload does not use up the time that the upstream has for its answer."""
    client = await (await serve(await play(echo), waits={"response": "2s"})).client()
    await client.send(request(b"POST", b"/", b"Content-Length: 4"))
    for _ in range(4):
        await asyncio.sleep(0.6)
        await client.send(b"x")

    assert (await client.response()).body == b"xxxx"


async def test_interim_answers_do_not_end_the_wait(play: Play, serve: Serve) -> None:
    """An upstream that hints and then says nothing has still not answered."""
    proxy = await serve(await play(once(b"HTTP/1.1 103 Early Hints\r\n\r\n")), waits={"response": SHORT})
    client = await proxy.client()
    await client.send(get())

    assert [(await client.response()).status for _ in range(2)] == [103, 504]


@pytest.mark.timing
async def test_a_body_has_its_own_timeout(play: Play, serve: Serve) -> None:
    """A response that stops coming is cut after `timeout.idle`, visibly; one that goes on slowly is not."""
    stalled = await play(once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"))
    proxy = await serve(stalled, waits={"response": "1h", "idle": SHORT})
    client = await proxy.client()
    await client.send(get())
    await client.head()

    assert await client.rest() == b"hello"
    assert (await proxy.lines(1))[0]["failure"] == "body:upstream"

    async def slow(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0.6)
            await peer.send(b"x")
        await peer.rest()

    answer = await (await serve(await play(slow), waits={"response": "2s", "idle": "2s"})).ask(get())

    assert answer.body == b"xxxxx"


@pytest.mark.timing
async def test_the_whole_exchange_may_have_a_timeout(play: Play, serve: Serve) -> None:
    """`timeout.total` ends what goes on, before the answer (504) or within it (cut), however lively it is."""
    proxy = await serve(await play(silent), waits={"total": SHORT})

    check_problem(await proxy.ask(get()), 504)

    async def lively(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.05)

    client = await (await serve(await play(lively), waits={"total": SHORT})).client()
    began = monotonic()
    await client.send(get())
    await client.head()
    rest = await client.rest()

    assert rest
    assert not rest.endswith(b"0\r\n\r\n")
    assert monotonic() - began < 5


async def test_a_route_may_have_its_own_timeouts(play: Play, serve: Serve) -> None:
    """What a route says goes before what its upstream says."""
    legacy = await play(silent)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy, timeout={"response": "1h"})},
        routes=[{**REST, "timeout": {"response": SHORT}}],
    )

    check_problem(await proxy.ask(get()), 504)


@pytest.mark.timing
async def test_a_head_that_does_not_come_whole_is_408(serve: Serve) -> None:
    """`limits.head` bounds a whole request head, drop by drop too (LM03)."""
    proxy = await serve(1, limits={"head": SHORT})
    client = await proxy.client()
    dripping = asyncio.ensure_future(_drip(client, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1000))
    answer = await client.response()
    dripping.cancel()

    check_problem(answer, 408)
    assert answer.value(b"Connection") == b"close"
    (line,) = await proxy.lines(1)
    assert (line["status"], line["route"]) == (408, "(refused)")
    assert 100 < line["ms"] < 5000


async def test_a_client_that_never_begins_is_closed(serve: Serve) -> None:
    """A connection without any byte ends after `limits.head`, without an answer."""
    client = await (await serve(1, limits={"head": SHORT})).client()

    assert await client.rest() == b""


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_a_body_that_stalls_is_408_and_frees_its_upstream(play: Play, serve: Serve, framing: bytes) -> None:
    """`limits.body` bounds the time without a byte; the upstream's connection ends with it (LM04)."""
    legacy = await play(silent)
    proxy = await serve(legacy, limits={"body": SHORT}, waits={"response": "1h"})
    client = await proxy.client()
    await client.send(request(b"POST", b"/", framing) + b"3\r\nabc\r\n")

    check_problem(await client.response(), 408)
    await proxy.until(legacy.peers[0].reader.at_eof)
    assert (await proxy.lines(1))[0]["failure"] == "send:client"


@pytest.mark.timing
async def test_a_body_that_comes_slowly_is_taken(play: Play, serve: Serve) -> None:
    """What bounds a body is silence, not its duration."""
    client = await (await serve(await play(echo), limits={"body": "2s"})).client()
    await client.send(request(b"POST", b"/", b"Content-Length: 5"))
    for _ in range(5):
        await asyncio.sleep(0.6)
        await client.send(b"x")

    assert (await client.response()).body == b"xxxxx"


async def test_an_upstream_that_does_not_take_a_body_is_504(play: Play, serve: Serve) -> None:
    """When the client waits for the upstream, the upstream is to blame, not the client."""
    proxy = await serve(await play(deaf), limits={"body": "600ms"}, waits={"response": "600ms"})
    client = await proxy.client()
    client.writer.write(request(b"POST", b"/", b"Content-Length: 100000000") + b"x" * 30_000_000)
    answer = await client.response()

    check_problem(answer, 504)
    assert (await proxy.lines(1))[0]["failure"] == "head:upstream"


@pytest.mark.timing
async def test_an_idle_client_connection_is_closed(play: Play, serve: Serve) -> None:
    """`limits.idle` after the last answer the connection ends; before, it serves."""
    proxy = await serve(await play(always(sized(b"hi"))), limits={"idle": "600ms"})
    client = await proxy.client()
    for _ in range(4):
        assert (await client.ask(get())).status == 200
        await asyncio.sleep(0.25)

    assert await client.rest() == b""
    await proxy.until(lambda: proxy.connections == 0)


@BOTH
async def test_a_client_that_stops_reading_is_let_go(play: Play, serve: Serve) -> None:
    """A stalled reader is reset after `timeout.idle`; the line says that it was the client's fault (LM05)."""
    legacy = await play(always(sized(b"x" * 30_000_000)))
    proxy = await serve(legacy, waits={"idle": SHORT}, send=65536)
    client = await proxy.client(receive=65536)
    client.stop_reading()
    await client.send(get())
    (line,) = await proxy.lines(1)

    assert (line["status"], line["failure"]) == (200, "body:client")
    await proxy.until(lambda: proxy.connections == 0)
    await proxy.until(lambda: legacy.peers[0].writer.transport.is_closing() or legacy.peers[0].reader.at_eof())


@BOTH
async def test_a_client_that_never_reads_its_last_answer_is_let_go(play: Play, serve: Serve) -> None:
    """An answer that waits for its client behind the end of the exchange waits for `limits.idle`, not for ever."""
    proxy = await serve(await play(always(sized(b"x" * 60_000))), limits={"idle": SHORT}, send=4096)
    client = await proxy.client(receive=4096)
    client.stop_reading()
    await client.send(get(b"/", b"Connection: close"))
    await proxy.until(lambda: proxy.connections == 1)
    await proxy.until(lambda: proxy.connections == 0)


async def _drip(client: Client, data: bytes) -> None:
    for at in range(len(data)):
        await client.send(data[at : at + 1])
        await asyncio.sleep(0.02)


@pytest.mark.timing
async def test_no_timeout_runs_while_a_post_waits_for_its_turn(play: Play, serve: Serve) -> None:
    """A request behind another of the same client has its own time, from when it is read."""

    async def slow(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await asyncio.sleep(0.8)
            await peer.send(sized(b"hi"))

    client = await (await serve(await play(slow), waits={"response": "2s"})).client()
    await client.send(post(b"a") + post(b"b") + post(b"c"))

    assert [(await client.response()).status for _ in range(3)] == [200] * 3
