"""The step that tells upstreams who calls, beside the steps that keep a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import time

import pytest

from proxy.core.auth.principal import Principal
from proxy.core.auth.principal_policy import PrincipalField, RoutePrincipal
from proxy.core.http.request import RequestHead
from proxy.core.routing.table import RouteTable
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps.principal_step import MemberNumbers, PrincipalStep
from proxy.edge.steps.step_kind import WITHIN, nobody
from proxy.edge.wire.request_bytes import Ids
from proxy.link.introspection_questions import TokenIntrospected
from proxy.link.journal_questions import BeginWrite
from proxy.link.member_questions import FindMember, MemberFound
from proxy.link.questions import Answer, Notice, Question
from tests.core.asking import asking
from tests.edge.conftest import Play
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Block, Proxy, snapshot_of, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import Scripted, echo

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

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        del notice, taken
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


SAID = RoutePrincipal(sets=SETS, signed="X-Principal", looked_up="X-Number")
NAMELESS = Principal("members", "\r", "", {}, 2e9)


@pytest.mark.parametrize(
    ("policy", "principal", "says"),
    [
        (RoutePrincipal(sets=SETS), ADA, "the upstream is told X-Member: ada, X-Name: Zoë"),
        (
            RoutePrincipal(sets=SETS),
            NAMELESS,
            "the upstream is told nothing: no claim of this caller fits a field",
        ),
        (
            SAID,
            NAMELESS,
            (
                "the upstream is told X-Number: the caller's number, which is asked for, "
                "X-Principal: a signed token of its own"
            ),
        ),
        (SAID, None, "nobody is known to call: the upstream is told of nobody"),
    ],
)
async def test_who_asks_is_shown_what_the_upstream_is_told(
    journal: tuple[Proxy, Journal], policy: RoutePrincipal, principal: Principal | None, says: str
) -> None:
    """In one sentence, for `explain`; the request stays as it is, and nobody is asked."""
    proxy, clerk = journal
    head = asking("/cards/7")
    asked = Request(proxy.listener.live, head, Ids(head, keeps=False), b"", b"")
    asked.principal = principal
    before = list(head.lines)

    assert PrincipalStep(policy, MemberNumbers(clerk)).explain(asked).sentence == says
    assert head.lines == before
    assert clerk.asked == []


# -- numbers that are asked for ----------------------------------------------------------------------------------------


class Desk:
    """A clerk that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[FindMember, Callable[..., object], Wait]] = []

    def ask(self, question: Question, hear: Callable[..., object], within: float = WITHIN) -> Wait:
        assert isinstance(question, FindMember)
        wait = Wait(within)
        self.asked.append((question, hear, wait))
        return wait

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        del notice, taken
        return True

    def answers(self, answer: Answer) -> None:
        """To the last question."""
        _, hear, wait = self.asked[-1]
        hear(answer)
        wait.go_on()


@dataclass(frozen=True, slots=True)
class Numbered:
    """A proxy that asks for numbers before a system that tells what it got."""

    proxy: Proxy
    legacy: Scripted
    desk: Desk

    def install(self, **lookup: object) -> None:
        """A table whose callers are all Ada."""
        found = snapshot_of({"legacy": upstream(self.legacy)}, [REST], {"principal": {"lookup": {**LOOKUP, **lookup}}})
        policy = RoutePrincipal(looked_up=str(lookup.get("field", LOOKUP["field"])))
        routes = [replace(route, steps=(policy,)) for route in found.routes]
        self.proxy.listener.install(replace(found, table=RouteTable(routes)))
        (bound,) = self.proxy.listener.live.bound
        bound.admission = (called_by_ada, *bound.admission)

    @property
    def numbers(self) -> list[list[bytes]]:
        """What each request had."""
        return [each.values(b"X-Number") for each in self.legacy.requests]


LOOKUP: Block = {"field": "X-Number", "url": "http://members/{sub}"}
CLAIMS = get(b"/", b"x_number: 666")


@pytest.fixture
async def numbered(tmp_path: Path, play: Play) -> AsyncIterator[Numbered]:
    """With a clerk that waits for the test."""
    legacy, desk = await play(echo), Desk()
    proxy = await Proxy(tmp_path / "log").start(snapshot_of({"legacy": upstream(legacy)}, [REST], {}), clerk=desk)
    made = Numbered(proxy, legacy, desk)
    made.install()
    yield made
    await proxy.stop()


