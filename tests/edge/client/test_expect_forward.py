"""`expect: forward`: the upstream says whether a client is to send the body that it waits with."""

from __future__ import annotations

import asyncio

import pytest

from proxy.core.routing.shadow import Shadowed
from tests.edge.blackhole import blackhole
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import Peer, Script, Scripted, echo, sized

EXPECT = b"Expect: 100-continue"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
FORWARD: Block = {"expect": "forward"}
UPLOAD = request(b"POST", b"/", EXPECT, b"Content-Length: 5")


def refuses(answer: bytes) -> Script:
    """Answer the head of each request, then read whatever comes until the proxy closes."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)
        assert await peer.rest() == b""

    return script


async def welcomes(peer: Peer) -> None:
    """Say 100 after each head that expects it, then answer the body with itself."""
    while True:
        head = await peer.head()
        if head.has(EXPECT):
            await peer.send(CONTINUE)
        length = int(head.value(b"Content-Length") or b"0")
        await peer.send(sized(await peer.reader.readexactly(length)))


async def forwarding(serve: Serve, legacy: Scripted | int, route: Block | None = None, **top: object) -> Proxy:
    """A proxy whose one upstream answers expectations itself."""
    return await serve(upstreams={"legacy": upstream(legacy, **FORWARD)}, route=route, **top)


@BOTH
@pytest.mark.parametrize("framing", [b"Content-Length: 40000000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("status", [b"401 Unauthorized", b"413 Too Large", b"417 Expectation Failed", b"200 OK"])
async def test_a_refusal_comes_before_the_body(play: Play, serve: Serve, status: bytes, framing: bytes) -> None:
    """The final answer instead of a 100, and the connection is closed: nobody knows whether the body still comes."""
    legacy = await play(refuses(sized(b"no", status=status)))
    proxy = await forwarding(serve, legacy)
    client = await proxy.client()
    await client.send(request(b"PUT", b"/", EXPECT, framing))
    answer = await client.response()

    assert (answer.status, answer.body) == (int(status[:3]), b"no")
    assert answer.value(b"Connection") == b"close"
    assert await client.rest() == b""
    assert legacy.requests[0].has(EXPECT)
    assert (await proxy.lines(1))[0]["status"] == int(status[:3])
    assert proxy.idle() == 0


@BOTH
async def test_a_refused_client_that_sends_its_body_hears_why(play: Play, serve: Serve) -> None:
    """It may not have seen the answer yet (RFC 9110 section 10.1.1): what comes is read and dropped, not reset."""
    legacy = await play(refuses(sized(b"no", status=b"401 Unauthorized")))
    proxy = await forwarding(serve, legacy)
    client = await proxy.client()
    await client.send(request(b"POST", b"/", EXPECT, b"Content-Length: 500000"))
    await proxy.until(lambda: legacy.requests)
    await client.send(b"x" * 500_000)

    assert (await client.response()).status == 401
    assert await client.rest() == b""


@BOTH
async def test_a_welcome_is_the_upstreams(play: Play, serve: Serve) -> None:
    """Its 100 goes to the client once, the body goes up, and both connections live on."""
    legacy = await play(welcomes)
    proxy = await forwarding(serve, legacy)
    client = await proxy.client()
    for _ in range(2):
        await client.send(UPLOAD)

        assert (await client.head()).head == CONTINUE

        await client.send(b"hello")

        assert (await client.response()).body == b"hello"
    assert len(legacy.peers) == 1


async def test_an_upstream_that_says_nothing_costs_a_bounded_wait(play: Play, serve: Serve) -> None:
    """One that does not know expectations waits for the body: Banyan says 100 then, and a late one is not repeated."""
    asked = asyncio.Event()

    async def knows_nothing(peer: Peer) -> None:
        message = await peer.head()
        asked.set()
        body = await peer.reader.readexactly(5)
        await peer.send(CONTINUE, sized(body))
        assert message.has(EXPECT)
        await peer.rest()

    proxy = await forwarding(serve, await play(knows_nothing), limits={"body": "300ms", "body_rate": "1MB/s"})
    client = await proxy.client()
    await client.send(UPLOAD)
    await asked.wait()

    assert (await client.head()).head == CONTINUE

    await client.send(b"hello")

    assert (await client.response()).body == b"hello"


async def test_a_client_that_does_not_wait_is_not_kept_waiting(play: Play, serve: Serve) -> None:
    """Its body goes up as it comes, and the upstream's 100 is for nobody."""
    sent = asyncio.Event()

    async def late(peer: Peer) -> None:
        await peer.head()
        body = await peer.reader.readexactly(2)
        sent.set()
        await peer.send(CONTINUE)
        await peer.send(sized(body + await peer.reader.readexactly(3)))
        await peer.rest()

    legacy = await play(late)
    proxy = await forwarding(serve, legacy)
    client = await proxy.client()
    await client.send(UPLOAD)
    await proxy.until(lambda: legacy.requests)
    await client.send(b"he")
    await sent.wait()
    await client.send(b"llo")

    assert (await client.response()).body == b"hello"


async def test_what_does_not_wait_is_sent_without_an_expectation(play: Play, serve: Serve) -> None:
    """HTTP/1.0, requests without a body, and bodies that came with their head."""
    legacy = await play(echo)
    proxy = await forwarding(serve, legacy)
    old = request(b"POST", b"/", EXPECT, b"Content-Length: 2", version=b"1.0") + b"hi"
    for raw in (old, get(b"/", EXPECT), request(b"POST", b"/", EXPECT, body=b"hi")):
        assert (await proxy.ask(raw)).status == 200

    assert not any(b"expect" in received.names for received in legacy.requests)


