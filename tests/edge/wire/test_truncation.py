from __future__ import annotations

import asyncio

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import Message
from tests.edge.raw_client import Client, get, request
from tests.edge.scripted import Peer, Script, sized

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"hello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n", b"hello"


def broken(answer: tuple[bytes, bytes], *, reset: bool, tail: bytes = b"") -> Script:
    """An upstream whose answer breaks off, by its end or by a reset."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*answer)
        await asyncio.sleep(0.05)
        await peer.send(tail)
        await asyncio.sleep(0.05)
        if reset:
            peer.reset()

    return script


async def _whole(client: Client, version: bytes = b"1.1") -> tuple[Message, bytes]:
    """The head and everything behind it."""
    await client.send(request(b"GET", b"/", version=version))
    return await client.head(), await client.rest()


@BOTH
@pytest.mark.parametrize("reset", [False, True])
async def test_a_sized_body_that_breaks_off_is_never_padded(play: Play, serve: Serve, *, reset: bool) -> None:
    """The client gets what came, fewer bytes than announced, and the end of its connection (RS04)."""
    proxy = await serve(await play(broken(SIZED, reset=reset)))
    head, rest = await _whole(await proxy.client())

    assert (head.value(b"Content-Length"), rest) == (b"10", b"hello")

    (line,) = await proxy.lines(1)

    assert (line["status"], line["failure"], line["level"]) == (200, "body:upstream", "error")


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("tail", [b"", b"5\r\nwo", b"0\r\n", b"0\r\nX-A: 1\r\n"])
async def test_a_chunked_body_that_breaks_off_never_ends_cleanly(
    play: Play, serve: Serve, *, reset: bool, tail: bytes
) -> None:
    """There is no last chunk where the upstream sent none; the connection ends instead (RS05)."""
    head, rest = await _whole(await (await serve(await play(broken(CHUNKED, reset=reset, tail=tail)))).client())

    assert head.value(b"Transfer-Encoding") == b"chunked"
    assert rest.startswith(b"5\r\nhello\r\n")
    assert not rest.endswith(b"0\r\n\r\n")


@BOTH
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_body_until_close_that_is_reset_never_ends_cleanly(play: Play, serve: Serve, version: bytes) -> None:
    """A reset is no end: chunks stay without their last one, and HTTP/1.0 gets a reset of its own (RS06)."""
    client = await (await serve(await play(broken(UNTIL_CLOSE, reset=True)))).client()
    if version == b"1.1":
        _, rest = await _whole(client)

        assert rest == b"5\r\nhello\r\n"
    else:
        with pytest.raises(ConnectionResetError):
            await _whole(client, version)


@BOTH
async def test_a_chunked_body_that_breaks_off_resets_http_1_0(play: Play, serve: Serve) -> None:
    """Where only the connection's end marks the end, a truncated body ends with a reset."""
    client = await (await serve(await play(broken(CHUNKED, reset=False)))).client()
    with pytest.raises(ConnectionResetError):
        await _whole(client, b"1.0")


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"5\r\nhelloXX", b"-5\r\n", b"5;a\nhello\r\n", b"10000000000000005\r\n"])
async def test_a_chunk_that_is_none_breaks_the_body_off(play: Play, serve: Serve, chunk: bytes) -> None:
    """An upstream's broken chunked coding is passed on as a broken answer, never guessed at (R12)."""
    proxy = await serve(await play(broken(CHUNKED, reset=False, tail=chunk)))
    _, rest = await _whole(await proxy.client())

    assert rest.startswith(b"5\r\nhello\r\n")
    assert not rest.endswith(b"0\r\n\r\n")
    assert (await proxy.lines(1))[0]["failure"] == "body:upstream"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"X: a\rSet-Cookie: evil=1",
        b"X: a\x00b",
        b"X: a\x07b",
        b" folded: line",
        b"no colon",
        b"X-Folded: a\r\n b",
    ],
)
async def test_a_response_head_that_is_not_certain_is_502(play: Play, serve: Serve, head: bytes) -> None:
    """Two lengths, a length beside chunks, controls: nothing of such an answer reaches the client (RS09, RS12)."""
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)
        await peer.rest()

    legacy = await play(once)
    got = await (await serve(legacy)).ask(get())

    assert got.status == 502
    assert b"hello" not in got.body
    assert b"evil" not in got.head


@pytest.mark.parametrize("start", [b"HTTP/2.0 200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 099 OK", b"ICY 200 OK", b"hello"])
async def test_what_is_no_http_is_502(play: Play, serve: Serve, start: bytes) -> None:
    """Another protocol, or a status that is none."""
    legacy = await play(broken((start + b"\r\nContent-Length: 0\r\n\r\n", b""), reset=False))

    assert (await (await serve(legacy)).ask(get())).status == 502


async def test_large_heads_pass_up_to_their_bound(play: Play, serve: Serve) -> None:
    """60 KiB of cookies go through whole; beyond 64 KiB it is 502 with the cause (RS15)."""
    cookies = [b"Set-Cookie: c%d=%b" % (number, b"x" * 9000) for number in range(6)]
    fine = await (await serve(await play(broken((sized(b"hi", *cookies), b""), reset=False)))).ask(get())

    assert [line for line in fine.lines if line.startswith(b"Set-Cookie")] == cookies

    over = await (await serve(await play(broken((sized(b"hi", *cookies, *cookies), b""), reset=False)))).ask(get())

    assert over.status == 502
    assert "65536" in over.problem["detail"]


async def test_a_head_that_breaks_off_is_502(play: Play, serve: Serve) -> None:
    """Half a head and the end is no answer."""
    legacy = await play(broken((b"HTTP/1.1 200 OK\r\nContent-", b""), reset=False))
    answer = await (await serve(legacy)).ask(get())

    assert answer.status == 502
    assert len(legacy.requests) == 1
