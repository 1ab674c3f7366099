"""What is remembered of a checked token, and what is asked anew each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import time
from typing import Any

import pytest

from proxy.core.auth.signed_token import SignedToken, read_token
from proxy.edge.auth import caller_check
from proxy.edge.auth.checked_tokens import CheckedToken, CheckedTokens, digest_of
from tests.edge.auth.guarded import ORDERS, Guarded, guarded
from tests.edge.auth.issuer import Issuer, ec, rsa
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block

Start = Callable[..., Awaitable[Guarded]]
WRITE: Block = {
    "name": "write",
    "match": "/write",
    "stage": "legacy",
    "auth": {"by": "members", "scopes": ["orders.write"]},
}


@pytest.fixture
def start(play: Play, serve: Serve, tmp_path: Path) -> Start:
    async def run(**more: Any) -> Guarded:  # noqa: ANN401 -- by name
        return await guarded(play, serve, tmp_path, **more)

    return run


async def test_a_signature_is_computed_once(start: Start) -> None:
    """However often the token comes, from whomever."""
    orders = await start()
    token = orders.issuer.token()
    for _ in range(3):
        assert (await orders.shows(token)).status == 200

    assert orders.check.signatures == 1


async def test_the_scope_of_another_route_is_asked_anew(start: Start) -> None:
    """A token that one route has taken is not taken by one that asks for more (oathkeeper#743)."""
    orders = await start(routes=[ORDERS, WRITE])
    reads, writes = orders.issuer.token(scope="orders.read"), orders.issuer.token(scope="orders.read orders.write")
    assert (await orders.shows(reads)).status == 200
    refused = await orders.shows(reads, b"/write")

    assert refused.status == 403
    assert refused.value(b"WWW-Authenticate") == (
        b'Bearer realm="banyan", error="insufficient_scope", scope="orders.write"'
    )
    assert (await orders.shows(writes, b"/write")).status == 200
    assert (await orders.shows(reads)).status == 200


async def test_a_token_ends_though_it_is_remembered(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end is asked each time: within the life of what is remembered it stops being good."""
    orders = await start(policy={"leeway": "0s"})
    token = orders.issuer.token(exp=int(time()) + 60)
    assert (await orders.shows(token)).status == 200

    monkeypatch.setattr(caller_check, "time", lambda: time() + 61)
    await orders.refuses(token, "token_expired")
    assert orders.check.signatures == 1


async def test_a_key_that_is_withdrawn_ends_its_tokens(start: Start) -> None:
    """From the next request on (oathkeeper#763); tokens of the keys that stay are not checked anew."""
    orders = await start(issuer=Issuer(rsa("one"), ec("two")))
    first, second = orders.issuer.token("one"), orders.issuer.token("two")
    assert [(await orders.shows(each)).status for each in (first, second)] == [200, 200]

    withdrawn = orders.issuer.keys.pop("one")
    policy = orders.issuer.policy(orders.place, algorithms=["ES256"])
    orders.install(auth={"members": policy})
    await orders.refuses(first, "wrong_algorithm")
    assert (await orders.shows(second)).status == 200
    assert orders.check.signatures == 2

    orders.issuer.keys["one"] = withdrawn
    orders.install()
    assert (await orders.shows(first)).status == 200


async def test_another_key_under_the_same_name_ends_its_tokens(start: Start) -> None:
    """A key is the same when all that it says is."""
    orders = await start(issuer=Issuer(ec("one")))
    token = orders.issuer.token()
    assert (await orders.shows(token)).status == 200

    orders.issuer.keys["one"] = ec("one")[1:]
    orders.install()
    await orders.refuses(token, "bad_signature")


async def test_a_policy_that_changed_is_asked_anew(start: Start) -> None:
    """Issuer, audience, claims: nothing of them is remembered."""
    orders = await start()
    token = orders.issuer.token(tenant="acme")
    assert (await orders.shows(token)).status == 200

    for more, why in (
        ({"audience": "cart"}, "wrong_audience"),
        ({"issuer": "https://other.example"}, "wrong_issuer"),
        ({"typ": "jwt"}, "wrong_token_type"),
    ):
        orders.install(auth={"members": orders.issuer.policy(orders.place, **more)})
        await orders.refuses(token, why)
    orders.install(auth={"members": orders.issuer.policy(orders.place, claims={"tenant": "globex"})})
    assert (await orders.shows(token)).status == 403
    orders.install(auth={"members": orders.issuer.policy(orders.place, claims={"tenant": ["acme", "globex"]})})
    assert (await orders.shows(token)).status == 200
    assert orders.check.signatures == 1


def token_of(issuer: Issuer) -> SignedToken:
    found = read_token(issuer.token())
    assert isinstance(found, SignedToken)
    return found


def test_what_is_remembered_is_bounded() -> None:
    """By tokens and by bytes; what is asked for stays, what is not falls out."""
    kept = CheckedToken(token_of(Issuer()), "file:x", "key")
    memory = CheckedTokens(most=4, most_bytes=1000)
    used = digest_of(b"used")
    memory.put(used, kept, 10)
    for number in range(100):
        memory.put(digest_of(b"%d" % number), kept, 10)
        assert memory.get(used) is kept
        assert len(memory) <= 8
    assert memory.get(digest_of(b"0")) is None

    large = CheckedTokens(most=100, most_bytes=1000)
    for number in range(100):
        large.put(digest_of(b"%d" % number), kept, 400)
        assert len(large) <= 4
    assert large.get(digest_of(b"99")) is kept


async def test_a_token_that_failed_is_not_remembered(start: Start) -> None:
    """Nor is one that was refused before its signature was computed."""
    orders = await start()
    await orders.refuses(orders.issuer.token()[:-8] + b"AAAAAAAA", "bad_signature")
    await orders.refuses(orders.issuer.token(aud="cart"), "wrong_audience")
    assert len(orders.check._checked) == 0
