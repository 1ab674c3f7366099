"""An upstream that is down, hangs, or swallows packets, with the whole program: FT01, FT02, FT03, FT05."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.program import Program, free_port, started, system, text_of
from tests.edge.blackhole import blackhole
from tests.waiting import until

ROUTES = """\
  - { name: moved, match: /moved/**, stage: live, fallback: legacy }
  - { name: alone, match: /alone/**, stage: live }
  - { name: rest, match: "/**", stage: legacy }
"""
QUICK = "timeout: { connect: 500ms, response: 500ms }, breaker: { open: 1s }"


@asynccontextmanager
async def serving(directory: Path, legacy: int, new: int) -> AsyncIterator[Program]:
    """Banyan with one worker."""
    listen, admin = free_port(), free_port()
    text = text_of(ROUTES, listen=listen, admin=admin, legacy=legacy, new=new, keys=QUICK)
    (directory / "routes.yaml").write_text(text)
    async with started(directory, listen, admin) as banyan:
        yield banyan


@asynccontextmanager
async def process() -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """An upstream in a process of its own, which can be stopped: its port and itself."""
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "http.server",
            str(port),
            "--bind",
            "127.0.0.1",
            "--directory",
            str(Path(__file__).parent),
        ),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(listens)
    try:
        yield port, child
    finally:
        child.kill()
        await child.wait()


async def ask(banyan: Program, target: str, method: str = "GET") -> tuple[int, str]:
    """Status and body."""
    async with aiohttp.ClientSession() as session, session.request(method, banyan.url + target) as response:
        return response.status, await response.text()


async def test_ft01_new_is_down(tmp_path: Path) -> None:
    """FT01: what may fall back is answered by legacy, a POST too; the rest is 502, then 503; legacy's own go on."""
    async with system("legacy") as legacy, serving(tmp_path, legacy, free_port()) as banyan:
        assert [await ask(banyan, "/moved/a", method) for method in ("GET", "POST")] == [(200, "legacy")] * 2

        alone = [(await ask(banyan, "/alone/a"))[0] for _ in range(6)]

        assert alone[0] == 502
        assert alone[-1] == 503
        assert await ask(banyan, "/moved/a") == (200, "legacy")
        assert await ask(banyan, "/a") == (200, "legacy")
        assert await banyan.metric("banyan_breaker_state") == 2
        assert await banyan.metric("banyan_retries_total") == 3

        upstreams = (await banyan.api("/api/upstreams"))["upstreams"]
        assert isinstance(upstreams, list)
        assert {each["name"]: each["breaker"] for each in upstreams} == {"legacy": "closed", "new": "open"}


async def test_ft02_new_hangs_and_comes_back(tmp_path: Path) -> None:
    """FT02: a stopped process still accepts; its requests are 504, and 503 once there are enough; it is found again."""
    async with system("legacy") as legacy, process() as (new, child), serving(tmp_path, legacy, new) as banyan:
        assert (await ask(banyan, "/alone/"))[0] == 404

        child.send_signal(signal.SIGSTOP)
        seen: set[int] = set()

        async def refused() -> bool:
            seen.update(status for status, _ in await asyncio.gather(*[ask(banyan, "/alone/") for _ in range(12)]))
            return 503 in seen

        await until(refused)

        assert seen <= {502, 503, 504}
        assert 504 in seen
        assert await ask(banyan, "/a") == (200, "legacy")

        child.send_signal(signal.SIGCONT)

        async def recovered() -> bool:
            return (await ask(banyan, "/alone/"))[0] == 404

        await until(recovered)


async def test_ft03_new_swallows_packets(tmp_path: Path) -> None:
    """FT03: no connection within its timeout is 504, and the other side where the route allows it."""
    with blackhole() as new:
        async with system("legacy") as legacy, serving(tmp_path, legacy, new) as banyan:
            assert (await ask(banyan, "/alone/a"))[0] == 504
            assert await ask(banyan, "/moved/a", "POST") == (200, "legacy")
            assert await ask(banyan, "/a") == (200, "legacy")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_ft05_legacy_is_down(tmp_path: Path, method: str) -> None:
    """FT05: what new serves is untouched; legacy's routes are refused at once and told when to come back."""
    async with system("new") as new, serving(tmp_path, free_port(), new) as banyan:
        statuses = [(await ask(banyan, "/a", method))[0] for _ in range(8)]

        assert statuses == [502] * 5 + [503] * 3
        assert await ask(banyan, "/alone/a") == (200, "new")
