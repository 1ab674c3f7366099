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
    ("status", "said", "outcome", "change", "word"),
    [
        (200, {"active": False}, FINE, None, "not active"),
        (200, {"active": True}, FAILED, End.THERE, "let everybody in"),
        (200, {}, FAILED, End.THERE, "RFC 7662"),
        (401, None, FAILED, End.HERE, f"compare banyan and its secret, as {KEY} says them"),
        (403, None, FAILED, End.THERE, "let banyan introspect tokens"),
        (302, None, FAILED, End.HERE, "no redirect is followed"),
        (404, None, FAILED, End.HERE, f"name another url in {KEY}"),
        (503, None, FAILED, End.THERE, "see its log"),
    ],
)
def test_an_introspection(status: int, said: object, outcome: RowOutcome, change: End | None, word: str) -> None:
    """It has to know the client, and to call a token that nobody has not active."""
    found = introspected(status, said)

    assert (found.outcome, found.change) == (outcome, change)
    assert word in f"{found.said} {found.cure}"


@pytest.mark.parametrize(
    ("status", "said", "outcome", "change", "word"),
    [
        (404, None, FINE, None, "has no number"),
        (200, {"number": "7"}, WARNING, End.THERE, "404 says that there is none"),
        (200, {}, WARNING, End.THERE, "holds no number"),
        (401, None, FAILED, End.THERE, "brings no credential"),
        (301, None, FAILED, End.HERE, "no redirect is followed"),
        (500, None, FAILED, End.THERE, "callers get 503"),
    ],
)
def test_a_lookup(status: int, said: object, outcome: RowOutcome, change: End | None, word: str) -> None:
    """Of a subject that nobody has it has to say 404."""
    found = looked_up(status, said)

    assert (found.outcome, found.change) == (outcome, change)
    assert word in f"{found.said} {found.cure}"


@pytest.mark.parametrize(
    ("status", "said", "outcome", "change", "word"),
    [
        (200, {"access_token": "t", "token_type": "Bearer"}, FINE, None, "it gives a token"),
        (200, {"access_token": "t", "token_type": "mac"}, FAILED, End.THERE, "bearer token"),
        (200, ["no"], FAILED, End.THERE, "bearer token"),
        (400, {"error": "invalid_request"}, FAILED, End.THERE, "400 to POST /x: invalid_request"),
        (400, {"error": "NO WORD"}, FAILED, End.THERE, "400 to POST /x it has to"),
        (401, {"error": "invalid_client"}, FAILED, End.HERE, "compare banyan and its secret"),
        (401, None, FAILED, End.HERE, "compare banyan and its secret"),
        (403, None, FAILED, End.THERE, "let banyan have tokens there"),
        (400, {"error": "unauthorized_client"}, FAILED, End.THERE, "grant_type client_credentials"),
        (400, {"error": "invalid_scope"}, FAILED, End.HERE, "client_credentials.scope"),
        (400, {"error": "invalid_target"}, FAILED, End.HERE, "client_credentials.audience"),
        (404, None, FAILED, End.HERE, "no such endpoint"),
        (502, None, FAILED, End.THERE, "see its log"),
    ],
)
def test_a_token_endpoint(status: int, said: object, outcome: RowOutcome, change: End | None, word: str) -> None:
    """Its own word says which of the two ends has to change what."""
    found = token(status, said)

    assert (found.outcome, found.change) == (outcome, change)
    assert word in f"{found.said} {found.cure}"


def test_a_body_that_is_too_deep_says_nothing() -> None:
    """It is read by nobody further."""
    deep = Answer(asked="POST /x", status=200, body=b"[" * 100_000)

    assert judged_token(deep, KEY, "banyan").outcome is FAILED
