from __future__ import annotations

import pytest

from proxy.core.outcome import Side
from proxy.core.routing.split import draw, salt_of
from proxy.edge.account.guard_events import MOST
from proxy.link.messages import BadDelta
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Script, always, silent, sized

ROUTE: Block = {"name": "orders", "match": "/**", "cohort": "header:X-T"}
FINE, BROKEN = always(sized(b"a")), always(sized(b"no", status=b"500 No"))
TENANT = get(b"/", b"X-T: t1")
DRAW = draw(salt_of("orders"), b"header:t1")


async def serving(play: Play, serve: Serve, legacy: Script, new: Script, **route: object) -> Proxy:
    waits = {"timeout": {"response": "200ms"}}
    upstreams = {"legacy": upstream(await play(legacy), **waits), "new": upstream(await play(new), **waits)}
    return await serve(upstreams=upstreams, routes=[{**ROUTE, **route}])


def told(proxy: Proxy) -> list[BadDelta]:
    """The bad events since the last call."""
    proxy.counted()
    return proxy.listener.finished.bad.take()[0]


@pytest.mark.parametrize(
    ("route", "side"),
    [
        ({"stage": "shadow"}, Side.LEGACY),
        ({"stage": "live"}, Side.NEW),
        ({"stage": "canary", "split": "100%"}, Side.NEW),
    ],
)
async def test_a_5xx_is_an_event_of_its_cohort(play: Play, serve: Serve, route: Block, side: Side) -> None:
    """With the side that answered and the cohort's draw, also at stages that draw nothing."""
    proxy = await serving(play, serve, BROKEN, BROKEN, **route)
    await proxy.ask(TENANT)
    event = told(proxy)[0]

    assert (event.route, event.bad, event.side, event.draw) == ("orders", "5xx", side, DRAW)
    assert event.cohort >> 11 == round(DRAW * (1 << 53))
    assert event.at > 1_700_000_000


async def test_good_answers_and_clients_own_faults_are_none(play: Play, serve: Serve) -> None:
    """Neither 200 nor 404, nor a client that leaves."""
    proxy = await serving(play, serve, always(sized(b"a", status=b"404 No")), FINE, stage="shadow")
    await proxy.ask(TENANT)
    client = await proxy.client()
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    await proxy.until(lambda: proxy.clients and proxy.clients[-1].exchange)
    client.reset()
    await proxy.until(lambda: proxy.connections == 0)

    assert told(proxy) == []


async def test_silence_is_a_timeout(play: Play, serve: Serve) -> None:
    """An upstream that does not answer in time is not a 5xx of its own."""
    proxy = await serving(play, serve, silent, FINE, stage="shadow")
    await proxy.ask(TENANT)

    assert [event.bad for event in told(proxy)] == ["timeout"]


async def test_an_answer_above_the_threshold_is_slow(play: Play, serve: Serve) -> None:
    """Where control gave one; 0 is none."""
    proxy = await serving(play, serve, FINE, FINE, stage="shadow")
    bound = proxy.listener.live.bound[0]
    found = []
    for slow in (0.0, 1e-9, 100.0):
        bound.slow = slow
        await proxy.ask(TENANT)
        found.append([event.bad for event in told(proxy)])

    assert found == [[], ["latency"], []]


async def test_where_the_other_side_stepped_in_the_first_has_failed(play: Play, serve: Serve) -> None:
    """The client was served well, and the guard still learns of new."""
    fallback: Block = {"to": "legacy", "after": ["5xx"]}
    proxy = await serving(play, serve, FINE, always(sized(b"", status=b"503 N")), stage="live", fallback=fallback)
    answer = await proxy.ask(TENANT)

    assert answer.status == 200
    assert [(event.bad, event.side) for event in told(proxy)] == [("5xx", "new")]


async def test_one_side_alone_has_nobody_to_be_judged_by(play: Play, serve: Serve) -> None:
    """A route without two upstreams has no guard."""
    proxy = await serve(await play(BROKEN))
    await proxy.ask(TENANT)

    assert told(proxy) == []


async def test_events_of_a_report_are_bounded(play: Play, serve: Serve) -> None:
    """What is beyond the bound is counted, and the next report begins anew."""
    proxy = await serving(play, serve, BROKEN, FINE, stage="shadow")
    client = await proxy.client()
    for _ in range(MOST + 3):
        await client.ask(TENANT)
    proxy.counted()
    events, lost = proxy.listener.finished.bad.take()

    assert (len(events), lost) == (MOST, 3)
    assert proxy.listener.finished.bad.take() == ([], 0)
