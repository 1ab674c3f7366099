"""What the todock story's own systems take and answer: three contracts, and tokens that each API checks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from examples.todock.systems.order_contracts import (
    Contract,
    Order,
    contract_of,
    read_order,
    said_order,
    seen_order,
    sent_order,
)
from examples.todock.systems.settings import APP_HOST, AUDIENCE, SITE_HOST
from examples.todock.systems.token_check import RefusedTokenError, TokenCheck

ORDER = Order(7, {"1001": 2, "1002": 0, "1003": 1})
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "key-1"}) for _ in range(2))


@pytest.mark.parametrize("contract", list(Contract))
def test_what_a_client_sends_is_what_is_read(contract: Contract) -> None:
    """In each of the three contracts, with what it takes out."""
    assert read_order(contract, sent_order(contract, ORDER)[1]) == ORDER


@pytest.mark.parametrize("contract", list(Contract))
def test_what_is_said_is_what_a_client_sees(contract: Contract) -> None:
    """Revision and total; what was taken out is not said."""
    said = said_order(contract, "1-2026w49", ORDER)

    assert seen_order(contract, json.loads(json.dumps(said))) == (7, 2 * 198 + 1080)
    assert "1002" not in json.dumps(said)


@pytest.mark.parametrize(
    ("host", "generation", "contract"),
    [
        (SITE_HOST, "", Contract.SITE),
        (f"{SITE_HOST}:443", "2", Contract.SITE),
        (APP_HOST, "1", Contract.APP_1),
        (APP_HOST, "2", Contract.APP_2),
    ],
)
def test_a_client_is_known_by_host_and_generation(host: str, generation: str, contract: Contract) -> None:
    """As Banyan's routes tell them apart."""
    assert contract_of(host, generation) is contract


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Its key set, and nothing else."""

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(KeySet([KEY]).as_dict(private=False)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def token(issuer: str, key: RSAKey = KEY, **changed: object) -> str:
    """As the provider makes them."""
    claims: dict[str, Any] = {"iss": issuer, "aud": AUDIENCE, "exp": int(time.time()) + 60, "scope": "orders"}
    return jwt.encode({"alg": "RS256", "kid": "key-1"}, {**claims, "member_number": "30000001", **changed}, key)


def test_a_good_token_says_whose_it_is(issuer: str) -> None:
    """By the number of the card."""
    assert TokenCheck(issuer).caller(f"Bearer {token(issuer)}").number == "30000001"


@pytest.mark.parametrize(
    ("changed", "status"), [({"aud": "else"}, 401), ({"exp": 1}, 401), ({"iss": "else"}, 401), ({"exp": None}, 401)]
)
def test_what_an_api_refuses_itself(issuer: str, changed: dict[str, Any], status: int) -> None:
    """Another audience or issuer, and what has ended."""
    with pytest.raises(RefusedTokenError) as told:
        TokenCheck(issuer).caller(f"Bearer {token(issuer, **changed)}")
    assert told.value.status == status


def test_a_forged_token_and_none_are_refused(issuer: str) -> None:
    """By their signature."""
    for said in ("", "Basic eA==", "Bearer x", f"Bearer {token(issuer, OTHER)}"):
        with pytest.raises(RefusedTokenError) as told:
            TokenCheck(issuer).caller(said)
        assert told.value.status == 401


def test_a_scope_that_is_missing_is_told(issuer: str) -> None:
    """As RFC 6750 has it: the token is good, and not for this."""
    with pytest.raises(RefusedTokenError) as told:
        TokenCheck(issuer, needs="card").caller(f"Bearer {token(issuer)}")
    assert (told.value.status, told.value.error) == (403, "insufficient_scope")


def test_keys_of_before_go_on_while_the_provider_is_away(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that does not fit them makes nobody forget them."""
    check = TokenCheck(issuer)
    check.caller(f"Bearer {token(issuer)}")
    monkeypatch.setattr(check, "_url", "http://127.0.0.1:1/jwks")
    monkeypatch.setattr(check, "_fetched_at", -100.0)
    with pytest.raises(RefusedTokenError):
        check.caller(f"Bearer {token(issuer, OTHER)}")

    assert check.caller(f"Bearer {token(issuer)}").number == "30000001"
