"""What the endpoints that the clerk asks answer to a harmless question."""

from __future__ import annotations

import json

import pytest

from proxy.core.auth.member_lookup import MemberLookup
from proxy.core.reachability.answer_finding import Answer
from proxy.core.reachability.endpoint_finding import judged_introspection, judged_lookup, judged_token
from proxy.core.reachability.finding import End, Finding, RowOutcome

FINE, WARNING, FAILED = RowOutcome.FINE, RowOutcome.WARNING, RowOutcome.FAILED
KEY = "auth.partners.introspection"


def answer(status: int, said: object = None) -> Answer:
    return Answer(asked="POST /x", status=status, body=b"" if said is None else json.dumps(said).encode())


def introspected(status: int, said: object = None) -> Finding:
    return judged_introspection(answer(status, said), KEY, "banyan")


def looked_up(status: int, said: object = None) -> Finding:
    return judged_lookup(answer(status, said), "principal.lookup", MemberLookup(name="X-M", url="u", member="number"))


def token(status: int, said: object = None) -> Finding:
    return judged_token(answer(status, said), "upstreams.new.auth.client_credentials", "banyan")


@pytest.mark.parametrize(
    ("found", "outcome", "change", "word"),
    [
        (introspected(200, {"active": False}), FINE, None, "not active"),
        (introspected(200, {"active": True}), FAILED, End.THERE, "let everybody in"),
        (introspected(200, {}), FAILED, End.THERE, "RFC 7662"),
        (introspected(401), FAILED, End.HERE, f"compare banyan and its secret, as {KEY} says them"),
        (introspected(403), FAILED, End.THERE, "let banyan introspect tokens"),
        (introspected(302), FAILED, End.HERE, "no redirect is followed"),
        (introspected(404), FAILED, End.HERE, f"name another url in {KEY}"),
        (introspected(503), FAILED, End.THERE, "see its log"),
    ],
)
def test_an_introspection_endpoint(found: Finding, outcome: RowOutcome, change: End | None, word: str) -> None:
    """It has to know the client, and to call a token that nobody has not active."""
    assert (found.outcome, found.change) == (outcome, change)
    assert word in f"{found.said} {found.cure}"


@pytest.mark.parametrize(
    ("found", "outcome", "change", "word"),
    [
        (looked_up(404), FINE, None, "has no number"),
        (looked_up(200, {"number": "7"}), WARNING, End.THERE, "404 says that there is none"),
        (looked_up(200, {}), WARNING, End.THERE, "holds no number"),
        (looked_up(401), FAILED, End.THERE, "brings no credential"),
        (looked_up(301), FAILED, End.HERE, "no redirect is followed"),
        (looked_up(500), FAILED, End.THERE, "callers get 503"),
    ],
)
def test_a_lookup(found: Finding, outcome: RowOutcome, change: End | None, word: str) -> None:
    """Of a subject that nobody has it has to say 404."""
    assert (found.outcome, found.change) == (outcome, change)
    assert word in f"{found.said} {found.cure}"


@pytest.mark.parametrize(
    ("found", "outcome", "change", "word"),
    [
        (token(200, {"access_token": "t", "token_type": "Bearer"}), FINE, None, "it gives a token"),
        (token(200, {"access_token": "t", "token_type": "mac"}), FAILED, End.THERE, "bearer token"),
        (token(200, ["no"]), FAILED, End.THERE, "bearer token"),
        (token(400, {"error": "invalid_request"}), FAILED, End.THERE, "400 to POST /x: invalid_request"),
        (token(400, {"error": "NO WORD"}), FAILED, End.THERE, "400 to POST /x it has to"),
        (token(401, {"error": "invalid_client"}), FAILED, End.HERE, "compare banyan and its secret"),
        (token(401), FAILED, End.HERE, "compare banyan and its secret"),
        (token(403), FAILED, End.THERE, "let banyan have tokens there"),
        (token(400, {"error": "unauthorized_client"}), FAILED, End.THERE, "grant_type client_credentials"),
        (token(400, {"error": "invalid_scope"}), FAILED, End.HERE, "client_credentials.scope"),
        (token(400, {"error": "invalid_target"}), FAILED, End.HERE, "client_credentials.audience"),
        (token(404), FAILED, End.HERE, "no such endpoint"),
        (token(502), FAILED, End.THERE, "see its log"),
    ],
)
def test_a_token_endpoint(found: Finding, outcome: RowOutcome, change: End | None, word: str) -> None:
    """Its own word says which of the two ends has to change what."""
    assert (found.outcome, found.change) == (outcome, change)
    assert word in f"{found.said} {found.cure}"


def test_a_body_that_is_too_deep_says_nothing() -> None:
    """It is read by nobody further."""
    deep = Answer(asked="POST /x", status=200, body=b"[" * 100_000)

    assert judged_token(deep, KEY, "banyan").outcome is FAILED
