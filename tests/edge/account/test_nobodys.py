"""Answers that say nothing of the side: what Banyan refused by itself, and what a client did."""

from __future__ import annotations

import asyncio
import errno
from time import monotonic

import pytest

from proxy.core.outcome import Blame, Failure, Phase, Refused
from proxy.edge.account.guard_events import MOST_COHORTS
from proxy.edge.shadow.captured_body import why_not_whole
from proxy.edge.upstream import dial
from proxy.edge.upstream.circuit_breaker import BreakerState
from proxy.link.messages import CohortDelta, RefusedDelta, RouteDelta, ShadowDelta
from tests.edge.account.test_bad_events import told
from tests.edge.conftest import Play, Serve
from tests.edge.exchange.test_fallback import nobody
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Script, Scripted, always, once, silent, sized
from tests.edge.shadow.test_leg import ONCE, shadowing

ROUTE: Block = {"name": "orders", "match": "/**", "cohort": "header:X-T", "stage": "live"}
FINE, BROKEN = always(sized(b"a")), always(sized(b"no", status=b"500 No"))
WAITS: Block = {"response": "200ms", "queue": "100ms", "connect": "1s"}


async def serving(play: Play, serve: Serve, legacy: Script, new: Scripted | int, more: Block, **route: object) -> Proxy:
    upstreams = {
        "legacy": upstream(await play(legacy), timeout=WAITS),
        "new": upstream(new, timeout=WAITS, **more),
    }
    return await serve(upstreams=upstreams, routes=[{**ROUTE, **route}])


def counts(proxy: Proxy, side: str = "new") -> RouteDelta:
    """What was counted of one side since the last call."""
    found = {delta.side: delta for delta in proxy.counted()[0]}
    return found[side]


def shut(proxy: Proxy, name: str = "new") -> None:
    """Open the breaker of an upstream, as failures would."""
    pool = proxy.pool(name)
    while not pool.breakers.refused(monotonic()):
        pass
    pool._troubled = pool._looks = True
    pool.breakers.whole._until = monotonic() + 3600.0
    assert pool.breakers.whole.state is BreakerState.OPEN


async def test_a_breaker_that_is_open_is_nobodys_failure(play: Play, serve: Serve) -> None:
    """The client gets 503, which is Banyan's own answer, by its reason: no bad event, no failure of new, no answer."""
    proxy = await serving(play, serve, FINE, await play(FINE), {})
    shut(proxy)
    answer = await proxy.ask(get())
    counted, failures = proxy.counted()
    (line,) = await proxy.lines(1)

    assert answer.status == 503
    assert [(delta.side, delta.codes[4], delta.failed) for delta in counted] == [("self", 1, 0)]
    assert failures == []
    assert (line["side"], line["failure"], line["refused"]) == ("self", "connect:proxy", "upstream")
    assert told(proxy) == []
    assert proxy.listener.counters.take_refused() == [RefusedDelta("orders", "new", "upstream", 1)]
    assert proxy.listener.counters.take_refused() == []


async def test_an_operation_that_is_left_alone_has_a_reason_of_its_own(play: Play, serve: Serve) -> None:
    """The rest of the upstream is asked as ever, so nothing is said of it."""
    new = await play(silent)
    proxy = await serving(play, serve, FINE, new, {"breaker": {"volume": 2}}, timeout={"response": "50ms"})
    statuses = []
    for number in range(3):
        client = await proxy.client(source=f"127.0.4.{number + 1}")
        statuses.append((await client.ask(get())).status)

    assert statuses == [504, 504, 503]
    assert proxy.listener.counters.take_refused() == [RefusedDelta("orders", "new", "breaker", 1)]


