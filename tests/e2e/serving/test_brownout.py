"""A brown-out with the whole program: two workers, connections that land on either, a worker that is replaced."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from tests.e2e.program import Program, program, system
from tests.waiting import until

UNTIL = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
ROUTES = f"""\
  - {{ name: coupons, match: /coupons/**, stage: legacy, brownout: {{ share: 4%, until: "{UNTIL}" }} }}
  - {{ name: rest, match: "/**", stage: legacy }}
"""


async def statuses(banyan: Program, times: int) -> list[int]:
    """Of so many calls, each on a connection of its own."""
    found = []
    for _ in range(times):
        async with aiohttp.ClientSession() as session, session.get(banyan.url + "/coupons/1") as response:
            found.append(response.status)
    return found


async def test_a_client_is_met_once_whichever_worker_it_comes_to(tmp_path: Path) -> None:
    """Its first call goes without, and no further one of a stretch, on either worker, nor on one that was replaced."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        assert await statuses(banyan, 16) == [503, *[200] * 15]
        before = banyan.child("worker-0")
        os.kill(before, signal.SIGKILL)

        async def replaced() -> bool:
            return banyan.child("worker-0") != before and len(banyan.events("worker_started")) >= 3

        await until(replaced)
        assert await statuses(banyan, 9) == [200] * 9
