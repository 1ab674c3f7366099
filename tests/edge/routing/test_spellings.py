"""One tenant, spelled in ways that mean the same, is one to everything that knows cohorts (RFC 3986 section 6.2.2)."""

from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block
from tests.edge.raw_client import get, request
from tests.edge.tied import both

TENANTS: Block = {"match": "/t/{tenant}", "cohort": "path:tenant"}
SPELLINGS = [b"/t/Acme%C3%A9", b"/t/%41cme%c3%a9", b"/t/%41%63%6d%65%C3%a9", b"/t/Acm%65%C3%A9"]


async def test_a_split_knows_one_tenant(play: Play, serve: Serve) -> None:
    """Of twenty tenants none is on another side by another spelling, in a path or in a query."""
    by_query: Block = {"name": "q", "match": "/q", "cohort": "query:t"}
    sides = await both(play, serve, TENANTS, by_query)
    seen = set()
    for number in range(20):
        plain, spelled = b"%%C3%%A9cme-%d" % number, b"%%c3%%a9%%63m%%65%%2D%d" % number
        for prefix in (b"/t/", b"/q?t="):
            side = await sides.side(get(prefix + plain))
            seen.add(side)

            assert await sides.side(get(prefix + spelled)) == side
    assert seen == {b"legacy", b"new"}


async def test_a_pin_knows_one_tenant(play: Play, serve: Serve) -> None:
    """However the file spells it."""
    for pin in ("Acme%C3%A9", "%41cme%c3%a9"):
        sides = await both(play, serve, {**TENANTS, "split": "0%", "pin": {"new": pin}})

        assert {await sides.side(get(each)) for each in SPELLINGS} == {b"new"}
        assert await sides.side(get(b"/t/other")) == b"legacy"


async def test_a_flow_and_a_write_know_one_tenant(play: Play, serve: Serve) -> None:
    """What began on legacy in one spelling stays there in all, and what was written there is read there."""
    for tie in ({"stay": ["path:tenant"]}, {"affinity": "1m"}):
        sides = await both(play, serve, {**TENANTS, **tie})
        sides.move("canary", "0%")
        await sides.ask(request(b"POST", SPELLINGS[1], body=b"x"))
        sides.move("live")

        assert {await sides.side(get(each)) for each in SPELLINGS} == {b"legacy"}
        assert await sides.side(get(b"/t/other")) == b"new"


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_rate_knows_one_tenant(play: Play, serve: Serve, spelling: bytes) -> None:
    """What one spelling has used up is used up for the others."""
    sides = await both(play, serve, {**TENANTS, "limits": {"rate": "1/h", "rate_by": "cohort"}})

    assert (await sides.ask(get(SPELLINGS[0]))).status == 200
    assert (await sides.ask(get(spelling))).status == 429
    assert (await sides.ask(get(b"/t/other"))).status == 200
