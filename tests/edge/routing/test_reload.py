from __future__ import annotations

import asyncio

from tests.edge.conftest import Play, Serve
from tests.edge.exchange.test_tunnel import ALLOWED, HANDSHAKE, parrot
from tests.edge.loops import BOTH
from tests.edge.proxy import REST, Block, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, sized

pytestmark = BOTH


async def test_the_next_request_is_served_from_the_new_table(play: Play, serve: Serve) -> None:
    """On a connection that stays open, requests after a reload see the new routes."""
    old, new = await play(always(sized(b"old"))), await play(always(sized(b"new")))
    proxy = await serve(old)
    client = await proxy.client()

    assert (await client.ask(get())).body == b"old"

    proxy.install({"legacy": upstream(new)}, [REST])

    assert (await client.ask(get())).body == b"new"

    proxy.install({}, [{"name": "closed", "match": "/**", "respond": {"status": 503}}])

    assert (await client.ask(get())).status == 503


async def test_requests_that_run_keep_their_table(play: Play, serve: Serve) -> None:
    """An upload and a download in flight end where they began, though the upstream is gone from the table."""
    go_on = asyncio.Event()

    async def slow(peer: Peer) -> None:
        message = await peer.head()
        if message.start.startswith(b"POST"):
            body = await peer.reader.readexactly(10)
            await peer.send(sized(b"got " + body))
        else:
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            await go_on.wait()
            await peer.send(b"later")
        await peer.rest()

    old, new = await play(slow), await play(always(sized(b"new")))
    proxy = await serve(old)
    up, down = await proxy.client(), await proxy.client()
    await up.send(request(b"POST", b"/", b"Content-Length: 10") + b"hello")
    await down.send(get())
    await down.head()
    await proxy.until(lambda: len(old.requests) == 2)
    proxy.install({"legacy": upstream(new)}, [REST])

    assert (await proxy.ask(get())).body == b"new"

    await up.send(b"world")
    go_on.set()

    assert (await up.response()).body == b"got helloworld"
    assert await down.reader.readexactly(10) == b"firstlater"

    await proxy.until(lambda: old.peers[0].reader.at_eof() and old.peers[1].reader.at_eof())

    assert (await up.ask(post(b"x"))).body == b"new"
    assert (await down.ask(get())).body == b"new"


async def test_requests_that_wait_for_a_connection_keep_their_table(play: Play, serve: Serve) -> None:
    """Who stood in the queue of an upstream that left is still served by it."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def gated(peer: Peer) -> None:
        while await peer.next_request() is not None:
            asked.set()
            await go_on.wait()
            await peer.send(sized(b"old"))

    old, new = await play(gated), await play(always(sized(b"new")))
    proxy = await serve(upstreams={"legacy": upstream(old, connections=1)}, routes=[REST])
    asking = [asyncio.ensure_future(proxy.ask(get())) for _ in range(4)]
    await asked.wait()  # else one of three may still wait for the connection to be made, and the fourth come later
    await proxy.until(lambda: len(proxy.pool().waiting) == 3)
    proxy.install({"legacy": upstream(new)}, [REST])
    go_on.set()

    assert [each.body for each in await asyncio.gather(*asking)] == [b"old"] * 4


async def test_open_tunnels_stay(play: Play, serve: Serve) -> None:
    """A WebSocket goes on over a reload that closes its route, to its own upstream."""
    proxy = await serve(await play(parrot), routes=[ALLOWED])
    client = await proxy.client()
    await client.send(HANDSHAKE)
    await client.head()
    proxy.install({}, [{"name": "closed", "match": "/**", "respond": {"status": 503}}])
    await client.send(b"still here")

    assert await client.reader.readexactly(10) == b"still here"
    assert (await proxy.ask(HANDSHAKE)).status == 503


async def test_pools_of_unchanged_upstreams_stay(play: Play, serve: Serve) -> None:
    """A reload that does not touch an upstream keeps its open connections; one that does opens new ones."""
    kept, changed = await play(always(sized(b"kept"))), await play(always(sized(b"changed")))
    routes: list[Block] = [REST, {"name": "new", "match": "/new", "stage": "complete"}]
    proxy = await serve(upstreams={"legacy": upstream(kept), "new": upstream(changed)}, routes=routes)
    for target in (b"/", b"/new"):
        await proxy.ask(get(target))
    proxy.install({"legacy": upstream(kept), "new": upstream(changed, connections=7)}, routes)
    for target in (b"/", b"/new"):
        await proxy.ask(get(target))

    assert len(kept.peers) == 1
    assert len(changed.peers) == 2
    await proxy.until(changed.peers[0].reader.at_eof)


async def test_a_reload_changes_limits_trust_and_sampling(play: Play, serve: Serve) -> None:
    """What stands beside the routes changes too, for clients that are connected already."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    client = await proxy.client()
    await client.ask(get(b"/", b"X-Forwarded-For: 6.6.6.6"))
    top: Block = {"trusted_proxies": ["127.0.0.1"], "limits": {"body_size": "1B"}, "log": {"sample": 0}}
    proxy.install({"legacy": upstream(legacy)}, [REST], **top)
    await client.ask(get(b"/", b"X-Forwarded-For: 6.6.6.6"))

    assert [each.value(b"X-Forwarded-For") for each in legacy.requests] == [b"127.0.0.1", b"6.6.6.6, 127.0.0.1"]
    assert (await client.ask(post(b"xx"))).status == 413
    assert [line["status"] for line in await proxy.lines(2)] == [200, 413]


async def test_many_reloads_under_traffic_lose_nothing(play: Play, serve: Serve) -> None:
    """Tables that change all the time, pools with them: every request is answered by one upstream or the other."""
    upstreams = [upstream(await play(always(sized(b"hi")))) for _ in range(2)]
    proxy = await serve(upstreams={"legacy": upstreams[0]}, routes=[REST])

    async def ask() -> list[int]:
        client = await proxy.client()
        return [(await client.ask(post(b"x"))).status for _ in range(50)]

    asking = [asyncio.ensure_future(ask()) for _ in range(8)]
    for number in range(60):
        proxy.install({"legacy": upstreams[number % 2]}, [REST])
        await asyncio.sleep(0.003)

    assert [*await asyncio.gather(*asking)] == [[200] * 50] * 8
