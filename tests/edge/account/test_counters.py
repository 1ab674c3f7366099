from __future__ import annotations

import asyncio

from proxy.core.outcome import ServedBy
from proxy.link.messages import BUCKETS, FailureDelta, RouteDelta
from tests.edge.conftest import Play, Serve
from tests.edge.exchange.test_tunnel import ALLOWED, HANDSHAKE, parrot
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, silent, sized, then_close


def codes(deltas: list[RouteDelta]) -> dict[tuple[str, str], list[int]]:
    """Answers by code class, by route and side."""
    return {(delta.route, delta.side): delta.codes for delta in deltas}


async def test_answers_are_counted_by_route_side_and_class(play: Play, serve: Serve) -> None:
    """Each answer is in one class of one route and side; what the proxy says itself is on side `self`."""
    legacy = await play(always(sized(b"hi")))
    new = await play(always(sized(b"", status=b"404 Not Found")))
    routes: list[Block] = [
        REST,
        {"name": "orders", "match": "/orders", "stage": "complete"},
        {"name": "admin", "match": "/admin", "respond": {"status": 301}},
        {"name": "one", "match": "GET /one", "stage": "legacy"},
    ]
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=routes)
    for message in (get(), get(), get(b"/orders"), get(b"/admin"), get(b"/one"), b"nonsense\r\n\r\n"):
        await proxy.ask(message)
    routes_counted, failures = proxy.counted()

    assert codes(routes_counted) == {
        ("rest", "legacy"): [0, 2, 0, 0, 0],
        ("orders", "new"): [0, 0, 0, 1, 0],
        ("admin", "self"): [0, 0, 1, 0, 0],
        ("one", "legacy"): [0, 1, 0, 0, 0],
        ("(refused)", "self"): [0, 0, 0, 1, 0],
    }
    assert failures == []


async def test_counters_are_increments(play: Play, serve: Serve) -> None:
    """What was taken is not counted again, and what did not change is not reported."""
    proxy = await serve(await play(always(sized(b"hi"))))
    await proxy.ask(get())
    first, _ = proxy.counted()
    nothing = proxy.counted()
    for _ in range(3):
        await proxy.ask(get())
    second, _ = proxy.counted()

    assert codes(first) == {("rest", "legacy"): [0, 1, 0, 0, 0]}
    assert nothing == ([], [])
    assert codes(second) == {("rest", "legacy"): [0, 3, 0, 0, 0]}


async def test_durations_are_in_their_buckets(play: Play, serve: Serve) -> None:
    """A slow answer is counted in the bucket of its time, and its seconds are summed."""

    async def slow(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.3)
        await peer.send(sized(b"hi"))

    proxy = await serve(await play(slow))
    await proxy.ask(get())
    (delta,), _ = proxy.counted()

    assert delta.seconds > 0.25
    assert sum(delta.buckets) == 1
    assert delta.buckets.index(1) >= BUCKETS.index(0.5)


async def test_failures_are_counted_by_phase_and_blame(play: Play, serve: Serve) -> None:
    """Connect, head and body failures of the upstream, a stalled client: each under its own name."""
    down = await play(silent)
    down.stop_listening()
    blocks = {
        "legacy": upstream(down),
        "mute": upstream(await play(then_close())),
        "short": upstream(await play(then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"))),
        "silent": upstream(await play(silent)),
    }
    routes: list[Block] = [{"name": name, "match": f"/{name}", "stage": "legacy", "legacy": name} for name in blocks]
    proxy = await serve(upstreams=blocks, routes=routes, limits={"body": "200ms"})
    for target in (b"/legacy", b"/mute"):
        await proxy.ask(get(target))
    client = await proxy.client()
    await client.send(get(b"/short"))
    await client.rest()
    client = await proxy.client()
    await client.ask(request(b"POST", b"/silent", b"Content-Length: 5"))
    counted, failures = proxy.counted()

    assert sorted(failures, key=lambda each: each.route) == [
        FailureDelta("legacy", "legacy", "connect", "upstream", 1),
        FailureDelta("mute", "legacy", "head", "upstream", 1),
        FailureDelta("short", "legacy", "body", "upstream", 1),
        FailureDelta("silent", "legacy", "send", "client", 1),
    ]
    assert codes(counted) == {
        ("legacy", "legacy"): [0, 0, 0, 0, 1],
        ("mute", "legacy"): [0, 0, 0, 0, 1],
        ("short", "legacy"): [0, 1, 0, 0, 0],
        ("silent", "legacy"): [0, 0, 0, 1, 0],
    }


async def test_what_is_in_flight_is_known(play: Play, serve: Serve) -> None:
    """Requests and tunnels count while they run, on their side, and never below nothing."""
    proxy = await serve(await play(silent))
    clients = [await proxy.client() for _ in range(3)]
    for client in clients:
        await client.send(post(b"x"))
    await proxy.until(lambda: in_flight(proxy) == 3)

    assert proxy.connections == 3

    for client in clients:
        client.reset()
    await proxy.until(lambda: in_flight(proxy) == 0)
    await proxy.until(lambda: proxy.connections == 0)


async def test_a_tunnel_is_counted_when_it_opens(play: Play, serve: Serve) -> None:
    """A 101 is in the first class at once, in flight until it ends, and counted once."""
    proxy = await serve(await play(parrot), routes=[ALLOWED])
    client = await proxy.client()
    await client.send(HANDSHAKE)
    await client.head()

    assert codes(proxy.counted()[0]) == {("rest", "legacy"): [1, 0, 0, 0, 0]}
    assert in_flight(proxy) == 1

    client.end_writing()
    await client.rest()
    await proxy.until(lambda: in_flight(proxy) == 0)

    assert proxy.counted() == ([], [])


async def test_counters_outlive_a_reload(play: Play, serve: Serve) -> None:
    """What was counted before a reload is reported after it, also for routes that are gone."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    await proxy.ask(get())
    proxy.install({"legacy": upstream(legacy)}, [{**REST, "name": "other"}])
    await proxy.ask(get())

    assert codes(proxy.counted()[0]) == {
        ("rest", "legacy"): [0, 1, 0, 0, 0],
        ("other", "legacy"): [0, 1, 0, 0, 0],
    }


def in_flight(proxy: Proxy) -> int:
    """What the gauge of legacy says."""
    return proxy.listener.counters.inflight[ServedBy.LEGACY].value
