"""What ties requests to a side, with the whole program: two workers, connections that land on either, a restart."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import aiohttp

from tests.e2e.program import Program, program, system, write
from tests.waiting import until

ROUTES = """\
  - { name: a, match: /orders/**, stage: canary, split: 0%, cohort: "header:T", affinity: 1m, stay: ["query:state"] }
  - { name: shop, match: /shop/**, stage: canary, split: 50%, cohort: anonymous }
  - { name: rest, match: "/**", stage: legacy }
"""
TIMES = 16
"""Connections of one question: so many that each of two workers gets some, but for one chance in 32,768."""


async def asked(
    banyan: Program, target: str, *, method: str = "GET", tenant: str = "", cookies: dict[str, str] | None = None
) -> tuple[str, dict[str, str]]:
    """Who answers, on a connection of its own, and the cookies that are set."""
    async with (
        aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
        session.request(method, banyan.url + target, headers={"T": tenant} if tenant else {}) as response,
    ):
        return await response.text(), {name: each.value for name, each in response.cookies.items()}


async def everywhere(banyan: Program, target: str, tenant: str = "", cookies: dict[str, str] | None = None) -> set[str]:
    """Who answers on many connections."""
    return {(await asked(banyan, target, tenant=tenant, cookies=cookies))[0] for _ in range(TIMES)}


async def test_a_flow_is_known_to_every_worker(tmp_path: Path) -> None:
    """Begun before a promotion on one worker, it goes on where it began on both; also on one that was replaced."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        assert (await asked(banyan, "/orders/authorize?state=s1", tenant="a"))[0] == "legacy"
        assert (await asked(banyan, "/orders/1", method="POST", tenant="a"))[0] == "legacy"
        write(banyan.file, banyan.file.read_text().replace("split: 0%", "split: 100%"))

        async def promoted() -> bool:
            return await everywhere(banyan, "/orders/1", "b") == {"new"}

        await until(promoted)
        assert await everywhere(banyan, "/orders/callback?state=s1", "c") == {"legacy"}
        assert await everywhere(banyan, "/orders/1", "a") == {"legacy"}
        before = banyan.child("worker-0")
        os.kill(before, signal.SIGKILL)

        async def replaced() -> bool:
            return banyan.child("worker-0") != before and len(banyan.events("worker_started")) >= 3

        await until(replaced)
        assert await everywhere(banyan, "/orders/callback?state=s1", "c") == {"legacy"}


async def test_anonymous_clients_are_one_cohort_on_every_worker(tmp_path: Path) -> None:
    """The key is made once, for its owner only; every worker knows the cookie of every other."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        for _ in range(4):
            side, cookies = await asked(banyan, "/shop/1")
            value = cookies["banyan_cohort"].encode()

            assert value not in b"".join(banyan.lines)
            assert await everywhere(banyan, "/shop/1", cookies=cookies) == {side}

        key = tmp_path / ".banyan" / "cookie.key"
        assert key.stat().st_mode & 0o777 == 0o600
