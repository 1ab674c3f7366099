"""The published cases of what upstreams do, each by its id; after each, fresh clients get their own answers."""

from __future__ import annotations

import asyncio

import pytest

from tests.wire.ask import GET, GET_1_0, HEAD, HELLO, WEBSOCKET, ask_once, names, only
from tests.wire.play import Client
from tests.wire.upstream import After, Talk, Upstream, answers, behind, says

# -- upgrades and interim answers -------------------------------------------------------------------------------------


async def test_up08_an_unsolicited_101_is_no_answer() -> None:
    """UP08: to a request without upgrade, 101 gives 502, nothing behind it, and the upstream's connection is closed."""
    switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nTUNNEL"
    async with behind(answers(says(switching))) as (plane, upstream):
        heard = await ask_once(plane.port, GET)
        await upstream.talks[0].left()

    assert heard.statuses == [502]
    assert b"TUNNEL" not in heard.data


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket, h2c", b""])
async def test_up08_a_101_to_another_protocol_is_no_answer(protocol: bytes) -> None:
    """UP08: a WebSocket was asked for; 101 to anything else gives 502."""
    line = b"Upgrade: %b\r\n" % protocol if protocol else b""
    switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n%b\r\nTUNNEL" % line
    async with behind(answers(says(switching))) as (plane, _):
        heard = await ask_once(plane.port, WEBSOCKET)

    assert heard.statuses == [502]
    assert b"TUNNEL" not in heard.data


@pytest.mark.parametrize("path", [b"/ws/new", b"/x"], ids=["allowed", "not allowed"])
async def test_up06_an_upgrade_in_http_1_0_is_ignored(path: bytes) -> None:
    """UP06: RFC 9110 section 7.8: the request goes on without it, so that no 101 can make a tunnel of it."""
    data = WEBSOCKET.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"/ws/new", path)
    async with behind(answers(says(HELLO))) as (plane, upstream):
        heard = await ask_once(plane.port, data)

    assert only(heard).status == 200
    assert not names(upstream.requests[0][1]) & {b"upgrade", b"connection"}


@pytest.mark.parametrize("status", [b"200 OK", b"401 Unauthorized", b"426 Upgrade Required"])
async def test_up10_a_refused_upgrade_is_an_answer_like_any_other(status: bytes) -> None:
    """UP10: the answer comes whole, the connection stays HTTP, and the next request on it is routed as usual."""
    refused = b"HTTP/1.1 %b\r\nContent-Length: 3\r\n\r\nno!" % status
    async with behind(answers(says(refused), says(HELLO))) as (plane, _):
        heard = await ask_once(plane.port, WEBSOCKET + GET)

    first, second = heard.responses()
    assert (first.status, first.body) == (int(status[:3]), b"no!")
    assert (second.status, second.body) == (200, b"hello")


