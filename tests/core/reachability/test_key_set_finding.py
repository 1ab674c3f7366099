from __future__ import annotations

import json

import pytest

from proxy.core.reachability.finding import End, RowOutcome
from proxy.core.reachability.key_set_finding import judged_key_set

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "one"}
SECRET = {"kty": "oct", "k": "c2VjcmV0", "kid": "two"}


def body(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


@pytest.mark.parametrize(
    ("status", "document", "outcome", "said"),
    [
        (200, body(KEY), RowOutcome.FINE, "200 to GET /jwks: 1 key"),
        (200, body(KEY, KEY | {"kid": "two"}), RowOutcome.FINE, "200 to GET /jwks: 2 keys"),
        (200, body(KEY, SECRET), RowOutcome.WARNING, "200 to GET /jwks: 1 key"),
        (200, b"<html>", RowOutcome.FAILED, "200 to GET /jwks: it is no JSON"),
        (403, b"", RowOutcome.FAILED, "reached, but refused: 403 to GET /jwks"),
        (302, b"", RowOutcome.FAILED, "302 to GET /jwks"),
    ],
)
def test_a_key_set_is_what_can_be_read_as_one(status: int, document: bytes, outcome: RowOutcome, said: str) -> None:
    """200 with public keys; whatever else is for the other end to change."""
    found = judged_key_set("GET /jwks", status, document, "members")

    assert (found.outcome, found.said) == (outcome, said)
    assert found.change is (None if outcome is RowOutcome.FINE else End.THERE)
