"""An upstream that fails is left alone for a moment, and asked again by single real requests (R29).

Long: every rule of breakers is shown by them alone, and again through the proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from proxy.core.routing.route import BreakerPolicy as Rule
from proxy.edge.upstream.circuit_breaker import (
    BUDGET_FLOOR,
    BUDGET_WINDOW,
    MOST_OPERATIONS,
    BreakerChange,
    Breakers,
    BreakerState,
    Resting,
    RetryBudget,
)
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Proxy, upstream
from tests.edge.questions import Question, everybody
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, silent, sized, then_close

QUICK = {"volume": 3, "open": "300ms"}
LASTING = {"volume": 3, "open": "1m"}


def opened(breakers: Breakers, asking: Sequence[Question], now: float = 1.0) -> list[str]:
    """What opens when these fail: operations, or nothing for the whole upstream."""
    return [change.operation for question in asking for change in breakers.failed(question, now)]


def answered(breakers: Breakers, asking: Sequence[Question], now: float = 1.0) -> list[str]:
    """What closes when these are answered."""
    return [change.operation for question in asking for change in breakers.succeeded(question, now)]


def test_failed_connects_in_a_row_open_it() -> None:
    """The fifth of five in a row; an answer between them begins the count anew."""
    breakers = Breakers(Rule(volume=1000))

    assert [breakers.refused(1.0) for _ in range(4)] == [[]] * 4
    assert answered(breakers, [Question()]) == []
    assert [breakers.refused(1.0) for _ in range(5)] == [[]] * 4 + [[BreakerChange("", BreakerState.OPEN)]]


def test_failed_connects_far_apart_do_not() -> None:
    """A row ends where nothing failed for a window."""
    breakers = Breakers(Rule(volume=1000))

    assert not any(breakers.refused(number * 11.0) for number in range(20))


def test_a_share_of_failures_opens_it() -> None:
    """Half of at least twenty, of several operations and clients, though each failure is followed by an answer."""
    breakers = Breakers(Rule())
    several, when = everybody(), []
    for number in range(40):
        each = several[number % len(several)]
        if "" in opened(breakers, [each]):
            when.append(number)
        answered(breakers, [each])

    assert when[:1] == [10]


def test_failures_in_a_row_alone_do_not() -> None:
    """Nineteen that fail are fewer than the volume."""
    breakers = Breakers(Rule())

    assert opened(breakers, everybody()[:16] + everybody()[:3]) == []


def test_one_operation_breaks_alone() -> None:
    """Twenty that fail of one operation, whoever asks, leave all others alone, whatever share of all they are."""
    breakers = Breakers(Rule())
    answered(breakers, everybody())
    slow = [Question(b"slow", b"c%d" % number) for number in range(30)]
    well = everybody(operations=2)
    found = []
    for number, question in enumerate(slow):
        found += opened(breakers, [question])
        answered(breakers, [well[number % len(well)]])

    assert found == ["slow"]
    assert breakers.alone == ("slow",)
    assert breakers.refuses(slow[0], 1.0) is not None
    assert breakers.refuses(well[0], 1.0) is None


def test_one_client_breaks_nothing() -> None:
    """What fails for one client alone, at every operation, leaves all of them open to others."""
    breakers = Breakers(Rule())
    bad = [Question(b"o%d" % (number % 4), b"bad") for number in range(400)]
    well = everybody()
    found = []
    for number, question in enumerate(bad):
        found += opened(breakers, [question])
        answered(breakers, [well[number % len(well)]])

    assert found == []


def test_a_client_is_not_alone_where_others_ask_for_something_else() -> None:
    """Its failures at one operation, which nobody else asks for, are still those of one client."""
    breakers = Breakers(Rule())
    bad, well = Question(b"own", b"bad"), everybody()
    found = []
    for number in range(400):
        now = 1.0 + number / 10
        found += opened(breakers, [bad], now)
        answered(breakers, [well[number % len(well)]] if number % 5 == 0 else [], now)

    assert found == []


def test_where_one_client_asks_alone_its_failures_count() -> None:
    """Behind a balancer that is not trusted all clients are one: nobody else within half a window is nobody else."""
    breakers = Breakers(Rule())

    assert opened(breakers, [Question()] * 30, 1.0) == []
    assert opened(breakers, [Question()], 5.9) == []
    assert opened(breakers, [Question()], 6.1) == [""]


def test_without_a_rule_it_stays_closed() -> None:
    """The off-switch."""
    breakers = Breakers(None)

    assert opened(breakers, everybody() * 9) == []
    assert [breakers.refused(1.0) for _ in range(9)] == [[]] * 9
    assert breakers.refuses(Question(), 1.0) is None
    assert breakers.are_calm(1.0)


def half_open(rule: Rule) -> Breakers:
    """After what opened it, at 10.0; it may be asked again from then on."""
    breakers = Breakers(rule)
    for _ in range(rule.failures):
        breakers.refused(1.0)
    assert breakers.whole.state is BreakerState.OPEN
    return breakers


def test_single_requests_find_out_how_the_upstream_is() -> None:
    """After `open` seconds `probes` requests go out at once; an answer closes it for all."""
    breakers = half_open(Rule(failures=1, open=5.0, probes=2))
    several = everybody()

    assert breakers.refuses(several[0], 4.9) in (Resting("", 1), Resting("", 2))
    assert [breakers.refuses(question, 6.0) is None for question in several[:3]] == [True, True, False]
    assert breakers.whole.state is BreakerState.HALF_OPEN
    assert answered(breakers, several[:1], 6.1) == [""]
    assert breakers.refuses(several[2], 6.2) is None


def test_one_bad_operation_does_not_keep_it_open() -> None:
    """A probe that fails is followed at once by one of another operation, and that one is answered."""
    breakers = half_open(Rule(failures=1, open=5.0))
    bad, other = Question(b"bad"), Question(b"well")
    assert breakers.refuses(bad, 6.0) is None
    assert opened(breakers, [bad], 6.1) == []

    assert breakers.refuses(Question(b"bad"), 6.2) is not None
    assert breakers.refuses(other, 6.2) is None
    assert answered(breakers, [other], 6.3) == [""]


def test_probes_of_several_operations_open_it_again() -> None:
    """Three that failed are proof; what was sent before it opened and fails only now is none."""
    breakers = half_open(Rule(failures=1, open=5.0))
    early = Question(b"early")
    found = []
    for probe in (Question(b"o%d" % number) for number in range(3)):
        assert breakers.refuses(probe, 6.0) is None
        found.append(opened(breakers, [early, probe], 6.0))

    assert found == [[], [], [""]]
    assert breakers.refuses(early, 6.0) is not None


def test_probes_that_say_nothing_are_followed_by_others() -> None:
    """A client that leaves takes its probe with it; then another operation's turn comes, and after it its own again."""
    breakers = half_open(Rule(failures=1, open=5.0))
    left, other = Question(b"left"), Question(b"other")

    assert [breakers.refuses(question, at) is None for question, at in ((left, 6.0), (other, 6.1), (other, 10.9))] == [
        *(True, False, False)
    ]
    assert breakers.refuses(Question(b"left"), 11.0) is not None
    assert breakers.refuses(other, 11.1) is None

    breakers = half_open(Rule(failures=1, open=5.0))

    assert [breakers.refuses(Question(b"left"), at) is None for at in (6.0, 11.0, 13.4, 13.6)] == [
        *(True, False, False, True)
    ]


