"""What fails in one route, at one endpoint or for one client harms nobody else: `breaker` and `eject` by default."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.proxy import PATIENT, REST, Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, sized

SLOW: Block = {"name": "slow", "match": "/slow/**", "stage": "legacy", "timeout": {"response": "200ms"}}
SPELLINGS = {"one path": b"/bad", "below two segments": b"/bad/orders/%d", "ids": b"/bad/%d", "by query": b"/bad?id=%d"}


async def by_target(peer: Peer) -> None:
    """Hangs up on what is bad, within an answer to what is half, says nothing to what is slow, answers the rest."""
    while (asked := await peer.next_request()) is not None:
        if b"bad" in asked.target:
            return
        if b"half" in asked.target:
            await peer.send(sized(b"half")[:-2])
            return
        if b"slow" not in asked.target:
            await peer.send(sized(b"well"))


async def impatient(peer: Peer) -> None:
    """Hangs up on uploads as soon as it has their heads; answers the rest, which has no bodies."""
    while not (await peer.head()).start.startswith(b"POST "):
        await peer.send(sized(b"well"))


def routes(count: int, **more: object) -> list[Block]:
    """`/r0/**` and so on."""
    return [{"name": f"r{number}", "match": f"/r{number}/**", "stage": "legacy", **more} for number in range(count)]


async def ask(proxy: Proxy, asked: bytes, source: str) -> Message:
    """One request on a connection of its own."""
    client = await proxy.client(source=source)
    answer = await client.ask(asked)
    client.close()
    return answer


async def statuses(proxy: Proxy, asked: Iterable[bytes], *, client: str = "") -> list[int]:
    """Of one request after the other, all from one address or each from another one."""
    return [(await ask(proxy, raw, client or f"127.0.4.{number % 250 + 1}")).status for number, raw in enumerate(asked)]


def others(count: int = 20) -> list[bytes]:
    """Good requests of both kinds, to endpoints that never failed."""
    return [
        get(b"/good/%d" % number) if number % 2 else post(b"x", target=b"/good/%d" % number) for number in range(count)
    ]


async def test_timeouts_of_one_route_leave_the_others_alone(play: Play, serve: Serve) -> None:
    """Ten requests of one route take too long, and every request of another route to the same upstream is answered."""
    proxy = await serve(await play(by_target), routes=[SLOW, REST])
    slow = await statuses(proxy, [get(b"/slow/%d" % number) for number in range(10)])

    assert set(slow) <= {503, 504}
    assert await statuses(proxy, others()) == [200] * 20


@pytest.mark.parametrize("path", SPELLINGS.values(), ids=SPELLINGS)
async def test_one_endpoint_that_hangs_up_leaves_the_others_behind_its_wildcard_alone(
    play: Play, serve: Serve, path: bytes
) -> None:
    """Eight requests to it are broken, however its path goes on; everything else behind the same `/**` is answered."""
    proxy = await serve(await play(by_target))
    targets = [path % number if b"%" in path else path for number in range(8)]
    broken = await statuses(proxy, [get(target) for target in targets])

    assert set(broken) <= {502, 503}
    assert await statuses(proxy, others()) == [200] * 20


async def test_many_failures_at_once_at_one_endpoint_leave_the_others_alone(play: Play, serve: Serve) -> None:
    """A burst of thirty broken requests to one endpoint, more than half of all, closes nothing else."""
    proxy = await serve(await play(by_target))
    await statuses(proxy, others(4))
    broken = await asyncio.gather(*[ask(proxy, get(b"/bad"), f"127.0.5.{number + 1}") for number in range(30)])

    assert {answer.status for answer in broken} <= {502, 503}
    assert await statuses(proxy, others()) == [200] * 20


async def test_stalled_uploads_of_one_client_leave_everybody_alone(play: Play, serve: Serve) -> None:
    """Upstreams hang up on six uploads that one client sends slowly, a route each; those routes answer all others."""
    proxy = await serve(await play(impatient), routes=routes(6))
    uploads = [request(b"POST", b"/r%d/upload" % number, b"Content-Length: 1000") + b"slow" for number in range(6)]
    stalled = await statuses(proxy, uploads, client="127.0.0.9")

    assert set(stalled) <= {502, 503}
    assert await statuses(proxy, [get(b"/r%d/show" % number) for number in range(6)]) == [200] * 6


async def test_uploads_that_stall_until_the_limit_leave_everybody_alone(play: Play, serve: Serve) -> None:
    """Six uploads at once meet `limits.body` (408), which is their client's failure and no upstream's."""
    proxy = await serve(await play(by_target), routes=routes(6), limits={"body": "1s"})
    uploads = [request(b"POST", b"/r%d/a" % number, b"Content-Length: 1000") + b"slow" for number in range(6)]
    stalled = await asyncio.gather(*[ask(proxy, upload, "127.0.0.9") for upload in uploads])

    assert [answer.status for answer in stalled] == [408] * 6
    assert await statuses(proxy, [get(b"/r%d/a" % number) for number in range(6)]) == [200] * 6


async def test_one_client_that_breaks_every_route_closes_none(play: Play, serve: Serve) -> None:
    """The upstream hangs up on what one client asks for on all of eight routes; others are answered there."""
    proxy = await serve(await play(by_target), routes=routes(8))
    broken = await statuses(proxy, [get(b"/r%d/bad" % (number % 8)) for number in range(24)], client="127.0.0.9")

    assert set(broken) <= {502, 503}
    assert await statuses(proxy, [get(b"/r%d/good" % number) for number in range(8)]) == [200] * 8


async def test_answers_that_break_off_for_one_client_leave_everybody_alone(play: Play, serve: Serve) -> None:
    """An upstream loses patience with a client that reads late, on eight routes; others are answered there."""
    proxy = await serve(await play(by_target), routes=routes(8))
    for number in range(24):
        client = await proxy.client(source="127.0.0.9")
        await client.send(get(b"/r%d/half" % (number % 8)))
        await client.rest()

    assert await statuses(proxy, [get(b"/r%d/good" % number) for number in range(8)]) == [200] * 8


async def test_one_routes_faults_eject_no_address(play: Play, serve: Serve) -> None:
    """Both addresses hang up on one route; both stay in, and share the others' requests."""
    both = [await play(by_target), await play(by_target)]
    endpoints = [f"http://127.0.0.1:{server.port}" for server in both]
    proxy = await serve(
        upstreams={"legacy": {"endpoints": endpoints, "timeout": PATIENT}},
        routes=[{"name": "bad", "match": "/bad/**", "stage": "legacy"}, REST],
    )
    broken = await statuses(proxy, [post(b"x", target=b"/bad/%d" % number) for number in range(24)])

    assert set(broken) <= {502, 503}
    assert proxy.pool().ejected == 0
    assert await statuses(proxy, others(40)) == [200] * 40
    assert all(any(received.target.startswith(b"/good") for received in server.requests) for server in both)


async def test_an_upstream_that_hangs_for_everybody_is_left_alone(play: Play, serve: Serve) -> None:
    """Forty requests of eight routes and many clients get no answer; what comes then is refused at once."""
    legacy = await play(by_target)
    proxy = await serve(upstreams={"legacy": upstream(legacy, timeout={"response": "500ms"})}, routes=routes(8))
    hung = await asyncio.gather(
        *[ask(proxy, get(b"/r%d/slow" % (number % 8)), f"127.0.5.{number + 1}") for number in range(40)]
    )

    assert {answer.status for answer in hung} <= {503, 504}
    assert await statuses(proxy, [get(b"/r%d/good" % number) for number in range(8)]) == [503] * 8
