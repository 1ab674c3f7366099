"""One slow route at new, with the whole program: the other routes at new are served there, and nobody moves them."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.e2e.program import Program, program, system

ROUTES = """\
  - { name: slow, match: "/orders/**", stage: live, timeout: { response: 200ms }, guard: { on_failure: page } }
  - { name: split, match: "/split/{t}", stage: canary, split: 50%, cohort: "path:t" }
  - { name: moved, match: "/moved/{t}", stage: live, cohort: "path:t" }
shadow: { sample: 0% }
"""


async def statuses(banyan: Program, paths: list[str]) -> set[int]:
    """Of one request after the other."""
    found = set()
    async with aiohttp.ClientSession() as session:
        for path in paths:
            async with session.get(banyan.url + path) as response:
                found.add(response.status)
    return found


async def test_one_slow_route_at_new_moves_no_other_route(tmp_path: Path) -> None:
    """Its timeouts, three times five of them, leave a route at canary and one at live as they are: all 200, no move."""
    good = [f"/{kind}/{each}" for each in range(20) for kind in ("split", "moved")]
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        assert await statuses(banyan, good) == {200}
        for _ in range(3):
            assert await statuses(banyan, ["/orders/slow"] * 5) <= {503, 504}
            assert await statuses(banyan, good) == {200}

        moves = (await banyan.api("/api/transitions?limit=50"))["transitions"]

    assert isinstance(moves, list)
    assert {each["route"] for each in moves if each["cause"] != "file"} <= {"slow"}
