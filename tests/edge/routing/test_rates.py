"""Bounds that count: requests per client, cohort and connection, connections per client, a pipeline's depth."""

from __future__ import annotations

from tests.edge.conftest import Play, Serve
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Block, Proxy, snapshot_of, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import always, echo, sized

HELLO = always(sized(b"hi"))


def sheds(proxy: Proxy) -> dict[str, int]:
    """How often each bound was met since the last call."""
    return proxy.listener.counters.take_sheds()


def has_gate(proxy: Proxy) -> bool:
    """Whether something stands before requests."""
    return proxy.listener.admission_limits is not None


async def test_a_client_that_asks_too_often_is_429(play: Play, serve: Serve) -> None:
    """As many as said pass at once, over all its connections; the next hears when to come again, and may stay."""
    legacy = await play(HELLO)
    proxy = await serve(legacy, limits={"rate": "3/h"})
    first, second = await proxy.client(), await proxy.client()
    statuses = [(await client.ask(get())).status for client in (first, second, first)]
    answer = await second.ask(get())

    assert statuses == [200] * 3
    check_problem(answer, 429)
    assert 0 < int(answer.value(b"Retry-After") or b"0") <= 1200
    assert (await second.ask(get())).status == 429
    assert len(legacy.requests) == 3
    assert sheds(proxy) == {"rate": 2}
    assert (await (await proxy.client(source="127.0.0.2")).ask(get())).status == 200


async def test_a_route_counts_by_cohort_or_client(play: Play, serve: Serve) -> None:
    """One tenant's rate is not another's; a request without one counts by its address; other routes are free."""
    counted = {**REST, "cohort": "header:X-Tenant", "limits": {"rate": "1/h", "rate_by": "cohort"}}
    proxy = await serve(await play(HELLO), routes=[counted, {"name": "free", "match": "/free", "stage": "legacy"}])
    client = await proxy.client()
    tenants = [b"X-Tenant: a", b"X-Tenant: b", b"X-Tenant: a"]

    assert [(await client.ask(get(b"/", tenant))).status for tenant in tenants] == [200, 200, 429]
    assert [(await client.ask(get())).status for _ in range(2)] == [200, 429]
    assert [(await client.ask(get(b"/free"))).status for _ in range(3)] == [200] * 3
    assert sheds(proxy) == {"route_rate": 2}


async def test_a_reload_that_leaves_a_rate_alone_forgets_nobody(play: Play, serve: Serve) -> None:
    """Edits elsewhere do not open the door again; another rate begins anew."""
    legacy = await play(HELLO)
    proxy = await serve(legacy, limits={"rate": "1/h"})
    client = await proxy.client()
    assert [(await client.ask(get())).status for _ in range(2)] == [200, 429]

    upstreams = {"legacy": upstream(legacy)}
    routes: list[Block] = [REST, {"name": "new", "match": "/new", "stage": "legacy"}]
    proxy.listener.install(snapshot_of(upstreams, routes, {"limits": {"rate": "1/h"}}))
    assert (await client.ask(get())).status == 429
    proxy.listener.install(snapshot_of(upstreams, routes, {"limits": {"rate": "2/h"}}))
    assert [(await client.ask(get())).status for _ in range(3)] == [200, 200, 429]


async def test_without_a_rate_nothing_stands_before_a_request(play: Play, serve: Serve) -> None:
    """The gate is there only while something is counted, so that others pay nothing for it."""
    legacy = await play(HELLO)
    proxy = await serve(legacy)
    assert not has_gate(proxy)

    proxy.listener.install(snapshot_of({"legacy": upstream(legacy)}, [REST], {"limits": {"rate": "5/s"}}))
    assert has_gate(proxy)
    proxy.install({"legacy": upstream(legacy)}, [REST])
    assert not has_gate(proxy)


async def test_a_connection_ends_after_so_many_requests(play: Play, serve: Serve) -> None:
    """The last answer says so, and what is sent behind it is not read."""
    legacy = await play(HELLO)
    proxy = await serve(legacy, limits={"requests_per_connection": 3})
    client = await proxy.client()
    answers = [await client.ask(get()) for _ in range(3)]

    assert [each.value(b"Connection") for each in answers] == [None, None, b"close"]
    assert await client.rest() == b""
    assert sheds(proxy) == {"requests_per_connection": 1}


async def test_connections_of_one_address_are_bounded(play: Play, serve: Serve) -> None:
    """One too many is 503; another address is let in, and so is the first when it has left one."""
    proxy = await serve(await play(HELLO), limits={"connections_per_client": 2})
    mine = [await proxy.client() for _ in range(2)]
    assert [(await each.ask(get())).status for each in mine] == [200, 200]

    check_problem(await (await proxy.client()).response(), 503)
    assert (await (await proxy.client(source="127.0.0.2")).ask(get())).status == 200
    assert sheds(proxy) == {"connections_per_client": 1}
    mine[0].close()
    await proxy.until(lambda: proxy.connections <= 2)
    assert (await (await proxy.client()).ask(get())).status == 200


async def test_a_trusted_proxy_stands_for_many_clients(play: Play, serve: Serve) -> None:
    """Its connections are not counted as one client's."""
    proxy = await serve(await play(HELLO), limits={"connections_per_client": 1}, trusted_proxies=["127.0.0.1"])
    several = [await proxy.client() for _ in range(3)]

    assert [(await each.ask(get())).status for each in several] == [200] * 3


async def test_a_pipeline_beyond_its_depth_is_not_read_but_answered(play: Play, serve: Serve) -> None:
    """More than may wait: the client is held, nothing is lost, and everything is answered in order."""
    proxy = await serve(await play(echo), limits={"pipeline": 5})
    client = await proxy.client()
    await client.send(b"".join(get(b"/%d" % number) for number in range(50)))
    answers = [await client.response() for _ in range(50)]

    assert [each.value(b"X-Target") for each in answers] == [b"/%d" % number for number in range(50)]
    assert sheds(proxy)["pipeline"] > 0
