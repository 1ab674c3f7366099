"""The published cases of responses, RS07 to RS20, each by its id; after each, fresh clients get their own answers."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from tests.wire.ask import GET, GET_1_0, HELLO, PLANTED, ask_once, names, only
from tests.wire.play import Client
from tests.wire.upstream import After, Talk, Upstream, answers, behind, says

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "in two writes"])
async def test_rs07_a_second_response_is_nobodys(apart: bool) -> None:  # noqa: FBT001 -- a parameter of the case
    """RS07: bytes behind an answer reach no client, and their connection is closed."""
    parts = (HELLO, PLANTED) if apart else (HELLO + PLANTED,)
    async with behind(answers(says(*parts), says(HELLO))) as (plane, upstream):
        heard = await ask_once(plane.port, GET)
        await upstream.talks[0].left()
        again = await ask_once(plane.port, GET)

    assert only(heard).body == only(again).body == b"hello"


async def test_rs08_bytes_on_an_idle_connection_end_it() -> None:
    """RS08: what an upstream sends unasked is discarded with its connection; the next request takes another."""
    pushed = asyncio.Event()

    async def script(talk: Talk, upstream: Upstream) -> None:
        while await upstream.next_request(talk) is not None:
            await talk.say(says(HELLO))
            if len(upstream.talks) == 1:
                await pushed.wait()
                await talk.say(says(PLANTED))

    async with behind(script) as (plane, upstream):
        first = await ask_once(plane.port, GET)
        pushed.set()
        await upstream.talks[0].left()
        second = await ask_once(plane.port, GET)

    assert only(first).body == only(second).body == b"hello"
    assert [connection for connection, _ in upstream.requests] == [0, 1]


AMBIGUOUS = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6",
    "the same length twice": b"Content-Length: 5\r\nContent-Length: 5",
    "a list of lengths": b"Content-Length: 5, 5",
    "length and chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    "a signed length": b"Content-Length: +5",
    "a hexadecimal length": b"Content-Length: 0x5",
    "no digits": b"Content-Length:",
    "beyond 64 bits": b"Content-Length: 18446744073709551621",
    "an unknown coding": b"Transfer-Encoding: gzip, chunked",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
}


@pytest.mark.parametrize("framing", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_rs09_framing_that_can_be_read_in_two_ways_is_no_answer(framing: bytes) -> None:
    """RS09: 502, and the upstream's connection is closed."""
    async with behind(answers(says(OK + framing + b"\r\n\r\nhello"), says(HELLO))) as (plane, upstream):
        heard = await ask_once(plane.port, GET)
        await upstream.talks[0].left()

    assert heard.statuses == [502]


