"""Bearer tokens as texts."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from proxy.core.upstream_auth.bearer import end_in, is_bearer


def jwt(payload: object) -> str:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return f"e30.{urlsafe_b64encode(body).rstrip(b'=').decode()}.sig"


@pytest.mark.parametrize("text", ["abc", "a.b-c_d~e+f/g==", "A" * 16384])
def test_a_token_may_be_sent(text: str) -> None:
    """Where it has only the characters of one."""
    assert is_bearer(text)


@pytest.mark.parametrize("text", ["", "a b", "a\r\nX: y", "ä", "=a", "A" * 16385])
def test_what_is_no_token_is_not_sent(text: str) -> None:
    """Least of all what would end its line."""
    assert not is_bearer(text)


@pytest.mark.parametrize(
    ("token", "ends"),
    [
        (jwt({"exp": 1800000000}), 1800000000.0),
        (jwt({"exp": 1.5}), 1.5),
        (jwt({}), None),
        (jwt({"exp": "1"}), None),
        (jwt({"exp": 1e300}), None),
        (jwt([1]), None),
        (jwt(b"\xff"), None),
        (jwt(b"[" * 100_000), None),
        ("opaque", None),
        ("a.b", None),
        ("a.b.c", None),
    ],
)
def test_a_jwt_says_when_it_ends(token: str, ends: float | None) -> None:
    """And what is none, or says no time, has no known end."""
    assert end_in(token) == (float("inf") if ends is None else ends)