async def test_a_request_waits_for_its_caller_s_number(numbered: Numbered) -> None:
    """Which is then known here for its time: the next request does not ask."""
    client = await numbered.proxy.client()
    await client.send(CLAIMS)
    await numbered.proxy.until(lambda: numbered.desk.asked)

    assert numbered.desk.asked[0][0] == FindMember("https://id", "ada")
    assert numbered.legacy.requests == []

    numbered.desk.answers(MemberFound(b"4711", time() + 1000.0))
    await client.response()
    await client.ask(CLAIMS)

    assert numbered.numbers == [[b"4711"]] * 2
    assert len(numbered.desk.asked) == 1


async def test_who_has_no_number_has_no_field(numbered: Numbered) -> None:
    """The client's own does not take its place; what ended meanwhile is asked for anew."""
    client = await numbered.proxy.client()
    for until_when in (0.0, time() + 1000.0):
        await client.send(CLAIMS)
        await numbered.proxy.until(lambda: numbered.desk.asked and not numbered.desk.asked[-1][2].is_over)
        numbered.desk.answers(MemberFound(b"", until_when))
        await client.response()
    await client.ask(CLAIMS)

    assert numbered.numbers == [[], [], []]
    assert len(numbered.desk.asked) == 2


async def test_without_an_answer_nothing_goes_upstream(numbered: Numbered) -> None:
    """503: late, or as the clerk says, and the client may come again."""
    client = await numbered.proxy.client()
    await client.send(CLAIMS)
    await numbered.proxy.until(lambda: numbered.desk.asked)
    numbered.desk.asked[0][2].answer(LocalAnswer(503, "not now", lines=(b"Retry-After: 1",)))
    answer = await client.response()

    check_problem(answer, 503)
    assert (answer.value(b"Retry-After"), numbered.legacy.requests) == (b"1", [])


async def test_a_reload_meanwhile_changes_neither_its_field_nor_what_is_known(numbered: Numbered) -> None:
    """The request has the name of its own table; the answer of another system is not kept for the next one."""
    client = await numbered.proxy.client()
    await client.send(CLAIMS)
    await numbered.proxy.until(lambda: numbered.desk.asked)
    numbered.install(field="X-Number-Two", url="http://others/{sub}")
    numbered.desk.answers(MemberFound(b"4711", time() + 1000.0))
    await client.response()
    await client.send(CLAIMS)
    await numbered.proxy.until(lambda: len(numbered.desk.asked) == 2)
    numbered.desk.answers(MemberFound(b"12", time() + 1000.0))
    await client.response()

    assert [each.values(b"X-Number-Two") for each in numbered.legacy.requests] == [[], [b"12"]]
    assert numbered.legacy.requests[0].values(b"X-Number") == [b"4711"]


@pytest.mark.parametrize("top", [{}, {"principal": {"lookup": {"field": "X-Other", "url": "http://members/{sub}"}}}])
async def test_a_request_of_the_table_before_is_not_told_of_by_the_field_of_the_next(
    numbered: Numbered, top: Block
) -> None:
    """A client may have sent that, when it was not yet Banyan's: 503, whether there is another field or none."""
    bound = numbered.proxy.listener.live.bound[0]
    head = numbered.proxy.listener.live.reader.read(get(b"/", b"X-Other: 666"))
    assert isinstance(head, RequestHead)
    asked = Request(numbered.proxy.listener.live, head, Ids(head, keeps=False), b"", b"")
    asked.principal = ADA
    numbered.proxy.listener.install(snapshot_of({"legacy": upstream(numbered.legacy)}, [REST], top))
    (step,) = [each for each in bound.admission if isinstance(each, PrincipalStep)]

    answer = step(asked)
    assert isinstance(answer, LocalAnswer)
    assert (answer.status, answer.lines, numbered.desk.asked) == (503, (b"Retry-After: 1",), [])


async def test_another_answer_is_a_defect(numbered: Numbered) -> None:
    """The clerk answers what it is asked."""
    client = await numbered.proxy.client()
    await client.send(CLAIMS)
    await numbered.proxy.until(lambda: numbered.desk.asked)

    with pytest.raises(TypeError):
        numbered.desk.asked[0][1](TokenIntrospected(active=True, claims=b"", until=0.0))
