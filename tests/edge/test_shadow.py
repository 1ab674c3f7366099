from __future__ import annotations

from tests.edge.client import get
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.scripted import Scripted, always, sized

ROUTE: Block = {"name": "orders", "match": "/orders/**", "stage": "shadow", "shadow": {"second": "0%"}}


async def shadowing(serve: Serve, legacy: Scripted, new: Scripted, **route: object) -> tuple[Proxy, Pairs]:
    """A proxy with one route that is shadowed, and where its pairs go."""
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    proxy = await serve(upstreams=upstreams, routes=[{**ROUTE, **route}])
    proxy.listener.shadows.recorder = pairs = Pairs()
    return proxy, pairs


async def test_both_sides_are_asked_and_the_pair_is_offered(play: Play, serve: Serve) -> None:
    """At stage shadow legacy answers the client, new is asked the same, and both answers go to the comparer."""
    legacy = await play(always(sized(b"legacy", b"X-Side: one")))
    new = await play(always(sized(b"new", b"X-Side: other")))
    proxy, pairs = await shadowing(serve, legacy, new)

    answer = await proxy.ask(get(b"/orders/7?a=1", b"X-A: b"))
    pair = await pairs.next()

    assert answer.body == b"legacy"
    assert (pair.legacy.body, pair.new.body, pair.second) == (b"legacy", b"new", None)
    assert (pair.legacy.status, pair.new.status) == (200, 200)
    assert (pair.route, pair.authoritative, pair.request.target) == ("orders", "legacy", b"/orders/7?a=1")
    assert (b"X-Side", b"other") in pair.new.fields
    assert new.requests[0].values(b"x-banyan-shadow") == [b"1"]
    assert legacy.requests[0].values(b"x-banyan-shadow") == []
