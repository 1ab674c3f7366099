from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from proxy.core.grants.token_answer import (
    CallOutcome,
    ProviderAnswer,
    error_of,
    given_again,
    outcome_of,
    retry_after,
    tokens_of,
)
from proxy.core.secret import Secret


def answer(status: int, body: object, *fields: tuple[str, str]) -> ProviderAnswer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ProviderAnswer(status=status, fields=fields, body=Secret(text))


def jwt(claims: dict[str, Any]) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (0, b"", CallOutcome.LOST),
        (200, {"access_token": "a"}, CallOutcome.TAKEN),
        (200, {"access_token": ""}, CallOutcome.LOST),
        (200, b"<html>", CallOutcome.LOST),
        (200, [], CallOutcome.LOST),
        (302, b"", CallOutcome.LOST),
        (408, b"", CallOutcome.LOST),
        (500, {"error": "invalid_grant"}, CallOutcome.LOST),
        (400, {"error": "invalid_grant"}, CallOutcome.INVALID_GRANT),
        (401, {"error": "invalid_grant"}, CallOutcome.INVALID_GRANT),
        (400, {"error": "invalid_scope"}, CallOutcome.RELAYED),
        (401, {"error": "invalid_client"}, CallOutcome.RELAYED),
        (403, b"no", CallOutcome.RELAYED),
        (429, b"", CallOutcome.LIMITED),
    ],
)
def test_only_the_provider_s_own_word_ends_a_token(status: int, body: object, expected: CallOutcome) -> None:
    """Silence, 5xx and nonsense say nothing about it; other refusals leave it alive."""
    assert outcome_of(answer(status, body)) is expected


def test_what_is_kept_of_an_answer_has_neither_refresh_token_nor_id_token() -> None:
    """The others are kept whole, and the subject is known apart."""
    members = {"access_token": "a", "refresh_token": "r", "expires_in": "3600", "id_token": jwt({"sub": "me"}), "x": 1}
    found = tokens_of(answer(200, members))
    assert found is not None

    assert (found.refresh_token.reveal(), found.subject.reveal(), found.expires_in) == ("r", "me", 3600.0)
    assert json.loads(found.rest.reveal()) == {"access_token": "a", "expires_in": "3600", "x": 1}
    assert not found.bound


@pytest.mark.parametrize("expires", [None, True, -1, 1e300, "soon", [1]])
def test_a_life_that_makes_no_sense_is_none(expires: object) -> None:
    """An answer without one is not given again."""
    found = tokens_of(answer(200, {"access_token": "a", "expires_in": expires, "id_token": 1, "refresh_token": None}))
    assert found is not None
    assert (found.expires_in, found.refresh_token.reveal(), found.subject.reveal()) == (0.0, "", "")


@pytest.mark.parametrize(
    "members", [{"access_token": "a", "token_type": "DPoP"}, {"access_token": jwt({"cnf": {"x5t#S256": "h"}})}]
)
def test_a_token_that_is_bound_to_a_key_is_known(members: dict[str, Any]) -> None:
    """By its type, or by its own claim."""
    found = tokens_of(answer(200, members))
    assert found is not None
    assert found.bound


def test_a_stored_answer_says_what_is_left() -> None:
    """Relative times shrink and never go below zero, absolute ones move on, others stay."""
    rest = Secret(json.dumps({"expires_in": 100, "refresh_expires_in": 5, "created_at": 1000, "scope": "a"}).encode())
    found = given_again(rest, Secret("now"), 10.5, ("expires_in", "refresh_expires_in", "none"), ("created_at", "none"))

    assert json.loads(found) == {
        "expires_in": 89,
        "refresh_expires_in": 0,
        "created_at": 1010,
        "scope": "a",
        "refresh_token": "now",
    }


@pytest.mark.parametrize(
    ("said", "expected"), [("30", 30.0), (" 5 ", 5.0), ("99999", 3600.0), ("Sun, 01 Jan 2027 00:00:00 GMT", 1.0)]
)
def test_a_limit_says_when_to_come_back(said: str, expected: float) -> None:
    """In seconds, within an hour; without one, or with a date, after a second."""
    assert retry_after(answer(429, b"", ("retry-after", said))) == expected
    assert retry_after(answer(429, b"")) == 1.0


def test_an_error_that_is_no_text_is_none() -> None:
    """Whatever else stands there."""
    assert error_of(answer(400, {"error": 1})) == ""
    assert error_of(answer(400, b"[" * 100_000)) == ""
