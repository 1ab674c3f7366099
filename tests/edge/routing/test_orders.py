"""Orders in a worker's data plane: real sockets, tables and upstreams."""

from __future__ import annotations

from proxy.link.messages import Orders, RouteOrder
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import always, sized

TENTH: Block = {"name": "split", "match": "/split", "stage": "canary", "split": "10%", "cohort": "header:T"}
LIVE: Block = {"name": "live", "match": "/live", "stage": "live"}
CLOSED: Block = {"name": "closed", "match": "/closed", "respond": {"status": 403}}
ROUTES = [TENTH, LIVE, CLOSED, REST]


def order(
    route: str, stage: str, split: float = 0.0, *, said: tuple[str, float] = ("canary", 0.1), **more: object
) -> RouteOrder:
    """An order given when the file said `said`."""
    return RouteOrder(route, stage, split, *said, **more)  # type: ignore[arg-type]


def orders(*routes: RouteOrder, version: int = 7) -> Orders:
    return Orders(version, list(routes))


async def _two(play: Play) -> dict[str, Block]:
    """Two upstreams that answer with their names."""
    return {name: upstream(await play(always(sized(name.encode())))) for name in ("legacy", "new")}


async def _by(proxy: Proxy, target: bytes = b"/split", tenant: bytes = b"x") -> bytes | int:
    answer = await proxy.ask(get(target, b"T: " + tenant))
    return answer.body if answer.status == 200 else answer.status


async def test_a_route_runs_where_it_is_told(play: Play, serve: Serve) -> None:
    """From the next request on, also on a connection that is open; without an order it runs as the table says again."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    client = await proxy.client()
    before = (await client.ask(get(b"/live"))).body
    refused = proxy.listener.obey(orders(order("live", "shadow", said=("live", 0.0)), order("split", "live")))
    during = (await client.ask(get(b"/live"))).body, await _by(proxy)
    proxy.listener.obey(orders())
    after = (await client.ask(get(b"/live"))).body

    assert refused == ()
    assert (before, during, after) == (b"new", (b"legacy", b"new"), b"new")


async def test_orders_hold_on_later_tables(play: Play, serve: Serve) -> None:
    """A table that is adopted is rewritten before it serves; one that was edited to something lower runs that."""
    two = await _two(play)
    proxy = await serve(upstreams=two, routes=ROUTES)
    proxy.listener.obey(orders(order("split", "canary", 1.0)))
    proxy.install(two, ROUTES, drain="1s")
    same = await _by(proxy)
    proxy.install(two, [{**TENTH, "split": "0%"}, REST])
    lowered = await _by(proxy)
    proxy.install(two, [{**TENTH, "stage": "live"}, REST])
    raised = await _by(proxy)

    assert (same, lowered, raised) == (b"new", b"legacy", b"new")
    assert proxy.listener.orders.version == 7


async def test_an_edit_raises_nothing_by_itself(play: Play, serve: Serve) -> None:
    """A table that says more than was ordered, for a file that said less, runs as ordered."""
    two = await _two(play)
    proxy = await serve(upstreams=two, routes=ROUTES)
    proxy.listener.obey(orders(order("split", "shadow")))
    proxy.install(two, [{**TENTH, "split": "100%"}, REST])

    assert await _by(proxy) == b"legacy"


async def test_an_edit_of_a_route_that_writes_to_both_sides_waits(play: Play, serve: Serve) -> None:
    """What was ordered runs until control says otherwise, though the edit lowers: both sides want the writes first."""
    two = {name: {**each, "applies": "/applies"} for name, each in (await _two(play)).items()}
    written = {**TENTH, "writes": {"mode": "dual", "key": "query:id"}}
    proxy = await serve(upstreams=two, routes=[written, REST], state="embedded")
    proxy.listener.obey(orders(order("split", "canary", 1.0)))
    proxy.install(two, [{**written, "split": "0%"}, REST], state="embedded")

    assert await _by(proxy) == b"new"


async def test_so_waits_a_route_that_only_reads_what_its_group_writes(play: Play, serve: Serve) -> None:
    """Else it reads from legacy at once what new alone has."""
    two = {name: {**each, "applies": "/applies"} for name, each in (await _two(play)).items()}
    reads = {**TENTH, "match": "GET /split", "group": "g"}
    writes = {**TENTH, "name": "w", "match": "PUT /split", "group": "g", "writes": {"mode": "dual", "key": "query:id"}}
    proxy = await serve(upstreams=two, routes=[reads, writes, REST], state="embedded")
    proxy.listener.obey(orders(order("split", "canary", 1.0), order("w", "canary", 1.0)))
    proxy.install(two, [{**reads, "split": "0%"}, {**writes, "split": "0%"}, REST], state="embedded")

    assert await _by(proxy) == b"new"


async def test_what_cannot_be_is_not_obeyed(play: Play, serve: Serve) -> None:
    """Without the upstream that a place needs the route runs as the table says, and is named."""
    legacy = upstream(await play(always(sized(b"legacy"))))
    proxy = await serve(
        upstreams={"legacy": legacy}, routes=[{"name": "a", "match": "/split", "stage": "legacy"}, REST]
    )
    refused = proxy.listener.obey(orders(order("a", "live", said=("legacy", 0.0)), order("gone", "live")))

    assert refused == ("a",)
    assert await _by(proxy) == b"legacy"


async def test_routes_that_banyan_answers_are_left(play: Play, serve: Serve) -> None:
    """A route with `respond` has no place."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    refused = proxy.listener.obey(orders(order("closed", "live")))

    assert refused == ()
    assert await _by(proxy, b"/closed") == 403


