from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.core.brownout.call_counts import private_counts
from proxy.core.grants.grant_policy import GrantPolicy, GrantRole, GrantUse, KeyPlace
from proxy.core.grants.token_request import MAX_FORM
from proxy.core.http.request import RequestHead, RequestReader
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.auth.caller_check import KnownToWorker
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Wait, WholeBody
from proxy.edge.steps.grant_step import GrantKind, GrantStep, answer_of
from proxy.edge.steps.step_kind import WITHIN, Hear, StepServices, nobody
from proxy.edge.tally import Counters
from proxy.edge.translator.translator_link import TranslatorLink
from proxy.link.grant_questions import GrantUsed, UseGrant
from proxy.link.questions import Notice, Question, Unavailable
from proxy.tasks import Tasks
from tests.config.given_files import FILE, snapshot

POLICY = GrantPolicy(
    name="aggregator", upstream="legacy", systems=(), hash_key=KeyPlace(), data_keys=(KeyPlace(),), wait=7.0
)
HEAD = b"POST /token?a=b HTTP/1.1\r\nHost: banyan\r\nAuthorization: Basic x\r\nX-Two:  y \r\nContent-Length: 3\r\n\r\n"


class Listening:
    """A clerk that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Question, float]] = []

    def ask(self, question: Question, hear: Hear, within: float = WITHIN) -> Wait:
        self.asked.append((question, within))
        assert hear is answer_of
        return Wait(within)

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        raise AssertionError(notice, taken)


def step_of(use: GrantUse, clerk: Listening) -> GrantStep:
    known, translator = KnownToWorker(), TranslatorLink(Path())
    kind = GrantKind(StepServices(Counters(), Tasks(), clerk, known, translator, private_counts()))
    table: Snapshot = replace(snapshot(FILE), grants={"aggregator": POLICY})
    kind.follow(table)
    return kind.step_of(use, table.routes[0])


def request(body: bytes | None) -> Request:
    head = RequestReader(frozenset()).read(HEAD)
    assert isinstance(head, RequestHead)
    made = Request(cast("Any", None), head, cast("Any", None), b"127.0.0.1", b"10.1.0.1")
    made.body = body
    return made


@pytest.mark.parametrize("role", GrantRole)
def test_the_clerk_is_asked_once_the_body_is_there(role: GrantRole) -> None:
    """With the whole request as it came, and for a moment longer than it lets a client wait."""
    clerk = Listening()
    step = step_of(GrantUse("aggregator", role), clerk)

    wanted = step(request(None))
    assert isinstance(wanted, WholeBody)
    assert wanted.most == MAX_FORM
    assert clerk.asked == []
    assert isinstance(step(request(b"a=b")), Wait)
    ((question, within),) = clerk.asked
    assert within == 7.0 + WITHIN
    assert isinstance(question, UseGrant)
    assert question == UseGrant(
        provider="aggregator",
        revokes=role is GrantRole.REVOCATION,
        target="/token?a=b",
        fields=(("host", "banyan"), ("authorization", "Basic x"), ("x-two", "y"), ("content-length", "3")),
        body=b"a=b",
        address="10.1.0.1",
    )


def test_the_answer_is_the_clerk_s() -> None:
    """Status, fields and body; a body without a type has one that nobody guesses from."""
    fields = (("content-type", "application/json"), ("retry-after", "3"))
    found = answer_of(GrantUsed(status=503, fields=fields, body=b"{}"))

    assert found == LocalAnswer(
        503, "", body=b"{}", content_type=b"application/json", lines=(b"retry-after: 3",), counted="grants"
    )
    assert answer_of(GrantUsed(status=200, fields=(), body=b"")).content_type == b"application/octet-stream"
    with pytest.raises(TypeError):
        answer_of(Unavailable("away"))


def test_it_says_where_it_stands() -> None:
    """Without asking anybody."""
    clerk = Listening()
    said = step_of(GrantUse("aggregator"), clerk).explain(request(None))

    assert said.sentence == "the token endpoint of aggregator: tokens there are used once, by the clerk"
    assert clerk.asked == []
