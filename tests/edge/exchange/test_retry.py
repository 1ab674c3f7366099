"""Which attempt may follow a failure: one on the same side, one on the other, and none where new is forbidden."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from proxy.core.http.request import RequestHead
from proxy.core.outcome import Blame, Failure, Phase
from proxy.edge.exchange.retry import next_leg
from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
from proxy.edge.wire.upload import Upload
from tests.edge.conftest import Play, Serve
from tests.edge.message import check_problem
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Peer, always, sized, then_close

LIVE: Block = {"name": "rest", "match": "/**", "stage": "live"}
STALE = Failure(phase=Phase.HEAD, blame=Blame.UPSTREAM, replayable=True, detail="an idle connection was dead")


@dataclass(slots=True)
class Attempt:
    """A GET that was sent to new on an idle connection, for the `attempts`-th time."""

    live: Live
    bound: BoundRoute
    leg: Leg
    head: RequestHead
    attempts: int
    fell_back: bool = False
    responding: bool = False
    total_at: float = float("inf")
    upload: Upload | None = None
    wants_upgrade: bool = False


async def _attempt(proxy: Proxy, attempts: int) -> Attempt:
    live = proxy.listener.live
    bound = live.bound[0]
    head = live.reader.read(get())
    assert bound.new is not None
    assert isinstance(head, RequestHead)
    return Attempt(live, bound, bound.new, head, attempts)


async def _two(play: Play, serve: Serve, route: Block) -> Proxy:
    sides = {name: upstream(await play(always(sized(name.encode())))) for name in ("legacy", "new")}
    return await serve(upstreams=sides, routes=[{**LIVE, **route}])


async def test_a_dead_idle_connection_gets_one_more_attempt_on_the_same_side_and_no_third(
    play: Play, serve: Serve
) -> None:
    """The second attempt goes to the same side; when its connection was dead too, there is no other."""
    proxy = await _two(play, serve, {})
    first, second = await _attempt(proxy, 1), await _attempt(proxy, 2)

    assert next_leg(first, STALE, proxy.listener.counters) is first.leg
    assert next_leg(second, STALE, proxy.listener.counters) is None


async def test_a_second_dead_connection_leads_to_the_other_side_where_the_route_allows_it(
    play: Play, serve: Serve
) -> None:
    """After one repeat on the same side the fallback is next, not the same side once more."""
    proxy = await _two(play, serve, {"fallback": "legacy"})
    second = await _attempt(proxy, 2)

    assert next_leg(second, STALE, proxy.listener.counters) is second.bound.legacy


async def test_while_the_kill_switch_is_on_new_is_not_asked_again(play: Play, serve: Serve) -> None:
    """A request that was under way when the switch came is answered 502 when its idle connection turns out dead."""
    asked = asyncio.Event()
    die = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(sized(b"new"))
        await peer.request()
        asked.set()
        await die.wait()

    new, legacy = await play(script), await play(always(sized(b"legacy")))
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[LIVE])
    await proxy.ask(get())
    answer = asyncio.ensure_future(proxy.ask(get()))
    await asked.wait()
    proxy.listener.kill(on=True)
    die.set()

    check_problem(await answer, 502)
    assert (len(new.requests), len(legacy.requests)) == (2, 0)


async def test_a_request_falls_back_once(play: Play, serve: Serve) -> None:
    """Both sides break the request off: each was asked once, and the client gets 502."""
    sides = {"legacy": await play(then_close()), "new": await play(then_close())}
    upstreams = {name: upstream(side) for name, side in sides.items()}
    proxy = await serve(upstreams=upstreams, routes=[{**LIVE, "fallback": "other"}])

    check_problem(await proxy.ask(get()), 502)
    assert [len(side.requests) for side in sides.values()] == [1, 1]