def test_bursts_of_one_client_that_are_far_apart_open_it() -> None:
    """All connections hang and time out together, every thirty seconds: at the second burst nobody else was there."""
    breakers = Breakers(Rule(), memory=40.0)
    several = [Question(b"o%d" % (number % 5)) for number in range(64)]

    assert opened(breakers, several, 31.0) == []
    assert not breakers.are_calm(60.0)
    assert opened(breakers, several, 62.0)[0] == ""


def test_few_connections_are_enough() -> None:
    """Where eight requests can be under way, eight that hang are all of them."""
    breakers = Breakers(Rule(), most=8)

    assert opened(breakers, everybody()[:7] + everybody()[12:13]) == [""]


def test_many_names_below_one_path_are_not_many_operations() -> None:
    """A bad endpoint whose slugs all differ is one of several first segments."""
    breakers = Breakers(Rule())
    found = []
    for number in range(200):
        client = b"c%d" % (number % 40)
        found += opened(breakers, [Question(b"r GET /bad/slug-%d" % (number % 30), client)])
        answered(breakers, [Question(b"r GET /good%d/list" % (number % 4), client)] if number % 2 else [])

    assert "" not in found


def test_one_address_of_two_is_no_breakers_business() -> None:
    """What fails at one address alone, of all operations and clients, is for `eject`; what fails at both opens it."""
    breakers = Breakers(Rule())
    for asking in everybody() * 4:
        assert breakers.failed(asking, 1.0, b"one:80") == []
        breakers.succeeded(asking, 1.0, b"two:80")

    both = [breakers.failed(question, 1.0, b"%d:80" % at) for question in everybody() * 9 for at in range(2)]

    assert [BreakerChange("", BreakerState.OPEN)] in both


