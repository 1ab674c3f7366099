"""Steps that go on, answer, wait and ask for the whole body, on a table of the test's own.

Long: every way in which a wait may end, with the step that waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from proxy.edge.routing.admission_steps import MAX_AHEAD, MAX_BODIES
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait, WholeBody
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import PATIENCE, always, echo, sized

pytestmark = BOTH

LONG = 1000.0
FREE: Block = {"name": "free", "match": "/free", "stage": "legacy"}
Step = Callable[[Request], Verdict]


def put(proxy: Proxy, *steps: Step, route: str = "rest") -> None:
    """These steps before the requests of a route."""
    (bound,) = [bound for bound in proxy.listener.live.bound if bound.said.name == route]
    bound.admission = steps


class Waiting:
    """A step whose word a test gives; `requests` waited for it, `left` no longer need it."""

    def __init__(self, within: float = LONG) -> None:
        self.within = within
        self.requests: list[Request] = []
        self.waits: list[Wait] = []
        self.left = 0

    def __call__(self, request: Request) -> Verdict:
        self.requests.append(request)
        self.waits.append(Wait(self.within, self._leave))
        return self.waits[-1]

    def _leave(self) -> None:
        self.left += 1

    async def until(self, proxy: Proxy, count: int = 1) -> Wait:
        await proxy.until(lambda: len(self.waits) >= count)
        return self.waits[count - 1]


class Bodies:
    """A step that asks for the whole body and remembers it."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.seen: list[bytes] = []

    def __call__(self, request: Request) -> Verdict:
        if request.body is None:
            return WholeBody(self.most)
        self.seen.append(request.body)
        return None


async def test_steps_are_asked_in_order_until_one_answers(play: Play, serve: Serve) -> None:
    """Each step sees the request after the one before it; behind an answer none is asked, and nothing goes upstream."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    asked: list[str] = []

    def goes_on(request: Request) -> Verdict:
        asked.append(f"{request.bound.route.name} {request.head.path.decode()} {request.client_ip.decode()}")
        return None

    def answers(request: Request) -> Verdict:
        asked.append("answers")
        return LocalAnswer(401, "who are you", lines=(b"WWW-Authenticate: Bearer",))

    put(proxy, goes_on, answers, goes_on, decide)
    answer = await proxy.ask(get(b"/x"))

    check_problem(answer, 401)
    assert answer.value(b"WWW-Authenticate") == b"Bearer"
    assert asked == ["rest /x 127.0.0.1", "answers"]
    assert legacy.requests == []
    (line,) = await proxy.lines(1)
    assert (line["route"], line["status"], line["side"]) == ("rest", 401, "self")


async def test_a_request_waits_while_another_connection_goes_on(play: Play, serve: Serve) -> None:
    """A step that waits for a timer keeps its own request only; it then goes on with what it has."""
    legacy = await play(echo)
    proxy = await serve(legacy, routes=[REST, FREE])
    waits: list[Wait] = []

    def timer(request: Request) -> Verdict:
        waits.append(Wait(LONG))
        asyncio.get_running_loop().call_later(0.2, waits[-1].go_on)
        return waits[-1]

    put(proxy, timer, decide)
    client, other = await proxy.client(), await proxy.client()
    await client.send(post(b"hello", target=b"/held"))
    await proxy.until(lambda: waits)
    passed = await other.ask(get(b"/free"))
    was_over = waits[0].is_over
    answer = await client.response()

    assert (passed.status, was_over) == (200, False)
    assert (answer.body, answer.value(b"X-Target")) == (b"hello", b"/held")
    assert [message.target for message in legacy.requests] == [b"/free", b"/held"]


async def test_a_word_may_be_an_answer(play: Play, serve: Serve) -> None:
    """What a step says in the end goes to the client, and the connection goes on; a second word counts for nothing."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(get())
    wait = await step.until(proxy)
    wait.answer(LocalAnswer(403, "not you"))
    wait.go_on()
    check_problem(await client.response(), 403)
    put(proxy)

    assert (await client.ask(get())).status == 200
    assert (len(legacy.requests), step.left) == (1, 0)


