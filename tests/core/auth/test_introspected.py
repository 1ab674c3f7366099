from __future__ import annotations

import json

import pytest

from proxy.core.auth.introspected import MOST_BYTES, Introspected, read_introspected

NOW, KEEP = 1000.0, 30.0


def read(said: object, status: int = 200) -> Introspected | str:
    return read_introspected(status, json.dumps(said).encode(), NOW, KEEP)


@pytest.mark.parametrize(
    ("exp", "until"),
    [(None, 1030.0), (1010, 1010.0), (1010.5, 1010.5), (10**400, 1030.0), (True, 1030.0), ("1010", 1030.0)],
)
def test_how_long_an_active_token_is_believed(exp: object, until: float) -> None:
    """For a while, and never beyond its end."""
    said = {"active": True, "sub": "ann"} | ({} if exp is None else {"exp": exp})
    found = read(said)

    assert isinstance(found, Introspected)
    assert (found.active, json.loads(found.claims), found.until) == (True, said, until)


@pytest.mark.parametrize(
    "said", [{"active": False, "sub": "ann"}, {"active": True, "exp": 1000}, {"active": True, "exp": -(10**400)}]
)
def test_what_is_not_active_has_no_claims(said: dict[str, object]) -> None:
    """Whatever else is said of it; one that has ended is not active."""
    assert read(said) == Introspected(active=False, claims=b"", until=NOW + KEEP)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (403, b'{"active": true}', "it answered 403"),
        (200, b"[" * 100_000, f"its answer has more than {MOST_BYTES} bytes"),
        (200, b"[" * 50_000, "its answer is no JSON, or says a member twice"),
        (200, b'{"active": false, "active": true}', "its answer is no JSON, or says a member twice"),
        (200, b'{"active": true, "exp": NaN}', "its answer is no JSON, or says a member twice"),
        (200, b'{"active": true, "sub": "\\ud800"}', "its answer is no JSON, or says a member twice"),
        (200, b"[true]", "its answer does not say whether the token is active"),
        (200, b'{"active": 1}', "its answer does not say whether the token is active"),
    ],
)
def test_what_is_no_answer_is_said(status: int, body: bytes, why: str) -> None:
    """It says nothing of the token."""
    assert read_introspected(status, body, NOW, KEEP) == why