async def test_the_kill_switch_outranks_orders_and_pins(play: Play, serve: Serve) -> None:
    """Killed before or after the order: legacy answers, pinned cohorts too; then the order holds again."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    pinned = orders(order("split", "legacy", pins=[("x", "new")]), order("live", "live", said=("live", 0.0)))
    proxy.listener.obey(pinned)
    proxy.listener.kill(on=True)
    killed = await _by(proxy), await _by(proxy, b"/live")
    proxy.listener.obey(pinned)
    still = await _by(proxy), await _by(proxy, b"/live")
    proxy.listener.kill(on=False)

    assert killed == still == (b"legacy", b"legacy")
    assert (await _by(proxy), await _by(proxy, tenant=b"y"), await _by(proxy, b"/live")) == (b"new", b"legacy", b"new")


async def test_a_drain_lets_those_stay_that_are_there(play: Play, serve: Serve) -> None:
    """Also over a reload; after two stretches of time without a request a cohort is a newcomer again."""
    two = await _two(play)
    proxy = await serve(upstreams=two, routes=ROUTES)
    proxy.listener.obey(orders(order("split", "canary", 1.0)))
    await _by(proxy, tenant=b"here")
    proxy.listener.obey(orders(order("split", "canary", 1.0, drained=True)))
    proxy.install(two, ROUTES, drain="1s")
    draining = await _by(proxy, tenant=b"here"), await _by(proxy, tenant=b"later")
    proxy.listener.forget_cohorts()
    kept = await _by(proxy, tenant=b"here")
    for _ in range(2):
        proxy.listener.forget_cohorts()
    forgotten = await _by(proxy, tenant=b"here")

    assert (draining, kept, forgotten) == ((b"new", b"legacy"), b"new", b"legacy")


async def test_the_line_says_why(play: Play, serve: Serve) -> None:
    """Pinned and drained requests have reasons of their own."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    proxy.listener.obey(orders(order("split", "canary", 1.0, drained=True, pins=[("acme", "new")])))
    await _by(proxy, tenant=b"acme")
    await _by(proxy, tenant=b"other")

    assert [(line["side"], line["reason"]) for line in await proxy.lines(2)] == [
        ("new", "pinned"),
        ("legacy", "drained"),
    ]