async def test_a_word_that_is_there_at_once_is_no_wait(play: Play, serve: Serve) -> None:
    """A step may give its word before it returns."""
    proxy = await serve(await play(echo))

    def at_once(request: Request) -> Verdict:
        wait = Wait(LONG)
        if request.head.path == b"/no":
            wait.answer(LocalAnswer(403, "no"))
        else:
            wait.go_on()
        return wait

    put(proxy, at_once, decide)
    client = await proxy.client()
    await client.send(get(b"/yes") + get(b"/no") + get(b"/yes"))

    assert [(await client.response()).status for _ in range(3)] == [200, 403, 200]


async def test_a_client_that_leaves_ends_the_wait(play: Play, serve: Serve) -> None:
    """The step hears of it, its later word counts for nothing, and the line says 499."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(get())
    wait = await step.until(proxy)
    client.reset()
    await proxy.until(lambda: step.left)
    wait.go_on()
    (line,) = await proxy.lines(1)

    assert (line["status"], line["route"], legacy.requests) == (499, "rest", [])
    assert proxy.connections == 0


async def test_a_client_that_sent_ahead_and_left_is_noticed(play: Play, serve: Serve) -> None:
    """A half-closed client waits on; one that is gone behind its FIN is found out although its bytes wait."""
    proxy = await serve(await play(echo))
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(get(b"/1") + get(b"/2"))
    await step.until(proxy)
    client.close()
    await proxy.until(lambda: step.left)

    assert step.left == 1


@pytest.mark.parametrize("behind", [0, 1])
async def test_a_half_closed_client_is_served_after_its_wait(play: Play, serve: Serve, behind: int) -> None:
    """The end of what a client sends is not its leaving; what it had sent ahead is answered as well."""
    proxy = await serve(await play(echo))
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(post(b"one") + get(b"/2") * behind)
    client.end_writing()
    (await step.until(proxy)).go_on()
    assert (await client.response()).body == b"one"
    if behind:
        (await step.until(proxy, 2)).go_on()
        assert (await client.response()).value(b"X-Target") == b"/2"

    assert await client.rest() == b""


async def test_a_deadline_ends_the_wait_with_503(play: Play, serve: Serve) -> None:
    """When the word does not come in time the client may come back, and the step hears that nobody waits."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    step = Waiting(0.05)
    put(proxy, step, decide)
    client = await proxy.client()
    answer = await client.ask(get())
    step.waits[0].go_on()
    put(proxy)

    check_problem(answer, 503)
    assert answer.value(b"Retry-After") == b"1"
    assert (step.left, legacy.requests) == (1, [])
    assert (await client.ask(get())).status == 200


@pytest.mark.parametrize("coded", ["sized", "chunked", "dripped"])
async def test_a_whole_body_is_there_before_the_step_is_called_again(play: Play, serve: Serve, coded: str) -> None:
    """However it comes, the step sees it decoded, and the upstream gets it as it would without the step."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    step = Bodies()
    put(proxy, step, decide, step)
    client = await proxy.client()
    if coded == "sized":
        await client.send(post(b"hello world"), get(b"/2"))
    else:
        message = request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        await (client.drip(message) if coded == "dripped" else client.send(message))
        await client.send(get(b"/2"))
    answers = [await client.response(), await client.response()]

    assert [answer.body for answer in answers] == [b"hello world", b""]
    assert step.seen == [b"hello world", b"hello world", b"", b""]
    assert legacy.requests[0].body == b"hello world"
    assert proxy.listener.bodies.used == 0


async def test_a_body_is_asked_for_where_the_client_waits_to_be(play: Play, serve: Serve) -> None:
    """A step that wants the body makes the 100 that asks for it, once; one that does not want it leaves it unsent."""
    proxy = await serve(await play(echo))
    put(proxy, Bodies(), decide)
    client = await proxy.client()
    await client.send(request(b"POST", b"/", b"Content-Length: 5", b"Expect: 100-continue"))
    interim = await client.response()
    await client.send(b"hello")
    answer = await client.response()

    assert (interim.status, answer.status, answer.body) == (100, 200, b"hello")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_what_the_step_allows_is_413(play: Play, serve: Serve, *, chunked: bool) -> None:
    """By its length before it is read, or as soon as it has grown too large; nothing is held afterwards."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    put(proxy, Bodies(4), decide)
    message = (
        request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n2\r\nde\r\n"
        if chunked
        else post(b"abcde")
    )
    answer = await proxy.ask(message)

    check_problem(answer, 413)
    assert (legacy.requests, proxy.listener.bodies.used) == ([], 0)


