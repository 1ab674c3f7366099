"""Tokens that say nothing by themselves, over the wire, with a clerk that answers as the test says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.core.auth.auth_policy import RouteAuth
from proxy.core.auth.opaque_policy import Introspection, OpaquePolicy, SecretPlace
from proxy.core.auth.refusal import Refusal
from proxy.edge.auth.asked_issuer import AskedIssuer
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps.auth_step import AuthStep
from proxy.edge.steps.step_kind import Hear, nobody
from proxy.link.introspection_questions import IntrospectToken, TokenIntrospected
from proxy.link.messages import Suspended
from proxy.link.questions import Notice, Question, Unavailable
from tests.edge.auth.guarded import ORDERS, Guarded, guarded
from tests.edge.auth.issuer import Issuer
from tests.edge.conftest import Play, Serve
from tests.edge.message import check_problem
from tests.edge.proxy import Block

PARTNERS: Block = {
    "introspection": {"url": "https://id.example.com/introspect", "client": "banyan", "secret": "file:secret"},
    "audience": "orders",
}
GOOD = {"active": True, "sub": "partner-1", "aud": "orders", "scope": "read write"}


class Clerk:
    """Answers at once, with what is known of a token; `asked` are those it was asked for."""

    def __init__(self, *, away: bool = False) -> None:
        self.asked: list[bytes] = []
        self.known: dict[bytes, dict[str, object]] = {}
        self.away = away

    def ask(self, question: Question, hear: Hear, within: float = 2.0) -> Wait | LocalAnswer:
        assert isinstance(question, IntrospectToken)
        self.asked.append(question.token)
        if self.away:
            return LocalAnswer(503, "away", lines=(b"Retry-After: 1",))
        wait, found = Wait(within), self.known.get(question.token)
        said = TokenIntrospected(found is not None, json.dumps(found or {}).encode(), 9e9)
        made = hear(said)
        if made is None:
            wait.go_on()
        else:
            wait.answer(made)
        return wait

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        raise AssertionError(notice, taken)


@pytest.fixture
def opaque(play: Play, serve: Serve, tmp_path: Path) -> Callable[..., object]:
    async def run(clerk: Clerk, by: object = "partners", **policy: object) -> Guarded:
        issuer = Issuer()
        auth = {"partners": {**PARTNERS, **policy}, "members": issuer.policy(tmp_path)}
        routes = [{**ORDERS, "auth": by}, {**ORDERS, "name": "own", "match": "/own/**", "auth": "members"}]
        limits = {"field": "32KiB"}
        made = await guarded(play, serve, tmp_path, issuer=issuer, auth=auth, routes=routes, limits=limits)
        for bound in made.proxy.listener.live.bound:
            for step in bound.admission:
                if isinstance(step, AuthStep):
                    step._clerk = clerk
        return made

    return run


async def test_the_issuer_s_word_decides(opaque: Callable[..., object]) -> None:
    """An active token calls as whom it says; one that is not is 401; one for another audience, too."""
    clerk = Clerk()
    clerk.known = {b"good": GOOD, b"other": {**GOOD, "aud": "else"}, b"nobody": {**GOOD, "sub": 7}}
    orders: Guarded = await opaque(clerk)  # type: ignore[misc]
    assert (await orders.shows(b"good")).status == 200
    await orders.refuses(b"bad", "inactive_token")
    await orders.refuses(b"other", "wrong_audience")
    await orders.refuses(b"nobody", "token_without_subject")
    assert clerk.asked == [b"good", b"bad", b"other", b"nobody"]


async def test_scopes_and_suspension_hold_for_them_too(opaque: Callable[..., object]) -> None:
    """403 for either."""
    clerk = Clerk()
    clerk.known = {b"good": GOOD}
    orders: Guarded = await opaque(clerk, {"by": ["partners"], "scopes": "admin"})  # type: ignore[misc]
    check_problem(await orders.shows(b"good"), 403)

    orders = await opaque(clerk)  # type: ignore[misc]
    orders.proxy.listener.callers.suspended.adopt(Suspended(["partner-1"]))
    check_problem(await orders.shows(b"good"), 403)


async def test_a_signed_token_that_another_policy_takes_is_not_asked_for(opaque: Callable[..., object]) -> None:
    """Whatever the order of the policies; one that is refused for good reasons neither."""
    clerk = Clerk()
    clerk.known = {b"good": GOOD}
    orders: Guarded = await opaque(clerk, ["partners", "members"])  # type: ignore[misc]
    assert (await orders.shows(orders.issuer.token())).status == 200
    assert clerk.asked == []
    assert (await orders.shows(b"good")).status == 200
    expired = orders.issuer.token(exp=1)
    check_problem(await orders.shows(expired), 401)
    assert clerk.asked == [b"good", expired]


async def test_without_the_issuer_it_is_503(opaque: Callable[..., object]) -> None:
    """And not 401: nobody knows what the token is."""
    orders: Guarded = await opaque(Clerk(away=True))  # type: ignore[misc]
    answer = await orders.shows(b"good")
    check_problem(answer, 503)
    assert answer.value(b"Retry-After") == b"1"


async def test_what_is_no_token_is_not_asked_for(opaque: Callable[..., object]) -> None:
    """None at all, or one of more than 16 KiB."""
    clerk = Clerk()
    orders: Guarded = await opaque(clerk)  # type: ignore[misc]
    await orders.refuses(b"a" * (16 * 1024 + 1), "malformed_token")
    check_problem(await orders.ask(), 401)
    assert clerk.asked == []


async def test_bad_tokens_of_an_address_are_bounded_before_they_are_asked_for(opaque: Callable[..., object]) -> None:
    """The next one is 429, and its issuer hears nothing of it."""
    clerk = Clerk()
    orders: Guarded = await opaque(clerk)  # type: ignore[misc]
    for number in range(40):
        await orders.shows(b"bad%d" % number)
    check_problem(await orders.shows(b"more"), 429)
    assert len(clerk.asked) < 40


def test_an_answer_of_another_version_says_nothing() -> None:
    """It is as if there were none."""
    place = SecretPlace(file="secret")
    policy = OpaquePolicy(name="partners", introspection=Introspection(url="https://a", client="b", secret=place))
    issuer = AskedIssuer(policy, RouteAuth(policies=("partners",)))

    assert issuer.caller(Unavailable("no")) is Refusal.NO_KEYS
