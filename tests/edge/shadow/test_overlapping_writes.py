from __future__ import annotations

import asyncio
from time import time

import pytest

from proxy.core.routing.cohort import CLIENT_IP
from proxy.edge.shadow import overlapping_writes
from proxy.edge.shadow.overlapping_writes import WritesInFlight, place_of, places_of, reach_of
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, Script, Scripted, always, sized

SHADOWED: Block = {"name": "read", "match": "GET /**", "stage": "shadow", "shadow": {"second": "0%"}}
WRITTEN: Block = {"name": "write", "match": "/**", "stage": "legacy"}
SKEW = 0.05
"""Seconds by which two readings of two clocks may lie beside each other."""
TENANT: Block = {"cohort": "header:X-Tenant"}


def held(open_: asyncio.Event) -> Script:
    """Answer each request once this is set."""

    async def script(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await open_.wait()
            await peer.send(sized(b"a"))

    return script


async def serving(
    serve: Serve, legacy: Scripted, new: Scripted, *, read: Block | None = None, write: Block | None = None
) -> tuple[Proxy, Pairs]:
    """A proxy with a route that is shadowed, and one for all that is not read."""
    routes = [{**SHADOWED, **(read or {})}, {**WRITTEN, **(write or {})}]
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=routes)
    proxy.listener.shadows.recorder = pairs = Pairs()
    return proxy, pairs


@pytest.mark.parametrize(
    ("written", "raced"),
    [
        (post(b"x", target=b"/a"), True),
        (request(b"DELETE", b"/a?x=1"), True),
        (post(b"x", target=b"/b"), False),
        (request(b"OPTIONS", b"/a"), False),
    ],
    ids=["written", "deleted", "another path", "nothing is written"],
)
async def test_a_write_between_both_answers_is_told(play: Play, serve: Serve, written: bytes, *, raced: bool) -> None:
    """Its answer read, the client writes; new, which is slow, may answer of what was written: the pair says so."""
    slow = asyncio.Event()
    legacy, new = await play(always(sized(b"a"))), await play(held(slow))
    proxy, pairs = await serving(serve, legacy, new)
    client = await proxy.client()

    await client.ask(get(b"/a"))
    await client.ask(written)
    slow.set()

    assert (await pairs.next()).raced is raced


async def test_a_write_that_is_over_is_no_race(play: Play, serve: Serve) -> None:
    """What was written before the question must be in both answers: a side that forgets it differs."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await serving(serve, legacy, new)
    client = await proxy.client()

    await client.ask(post(b"x", target=b"/a"))
    await client.ask(get(b"/a"))

    assert not (await pairs.next()).raced


async def test_a_write_that_still_runs_is_a_race(play: Play, serve: Serve) -> None:
    """Both answers come while somebody else's write waits for legacy: one of them may have seen it."""
    waits = asyncio.Event()

    async def script(peer: Peer) -> None:
        while (asked := await peer.next_request()) is not None:
            if asked.start.startswith(b"POST"):
                await waits.wait()
            await peer.send(sized(b"a"))

    legacy, new = await play(script), await play(always(sized(b"a")))
    proxy, pairs = await serving(serve, legacy, new)
    writer, reader = await proxy.client(), await proxy.client()
    await writer.send(post(b"x", target=b"/a"))
    await proxy.until(lambda: bool(legacy.requests))

    await reader.ask(get(b"/a"))
    raced = (await pairs.next()).raced
    waits.set()
    await writer.response()
    await reader.ask(get(b"/a"))

    assert (raced, (await pairs.next()).raced) == (True, False)


@pytest.mark.parametrize(("tenant", "raced"), [(b"X-Tenant: one", True), (b"X-Tenant: two", False)])
async def test_only_the_cohort_s_own_write_counts(play: Play, serve: Serve, tenant: bytes, *, raced: bool) -> None:
    """Where a header says whose data it is, another tenant's write to the same path is about something else."""
    slow = asyncio.Event()
    legacy, new = await play(always(sized(b"a"))), await play(held(slow))
    proxy, pairs = await serving(serve, legacy, new, read=TENANT, write=TENANT)
    client = await proxy.client()

    await client.ask(get(b"/a", b"X-Tenant: one"))
    await client.ask(post(b"x", tenant, target=b"/a"))
    slow.set()

    assert (await pairs.next()).raced is raced


