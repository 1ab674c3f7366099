"""The step that tells upstreams who calls, beside the steps that keep a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.core.auth.principal import Principal
from proxy.core.auth.principal_policy import PrincipalField, RoutePrincipal
from proxy.core.routing.table import RouteTable
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps.principal_step import PrincipalStep
from proxy.edge.steps.step_kind import WITHIN
from proxy.edge.wire.request_bytes import Ids
from proxy.link.journal_questions import BeginWrite
from proxy.link.questions import Notice, Question
from tests.core.asking import asking
from tests.edge.conftest import Play
from tests.edge.proxy import Block, Proxy, snapshot_of, upstream
from tests.edge.raw_client import request
from tests.edge.scripted import echo

SETS = (PrincipalField(name="X-Member", claim="sub"), PrincipalField(name="X-Name", claim="name"))
ADA = Principal("members", "ada", "https://id", {"name": "Zoë"}, 2e9)
BOTH: Block = {
    "name": "cards",
    "match": "/cards/{id}",
    "stage": "live",
    "writes": {"mode": "dual", "key": "path:id"},
}
APPLIES: Block = {"applies": "/applies"}


class Journal:
    """A clerk that notes what it is asked to keep, and refuses it."""

    def __init__(self) -> None:
        self.asked: list[BeginWrite] = []

    def ask(self, question: Question, hear: Callable[..., object], within: float = WITHIN) -> Wait | LocalAnswer:
        del hear, within
        assert isinstance(question, BeginWrite)
        self.asked.append(question)
        return LocalAnswer(503, "not kept")

    def tell(self, notice: Notice) -> bool:
        del notice
        return True


@pytest.fixture
async def journal(tmp_path: Path, play: Play) -> AsyncIterator[tuple[Proxy, Journal]]:
    """A route whose writes both sides get, called by Ada."""
    legacy, new = await play(echo), await play(echo)
    upstreams = {"legacy": upstream(legacy, **APPLIES), "new": upstream(new, **APPLIES)}
    top: Block = {"state": "embedded", "principal": {"fields": {"X-Member": "sub", "X-Name": "name"}}}
    snapshot = snapshot_of(upstreams, [BOTH], top)
    routes = [replace(route, steps=(RoutePrincipal(sets=SETS), *route.steps)) for route in snapshot.routes]
    clerk = Journal()
    proxy = await Proxy(tmp_path / "log").start(replace(snapshot, table=RouteTable(routes)), clerk=clerk)
    (bound,) = proxy.listener.live.bound
    bound.admission = (called_by_ada, *bound.admission)
    yield proxy, clerk
    await proxy.stop()


def called_by_ada(request: Request) -> None:
    """What a policy finds."""
    request.principal = ADA


def told(lines: Sequence[bytes]) -> list[bytes]:
    """What of them says who calls."""
    return [line for line in lines if line.lower().startswith((b"x-member", b"x-name"))]


async def test_the_other_side_of_a_write_is_told_who_made_it(journal: tuple[Proxy, Journal]) -> None:
    """The journal keeps the fields with the request, so the second leg has the caller of then, whenever it is sent.

    The caller's token is not among them.
    """
    proxy, clerk = journal
    await proxy.ask(request(b"PUT", b"/cards/7", b"x_member: mallory", b"Authorization: Bearer t", body=b"x"))

    (intent,) = clerk.asked
    assert told(intent.lines) == [b"X-Member: ada", "X-Name: Zoë".encode()]
    assert not [line for line in intent.lines if b"mallory" in line or b"Bearer" in line]


@pytest.mark.parametrize(
    ("principal", "says"),
    [
        (ADA, "the upstream is told X-Member: ada, X-Name: Zoë"),
        (Principal("members", "\r", "", {}, 2e9), "the upstream is told nothing: no claim of this caller fits a field"),
        (None, "nobody is known to call: the upstream is told of nobody"),
    ],
)
async def test_who_asks_is_shown_what_the_upstream_is_told(
    journal: tuple[Proxy, Journal], principal: Principal | None, says: str
) -> None:
    """In one sentence, for `explain`; the request stays as it is."""
    head = asking("/cards/7")
    asked = Request(journal[0].listener.live, head, Ids(head, keeps=False), b"", b"")
    asked.principal = principal
    before = list(head.lines)

    assert PrincipalStep(RoutePrincipal(sets=SETS)).explain(asked).sentence == says
    assert head.lines == before
