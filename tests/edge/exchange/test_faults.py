"""An error inside the proxy, put there by a predicate that raises or by a part that is missing, costs one request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, replace

import pytest
import structlog

from proxy.core.http.request import RequestHead
from proxy.core.routing.predicate import Predicate
from proxy.core.routing.route import Route
from proxy.core.routing.table import RouteTable
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Proxy, snapshot_of, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Scripted, always, sized

pytestmark = BOTH


@dataclass(frozen=True, slots=True)
class Faulty:
    """A predicate that raises where the target says so."""

    @property
    def fields(self) -> frozenset[bytes]:
        return frozenset()

    def matches(self, head: RequestHead) -> bool:
        if head.path == b"/fault":
            message = "put here by the test"
            raise RuntimeError(message)
        return True

    def overlaps(self, other: Predicate) -> bool:
        return self is not other


async def _faulty(play: Play, serve: Serve) -> tuple[Proxy, Scripted]:
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    snapshot = snapshot_of({"legacy": upstream(legacy)}, [REST], {})
    routes: list[Route] = [replace(each, predicates=(Faulty(),)) for each in snapshot.routes]
    proxy.listener.install(replace(snapshot, table=RouteTable(routes)))
    return proxy, legacy


@pytest.fixture(autouse=True)
def said() -> Iterator[list[MutableMapping[str, object]]]:
    """What the log said."""
    with structlog.testing.capture_logs() as captured:
        yield captured


async def test_an_error_before_the_decision_is_500_for_that_request_alone(
    play: Play, serve: Serve, said: list[dict[str, object]]
) -> None:
    """The client gets a problem document and the end, others are served on, and the log has the error (DR06)."""
    proxy, legacy = await _faulty(play, serve)
    other = await proxy.client()

    assert (await other.ask(get(b"/fine"))).status == 200

    client = await proxy.client()
    await client.send(get(b"/fault"))
    answer = await client.response()

    check_problem(answer, 500)
    assert answer.value(b"Connection") == b"close"
    assert await client.rest() == b""
    assert (await other.ask(get(b"/fine"))).status == 200
    assert [each.target for each in legacy.requests] == [b"/fine"] * 2
    assert [each["event"] for each in said] == ["request_broke"]


async def test_an_error_within_a_pipeline_ends_it_after_what_was_good(play: Play, serve: Serve) -> None:
    """What came before the fault is answered; what stands behind it is not begun."""
    proxy, legacy = await _faulty(play, serve)
    client = await proxy.client()
    await client.send(get(b"/1") + get(b"/fault") + get(b"/2"))

    assert [(await client.response()).status for _ in range(2)] == [200, 500]
    assert await client.rest() == b""
    assert [each.target for each in legacy.requests] == [b"/1"]


async def test_errors_without_end_leave_the_worker_well(play: Play, serve: Serve) -> None:
    """A hundred faults later nothing is left over, and the next request is served."""
    proxy, _ = await _faulty(play, serve)
    answers = await asyncio.gather(*[proxy.ask(get(b"/fault")) for _ in range(100)])

    assert {each.status for each in answers} == {500}
    assert (await proxy.ask(get(b"/fine"))).status == 200
    await proxy.until(lambda: proxy.connections == 0)
    assert sum(each.value for each in proxy.listener.counters.inflight.values()) == 0


async def test_an_error_while_a_body_comes_is_500_and_breaks_the_upstream_off(play: Play, serve: Serve) -> None:
    """A fault within an upload: the upstream sees no end of it, and its connection is not used again."""
    proxy, legacy = await _faulty(play, serve)
    client = await proxy.client()
    await client.send(request(b"POST", b"/fine", b"Content-Length: 10") + b"hello")
    await proxy.until(lambda: proxy.clients and proxy.clients[0].exchange)
    exchange = proxy.clients[0].exchange
    assert exchange is not None
    exchange.upload = object()  # type: ignore[assignment]  # no decoder of any kind
    await client.send(b"world")

    check_problem(await client.response(), 500)
    assert legacy.requests == []
    assert (await proxy.ask(post(b"x"))).status == 200


async def test_an_error_while_an_answer_comes_costs_that_request_alone(play: Play, serve: Serve) -> None:
    """A fault on the way down is 502 for this exchange; the worker and its other clients go on."""
    proxy, legacy = await _faulty(play, serve)
    live = proxy.listener.live
    whole, live.responses = live.responses, None  # type: ignore[assignment]  # what reads the answer
    client = await proxy.client()

    check_problem(await client.ask(get(b"/down")), 502)

    live.responses = whole

    assert (await client.ask(get(b"/fine"))).status == 200
    assert len(legacy.peers) == 2


@pytest.mark.parametrize("asked", [get(b"/", b"Connection: close"), b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"])
async def test_an_invented_answer_ends_a_connection_that_was_to_end(play: Play, serve: Serve, asked: bytes) -> None:
    """A 502 to a client that wants to close, or that speaks HTTP/1.0, is the last on its connection, and says so."""
    legacy = await play(always(b"nonsense\r\n\r\n"))
    proxy = await serve(legacy)
    client = await proxy.client()
    answer = await client.ask(asked)

    assert (answer.status, answer.value(b"Connection")) == (502, b"close")
    assert await client.rest() == b""


async def test_an_error_at_a_deadline_does_not_stop_the_sweep(
    play: Play, serve: Serve, said: list[dict[str, object]]
) -> None:
    """A client whose deadline cannot be kept costs itself; the deadlines of all others are still kept."""
    proxy, _ = await _faulty(play, serve)
    broken = await proxy.client()
    await broken.send(b"GET /")
    await proxy.until(lambda: proxy.clients and proxy.clients[0]._partial)
    proxy.clients[0].peer = None  # type: ignore[assignment]  # what its line would name
    proxy.clients[0].deadline = 0.0
    await proxy.until(lambda: proxy.connections == 0)
    late = await proxy.client()
    await late.send(b"GET /")
    await proxy.until(lambda: proxy.clients and proxy.clients[0]._partial)
    proxy.clients[0].deadline = 0.0

    assert (await late.response()).status == 408
    assert [each["event"] for each in said] == ["deadline_broke"]