async def test_what_a_route_declares_outranks_the_method(play: Play, serve: Serve) -> None:
    """A POST of a route whose effects are safe reads; a GET of one whose effects are not, writes."""
    slow = asyncio.Event()
    legacy, new = await play(always(sized(b"a"))), await play(held(slow))
    search: Block = {"match": "/search", "effects": "safe"}
    proxy, pairs = await serving(serve, legacy, new, read=search, write={"effects": "unsafe"})
    client = await proxy.client()

    await client.ask(post(b"x", target=b"/search"))
    await client.ask(post(b"y", target=b"/search"))
    await client.ask(get(b"/logout"))
    slow.set()

    assert [(await pairs.next()).raced for _ in range(2)] == [False, False]
    assert proxy.listener.shadows.writes.overlapped(place_of(b"/logout", CLIENT_IP.prefix + b"127.0.0.1"), 0.0)


def test_two_writes_at_a_time() -> None:
    """A path is being written until the last of its writes is over."""
    found = WritesInFlight()
    found.begin((7,))
    found.begin((7,))
    found.end((7,))

    assert found.overlapped(7, float("inf"))
    found.end((7,))
    assert not found.overlapped(7, float("inf"))
    assert found.overlapped(7, 0.0)


def test_the_oldest_are_forgotten_and_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more writes than are known, a read that began before the oldest known one may have met any."""
    clock = iter(range(1, 100_000))
    monkeypatch.setattr(overlapping_writes, "monotonic", lambda: float(next(clock)))
    found = WritesInFlight()
    for each in (1, 2, 1, *range(3, overlapping_writes.MOST + 2)):  # 2 is the oldest then: 1 was written again
        found.begin((each,))
        found.end((each,))

    assert len(found._ended) == overlapping_writes.MOST
    assert 2 not in found._ended
    assert found.overlapped(2, 2.0)
    assert found.overlapped(99_999, 2.0)
    assert not found.overlapped(99_999, 2.5)
    assert found.overlapped(1, 3.0)
    assert not found.overlapped(1, 3.5)


@pytest.mark.parametrize(
    ("written", "read", "known"),
    [
        (b"/orders/7", b"/orders/7", True),
        (b"/orders/7/", b"/orders/7", True),
        (b"/orders", b"/orders/7", True),
        (b"/orders/7/pay", b"/orders/7", True),
        (b"/", b"/orders", True),
        (b"/orders", b"/", True),
        (b"/orders/7", b"/orders/8", False),
        (b"/orders", b"/orders2", False),
        (b"/orders/%41%c3%a9", b"/orders/A%C3%A9", True),
        (b"/%6Frders", b"/orders/7", True),
        (b"/orders%2F7", b"/orders", False),
        (b"/1/2/3/4/5/6/7/8/a", b"/1/2/3/4/5/6/7/8/b", True),
        (b"/1/2/3/4/5/6/7/a", b"/1/2/3/4/5/6/7/b", False),
    ],
)
def test_a_write_reaches_what_is_above_and_below(written: bytes, read: bytes, *, known: bool) -> None:
    """The last write at a path, above it or below it is found by the same cohort, and by no other."""
    found = WritesInFlight()
    found.begin(places_of(written, b"ann"))
    running = found.last(reach_of(read, b"ann"))
    found.end(places_of(written, b"ann"))

    assert (running > 0.0, found.last(reach_of(read, b"ann")) > 0.0) == (known, known)
    assert found.last(reach_of(read, b"bob")) == 0.0


async def test_a_pair_says_when_each_side_was_asked_and_when_it_was_written(play: Play, serve: Serve) -> None:
    """Unix seconds: asked before answered, within the test; the cohort's last write nearby stands beside."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await serving(serve, legacy, new)
    client = await proxy.client()
    times = [time()]

    await client.ask(get(b"/orders/7"))
    before = await pairs.next()
    times.append(time())
    await client.ask(post(b"x", target=b"/orders"))
    times.append(time())
    await client.ask(get(b"/orders/7"))
    after = await pairs.next()

    for answer in (before.legacy, before.new):
        assert times[0] - SKEW <= answer.began <= answer.answered <= times[1] + SKEW
    assert before.written_at == 0.0
    assert times[1] - SKEW <= after.written_at <= times[2] + SKEW