async def test_a_body_for_which_the_worker_has_no_room_is_503(play: Play, serve: Serve) -> None:
    """All bodies that steps hold are bounded together; what is given back makes room for the next."""
    proxy = await serve(await play(echo))
    put(proxy, Bodies(), decide)
    proxy.listener.bodies.take(MAX_BODIES - 3)
    sized_answer = await proxy.ask(post(b"hello"))
    chunked_answer = await proxy.ask(request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n")
    proxy.listener.bodies.give_back(MAX_BODIES - 3)

    check_problem(sized_answer, 503)
    check_problem(chunked_answer, 503)
    assert sized_answer.value(b"Retry-After") == b"1"
    assert (await proxy.ask(post(b"hello"))).status == 200


async def test_a_body_that_stalls_ends_or_is_broken_is_the_clients_fault(play: Play, serve: Serve) -> None:
    """408 where it does not come, 400 where it ends early or cannot be read; nothing stays held."""
    proxy = await serve(await play(echo), limits={"body": "50ms"})
    put(proxy, Bodies(), decide)
    statuses = []
    for broken, ends in ((post(b"hello")[:-1], False), (post(b"hello")[:-1], True)):
        client = await proxy.client()
        await client.send(broken)
        if ends:
            client.end_writing()
        statuses.append((await client.response()).status)
    statuses.append((await proxy.ask(request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"zz\r\n")).status)

    assert statuses == [408, 400, 400]
    assert proxy.listener.bodies.used == 0


async def test_a_step_that_asks_for_a_body_that_it_has_costs_its_request(play: Play, serve: Serve) -> None:
    """A step in error is answered with 500, and neither the worker nor another request hangs."""
    proxy = await serve(await play(echo), routes=[REST, FREE])
    put(proxy, lambda _: WholeBody(10), decide)

    check_problem(await proxy.ask(post(b"x")), 500)
    assert (await proxy.ask(get(b"/free"))).status == 200


async def test_a_step_that_raises_after_a_wait_costs_its_request(play: Play, serve: Serve) -> None:
    """Whoever gave the word does not hear of it; the client gets 500 and its connection ends."""
    proxy = await serve(await play(echo))
    step = Waiting()

    def breaks(request: Request) -> Verdict:
        raise ValueError("broken")

    put(proxy, step, breaks, decide)
    client = await proxy.client()
    await client.send(get())
    (await step.until(proxy)).go_on()

    check_problem(await client.response(), 500)
    assert await client.rest() == b""


async def test_what_is_pipelined_behind_a_wait_stays_in_order(play: Play, serve: Serve) -> None:
    """Requests behind one that waits are read after it, each through the steps of its own route."""
    legacy = await play(echo)
    proxy = await serve(legacy, routes=[REST, FREE])
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(post(b"first", target=b"/1") + get(b"/free") + post(b"third", target=b"/3"))
    wait = await step.until(proxy)
    nothing_yet = list(legacy.requests)
    wait.go_on()
    (await step.until(proxy, 2)).go_on()
    answers = [await client.response() for _ in range(3)]

    assert nothing_yet == []
    assert [answer.body for answer in answers] == [b"first", b"", b"third"]
    assert [message.target for message in legacy.requests] == [b"/1", b"/free", b"/3"]


async def test_a_client_that_sends_on_while_it_waits_is_read_no_more(play: Play, serve: Serve) -> None:
    """What comes meanwhile is bounded; all of it arrives once the request goes on."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    body = b"x" * (32 * MAX_AHEAD)
    sending = asyncio.ensure_future(client.send(post(body)))
    wait = await step.until(proxy)
    await proxy.until(lambda: proxy.clients[0].held)
    kept = len(proxy.clients[0]._admission.rest) if proxy.clients[0]._admission else 0
    wait.go_on()
    answer = await client.response()
    await sending

    assert MAX_AHEAD < kept < len(body)
    assert answer.body == body


async def test_a_reload_during_a_wait_leaves_the_request_its_table(play: Play, serve: Serve) -> None:
    """The request goes on by the routes and upstreams that it began with; the next one goes by the new table."""
    legacy, other = await play(always(sized(b"old"))), await play(always(sized(b"new")))
    proxy = await serve(legacy)
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(get())
    wait = await step.until(proxy)
    proxy.install({"legacy": upstream(other)}, [REST])
    wait.go_on()

    assert [(await client.response()).body, (await client.ask(get())).body] == [b"old", b"new"]


@pytest.mark.parametrize("reloaded", [False, True])
@pytest.mark.parametrize("decided", [False, True])
async def test_a_kill_during_a_wait_holds_for_the_request(
    play: Play, serve: Serve, *, decided: bool, reloaded: bool
) -> None:
    """New is not asked once it is killed: neither where the decision came before the wait, nor by an older table."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    sides = {"legacy": upstream(legacy), "new": upstream(new)}
    routes: list[Block] = [{**REST, "stage": "live"}]
    proxy = await serve(upstreams=sides, routes=routes)
    step = Waiting()
    put(proxy, *((decide, step) if decided else (step, decide)))
    client = await proxy.client()
    await client.send(get())
    wait = await step.until(proxy)
    if reloaded:
        proxy.install(sides, routes)
    proxy.listener.kill(on=True)
    wait.go_on()

    assert (await client.response()).body == b"legacy"
    assert new.requests == []


async def test_a_drain_lets_a_request_that_waits_finish(play: Play, serve: Serve) -> None:
    """It is served and its connection closed; the drain ends with it."""
    proxy = await serve(await play(echo))
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(post(b"hello"))
    wait = await step.until(proxy)
    drained = asyncio.ensure_future(proxy.listener.drain(PATIENCE))
    await proxy.until(lambda: proxy.clients[0].closing)
    wait.go_on()
    answer = await client.response()

    assert (answer.body, answer.value(b"Connection")) == (b"hello", b"close")
    client.close()
    await drained


async def test_a_stop_during_a_wait_tells_the_step(play: Play, serve: Serve) -> None:
    """Nobody waits for a word when the worker has ended."""
    proxy = await serve(await play(echo))
    step = Waiting()
    put(proxy, step, decide)
    client = await proxy.client()
    await client.send(get())
    await step.until(proxy)
    await proxy.listener.drain(0.0)
    await proxy.until(lambda: step.left)

    assert await client.rest() == b""


async def test_a_route_without_steps_has_none(play: Play, serve: Serve) -> None:
    """Plain routes pay one truth test; a route's own rate is a step behind the decision."""
    limited: Block = {**FREE, "limits": {"rate": "1/h"}}
    proxy = await serve(await play(echo), routes=[REST, limited])
    steps = {bound.said.name: len(bound.admission) for bound in proxy.listener.live.bound}

    assert steps == {"rest": 0, "free": 2}
