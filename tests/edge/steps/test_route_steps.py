"""Kinds of steps, and what a step may do beside its verdict, on a kind of the tests' own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from proxy.core.outcome import Failure
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.table import RouteTable
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait, WholeBody
from proxy.edge.routing.tap import Tap
from proxy.edge.steps import route_steps
from proxy.edge.steps.route_rate import RateKind
from proxy.edge.steps.step_kind import RouteStep, StepServices
from proxy.link.messages import StepAnswerDelta
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Proxy, snapshot_of, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Scripted, echo

pytestmark = BOTH
LATE = LocalAnswer(503, "the clerk is away", lines=(b"Retry-After: 7",), counted="clerk_away")


@dataclass(frozen=True, slots=True)
class Desk:
    """The policy of a step before the decision."""

    early: bool
    key: str = "desk"
    fields: frozenset[bytes] = frozenset({b"x-name"})
    answers: tuple[str, ...] = ("no_name",)


class DeskStep(RouteStep):
    """Wants a name, and gives the upstream a number in its stead."""

    name = "desk"

    def __init__(self, policy: Desk) -> None:
        self.before_decision = policy.early

    def __call__(self, request: Request, /) -> Verdict:
        name = request.head.first(b"x-name")
        if name is None:
            return LocalAnswer(401, "no name", counted="no_name")
        request.note("desk", name.decode())
        request.head.put(b"X-Name")
        request.head.put(b"X-Number", b"7")
        return None


class DeskKind:
    """Remembers the tables that it followed."""

    policy = Desk

    def __init__(self, services: StepServices) -> None:
        self.counters = services.counters
        self.followed: list[str] = []

    def follow(self, snapshot: Snapshot) -> None:
        self.followed.append(snapshot.revision)

    def step_of(self, policy: Desk, route: Route) -> DeskStep:
        assert policy in route.steps
        return DeskStep(policy)


class Outcome(Tap):
    """What became of a request."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def unsent(self) -> None:
        self.heard.append("unsent")

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        del failure, began, ended, fell_back
        self.heard.append("ended")


@dataclass(frozen=True, slots=True)
class Desked:
    """A proxy whose one route has the step and a rate, and its upstream."""

    proxy: Proxy
    legacy: Scripted


async def desked(play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch, *, early: bool = False) -> Desked:
    monkeypatch.setattr(route_steps, "KINDS", (DeskKind, RateKind))
    legacy = await play(echo)
    proxy = await serve(legacy)
    snapshot = snapshot_of({"legacy": upstream(legacy)}, [{**REST, "limits": {"rate": "100/h"}}], {})
    routes = [replace(route, steps=(*route.steps, Desk(early))) for route in snapshot.routes]
    proxy.listener.install(replace(snapshot, table=RouteTable(routes)))
    return Desked(proxy, legacy)


@pytest.mark.parametrize("early", [True, False])
async def test_a_route_has_the_steps_of_its_policies(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch, *, early: bool
) -> None:
    """In the order of the kinds, before the decision or behind it, whatever the order in the file."""
    proxy = (await desked(play, serve, monkeypatch, early=early)).proxy
    (bound,) = proxy.listener.live.bound
    names = ["decide" if step is decide else type(step).__name__ for step in bound.admission]

    assert names == (["DeskStep", "decide", "RouteRate"] if early else ["decide", "DeskStep", "RouteRate"])


