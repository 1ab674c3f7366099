"""The published cases of pooled connections and repeated requests, PL01 to PL09, each by its id."""

from __future__ import annotations

import asyncio

import pytest

from tests.wire.ask import GET, HELLO, POST, ask_once, only
from tests.wire.play import Client
from tests.wire.upstream import After, Says, Talk, Upstream, answers, behind, says

DIES = says(b"", after=After.CLOSES)
RESETS = says(b"", after=After.RESETS)
ONCE_MORE = {
    "POST": POST,
    "PATCH": POST.replace(b"POST", b"PATCH"),
    "PUT": POST.replace(b"POST", b"PUT"),
    "DELETE": GET.replace(b"GET", b"DELETE"),
    "keyed POST": POST.replace(b"\r\nHost", b"\r\nIdempotency-Key: 1\r\nHost"),
    "GET with a body": POST.replace(b"POST", b"GET"),
}


@pytest.mark.parametrize("dies", [DIES, RESETS], ids=["FIN", "RST"])
@pytest.mark.parametrize("data", ONCE_MORE.values(), ids=ONCE_MORE.keys())
async def test_pl01_pl03_what_may_change_something_is_sent_once(data: bytes, dies: Says) -> None:
    """PL01, PL03: a reused connection that dies under such a request gives 502; the upstream saw it exactly once."""
    async with behind(answers(says(HELLO), dies, says(HELLO))) as (plane, upstream):
        await ask_once(plane.port, GET)
        heard = await ask_once(plane.port, data)

    assert heard.statuses == [502]
    assert [connection for connection, _ in upstream.requests] == [0, 0]


@pytest.mark.parametrize("dies", [DIES, RESETS], ids=["FIN", "RST"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_pl02_what_changes_nothing_is_sent_once_more(method: bytes, dies: Says) -> None:
    """PL02: the client gets an answer; the upstream saw the request twice, the second time on a new connection."""
    answer = says(HELLO if method != b"HEAD" else b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    async with behind(answers(says(HELLO), dies, answer, says(HELLO))) as (plane, upstream):
        await ask_once(plane.port, GET)
        heard = await ask_once(plane.port, GET.replace(b"GET", method))

    assert only(heard, method).status == 200
    assert [connection for connection, _ in upstream.requests] == [0, 0, 1]


async def test_pl02_nothing_is_sent_a_third_time() -> None:
    """PL02: when the second attempt dies too, the client gets 502."""
    async with behind(answers(says(HELLO), DIES, DIES, says(HELLO))) as (plane, upstream):
        await ask_once(plane.port, GET)
        heard = await ask_once(plane.port, GET)

    assert heard.statuses == [502]
    assert len(upstream.requests) == 3


async def test_pl02_a_response_that_has_begun_is_not_asked_for_again() -> None:
    """PL02: one byte of an answer is enough; what follows is 502, not a second request."""
    begun = says(b"HTTP/1.1 2", after=After.CLOSES)
    async with behind(answers(says(HELLO), begun, says(HELLO))) as (plane, upstream):
        await ask_once(plane.port, GET)
        heard = await ask_once(plane.port, GET)

    assert heard.statuses == [502]
    assert len(upstream.requests) == 2


async def test_pl04_a_streamed_body_is_never_sent_again() -> None:
    """PL04: a PUT of 10 MB on a pooled connection that dies gives 502; no other connection sees a part of it."""
    piece = b"u" * 65536

    async def script(talk: Talk, upstream: Upstream) -> None:
        if await upstream.next_request(talk) is None:
            return
        await talk.say(says(HELLO))
        if len(upstream.talks) == 1:
            await talk.head()
            talk.reset()

    async with behind(script) as (plane, upstream):
        await ask_once(plane.port, GET)
        client = await Client.to(plane.port)
        head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (160 * len(piece))
        _, heard = await asyncio.gather(client.send(head, *[piece] * 160), client.hear())
        client.close()

    assert heard.statuses == [502]
    assert [message.words[0] for _, message in upstream.requests] == [b"GET"]


@pytest.mark.timing
async def test_pl05_the_pool_lets_go_before_the_upstream_does() -> None:
    """PL05: with an idle time below the upstream's, requests around that moment never meet its closing."""
    gave_up: list[Talk] = []

    async def script(talk: Talk, upstream: Upstream) -> None:
        while True:
            try:
                async with asyncio.timeout(0.6):
                    if await upstream.next_request(talk) is None:
                        return
            except TimeoutError:
                gave_up.append(talk)
                talk.writer.close()
                return
            await talk.say(says(HELLO))

    async with behind(script, keys="keep_alive: 300ms") as (plane, upstream):
        statuses = await asyncio.gather(*(spaced(plane.port, 0.27 + number * 0.01) for number in range(16)))

    assert {each for line in statuses for each in line} == {200}
    assert gave_up == []
    assert len(upstream.talks) > 1


async def spaced(port: int, seconds: float) -> list[int]:
    """A few POSTs so far apart."""
    heard: list[int] = []
    for _ in range(4):
        heard += (await ask_once(port, POST)).statuses
        await asyncio.sleep(seconds)
    return heard


@pytest.mark.parametrize("scheme", [b"NTLM", b"Negotiate", b"ntlm"])
async def test_pl07_who_one_client_is_says_nothing_of_the_next(scheme: bytes) -> None:
    """PL07: a connection that the upstream has authenticated for one client is never lent to another."""

    async def script(talk: Talk, upstream: Upstream) -> None:
        known = False
        while (message := await upstream.next_request(talk)) is not None:
            known = known or message.values(b"authorization") != []
            await talk.say(says(HELLO if known else UNKNOWN))

    async with behind(script) as (plane, _):
        a = await ask_once(plane.port, GET.replace(b"\r\n\r\n", b"\r\nAuthorization: %b TlRMTVNT\r\n\r\n" % scheme))
        b = await ask_once(plane.port, GET)

    assert a.statuses == [200]
    assert b.statuses == [401]


UNKNOWN = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("data", [GET, POST], ids=["GET", "POST"])
async def test_pl09_a_failing_upstream_is_not_asked_more_often_for_it(data: bytes) -> None:
    """PL09: when every request fails, the upstream sees at most 1.2 times as many as the clients sent, also without
    its breaker, which the planes of these cases do not have.
    """
    async with behind(answers(*[DIES] * 40, says(HELLO))) as (plane, upstream):
        heard = [await ask_once(plane.port, data) for _ in range(30)]

    assert {status for each in heard for status in each.statuses} == {502}
    assert 30 <= len(upstream.requests) <= 36
