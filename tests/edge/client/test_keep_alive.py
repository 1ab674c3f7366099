from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import always, chunked, echo, sized, then_close

pytestmark = BOTH


async def test_one_client_connection_carries_many_requests(play: Play, serve: Serve) -> None:
    """Requests that follow each other on a client's connection share one upstream connection, bodies or not."""
    legacy = await play(echo)
    client = await (await serve(legacy)).client()
    for number in range(20):
        answer = await client.ask(post(b"body %d" % number, target=b"/%d" % number))

        assert answer.body == b"body %d" % number

    assert [received.target for received in legacy.requests] == [b"/%d" % number for number in range(20)]
    assert len(legacy.peers) == 1


async def test_connection_close_from_the_client_ends_its_connection_only(play: Play, serve: Serve) -> None:
    """A client that says close gets its answer with close and the end; the upstream's connection stays for others."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    client = await proxy.client()
    answer = await client.ask(get(b"/", b"Connection: close"))

    assert answer.value(b"Connection") == b"close"
    assert await client.rest() == b""

    await proxy.ask(get())

    assert len(legacy.peers) == 1


async def test_connection_close_from_the_upstream_ends_its_connection_only(play: Play, serve: Serve) -> None:
    """An upstream that says close is not asked again on that connection; the client's stays open and is not told."""
    legacy = await play(always(sized(b"hi", b"Connection: close")))
    client = await (await serve(legacy)).client()
    answers = [await client.ask(get()) for _ in range(3)]

    assert [answer.value(b"Connection") for answer in answers] == [None, None, None]
    assert len(legacy.peers) == 3


async def test_an_upstream_of_http_1_0_closes_unless_it_says_otherwise(play: Play, serve: Serve) -> None:
    """A response of HTTP/1.0 ends its connection, and with keep-alive it does not."""
    closing = await play(then_close(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
    client = await (await serve(closing)).client()

    assert [(await client.ask(get())).body for _ in range(2)] == [b"hi", b"hi"]
    assert len(closing.peers) == 2

    staying = await play(always(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"))
    client = await (await serve(staying)).client()
    for _ in range(2):
        answer = await client.ask(get())

        assert answer.body == b"hi"
        assert answer.start == b"HTTP/1.1 200 OK"

    assert len(staying.peers) == 1


async def test_a_client_of_http_1_0_is_answered_and_closed(play: Play, serve: Serve) -> None:
    """HTTP/1.0 without keep-alive: one answer with its length, then the end."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    answer = await client.ask(request(b"GET", b"/", version=b"1.0"))

    assert (answer.status, answer.body, answer.value(b"Connection")) == (200, b"hi", b"close")
    assert await client.rest() == b""
    assert legacy.requests[0].start == b"GET / HTTP/1.1"


async def test_a_client_of_http_1_0_may_keep_its_connection(play: Play, serve: Serve) -> None:
    """HTTP/1.0 with keep-alive: told that the connection stays, and served again on it."""
    client = await (await serve(await play(always(sized(b"hi"))))).client()
    for _ in range(3):
        answer = await client.ask(request(b"GET", b"/", b"Connection: Keep-Alive", version=b"1.0"))

        assert (answer.body, answer.value(b"Connection")) == (b"hi", b"keep-alive")


@pytest.mark.parametrize("connection", [(), (b"Connection: keep-alive",)])
async def test_a_client_of_http_1_0_never_sees_chunks(play: Play, serve: Serve, connection: tuple[bytes, ...]) -> None:
    """A chunked response is de-chunked for HTTP/1.0 and ended by the connection's end, keep-alive or not (RS11)."""
    client = await (await serve(await play(always(chunked(b"one,", b"two,", b"three"))))).client()
    answer = await client.ask(request(b"GET", b"/", *connection, version=b"1.0"))

    assert answer.body == b"one,two,three"
    assert answer.value(b"Connection") == b"close"
    assert b"transfer-encoding" not in answer.names


async def test_a_client_of_http_1_0_needs_no_host(play: Play, serve: Serve) -> None:
    """HTTP/1.0 without Host is served; the upstream gets one all the same, its own name."""
    legacy = await play(always(sized(b"hi")))
    answer = await (await serve(legacy)).ask(b"GET /x HTTP/1.0\r\n\r\n")

    assert answer.body == b"hi"
    assert legacy.requests[0].value(b"Host") == b"127.0.0.1:%d" % legacy.port


async def test_empty_lines_before_a_request_are_skipped(play: Play, serve: Serve) -> None:
    """CRLFs between requests, as some clients send after a body, are not requests (RFC 9112 section 2.2)."""
    client = await (await serve(await play(echo))).client()

    assert (await client.ask(post(b"a") + b"\r\n\r\n")).body == b"a"
    await client.send(b"\r\n")
    assert (await client.ask(b"\r\n\r\n" + post(b"b"))).body == b"b"
