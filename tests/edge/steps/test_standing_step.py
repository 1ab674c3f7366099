"""A write of a route of which nobody knows yet where it stands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from proxy.core.outcome import Side
from proxy.core.routing.decide import Decision, Reason
from proxy.core.routing.effects import Effects
from proxy.core.routing.placement import UNKNOWN
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps import standing_step
from proxy.edge.steps.standing_step import MAX_WAITING, UNHEARD, StandingKind, StandingStep
from proxy.edge.steps.step_kind import StepServices
from tests.waiting import until

KNOWN = Decision(Side.NEW, None, Reason.STAGE)


class Newest:
    """What the worker serves from; `bound` is the write's route in it."""

    def __init__(self, decision: Decision | None = UNKNOWN) -> None:
        self.bound: SimpleNamespace | None = SimpleNamespace(decision=decision, route=SimpleNamespace(effects=None))
        self.newest = self

    def same_route(self, bound: object) -> SimpleNamespace | None:
        del bound
        return self.bound


def write(live: Newest, method: bytes = b"PUT") -> Request:
    """A request that this table has decided."""
    asked = SimpleNamespace(live=live, bound=live.bound, decision=UNKNOWN, head=SimpleNamespace(method=method))
    return cast("Request", asked)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> StandingKind:
    """Of a worker whose decision is that of the table."""
    monkeypatch.setattr(standing_step, "decide", lambda _: None)
    return StandingKind(cast("StepServices", None))


def waiting(kind: StandingKind, request: Request) -> Wait:
    verdict = StandingStep(kind)(request)
    assert isinstance(verdict, Wait)
    return verdict


async def is_over(wait: Wait) -> None:
    async def ended() -> bool:
        return wait.is_over

    await until(ended)


async def test_a_write_goes_on_once_its_worker_has_heard_where_the_route_stands(kind: StandingKind) -> None:
    """It is decided by then, and nothing was answered meanwhile."""
    live = Newest()
    wait = waiting(kind, write(live))
    assert live.bound is not None
    live.bound.decision = KNOWN
    await is_over(wait)

    assert wait.given is None


async def test_it_goes_on_by_the_table_that_came_meanwhile(kind: StandingKind) -> None:
    """The table with which it began hears nothing any more."""
    old, new = Newest(), Newest(KNOWN)
    request = write(old)
    wait = waiting(kind, request)
    old.newest = new
    await is_over(wait)

    assert wait.given is None
    assert (id(request.live), id(request.bound)) == (id(new), id(new.bound))


async def test_what_the_new_table_refuses_is_refused(kind: StandingKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its decision may be an answer."""
    refusal = LocalAnswer(413, "too large")
    monkeypatch.setattr(standing_step, "decide", lambda _: refusal)
    wait = waiting(kind, write(old := Newest()))
    old.newest = Newest(KNOWN)
    await is_over(wait)

    assert wait.given is refusal


async def test_a_write_of_which_nothing_is_heard_is_told_that_it_was_not_begun(
    kind: StandingKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does one whose route has gone meanwhile: it may be sent again."""
    now = [100.0]
    monkeypatch.setattr(standing_step, "monotonic", lambda: now[0])
    gone = Newest()
    waits = [waiting(kind, write(Newest())), waiting(kind, write(gone))]
    gone.bound = None
    now[0] += UNHEARD + 0.1
    for wait in waits:
        await is_over(wait)

    said = "the write was not begun: it is not known yet where this route stands"
    assert [(wait.given and wait.given.status, wait.given and wait.given.detail) for wait in waits] == [(503, said)] * 2
    assert all(wait.given and wait.given.lines == (b"Retry-After: 1",) for wait in waits)


async def test_one_too_many_is_told_at_once(kind: StandingKind) -> None:
    """And there is room again when a client has left."""
    step, live = StandingStep(kind), Newest()
    waits = [waiting(kind, write(live)) for _ in range(MAX_WAITING)]
    refused = step(write(live))
    waits[0].abandon()
    again = step(write(live))

    assert isinstance(refused, LocalAnswer)
    assert refused.status == 503
    assert isinstance(again, Wait)


async def test_reads_do_not_wait(kind: StandingKind) -> None:
    """Legacy answers them; nor does what is said to have no effects, or a write of a route that is known."""
    step, live = StandingStep(kind), Newest()
    known, safe = write(live), write(Newest())
    known.decision = KNOWN
    cast("SimpleNamespace", safe.bound.route).effects = Effects.SAFE

    assert [step(each) for each in (write(live, b"GET"), known, safe)] == [None, None, None]