def test_an_operation_that_nobody_asks_for_any_more_is_forgotten() -> None:
    """Also one whose breaker has opened."""
    breakers = Breakers(Rule())
    answered(breakers, everybody())

    assert opened(breakers, [Question(b"slow", b"c%d" % number) for number in range(30)]) == ["slow"]
    assert breakers.are_calm(60.0)
    assert breakers.alone == ()


def test_a_breaker_that_nobody_asks_any_more_closes() -> None:
    """A window after its time, as all who come then would be refused but a probe; not while somebody asks."""
    idle, asked = half_open(Rule(failures=1, open=5.0)), half_open(Rule(failures=1, open=5.0))
    assert asked.refuses(Question(), 10.0) is None

    assert [idle.whole.forgets(now) for now in (10.0, 17.0, 17.1)] == [False, True, False]
    assert not asked.whole.forgets(17.0)
    assert [idle.refuses(Question(), 18.0) for _ in range(3)] == [None] * 3
    assert idle.refused(18.0) == [BreakerChange("", BreakerState.OPEN)]


def test_a_probe_that_says_nothing_of_the_upstream_gives_way() -> None:
    """A 503 neither closes it nor keeps the place of another operation's probe."""
    breakers = half_open(Rule(failures=1, open=5.0))
    bad, other = Question(b"bad"), Question(b"other")

    assert breakers.refuses(bad, 6.0) is None
    assert breakers.said_nothing(bad, 6.1) == []
    assert breakers.refuses(other, 6.2) is None


def test_looking_takes_no_probe() -> None:
    """`rests` says what `refuses` would answer, as often as it is asked, and changes nothing."""
    breakers = Breakers(Rule(failures=1, open=5.0, probes=2))
    several = everybody()

    assert not breakers.rests(several[0], 0.0)
    breakers.refused(1.0)
    for question, (when, admitted) in zip(
        several, ((4.9, False), (6.0, True), (6.0, True), (6.1, False)), strict=False
    ):
        assert [breakers.rests(question, when), breakers.rests(question, when)] == [not admitted] * 2
        assert (breakers.refuses(question, when) is None) is admitted


def test_what_was_looked_after_is_forgotten() -> None:
    """A window after the last failure nothing is remembered, and a table of operations stays bounded."""
    breakers = Breakers(Rule())
    opened(breakers, [Question(b"o%d" % number, b"c%d" % number) for number in range(2, 20)])

    assert not breakers.are_calm(10.9)
    assert breakers.are_calm(11.1)

    opened(breakers, [Question(b"o%d" % number, b"c%d" % number) for number in range(2000)] + [Question()] * 2000, 20.0)

    assert len(breakers._operations) <= MOST_OPERATIONS


def test_the_budget_is_a_fifth_of_the_requests_or_a_floor() -> None:
    """A window of few requests has the floor, one of many a fifth; the next window begins anew."""
    few, many = RetryBudget(), RetryBudget()

    assert [few.spend(number, 1.0 + BUDGET_WINDOW) for number in range(100)].count(True) == BUDGET_FLOOR
    many.spend(0, 100.0)
    assert sum(many.spend(10_000, 101.0) for _ in range(3000)) in range(1600, 2001)
    assert many.spend(10_000, 102.0 + BUDGET_WINDOW)


async def crowd(proxy: Proxy, count: int, *, method: bytes = b"GET") -> list[int]:
    """The statuses of so many requests, each for another path of another client, one after the other."""
    found = []
    for number in range(count):
        client = await proxy.client(source=f"127.0.4.{number + 1}")
        found.append((await client.ask(request(method, b"/%c" % (97 + number)))).status)
        client.close()
    return found


@BOTH
async def test_an_open_breaker_answers_at_once_and_sends_nothing(play: Play, serve: Serve) -> None:
    """FT05: after three broken requests the fourth is 503 with Retry-After, and the upstream does not hear of it."""
    legacy = await play(then_close())
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker={"volume": 3})}, routes=[REST])

    assert await crowd(proxy, 3) == [502] * 3

    refused = await proxy.ask(post(b"x"))

    assert "left alone" in check_problem(refused, 503)
    assert refused.value(b"Retry-After") in (b"4", b"5")
    assert len(legacy.requests) == 3
    assert proxy.pool().breakers.whole.state is BreakerState.OPEN
    assert (await proxy.lines(4))[3]["failure"] == "connect:proxy"


