"""Routes and cohorts by claims of a verified token, over the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.edge.auth.guarded import Guarded, guarded
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block

Start = Callable[..., Awaitable[Guarded]]


def answers(name: str, match: Block, auth: str = "anonymous") -> Block:
    return {
        "name": name,
        "match": {"path": "/orders/{id}", **match},
        "respond": {"status": 200, "body": name},
        "auth": auth,
    }


BY_TENANT = [
    answers("acme", {"jwt": {"tenant": "acme"}}),
    answers("several", {"jwt": {"tenant": ["globex", "initech"]}}),
    answers("staff", {"jwt": {"tenant": "acme", "staff": "true"}}, "members"),
    answers("anybody", {}),
]


@pytest.fixture
def start(play: Play, serve: Serve, tmp_path: Path) -> Start:
    async def run(**more: Any) -> Guarded:  # noqa: ANN401 -- by name
        return await guarded(play, serve, tmp_path, **more)

    return run


async def test_a_route_takes_what_a_verified_token_claims(start: Start) -> None:
    """Text, several, more conditions before fewer; whoever has no such claim goes elsewhere."""
    orders = await start(routes=BY_TENANT)
    token = orders.issuer.token

    for claims, name in (
        ({"tenant": "acme"}, b"acme"),
        ({"tenant": ["x", "initech"]}, b"several"),
        ({"tenant": "acme", "staff": True}, b"staff"),
        ({"tenant": "other"}, b"anybody"),
        ({}, b"anybody"),
    ):
        assert (await orders.shows(token(**claims))).body == name
    assert (await orders.ask()).body == b"anybody"


async def test_a_token_that_is_not_verified_claims_nothing(start: Start) -> None:
    """Forged, ended, for somebody else, by a key that nobody knows: as if it were not there."""
    orders = await start(routes=BY_TENANT)
    token = orders.issuer.token
    for bad in (
        token(tenant="acme")[:-8] + b"AAAAAAAA",
        token(tenant="acme", exp=1),
        token(tenant="acme", aud="cart"),
        token(tenant="acme", header={"kid": "two"}),
    ):
        assert (await orders.shows(bad)).body == b"anybody"


async def test_a_bad_token_is_looked_at_once(start: Start) -> None:
    """By who looks for a route; the route's own step knows, and it is one failed check."""
    routes = [answers("acme", {"jwt": {"tenant": "acme"}}), answers("rest", {}, "members")]
    orders = await start(routes=routes, limits={"failed_checks": "2/h"})
    bad = orders.issuer.token()[:-8] + b"AAAAAAAA"

    assert [(await orders.shows(bad)).status for _ in range(3)] == [401, 401, 429]
    assert orders.check.signatures == 2


async def test_a_cohort_is_that_of_a_claim(start: Start) -> None:
    """One tenant is on one side, whatever address its requests come from; a claim that is no one value is none."""
    route: Block = {
        "name": "orders",
        "match": "/orders/**",
        "stage": "canary",
        "split": "50%",
        "cohort": ["jwt:tenant", "client_ip"],
        "pin": {"new": ["acme", "7"]},
        "new": "legacy",
        "auth": "members",
    }
    orders = await start(routes=[route])
    for claims in ({"tenant": "acme"}, {"tenant": 7}, {"tenant": ["acme"]}):
        assert (await orders.shows(orders.issuer.token(**claims))).status == 200
    others: tuple[dict[str, Any], ...] = ({"tenant": ["acme", "b"]}, {"tenant": {"a": 1}}, {})
    for other in others:
        assert (await orders.shows(orders.issuer.token(**other))).status == 200
    reasons = [line["reason"] for line in await orders.proxy.lines(6)]
    assert reasons[:3] == ["pinned"] * 3
    assert "pinned" not in reasons[3:]
