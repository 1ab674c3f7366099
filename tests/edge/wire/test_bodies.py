from __future__ import annotations

import asyncio
import gzip
from hashlib import sha256

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import read_chunk
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, chunked, echo, once, sized, then_close

pytestmark = BOTH

CHUNKED = b"Transfer-Encoding: chunked"


async def test_a_sized_body_goes_up_as_it_comes(play: Play, serve: Serve) -> None:
    """The first half of a request's body is with the upstream before the client has sent the second."""
    half = asyncio.Event()

    async def reading(peer: Peer) -> None:
        await peer.head()
        assert await peer.reader.readexactly(5) == b"first"
        half.set()
        assert await peer.reader.readexactly(6) == b"second"
        await peer.send(sized(b"whole"))

    client = await (await serve(await play(reading))).client()
    await client.send(post(b"x" * 11).removesuffix(b"x" * 11) + b"first")
    async with asyncio.timeout(5):
        await half.wait()
    await client.send(b"second")

    assert (await client.response()).body == b"whole"


async def test_a_chunked_body_goes_up_as_it_comes(play: Play, serve: Serve) -> None:
    """A chunk is with the upstream before the client sends the next; extensions are gone, payload is exact (FR26)."""
    first = asyncio.Event()

    async def reading(peer: Peer) -> None:
        head = await peer.head()
        assert head.value(b"Transfer-Encoding") == b"chunked"
        assert await read_chunk(peer.reader) == b"first"
        first.set()
        assert await peer.reader.readexactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"
        await peer.send(sized(b"whole"))

    client = await (await serve(await play(reading))).client()
    await client.send(request(b"POST", b"/", CHUNKED) + b'5;name="quoted"\r\nfirst\r\n')
    async with asyncio.timeout(5):
        await first.wait()
    await client.send(b"00006\r\nsecond\r\n0\r\n\r\n")

    assert (await client.response()).body == b"whole"


async def test_a_sized_body_comes_down_as_it_is_sent(play: Play, serve: Serve) -> None:
    """The first half of a response is with the client before the upstream has sent the second."""
    half = asyncio.Event()

    async def sending(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfirst")
        await half.wait()
        await peer.send(b"second")
        await peer.rest()

    client = await (await serve(await play(sending))).client()
    await client.send(get())
    head = await client.head()

    assert head.value(b"Content-Length") == b"11"
    assert await client.reader.readexactly(5) == b"first"

    half.set()

    assert await client.reader.readexactly(6) == b"second"


async def test_a_chunked_body_comes_down_as_it_is_sent(play: Play, serve: Serve) -> None:
    """A chunk is with the client before the upstream has sent the next, and the end only with the upstream's end."""
    received = asyncio.Event()

    async def sending(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nfirst\r\n")
        await received.wait()
        await peer.send(b"6\r\nsecond\r\n0\r\n\r\n")
        await peer.rest()

    client = await (await serve(await play(sending))).client()
    await client.send(get())

    assert (await client.head()).value(b"Transfer-Encoding") == b"chunked"
    assert await client.reader.readexactly(10) == b"5\r\nfirst\r\n"

    received.set()

    assert await client.reader.readexactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"


async def test_a_body_that_ends_with_the_connection_is_chunked_for_http_1_1(play: Play, serve: Serve) -> None:
    """A response without framing is relayed whole in chunks; only the upstream's connection ends (RS06)."""
    legacy = await play(then_close(b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\nhel", b"lo"))
    client = await (await serve(legacy)).client()
    for _ in range(2):
        answer = await client.ask(get())

        assert (answer.body, answer.value(b"Transfer-Encoding")) == (b"hello", b"chunked")

    assert len(legacy.peers) == 2


async def test_a_body_that_ends_with_the_connection_does_so_for_http_1_0(play: Play, serve: Serve) -> None:
    """For HTTP/1.0 the end of the connection stays the end of the body."""
    legacy = await play(then_close(b"HTTP/1.1 200 OK\r\n\r\nhello"))
    answer = await (await serve(legacy)).ask(request(b"GET", b"/", version=b"1.0"))

    assert answer.body == b"hello"
    assert b"transfer-encoding" not in answer.names


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_large_bodies_are_exact_both_ways(play: Play, serve: Serve, framing: str) -> None:
    """Megabytes that do not fit any buffer arrive byte for byte, up and down."""
    body = b"".join(sha256(b"%d" % number).digest() for number in range(100_000))
    client = await (await serve(await play(echo))).client()
    if framing == "sized":
        sending = client.send(post(body))
    else:
        pieces = [body[at : at + 70_000] for at in range(0, len(body), 70_000)]
        coded = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
        sending = client.send(request(b"POST", b"/", CHUNKED), *coded, b"0\r\n\r\n")
    _, answer = await asyncio.gather(sending, client.response())

    assert sha256(answer.body).digest() == sha256(body).digest()


@pytest.mark.parametrize("body", [b"", b"x"])
async def test_a_body_on_get_goes_up(play: Play, serve: Serve, body: bytes) -> None:
    """A GET with a body, even an empty one, keeps its framing and its body (FR42)."""
    legacy = await play(echo)
    answer = await (await serve(legacy)).ask(request(b"GET", b"/", body=body))

    assert answer.body == body
    assert legacy.requests[0].value(b"Content-Length") == b"%d" % len(body)


async def test_an_empty_chunked_body_stays_chunked(play: Play, serve: Serve) -> None:
    """No payload at all, up and down, is still a body that ends."""
    legacy = await play(always(chunked()))
    client = await (await serve(legacy)).client()
    for _ in range(2):
        answer = await client.ask(request(b"POST", b"/", CHUNKED) + b"0\r\n\r\n")

        assert (answer.body, answer.value(b"Transfer-Encoding")) == (b"", b"chunked")

    assert [received.value(b"Transfer-Encoding") for received in legacy.requests] == [b"chunked", b"chunked"]


async def test_lengths_are_passed_on_in_canonical_form(play: Play, serve: Serve) -> None:
    """Leading zeros that somebody could read as octal do not go on, up or down (FR10)."""
    legacy = await play(once(b"HTTP/1.1 200 OK\r\nContent-Length: 002\r\n\r\nhi"))
    client = await (await serve(legacy)).client()
    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n0123456789")

    assert answer.has(b"Content-Length: 2")
    assert legacy.requests[0].has(b"Content-Length: 10")
    assert legacy.requests[0].body == b"0123456789"


async def test_encoded_bodies_are_not_touched(play: Play, serve: Serve) -> None:
    """A Content-Encoding is the two ends' affair: bombs, unknown codings and broken data pass as they are (RS18)."""
    bomb = gzip.compress(b"\0" * 1_000_000)
    for coding, body in ((b"gzip", bomb), (b"br", b"\x8b\x01"), (b"gzip", b"not gzip at all")):
        answer = await (await serve(await play(always(sized(body, b"Content-Encoding: " + coding))))).ask(get())

        assert (answer.body, answer.value(b"Content-Encoding")) == (body, coding)


async def test_a_thousand_tiny_chunks_are_one_body(play: Play, serve: Serve) -> None:
    """Chunks of one byte, many to a read and cut anywhere, are put together rightly (LM09)."""
    coded = b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"
    legacy = await play(echo)
    client = await (await serve(legacy)).client()
    await client.send(request(b"POST", b"/", CHUNKED), *[coded[at : at + 997] for at in range(0, len(coded), 997)])

    assert (await client.response()).body == b"x" * 20_000
