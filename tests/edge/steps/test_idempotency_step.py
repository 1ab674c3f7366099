"""Whose a key is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from types import SimpleNamespace
from typing import cast

from proxy.core.auth.principal import Principal
from proxy.core.idempotency.key_policy import KeyPolicy
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import Wait
from proxy.edge.steps.held_keys import HeldKeys
from proxy.edge.steps.idempotency_step import IdempotencyStep
from proxy.edge.steps.step_kind import nobody
from proxy.link.idempotency_questions import ClaimKey
from proxy.link.questions import Notice, Question
from tests.core.asking import asking, route

ROUTE = route("orders", "/**")
ADA = Principal("members", "ada", "https://id", {}, 1e9)


class Desk:
    """A clerk that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def ask(self, question: Question, hear: object, within: float = 2.0) -> Wait:
        del hear
        self.asked.append(question)
        return Wait(within)

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        raise AssertionError(f"nothing was sent yet: {notice}, {taken}")


def record(token: str, principal: Principal | None) -> bytes:
    """What the key of such a request belongs to."""
    fields = ((b"idempotency-key", b'"k"'), (b"authorization", f"Bearer {token}".encode()))
    head = asking("/orders", method="POST", fields=fields)
    request = SimpleNamespace(head=head, principal=principal, body=b"{}", client_ip=b"127.0.0.1", taps=())
    desk = Desk()
    step = IdempotencyStep(KeyPolicy(required=True), ROUTE, desk, cast("HeldKeys", None))
    step(cast("Request", request))
    (claim,) = desk.asked
    assert isinstance(claim, ClaimKey)
    return claim.record


def test_a_key_is_the_callers_whatever_token_comes() -> None:
    """A retry with a fresh token finds the answer, and another caller never does, nor the same name elsewhere."""
    others = [
        Principal("members", "ben", "https://id", {}, 1e9),
        Principal("members", "ada", "https://elsewhere", {}, 1e9),
        Principal("partners", "ada", "https://id", {}, 1e9),
    ]
    records = [record("old", ADA), *[record("old", each) for each in others], record("old", None)]

    assert record("old", ADA) == record("new", ADA)
    assert all(one != other for one, other in combinations(records, 2))


def test_a_key_without_a_caller_is_the_credentials() -> None:
    """Nobody gets somebody else's answer by guessing a key."""
    assert record("old", None) != record("new", None)
    assert record("old", None) == record("old", None)