@pytest.mark.parametrize(("queue", "reason"), [(0, "queue"), (9, "wait")])
async def test_no_room_is_nobodys_failure(play: Play, serve: Serve, queue: int, reason: str) -> None:
    """A queue that is full, or that nobody leaves in time, while new answers others."""
    started = asyncio.Event()

    async def holding(peer: object) -> None:
        started.set()
        await asyncio.Event().wait()

    new = await play(holding)
    proxy = await serving(
        play, serve, FINE, new, {"connections": 1, "queue": queue}, timeout={**WAITS, "response": "60s"}
    )
    client = await proxy.client()
    await client.send(get())
    await started.wait()
    answer = await proxy.ask(get())
    found = counts(proxy, "self")

    assert answer.status == 503
    assert (found.codes[4], found.failed) == (1, 0)
    assert told(proxy) == []
    assert [refusal.reason for refusal in proxy.listener.counters.take_refused()] == [reason]


async def test_a_machine_without_descriptors_has_not_asked(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lack is Banyan's own: nobody's failure, and no breaker or address learns of it."""
    proxy = await serving(play, serve, FINE, await play(FINE), {"breaker": {"failures": 1}})

    async def lacking(self: object, connection: object, address: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(dial.Dialler, "_open", lacking)
    answer = await proxy.ask(get())
    pool = proxy.pool("new")

    assert answer.status == 503
    assert (counts(proxy, "self").codes[4], told(proxy)) == (1, [])
    assert (pool.breakers.whole.state, pool.ejected) == (BreakerState.CLOSED, 0)
    assert [refusal.reason for refusal in proxy.listener.counters.take_refused()] == ["resources"]


async def test_a_fallback_after_a_refusal_is_no_failure_of_new(play: Play, serve: Serve) -> None:
    """Legacy answers, the client is well, and new was not asked."""
    proxy = await serving(play, serve, FINE, await play(BROKEN), {}, fallback={"to": "legacy"})
    shut(proxy)
    answer = await proxy.ask(get())
    found = {delta.side: delta for delta in proxy.counted()[0]}

    assert (answer.status, answer.body) == (200, b"a")
    assert found.keys() == {"legacy"}
    assert told(proxy) == []


async def test_a_fallback_after_a_failure_counts_for_the_side_that_failed(play: Play, serve: Serve) -> None:
    """New was asked and has not answered in time; the status that the client got is legacy's."""
    proxy = await serving(play, serve, FINE, await play(silent), {}, fallback={"to": "legacy", "after": ["timeout"]})
    answer = await proxy.ask(get())
    found = {delta.side: delta for delta in proxy.counted()[0]}

    assert answer.status == 200
    assert (found["new"].asked, found["new"].failed, sum(found["new"].codes)) == (1, 1, 0)
    assert (found["legacy"].asked, found["legacy"].failed) == (1, 0)
    assert [(event.bad, event.side) for event in told(proxy)] == [("timeout", "new")]


async def test_an_answer_that_breaks_off_has_failed_whatever_its_status(play: Play, serve: Serve) -> None:
    """200 and half of a body is no good answer."""
    half = once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    proxy = await serving(play, serve, FINE, await play(half), {}, timeout={**WAITS, "idle": "200ms"})
    client = await proxy.client()
    await client.send(get())
    await proxy.until(lambda: proxy.connections == 0)
    found = counts(proxy)

    assert (found.codes[1], found.asked, found.failed) == (1, 1, 1)
    assert len(told(proxy)) == 1


async def test_a_client_that_leaves_is_no_good_answer(play: Play, serve: Serve) -> None:
    """499 says nothing of new: a new side that hangs is not well because its clients lose patience."""
    new = await play(silent)
    proxy = await serving(play, serve, FINE, new, {}, timeout={**WAITS, "response": "60s"})
    client = await proxy.client()
    await client.send(get())
    await proxy.until(lambda: proxy.clients and proxy.clients[-1].exchange)
    client.reset()
    await proxy.until(lambda: proxy.connections == 0)
    found = counts(proxy)

    assert (found.codes[3], found.asked, found.failed, sum(found.nobodys)) == (1, 0, 0, 1)
    assert told(proxy) == []


async def test_no_connection_is_told_as_such(play: Play, serve: Serve) -> None:
    """Whoever asked, it was not the request's fault."""
    proxy = await serving(play, serve, FINE, await nobody(play), {})
    await proxy.ask(get())

    assert [(event.side, event.unreachable) for event in told(proxy)] == [("new", True)]


async def test_while_new_fails_its_good_answers_are_told_by_cohort(play: Play, serve: Serve) -> None:
    """From the first failure on; before it, and of legacy, none are."""
    answers = iter([b"200 OK", b"500 No", b"200 OK", b"200 OK"])

    async def answering(peer: object) -> None:
        while True:
            await peer.request()  # type: ignore[attr-defined]
            await peer.send(sized(b"", status=next(answers)))  # type: ignore[attr-defined]

    proxy = await serving(play, serve, FINE, await play(answering), {})
    client = await proxy.client()
    for tenant in (b"t1", b"t2", b"t1", b"t2"):
        await client.ask(get(b"/", b"X-T: " + tenant))
    (event,) = told(proxy)
    found = proxy.listener.finished.bad.take_cohorts()

    assert sorted((delta.good, delta.failed) for delta in found) == [(1, 0), (1, 1)]
    assert {delta.cohort for delta in found if delta.failed} == {event.cohort}
    assert proxy.listener.finished.bad.take_cohorts() == list[CohortDelta]()


async def test_cohorts_of_a_report_are_bounded(play: Play, serve: Serve) -> None:
    """More of them are counted, and not told one by one."""
    proxy = await serving(play, serve, FINE, await play(BROKEN), {})
    client = await proxy.client()
    for number in range(MOST_COHORTS + 3):
        await client.ask(get(b"/", b"X-T: %d" % number))
    found = counts(proxy)

    assert found.failed == MOST_COHORTS + 3
    assert len(proxy.listener.finished.bad.take_cohorts()) == MOST_COHORTS


async def test_legacys_answers_to_shadows_say_how_it_is(play: Play, serve: Serve) -> None:
    """At live legacy is asked for a sample: good and failed answers are told, what was refused is not."""
    found = []
    for script in (FINE, BROKEN, silent):
        legacy, new = await play(script), await play(FINE)
        proxy, pairs = await shadowing(
            serve, legacy, new, stage="live", shadow={**ONCE, "sample": 1, "timeout": "200ms"}
        )
        await proxy.ask(get())
        await pairs.next()
        found += proxy.listener.counters.take_alive()

    assert [(delta.good, delta.failed) for delta in found] == [(1, 0), (0, 1), (0, 1)]


async def test_a_live_answer_that_was_refused_is_never_compared(play: Play, serve: Serve) -> None:
    """Nobody answered it: there is no pair, and no evidence against the side that would have."""
    legacy, new = await play(FINE), await play(FINE)
    proxy, pairs = await shadowing(serve, legacy, new, stage="live", shadow={**ONCE, "sample": 1})
    shut(proxy)
    await proxy.ask(get())
    await proxy.until(lambda: proxy.connections == 0)

    assert (pairs.taken, legacy.requests) == ([], [])
    assert proxy.listener.counters.take_shadows() == [ShadowDelta("orders", "skipped", 1)]


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (dial.refusal(Refused.WAIT, "why"), "shed"),
        (dial.refusal(Refused.UPSTREAM, "why"), "breaker_open"),
        (dial.refusal(Refused.BREAKER, "why"), "breaker_open"),
        (Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM, timed_out=True), "timed_out"),
        (Failure(phase=Phase.BODY, blame=Blame.UPSTREAM), "failed"),
    ],
    ids=["refused", "upstream left alone", "operation left alone", "late", "broken"],
)
def test_a_pair_says_why_an_answer_is_not_whole(failure: Failure, word: str) -> None:
    """What met a bound is shed, as it is for a shadow; what a breaker refuses has a word of its own."""
    assert why_not_whole(failure) == word


def test_a_refusal_is_a_failure_that_may_be_sent_elsewhere() -> None:
    """Nothing was sent, so `fallback` may follow whatever the method."""
    found = dial.refusal(Refused.WAIT, "why", 7)

    assert isinstance(found, Failure)
    assert (found.replayable, found.retry_after, found.is_nobodys) == (True, 7, True)