async def test_an_answer_is_counted_and_logged_by_its_name(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a route and by the reason that its policy names; the line has that reason."""
    desk = await desked(play, serve, monkeypatch)
    answer = await desk.proxy.ask(get())
    (line,) = await desk.proxy.lines(1)

    check_problem(answer, 401)
    assert desk.proxy.listener.counters.take_step_answers() == [StepAnswerDelta("rest", "no_name", 1)]
    assert (line["reason"], line["status"], desk.legacy.requests) == ("no_name", 401, [])
    assert "steps" not in line


async def test_a_step_changes_what_goes_upstream(play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that it takes out is gone in every spelling, one that it sets is there; the line has its note.

    The next request with the same head begins with the client's own fields again.
    """
    desk = await desked(play, serve, monkeypatch)
    client = await desk.proxy.client()
    head = request(b"GET", b"/", b"X-Name: Ada", b"x_name: Eve", b"X-Number: 1", b"x_number: 2")
    for _ in range(2):
        await client.ask(head)
    sent = [
        [line for line in message.lines if line.lower().startswith((b"x-n", b"x_n"))]
        for message in desk.legacy.requests
    ]

    assert sent == [[b"X-Number: 7"]] * 2
    assert [line["steps"] for line in await desk.proxy.lines(2)] == [{"desk": "Ada"}] * 2


@pytest.mark.parametrize(("name", "value"), [(b"Host", b"a"), (b"content_length", b"1"), (b"X-Name", b"a\r\nB: c")])
async def test_a_step_cannot_reframe_a_request(play: Play, serve: Serve, name: bytes, value: bytes) -> None:
    """What says where a request ends or where it goes is not a step's to set: it costs that request."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    (bound,) = proxy.listener.live.bound

    def reframes(request: Request) -> Verdict:
        request.head.put(name, value)
        return None

    bound.admission = (reframes, decide)

    check_problem(await proxy.ask(get()), 500)
    assert legacy.requests == []


async def test_a_step_reads_the_body_asks_another_and_sees_the_outcome(play: Play, serve: Serve) -> None:
    """Whole body, word of another process, fields for the upstream, the end of the exchange: in one step."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    (bound,) = proxy.listener.live.bound
    outcome, asked = Outcome(), []

    def clerk(request: Request) -> Verdict:
        if request.body is None:
            return WholeBody(1000)
        asked.append(request.body)
        wait = Wait(1000.0)

        def told() -> None:
            request.head.put(b"X-Ticket", b"12")
            request.watch(outcome)
            wait.go_on()

        asyncio.get_running_loop().call_soon(told)
        return wait

    bound.admission = (decide, clerk)
    answer = await proxy.ask(post(b"hello"))

    assert (asked, answer.body, outcome.heard) == ([b"hello"], b"hello", ["ended"])
    assert legacy.requests[0].value(b"X-Ticket") == b"12"


async def test_a_step_says_what_its_deadline_answers(play: Play, serve: Serve) -> None:
    """Its own answer, with its own time to come back and its name in the counts; the step hears that it is over."""
    proxy = await serve(await play(echo))
    (bound,) = proxy.listener.live.bound
    abandoned: list[bool] = []

    def clerk(request: Request) -> Verdict:
        return Wait(0.05, lambda: abandoned.append(True), LATE)

    bound.admission = (decide, clerk)
    answer = await proxy.ask(get())

    check_problem(answer, 503)
    assert (answer.value(b"Retry-After"), abandoned) == (b"7", [True])
    assert proxy.listener.counters.take_step_answers() == [StepAnswerDelta("rest", "clerk_away", 1)]


@pytest.mark.parametrize("leaves", [True, False])
async def test_who_began_something_hears_that_nothing_was_sent(play: Play, serve: Serve, *, leaves: bool) -> None:
    """Whether a later step answers or the client leaves while that one waits: once, and nothing else."""
    proxy = await serve(await play(echo))
    (bound,) = proxy.listener.live.bound
    outcome = Outcome()
    waits: list[Wait] = []

    def begins(request: Request) -> Verdict:
        request.watch(outcome)
        return None

    def later(request: Request) -> Verdict:
        waits.append(Wait(1000.0))
        return waits[-1]

    bound.admission = (decide, begins, later)
    client = await proxy.client()
    await client.send(get())
    await proxy.until(lambda: waits)
    if leaves:
        client.reset()
    else:
        waits[0].answer(LocalAnswer(403, "no"))
        check_problem(await client.response(), 403)
    await proxy.until(lambda: outcome.heard)

    assert outcome.heard == ["unsent"]