async def test_while_nobody_knows_where_routes_stand_legacy_answers(play: Play, serve: Serve) -> None:
    """What legacy can answer it answers, pinned cohorts and later tables included; the rest goes as the file says.

    As soon as the standing is known each route runs where it stands.
    """
    two = await _two(play)
    pin: Block = {"stage": "legacy", "cohort": "header:T", "pin": {"new": ["x"]}}
    pinned: Block = {"name": "pinned", "match": "/pinned", **pin}
    done: Block = {"name": "done", "match": "/done", "stage": "complete"}
    table = [{**LIVE, "shadow": {"sample": "100%"}}, pinned, done, CLOSED, REST]
    proxy = await serve(upstreams=two, routes=table)
    proxy.listener.obey(Orders(1, [order("live", "live", said=("live", 0.0))], known=False))
    before = await _by(proxy, b"/live"), await _by(proxy, b"/pinned"), await _by(proxy, b"/done")
    shadow = {each.said.name: each.shadow for each in proxy.listener.live.bound}["live"]
    proxy.install(two, table, drain="1s")
    still = await _by(proxy, b"/live")
    proxy.listener.obey(orders())
    after = await _by(proxy, b"/live"), await _by(proxy, b"/pinned"), await _by(proxy, b"/done")

    assert before == (b"legacy", b"legacy", b"new")
    assert (shadow, still) == (None, b"legacy")
    assert after == (b"new", b"new", b"new")
    assert await _by(proxy, b"/closed") == 403


async def test_who_knows_more_than_control_goes_on_by_it(play: Play, serve: Serve) -> None:
    """A control that knows nothing yet takes back nothing; what it orders all the same is obeyed, by its version."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    proxy.listener.obey(orders(order("split", "live")))
    proxy.listener.obey(Orders(8, [], known=False))
    still = await _by(proxy), await _by(proxy, b"/live")
    proxy.listener.obey(Orders(9, [order("live", "shadow", said=("live", 0.0))], known=False))
    moved = await _by(proxy), await _by(proxy, b"/live")
    version = proxy.listener.orders.version
    proxy.listener.obey(orders(version=10))

    assert (still, moved, version) == ((b"new", b"new"), (b"new", b"legacy"), 9)
    assert (await _by(proxy, b"/live"), proxy.listener.orders.version) == (b"new", 10)


async def test_the_kill_switch_is_not_lifted_by_what_becomes_known(play: Play, serve: Serve) -> None:
    """Killed while nobody knew: legacy answers when it is known too, until the switch is turned back."""
    proxy = await serve(upstreams=await _two(play), routes=ROUTES)
    proxy.listener.obey(Orders(1, [], known=False))
    proxy.listener.kill(on=True)
    proxy.listener.obey(orders())
    killed = await _by(proxy, b"/live")
    proxy.listener.kill(on=False)

    assert (killed, await _by(proxy, b"/live")) == (b"legacy", b"new")


async def test_an_order_holds_on_a_table_that_has_renamed_its_route(play: Play, serve: Serve) -> None:
    """Orders name routes by their origins: no request is answered by the file's stage between reload and next order."""
    two = await _two(play)
    proxy = await serve(upstreams=two, routes=ROUTES)
    proxy.listener.obey(orders(order("live", "shadow", said=("live", 0.0))))
    proxy.install(two, [{**LIVE, "name": "renamed", "was": "live"}, REST])
    with_was = await _by(proxy, b"/live")
    proxy.install(two, [{**LIVE, "name": "renamed"}, REST])
    without = await _by(proxy, b"/live")

    assert (with_was, without) == (b"legacy", b"new")


async def test_a_drain_knows_its_cohorts_by_whatever_name(play: Play, serve: Serve) -> None:
    """A route that is renamed while it drains keeps those that are there, and their draws."""
    two = await _two(play)
    proxy = await serve(upstreams=two, routes=ROUTES)
    proxy.listener.obey(orders(order("split", "canary", 1.0)))
    await _by(proxy, tenant=b"here")
    proxy.listener.obey(orders(order("split", "canary", 1.0, drained=True)))
    proxy.install(two, [{**TENTH, "name": "renamed", "was": "split"}, REST])

    assert (await _by(proxy, tenant=b"here"), await _by(proxy, tenant=b"later")) == (b"new", b"legacy")