async def test_rs11_a_client_of_http_1_0_gets_no_chunks() -> None:
    """RS11: the body arrives decoded, without Transfer-Encoding, and ends with the connection."""
    coded = OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n"
    async with behind(answers(says(coded))) as (plane, _):
        heard = await ask_once(plane.port, GET_1_0.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"))

    assert only(heard).body == b"hello world"
    assert not names(only(heard)) & {b"transfer-encoding", b"content-length", b"x-t"}


BAD_HEADS = {
    "CR in a value": OK + b"X: a\rSet-Cookie: evil",
    "LF in a value": OK + b"X: a\nSet-Cookie: evil",
    "NUL": OK + b"X: a\x00b",
    "BEL": OK + b"X: a\x07b",
    "DEL": OK + b"X: a\x7fb",
    "CR in a name": OK + b"X\rY: b",
    "a folded line": OK + b"X: a\r\n evil: b",
    "no colon": OK + b"X",
    "a space before the colon": OK + b"X : b",
    "an empty name": OK + b": b",
    "NUL in the reason": b"HTTP/1.1 200 O\x00K\r\nX: a",
    "CR in the reason": b"HTTP/1.1 200 O\rK\r\nX: a",
    "another protocol": b"HTTP/2.0 200 OK\r\nX: a",
    "no status": b"HTTP/1.1 OK\r\nX: a",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nX: a",
    "no HTTP at all": b"220 mail.example ESMTP",
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS.keys())
async def test_rs12_a_head_that_is_not_clean_is_no_answer(head: bytes) -> None:
    """RS12: 502; not a byte of it reaches the client."""
    async with behind(answers(says(head + b"\r\nContent-Length: 5\r\n\r\nhello"), says(HELLO))) as (plane, _):
        heard = await ask_once(plane.port, GET)

    assert heard.statuses == [502]
    assert b"evil" not in heard.data


async def test_rs14_what_is_meant_for_one_hop_stays_there() -> None:
    """RS14: hop-by-hop fields and those that Connection names are dropped; the client's connection stays open."""
    hops = (
        b"Connection: X-Internal, close\r\nX-Internal: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
        b"Upgrade: h2c\r\nProxy-Authenticate: Basic\r\nTE: trailers\r\nX-Kept: 1\r\n"
    )
    async with behind(answers(says(OK + hops + b"Content-Length: 2\r\n\r\nok", after=After.CLOSES))) as (plane, _):
        client = await Client.to(plane.port)
        await client.send(GET)
        await client.hear(1)
        await client.send(GET)
        heard = await client.hear(2)
        client.close()

    assert heard.statuses == [200, 200]
    for response in heard.responses():
        assert names(response) == {b"x-kept", b"content-length", b"x-request-id"}


BIG = {
    "300 fields": b"".join(b"X-%d: y\r\n" % number for number in range(300)),
    "a cookie of 9 KB": b"Set-Cookie: " + b"c" * 9 * 1024 + b"\r\n",
    "60 KiB": b"".join(b"X-%d: %b\r\n" % (number, b"y" * 1000) for number in range(60)),
}
TOO_BIG = {
    "70 KB": b"".join(b"X-%d: %b\r\n" % (number, b"y" * 1000) for number in range(70)),
    "one field of 70 KB": b"X: " + b"y" * 70_000 + b"\r\n",
    "1000 fields": b"X: y\r\n" * 1000,
}


@pytest.mark.parametrize("fields", BIG.values(), ids=BIG.keys())
async def test_rs15_the_heads_of_real_systems_pass(fields: bytes) -> None:
    """RS15: up to 64 KiB and 512 fields, byte for byte."""
    async with behind(answers(says(OK + fields + b"Content-Length: 2\r\n\r\nok"))) as (plane, _):
        heard = await ask_once(plane.port, GET)

    assert heard.statuses == [200]
    assert fields in heard.data


@pytest.mark.parametrize("fields", TOO_BIG.values(), ids=TOO_BIG.keys())
async def test_rs15_a_head_beyond_the_bound_is_refused_with_its_reason(fields: bytes) -> None:
    """RS15: 502, and the answer says what was too much."""
    async with behind(answers(says(OK + fields + b"Content-Length: 2\r\n\r\nok"), says(HELLO))) as (plane, _):
        heard = await ask_once(plane.port, GET)

    assert heard.statuses == [502]
    assert b"more than 512" in heard.data or b"65536" in heard.data or b"too long" in heard.data


async def test_rs17_fields_keep_their_bytes_and_order() -> None:
    """RS17: two cookies, odd case and bytes that are no UTF-8 arrive as they were sent."""
    fields = b"set-cookie: a=1\r\nX: \xc3\xa9\xff\r\nSet-Cookie: b=2\r\nx-UPPER: 1\r\n"
    async with behind(answers(says(OK + fields + b"content-length: 2\r\n\r\nok"))) as (plane, _):
        heard = await ask_once(plane.port, GET)

    assert fields + b"content-length: 2\r\n" in heard.data


CODED = {
    "gzip": (b"gzip", gzip.compress(b"\0" * 1_000_000)),
    "bad gzip": (b"gzip", gzip.compress(b"x")[:10] + b"garbage"),
    "br": (b"br", b"\x8b\x02\x80hello\x03"),
    "zstd": (b"zstd", b"\x28\xb5\x2f\xfd\x04\x00\x29\x00\x00hello"),
}


@pytest.mark.parametrize(("coding", "body"), CODED.values(), ids=CODED.keys())
async def test_rs18_coded_content_passes_untouched(coding: bytes, body: bytes) -> None:
    """RS18: nothing is decompressed, checked or coded anew."""
    head = OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
    async with behind(answers(says(head + body))) as (plane, _):
        heard = await ask_once(plane.port, GET)

    assert only(heard).body == body
    assert only(heard).values(b"content-encoding") == [coding]


@pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked\r\n", b""], ids=["chunked", "until close"])
async def test_rs19_each_event_arrives_before_the_next_is_sent(framing: bytes) -> None:
    """RS19: the upstream sends an event only when the client has the one before; nothing waits for more to come."""
    arrived = asyncio.Event()
    events = [b"data: event %04d\n\n\n\n" % number for number in range(20)]

    async def script(talk: Talk, upstream: Upstream) -> None:
        if await upstream.next_request(talk) is None:
            return
        await talk.say(says(OK + b"Content-Type: text/event-stream\r\n" + framing + b"\r\n"))
        for event in events:
            await talk.say(says(b"14\r\n%b\r\n" % event if framing else event))
            await arrived.wait()
            arrived.clear()
        await talk.say(says(b"0\r\n\r\n" if framing else b"", after=After.CLOSES))

    async with behind(script) as (plane, _):
        client = await Client.to(plane.port)
        await client.send(GET)
        for event in events:
            while event not in client.heard.data and not client.heard.hung:
                await client.hear_some()
            arrived.set()
        client.half_close()
        heard = await client.hear()
        client.close()

    assert only(heard).body == b"".join(events)


TRAILERS = b"X-Checksum: 1\r\nContent-Length: 9\r\nSet-Cookie: evil\r\nX-Forwarded-For: evil\r\nHost: evil\r\n"
CHUNKED = OK + b"Trailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" + TRAILERS + b"\r\n"


@pytest.mark.parametrize("wanted", [False, True], ids=["not asked for", "asked for"])
async def test_rs20_trailers_stay_trailers(wanted: bool) -> None:  # noqa: FBT001 -- a parameter of the case
    """RS20: who sent `TE: trailers` gets those that may be trailers; none becomes a field or spoils the answer."""
    data = GET.replace(b"\r\n\r\n", b"\r\nConnection: TE\r\nTE: trailers\r\n\r\n") if wanted else GET
    async with behind(answers(says(CHUNKED))) as (plane, _):
        heard = await ask_once(plane.port, data)

    assert only(heard).body == b"hello"
    assert only(heard).trailers == (((b"X-Checksum", b"1"),) if wanted else ())
    assert b"evil" not in heard.data


PADDED = {
    "padded by Coyote": b"5   \r\nhello\r\n0   \r\n\r\n",
    "tabs and an empty extension": b"5\t;\r\nhello\r\n0;\t\r\n\r\n",
    "blanks around an extension": b"005 ; x = 1\r\nhello\r\n000\r\n\r\n",
}


@pytest.mark.parametrize("body", PADDED.values(), ids=PADDED)
async def test_chunk_sizes_as_old_servers_write_them_are_an_answer(body: bytes) -> None:
    """They go on in our own chunks, and the next request is answered too."""
    coded = says(OK + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    async with behind(answers(coded, coded)) as (plane, _):
        client = await Client.to(plane.port)
        await client.send(GET)
        await client.hear(1)
        await client.send(GET)
        heard = await client.hear(2)
        client.close()

    assert heard.statuses == [200, 200]
    assert heard.data.count(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n") == 2


@pytest.mark.parametrize("cut", [len(b"HTTP/1."), len(b"HTTP/1.2"), 10_000], ids=["before", "behind", "whole"])
async def test_an_answer_in_a_newer_minor_version_is_one_in_1_1(cut: int) -> None:
    """RFC 9110 section 2.5: HTTP/1.2 is read as 1.1 and goes on as such; its connection serves the next request."""
    data = HELLO.replace(b"HTTP/1.1", b"HTTP/1.2")
    async with behind(answers(says(data[:cut], data[cut:]), says(HELLO))) as (plane, _):
        client = await Client.to(plane.port)
        await client.send(GET)
        await client.hear(1)
        await client.send(GET)
        heard = await client.hear(2)
        client.close()

    assert heard.statuses == [200, 200]
    assert heard.data.count(b"HTTP/1.1 200 OK\r\n") == 2