@BOTH
async def test_a_failure_comes_before_the_body_too(play: Play, serve: Serve) -> None:
    """No 100 for a body that nobody would take: the upstream hangs up, cannot be reached, or time is up."""

    async def hangs_up(peer: Peer) -> None:
        await peer.head()

    async def says_nothing(peer: Peer) -> None:
        await peer.head()
        await peer.rest()

    broken, quiet = await play(hangs_up), await play(says_nothing)
    with blackhole() as port:
        for where, waits, status in (
            (broken.port, {}, 502),
            (port, {"connect": "200ms"}, 504),
            (quiet.port, {"total": "200ms"}, 504),
        ):
            proxy = await serve(upstreams={"legacy": upstream(where, timeout=waits, **FORWARD)})
            client = await proxy.client()
            await client.send(UPLOAD)

            check_problem(await client.response(), status)


@pytest.mark.parametrize("legacys", [FORWARD, {}])
async def test_a_fallback_asks_in_its_own_way(play: Play, serve: Serve, legacys: Block) -> None:
    """After new refused to serve at all, the side that steps in says 100 itself, or Banyan does, and gets the body."""
    new, legacy = await play(refuses(sized(b"", status=b"503 Busy"))), await play(welcomes)
    route: Block = {
        "name": "a",
        "match": "/**",
        "stage": "live",
        "effects": "idempotent",
        "fallback": {"to": "legacy", "after": ["5xx"]},
    }
    upstreams = {"legacy": upstream(legacy, **legacys), "new": upstream(new, **FORWARD)}
    proxy = await serve(upstreams=upstreams, routes=[route])
    client = await proxy.client()
    await client.send(UPLOAD)

    assert (await client.head()).head == CONTINUE

    await client.send(b"hello")

    assert (await client.response()).body == b"hello"
    assert legacy.requests[0].has(EXPECT) is bool(legacys)


async def test_the_kill_switch_takes_the_expectation_along(play: Play, serve: Serve) -> None:
    """Whoever answers then is asked."""
    legacy, new = await play(refuses(sized(b"", status=b"401 No"))), await play(welcomes)
    upstreams = {"legacy": upstream(legacy, **FORWARD), "new": upstream(new, **FORWARD)}
    proxy = await serve(upstreams=upstreams, routes=[{"name": "a", "match": "/**", "stage": "live"}])
    proxy.listener.kill(on=True)

    assert (await proxy.ask(UPLOAD)).status == 401
    assert new.requests == []


async def test_a_shadow_gets_its_body_only_if_it_comes(play: Play, serve: Serve) -> None:
    """A refused upload is compared with nothing; a welcome one is, and its copy waits for nobody."""

    async def chooses(peer: Peer) -> None:
        head = await peer.head()
        if head.target == b"/no":
            await peer.send(sized(b"", status=b"401 No"))
            await peer.rest()
            return
        await peer.send(CONTINUE)
        await peer.send(sized(await peer.reader.readexactly(5)))
        await peer.rest()

    legacy, new = await play(chooses), await play(echo)
    upstreams = {"legacy": upstream(legacy, **FORWARD), "new": upstream(new, **FORWARD)}
    route: Block = {"name": "a", "match": "/**", "stage": "shadow", "effects": "safe", "shadow": {"second": "0%"}}
    proxy = await serve(upstreams=upstreams, routes=[route])
    proxy.listener.shadows.recorder = pairs = Pairs()

    assert (await proxy.ask(request(b"POST", b"/no", EXPECT, b"Content-Length: 5"))).status == 401
    assert [(delta.outcome, delta.count) for delta in proxy.listener.counters.take_shadows()] == [(Shadowed.SKIPPED, 1)]

    client = await proxy.client()
    await client.send(UPLOAD)
    await client.head()
    await client.send(b"hello")
    pair = await pairs.next()

    assert (pair.request.body, pair.legacy.body, pair.new.body) == (b"hello", b"hello", b"hello")
    assert [received.target for received in new.requests] == [b"/"]
    assert b"expect" not in new.requests[0].names


async def test_an_interim_answer_is_no_welcome(play: Play, serve: Serve) -> None:
    """An early hint goes on to the client, which waits for its 100 or a final answer all the same."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"

    async def hints(peer: Peer) -> None:
        await peer.head()
        await peer.send(hint, sized(b"", status=b"413 Content Too Large"))
        await peer.rest()

    client = await (await forwarding(serve, await play(hints))).client()
    await client.send(UPLOAD)

    assert [(await client.response()).status for _ in range(2)] == [103, 413]


async def test_a_stale_connection_is_not_held_against_an_upload(play: Play, serve: Serve) -> None:
    """Where repeating is allowed, the expectation is asked anew on a fresh connection."""

    async def stale(peer: Peer) -> None:
        if len(peer.upstream.peers) == 1:
            await peer.request()
            await peer.send(sized(b"warm"))
            await peer.head()
        else:
            await welcomes(peer)

    legacy = await play(stale)
    proxy = await forwarding(serve, legacy, {"effects": "idempotent"})
    await proxy.ask(get())
    client = await proxy.client()
    await client.send(UPLOAD)

    assert (await client.head()).head == CONTINUE

    await client.send(b"hello")

    assert (await client.response()).body == b"hello"
    assert len(legacy.peers) == 2
