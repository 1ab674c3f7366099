from __future__ import annotations

import asyncio

from proxy.core.outcome import Side
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block, Proxy, snapshot_of, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Peer, Scripted, always, sized

SPLIT: Block = {"name": "split", "match": "/split", "stage": "canary", "split": "100%"}
LIVE: Block = {"name": "live", "match": "/live", "stage": "live"}
SHADOW: Block = {"name": "shadow", "match": "/shadow", "stage": "shadow"}
COMPLETE: Block = {"name": "complete", "match": "/complete", "stage": "complete"}
RETIRED: Block = {"name": "retired", "match": "/retired", "stage": "retired"}
CLOSED: Block = {"name": "closed", "match": "/closed", "respond": {"status": 403}}
REST: Block = {"name": "rest", "match": "/**", "stage": "legacy"}
ROUTES = [SPLIT, LIVE, SHADOW, COMPLETE, RETIRED, CLOSED, REST]
MOVED = (b"/split", b"/live", b"/shadow")
TARGETS = (*MOVED, b"/complete", b"/retired", b"/closed", b"/other")
NORMAL = [b"new", b"new", b"legacy", b"new", 410, 403, b"legacy"]
KILLED = [b"legacy", b"legacy", b"legacy", b"new", 410, 403, b"legacy"]


async def _two(play: Play) -> dict[str, Block]:
    """Two upstreams that answer with their names."""
    return {name: upstream(await play(always(sized(name.encode())))) for name in ("legacy", "new")}


async def _answers(proxy: Proxy) -> list[bytes | int]:
    """Who answers each target, or the status that Banyan invents."""
    found = [await proxy.ask(get(target)) for target in TARGETS]
    return [each.body if each.status == 200 else each.status for each in found]


async def test_the_switch_gives_everything_to_legacy_that_legacy_can_answer(play: Play, serve: Serve) -> None:
    """Canary and live go to legacy with the next request, also on a connection that is open; the rest stays."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    client = await proxy.client()
    before = (await client.ask(get(b"/live"))).body
    moved = proxy.listener.kill(on=True)

    assert (before, (await client.ask(get(b"/live"))).body) == (b"new", b"legacy")
    assert moved == 3
    assert await _answers(proxy) == KILLED


async def test_ending_it_restores_every_position(play: Play, serve: Serve) -> None:
    """When the switch is off again, each route is answered as before, draws included."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    before = await _answers(proxy)
    proxy.listener.kill(on=True)
    proxy.listener.kill(on=False)

    assert before == await _answers(proxy) == NORMAL


async def test_the_line_says_killed(play: Play, serve: Serve) -> None:
    """A request that the switch has moved says so as its reason, and has no draw; the others keep their reasons."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    proxy.listener.kill(on=True)
    await _answers(proxy)
    lines = await proxy.lines(len(TARGETS))

    assert [line["reason"] for line in lines] == [*["killed"] * 3, "stage", "retired", "respond", "stage"]
    assert [line["side"] for line in lines] == [*["legacy"] * 3, "new", "self", "self", "legacy"]
    assert not any("draw" in line for line in lines)


async def test_a_reload_while_killed_stays_killed(play: Play, serve: Serve) -> None:
    """A table that comes while the switch is on serves legacy from its first request, and its own stages afterwards."""
    upstreams = await _two(play)
    proxy = await serve(upstreams=upstreams, routes=[REST])
    proxy.listener.kill(on=True)
    proxy.install(upstreams, ROUTES)
    killed = await _answers(proxy)
    proxy.listener.kill(on=False)

    assert killed == KILLED
    assert await _answers(proxy) == NORMAL


async def test_a_table_prepared_before_the_switch_is_killed_too(play: Play, serve: Serve) -> None:
    """The switch that comes while a table is being made ready holds for that table."""
    upstreams = await _two(play)
    proxy = await serve(upstreams=upstreams, routes=[REST])
    prepared = proxy.listener.prepare(snapshot_of(upstreams, ROUTES, {}))
    proxy.listener.kill(on=True)
    proxy.listener.adopt(prepared)

    assert await _answers(proxy) == KILLED


async def test_what_runs_finishes_where_it_is(play: Play, serve: Serve) -> None:
    """A request that new is working on is answered by new, whatever the switch says meanwhile."""
    go_on = asyncio.Event()

    async def gated(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await go_on.wait()
            await peer.send(sized(b"new"))

    new: Scripted = await play(gated)
    legacy = await play(always(sized(b"legacy")))
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[LIVE, REST])
    running = asyncio.ensure_future(proxy.ask(get(b"/live")))
    await proxy.until(lambda: new.requests)
    proxy.listener.kill(on=True)
    meanwhile = (await proxy.ask(get(b"/live"))).body
    go_on.set()

    assert meanwhile == b"legacy"
    assert (await running).body == b"new"


async def test_a_live_route_without_legacy_stays(play: Play, serve: Serve) -> None:
    """Where routes.yaml names no upstream for legacy, there is nobody to give the route to: new goes on."""
    new = await play(always(sized(b"new")))
    proxy = await serve(upstreams={"new": upstream(new)}, routes=[LIVE])

    assert proxy.listener.kill(on=True) == 0
    assert (await proxy.ask(get(b"/live"))).body == b"new"


async def test_tables_share_the_switch_of_their_worker(play: Play, serve: Serve) -> None:
    """An exchange that began by an older table learns from it that no further attempt may go to new."""
    upstreams = await _two(play)
    proxy = await serve(upstreams=upstreams, routes=ROUTES)
    old = proxy.listener.live
    proxy.install(upstreams, ROUTES)
    proxy.listener.kill(on=True)

    assert [old.switch.forbids(side) for side in Side] == [False, True]
    proxy.listener.kill(on=False)
    assert [old.switch.forbids(side) for side in Side] == [False, False]


async def test_ten_thousand_routes_are_moved(play: Play, serve: Serve) -> None:
    """Every route of a large table follows, to and fro."""
    many: list[Block] = [{"name": f"r{each}", "match": f"/r{each}", "stage": "live"} for each in range(10_000)]
    proxy = await serve(upstreams=await _two(play), routes=many)
    asked = [b"/r0", b"/r4999", b"/r9999"]

    assert proxy.listener.kill(on=True) == 10_000
    assert [(await proxy.ask(get(each))).body for each in asked] == [b"legacy"] * 3
    assert proxy.listener.kill(on=False) == 10_000
    assert [(await proxy.ask(get(each))).body for each in asked] == [b"new"] * 3