@BOTH
async def test_an_upstream_that_is_back_is_found_again(play: Play, serve: Serve) -> None:
    """One request finds out; when it is answered, all are let through."""
    legacy = await play(then_close())
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=QUICK)}, routes=[REST])
    await crowd(proxy, 3)
    legacy.script = always(sized(b"back"))

    async def answers() -> bool:
        return (await proxy.ask(get())).status == 200

    await proxy.until(answers)

    assert {(await proxy.ask(get())).status for _ in range(5)} == {200}
    assert proxy.pool().breakers.whole.state is BreakerState.CLOSED


async def test_after_a_while_without_requests_all_are_let_through(play: Play, serve: Serve) -> None:
    """As after a rollback by the breaker: whoever comes when the route is resumed meets no 503."""
    legacy = await play(then_close())
    rule = {"volume": 3, "open": "100ms", "window": "1s"}
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=rule)}, routes=[REST])
    await crowd(proxy, 3)
    legacy.script = always(sized(b"back"))

    assert proxy.pool().breakers.whole.state is BreakerState.OPEN
    await proxy.until(lambda: proxy.pool().breakers.whole.state is BreakerState.CLOSED)

    assert await crowd(proxy, 8) == [200] * 8


async def test_its_return_is_no_storm(play: Play, serve: Serve) -> None:
    """FT05: of fifty requests at the moment of return one is sent."""
    gate = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.request()
        await gate.wait()

    legacy = await play(then_close())
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=QUICK)}, routes=[REST])
    await crowd(proxy, 3)
    legacy.script = slow
    proxy.pool().breakers.whole._until = 0.0  # its time is over
    asking = [asyncio.ensure_future(proxy.ask(get())) for _ in range(50)]
    await proxy.until(lambda: sum(asked.done() for asked in asking) == 49)
    gate.set()
    await asyncio.gather(*asking)

    assert len(legacy.requests) == 4


async def test_an_upstream_that_is_gone_takes_its_queue_with_it(play: Play, serve: Serve) -> None:
    """When the breaker opens, those who wait hear it at once instead of one after the other."""
    legacy = await play(always(sized(b"")))
    legacy.stop_listening()
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=1, breaker=QUICK)}, routes=[REST])
    answers = await asyncio.gather(*[proxy.ask(get()) for _ in range(20)])

    assert {answer.status for answer in answers} <= {502, 503}
    assert proxy.pool().breakers.whole.state is BreakerState.OPEN


@pytest.mark.parametrize(("breaker", "status"), [({"volume": 2, "count_5xx": True}, 503), ({"volume": 2}, 500)])
async def test_answers_of_500_count_where_the_file_says_so(
    play: Play, serve: Serve, breaker: dict[str, object], status: int
) -> None:
    """By default an answer is an answer."""
    legacy = await play(always(sized(b"", status=b"500 X")))
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker=breaker)}, routes=[REST])

    assert await crowd(proxy, 3) == [500, 500, status]


async def test_silence_counts(play: Play, serve: Serve) -> None:
    """FT02: responses that do not come open it, so that clients stop waiting."""
    legacy = await play(silent)
    keys = {"breaker": {"volume": 2}, "timeout": {"response": "200ms"}}
    proxy = await serve(upstreams={"legacy": upstream(legacy, **keys)}, routes=[REST])

    assert await crowd(proxy, 3) == [504, 504, 503]


async def test_clients_that_leave_do_not(play: Play, serve: Serve) -> None:
    """Who hangs up says nothing of the upstream."""
    legacy = await play(silent)
    proxy = await serve(upstreams={"legacy": upstream(legacy, breaker={"volume": 1})}, routes=[REST])
    for number in range(1, 4):
        client = await proxy.client()
        await client.send(get())
        await proxy.until(lambda count=number: len(legacy.peers) == count)  # type: ignore[misc]
        client.reset()
    await proxy.until(lambda: proxy.connections == 0)

    assert proxy.pool().breakers.whole.state is BreakerState.CLOSED


async def test_others_are_not_touched(play: Play, serve: Serve) -> None:
    """FT01: new is down and its breaker open; legacy's routes answer as before."""
    legacy, new = await play(always(sized(b"hi"))), await play(then_close())
    routes = [REST, {"name": "new", "match": "/{new}", "stage": "live"}]
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new, breaker=LASTING)}, routes=routes)

    assert await crowd(proxy, 5) == [502, 502, 502, 503, 503]
    assert (await proxy.ask(get(b"/old/path"))).status == 200
