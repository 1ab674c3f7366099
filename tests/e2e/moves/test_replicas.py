"""Replicas over one PostgreSQL: they agree, pool what they see, and take a bad new side back everywhere."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from holds.moving.judge import measure
from tests.e2e.program import Program
from tests.e2e.replicas import TOKEN, load, post, postgres, replicas, runs, systems
from tests.waiting import until

SPLIT = """\
  - { name: orders, match: /orders/**, stage: canary, split: 5%, cohort: "header:X-Tenant-Id" }
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators may change things."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)


async def until_known(banyans: list[Program], count: int) -> None:
    """Wait until every replica knows of all, and one leads."""

    async def known() -> bool:
        pages: list[Any] = [await each.api() for each in banyans]
        leaders = sum(page["standing"]["leads"] for page in pages)
        return leaders == 1 and all(len(page["standing"]["instances"]) == count for page in pages)

    await until(known)


async def test_a_rollback_is_done_when_both_replicas_obey(tmp_path: Path) -> None:
    """An order at one replica is obeyed by the other when the answer says done; both show its reason, and the
    same order given to the other one changes nothing.
    """
    async with (
        postgres() as server,
        systems("legacy", "new") as (legacy, new),
        replicas(tmp_path, server.address, SPLIT, legacy=legacy.port, new=new.port, count=2) as banyans,
    ):
        await until_known(banyans, 2)
        status, body = await post(banyans[0], "/api/routes/orders/rollback", reason="by hand")
        places = [await runs(each, "orders") for each in banyans]
        again, second = await post(banyans[1], "/api/routes/orders/rollback")
        pages: list[Any] = [await each.api("/api/routes/orders") for each in banyans]

    assert (status, body["done"], len(body["instances"])) == (200, True, 2)
    assert places == [("shadow", 0.0), ("shadow", 0.0)]
    assert (again, second["moved"], second["runs"]) == (200, False, {"stage": "shadow", "split": 0.0})
    assert all("by hand" in page["runs"]["reason"] for page in pages)


async def test_whatever_goes_wrong_what_stands_stands(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty rounds of killed and paused judges, restarted and frozen databases, under an operator's orders."""
    finding = await measure(20, seed=7)

    with capsys.disabled():
        print("\n" + "\n".join(f"{each.sentence}: {each.seen}" for each in finding.checks))
    assert [each.sentence for each in finding.checks if not each.holds] == [], finding.notes


async def test_a_failing_new_side_is_taken_back_on_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At a split of 5 % new begins to answer 500: both replicas go back, latched, with the numbers that caused it."""
    async with (
        postgres() as server,
        systems("legacy", "new") as (legacy, new),
        replicas(tmp_path, server.address, SPLIT, legacy=legacy.port, new=new.port, count=2) as banyans,
    ):
        await until_known(banyans, 2)
        urls = [f"{each.url}/orders/7" for each in banyans]
        async with load(urls, per_second=200, tenants=1000) as counts:
            await asyncio.sleep(3.0)
            new.failing, began = 1.0, time.monotonic()
            for each in banyans:

                async def is_back(banyan: Program = each) -> bool:
                    return (await runs(banyan, "orders"))[0] == "shadow"

                await until(is_back)
            seconds = time.monotonic() - began
            last = max((at for at, bad in new.asked if bad), default=began) - began
        transitions: Any = await banyans[0].api("/api/transitions?route=orders")
        pages: list[Any] = [await each.api("/api/routes/orders") for each in banyans]

    with capsys.disabled():
        print(f"\nback on both after {seconds:.1f} s, {counts['500']} bad answers, the last after {last:.1f} s")
    moved = transitions["transitions"][0]
    assert moved["cause"] in {"breaker", "guard"}
    assert moved["actor"].startswith("judge at ")
    assert all(page["runs"]["latched"] for page in pages)