@pytest.mark.parametrize(("request_", "statuses"), [(GET, [103, 200]), (GET_1_0, [200])], ids=["1.1", "1.0"])
async def test_ex05_early_hints_are_for_clients_that_know_them(request_: bytes, statuses: list[int]) -> None:
    """EX05: 103 goes to a client of HTTP/1.1 before the answer, and never to one of HTTP/1.0."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    async with behind(answers(says(hints, HELLO))) as (plane, _):
        heard = await ask_once(plane.port, request_)

    assert [each.status for each in heard.responses()] == statuses


# -- answers before the request is whole ------------------------------------------------------------------------------

UPLOAD = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"10000\r\n" + b"u" * 65536 + b"\r\n"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch"


@pytest.mark.parametrize("after", list(After))
async def test_ex07_an_answer_before_the_upload_is_whole_comes_through(after: After) -> None:
    """EX07: 413 in mid-upload reaches the client whole, whatever the upstream does then; it is not asked again."""

    async def script(talk: Talk, upstream: Upstream) -> None:
        if len(upstream.talks) > 1:
            await upstream.next_request(talk)
            return
        await talk.head()
        while len(talk.unread) < len(PIECE):
            talk.unread += await talk.read()
        await talk.say(says(TOO_LARGE, after=after))
        if after is After.STAYS:
            await talk.read_to_end()

    async with behind(script) as (plane, upstream):
        client = await Client.to(plane.port)
        _, heard = await asyncio.gather(client.send(UPLOAD, *[PIECE] * 4096), client.hear())
        client.close()
        if after is After.STAYS:
            await upstream.talks[0].left()

    assert (only(heard).status, only(heard).body) == (413, b"much")
    assert upstream.requests == []


async def test_ex08_an_answer_streams_while_the_upload_goes_on() -> None:
    """EX08: an upstream that answers first and reads later gets the whole upload, the client the whole answer."""
    size = 8 * 1024 * 1024
    got: list[int] = []

    async def script(talk: Talk, upstream: Upstream) -> None:
        if len(upstream.talks) > 1:
            await upstream.next_request(talk)
            return
        await talk.head()
        got.append(len(talk.unread) - talk.unread.index(b"\r\n\r\n") - 4)
        await talk.say(says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, b"d" * (size - 1)))
        while got[0] < size:
            got[0] += len(await talk.read())
        await talk.say(says(b"d"))
        talk.unread = b""
        await upstream.next_request(talk)

    async with behind(script) as (plane, _):
        client = await Client.to(plane.port)
        head = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
        _, heard = await asyncio.gather(client.send(head, *[b"u" * 65536] * (size // 65536)), client.hear())
        client.close()

    assert len(only(heard).body) == size
    assert got == [size]


# -- framing of answers -----------------------------------------------------------------------------------------------


async def test_rs01_the_answer_to_head_has_no_body_whatever_it_says() -> None:
    """RS01: a length in the answer to HEAD is information; the next answer on the connection is not eaten as body."""
    head_only = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
    async with behind(answers(says(head_only), says(HELLO))) as (plane, upstream):
        asked = await ask_once(plane.port, HEAD + GET)
        heard = await ask_once(plane.port, GET)

    assert asked.responses((b"HEAD", b"GET"))[1].body == b"hello"
    assert only(heard).body == b"hello"
    assert {connection for connection, _ in upstream.requests} == {0}


@pytest.mark.parametrize("behind_it", [b"", b"hello"], ids=["nothing", "a body"])
@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Length: 0"])
@pytest.mark.parametrize("status", [b"204 No Content", b"205 Reset Content", b"304 Not Modified"])
async def test_rs03_statuses_without_body_have_none(status: bytes, framing: bytes, behind_it: bytes) -> None:
    """RS03: whatever 204, 205 and 304 say or send, the client gets no body, and the next answer is its own."""
    empty = b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (status, framing, behind_it)
    async with behind(answers(says(empty), says(HELLO))) as (plane, _):
        heard = await ask_once(plane.port, GET + GET)

    first, second = heard.responses()
    assert (first.status, first.body) == (int(status[:3]), b"")
    assert b"transfer-encoding" not in names(first)
    assert (second.status, second.body) == (200, b"hello")


async def test_rs03_a_205_without_framing_ends_its_connection() -> None:
    """RS03: what an upstream sends behind a bare 205 is its body by HTTP's framing, so it is nobody's answer."""
    bare = b"HTTP/1.1 205 Reset Content\r\n\r\n"
    async with behind(answers(says(bare), says(HELLO))) as (plane, upstream):
        heard = await ask_once(plane.port, GET + GET)
        await upstream.talks[0].left()

    first, second = heard.responses()
    assert (first.status, first.body, first.values(b"content-length")) == (205, b"", [b"0"])
    assert (second.status, second.body) == (200, b"hello")


@pytest.mark.parametrize("parts", [(b"hello",), (b"hel", b"lo"), (b"",)], ids=["at once", "in two", "nothing"])
@pytest.mark.parametrize("after", [After.CLOSES, After.RESETS])
async def test_rs04_a_body_shorter_than_its_length_is_never_ended_cleanly(
    parts: tuple[bytes, ...], after: After
) -> None:
    """RS04: the client can tell that the answer is cut: the connection ends before the length that was said."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    async with behind(answers(says(head, *parts, after=after), says(HELLO))) as (plane, _):
        heard = await ask_once(plane.port, GET)
        (line,) = plane.lines

    assert heard.data.count(b"HTTP/1.1") <= 1
    assert heard.responses() == [] or heard.statuses == [502]
    assert line.failure in {"body:upstream", "head:upstream"}


@pytest.mark.parametrize("after", [After.CLOSES, After.RESETS])
@pytest.mark.parametrize("cut", [b"5\r\nhello\r\n", b"5\r\nhel", b"5\r\nhello\r\n0\r\n", b"5"])
async def test_rs05_a_chunked_body_without_its_end_gets_none(cut: bytes, after: After) -> None:
    """RS05: no last chunk is written for the upstream."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with behind(answers(says(head, cut, after=after), says(HELLO))) as (plane, _):
        heard = await ask_once(plane.port, GET)
        (line,) = plane.lines

    assert heard.responses() == [] or heard.statuses == [502]
    assert line.failure in {"body:upstream", "head:upstream"}


@pytest.mark.parametrize("data", [GET, GET_1_0], ids=["1.1", "1.0"])
async def test_rs06_a_body_until_close_comes_whole(data: bytes) -> None:
    """RS06: recoded in chunks for HTTP/1.1, until close for 1.0; the upstream's connection is not used again."""
    until_close = b"HTTP/1.1 200 OK\r\n\r\n"
    async with behind(answers(says(until_close, b"hel", b"lo", after=After.CLOSES), says(HELLO))) as (plane, upstream):
        heard = await ask_once(plane.port, data)
        await ask_once(plane.port, GET)

    assert only(heard).body == b"hello"
    assert only(heard).values(b"transfer-encoding") == ([b"chunked"] if data == GET else [])
    assert [connection for connection, _ in upstream.requests] == [0, 1]


@pytest.mark.parametrize("data", [GET, GET_1_0], ids=["1.1", "1.0"])
async def test_rs06_a_body_until_close_that_is_reset_is_cut(data: bytes) -> None:
    """RS06: a RST is not an end; the client sees no clean one either."""

    async def script(talk: Talk, upstream: Upstream) -> None:
        if len(upstream.talks) > 1:
            await upstream.next_request(talk)
            return
        await talk.request()
        await talk.say(says(b"HTTP/1.1 200 OK\r\n\r\n", b"hello"))
        await arrived.wait()
        talk.reset()

    arrived = asyncio.Event()
    async with behind(script) as (plane, _):
        client = await Client.to(plane.port)
        await client.send(data)
        while b"hello" not in client.heard.data:
            await client.hear_some()
        arrived.set()
        heard = await client.hear()
        client.close()

    if data == GET:
        assert heard.responses() == []
    else:
        assert heard.reset
