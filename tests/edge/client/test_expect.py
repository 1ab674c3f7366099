from __future__ import annotations

import asyncio

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.raw_client import get, request
from tests.edge.scripted import Peer, always, chunked, echo, once, silent, sized

pytestmark = BOTH

EXPECT = b"Expect: 100-continue"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_expect_is_answered_by_the_proxy(play: Play, serve: Serve, framing: bytes) -> None:
    """A client that waits for 100 gets it without the upstream, which never sees the expectation (EX01)."""
    legacy = await play(echo)
    client = await (await serve(legacy)).client()
    await client.send(request(b"POST", b"/", EXPECT, framing))

    assert (await client.head()).head == CONTINUE

    await client.send(b"hello" if b"5" in framing else b"5\r\nhello\r\n0\r\n\r\n")

    assert (await client.response()).body == b"hello"
    assert b"expect" not in legacy.requests[0].names


async def test_no_100_for_a_body_that_is_here_already(play: Play, serve: Serve) -> None:
    """A client that did not wait gets only its answers, and what follows the body is the next request (EX02)."""
    legacy = await play(echo)
    client = await (await serve(legacy)).client()
    await client.send(request(b"POST", b"/1", EXPECT, body=b"hi") + get(b"/2"))
    answers = [await client.response() for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"hi"), (200, b"")]
    assert [received.target for received in legacy.requests] == [b"/1", b"/2"]


async def test_no_100_where_no_body_can_come(play: Play, serve: Serve) -> None:
    """An expectation without a body is served without one."""
    client = await (await serve(await play(always(sized(b"hi"))))).client()
    for framing in ((), (b"Content-Length: 0",)):
        await client.send(request(b"POST", b"/", EXPECT, *framing))

        assert (await client.response()).status == 200


async def test_http_1_0_knows_no_100(play: Play, serve: Serve) -> None:
    """The expectation of an HTTP/1.0 client is ignored (RFC 9110 section 10.1.1)."""
    client = await (await serve(await play(echo))).client()
    await client.send(request(b"POST", b"/", EXPECT, b"Content-Length: 2", version=b"1.0"))
    await asyncio.sleep(0.05)
    await client.send(b"hi")

    assert (await client.response()).body == b"hi"


@pytest.mark.parametrize("expectation", [b"Expect: 200-ok", b"Expect: 100-continue, 100-continue", b"Expect:"])
async def test_another_expectation_is_417(play: Play, serve: Serve, expectation: bytes) -> None:
    """What nobody knows how to meet is refused before an upstream is asked (EX04)."""
    legacy = await play(echo)
    answer = await (await serve(legacy)).ask(get(b"/", expectation))

    assert answer.status == (200 if expectation == b"Expect:" else 417)
    assert len(legacy.peers) == (answer.status == 200)


async def test_an_upload_that_will_be_refused_is_refused_instead_of_continued(play: Play, serve: Serve) -> None:
    """413 and 404 come in place of the 100, so that the body is never sent."""
    proxy = await serve(
        await play(echo),
        routes=[{"name": "small", "match": "/small", "stage": "legacy", "limits": {"body_size": "10B"}}],
    )
    for target, status in ((b"/small", 413), (b"/none", 404)):
        client = await proxy.client()
        await client.send(request(b"POST", target, EXPECT, b"Content-Length: 11"))

        assert (await client.response()).status == status
        assert await client.rest() == b""


HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"


@pytest.mark.parametrize("final", [sized(b"hi"), chunked(b"hi")])
async def test_interim_answers_go_to_http_1_1(play: Play, serve: Serve, final: bytes) -> None:
    """103 and 102 are relayed as they come, before the final answer, in one read or in several (EX05)."""
    processing = b"HTTP/1.1 102 Processing\r\n\r\n"
    for pieces in ((HINTS, processing, final), (HINTS + processing + final,), (HINTS[:30], HINTS[30:] + final)):
        client = await (await serve(await play(once(*pieces)))).client()
        await client.send(get())
        answers = [await client.response()]
        while answers[-1].status < 200:
            answers.append(await client.response())

        assert answers[0].head == HINTS
        assert [answer.status for answer in answers] in ([103, 102, 200], [103, 200])
        assert answers[-1].body == b"hi"


async def test_an_interim_answer_comes_before_the_final_one_is_there(play: Play, serve: Serve) -> None:
    """An early hint is early."""
    hinted = asyncio.Event()

    async def hinting(peer: Peer) -> None:
        await peer.request()
        await peer.send(HINTS)
        await hinted.wait()
        await peer.send(sized(b"hi"))
        await peer.rest()

    client = await (await serve(await play(hinting))).client()
    await client.send(get())

    assert (await client.head()).status == 103

    hinted.set()

    assert (await client.response()).body == b"hi"


async def test_interim_answers_do_not_go_to_http_1_0(play: Play, serve: Serve) -> None:
    """HTTP/1.0 knows no 1xx: only the final answer goes to its clients (EX05)."""
    client = await (await serve(await play(once(HINTS, HINTS + sized(b"hi"))))).client()
    await client.send(request(b"GET", b"/", version=b"1.0"))

    assert (await client.response()).status == 200


async def test_a_100_of_the_upstream_is_not_passed_on(play: Play, serve: Serve) -> None:
    """The proxy has said 100 already, or nobody has asked."""
    client = await (await serve(await play(once(CONTINUE + sized(b"hi"))))).client()
    await client.send(get())

    assert (await client.response()).status == 200


async def test_interim_answers_without_end_are_cut_off(play: Play, serve: Serve) -> None:
    """More than sixteen are a loop: 502, and the upstream's connection is closed (R13)."""
    legacy = await play(once(HINTS * 17 + sized(b"never")))
    client = await (await serve(legacy)).client()
    await client.send(get())
    answers = [await client.response() for _ in range(17)]

    assert [answer.status for answer in answers] == [103] * 16 + [502]

    legacy = await play(once(HINTS * 16 + sized(b"hi")))

    assert (await (await serve(legacy)).ask(get())).body == b"hi"


async def test_interim_answers_lose_their_hop_by_hop_fields(play: Play, serve: Serve) -> None:
    """What is removed from answers is removed from interim ones too."""
    hints = HINTS.replace(b"\r\nLink", b"\r\nConnection: X-Internal\r\nX-Internal: 1\r\nKeep-Alive: 5\r\nLink")
    client = await (await serve(await play(once(hints + sized(b"hi"))))).client()
    await client.send(get())

    assert (await client.head()).lines == [b"Link: </a.css>; rel=preload"]


async def test_a_client_that_waits_for_100_is_answered_when_the_upstream_is_gone(play: Play, serve: Serve) -> None:
    """Nobody hangs: the 100 is ours, and the failure follows it."""
    legacy = await play(silent)
    legacy.stop_listening()
    client = await (await serve(legacy)).client()
    await client.send(request(b"POST", b"/", EXPECT, b"Content-Length: 2"))

    assert (await client.response()).status == 100
    assert (await client.response()).status == 502
