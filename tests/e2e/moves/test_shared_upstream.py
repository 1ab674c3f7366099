"""Two routes whose new is one upstream that dies, with the whole program: both go back by what they were asked."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from proxy.core.judge.breaker import IN_A_ROW
from tests.e2e.program import Program, program, system
from tests.waiting import until

NAMES = ("orders", "prices")
ROUTES = """\
  - { name: orders, match: "/orders/{t}", stage: canary, split: 100%, cohort: "path:t", ramp: {} }
  - { name: prices, match: "/prices/{t}", stage: canary, split: 100%, cohort: "path:t", ramp: {} }
"""
GOOD = 20


async def ask(banyan: Program, times: int) -> list[int]:
    """So many requests to each route in turn, each of another cohort; the statuses."""
    found = []
    async with aiohttp.ClientSession() as session:
        for path in (f"/{name}/{each}" for each in range(times) for name in NAMES):
            async with session.get(banyan.url + path) as response:
                found.append(response.status)
    return found


async def test_a_dead_new_that_two_routes_share_takes_both_back(tmp_path: Path) -> None:
    """Five requests of each, of which the breaker of their upstream lets five in all be tried; nobody asks again."""
    async with AsyncExitStack() as dying, system("legacy") as legacy:
        new = await dying.enter_async_context(system("new"))
        async with program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan:

            async def judged() -> bool:
                pages = [await banyan.api(f"/api/routes/{name}") for name in NAMES]
                needs = [{each["need"]: each["value"] for each in page["needs"]} for page in pages]  # type: ignore[attr-defined]
                return all(each["requests"] == str(GOOD) for each in needs)

            async def returned() -> bool:
                pages = [await banyan.api(f"/api/routes/{name}") for name in NAMES]
                return all(page["runs"]["stage"] == "shadow" for page in pages)  # type: ignore[index]

            assert set(await ask(banyan, GOOD)) == {200}
            await until(judged)
            await dying.aclose()
            dead = await ask(banyan, IN_A_ROW)
            await until(returned)
            moves = (await banyan.api("/api/transitions?limit=9"))["transitions"]

    assert set(dead) == {502, 503}
    assert dead.count(502) < 2 * IN_A_ROW
    assert isinstance(moves, list)
    reasons = {each["route"]: each["reason"] for each in moves if each["cause"] == "breaker"}
    assert reasons.keys() == set(NAMES)
    assert all("its upstream is left alone" in reason for reason in reasons.values())
