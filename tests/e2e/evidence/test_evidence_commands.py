"""The commands of evidence against the whole program: from a difference to its rule, its replay and its test."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.pairs import hand_over, pair
from tests.e2e.program import Program, program
from tests.waiting import until

ROUTE = "  - name: a\n    match: /**\n    stage: shadow\n"


@dataclass
class Shop:
    """A new side that can be mended; `asked` are the requests it got."""

    total: int = 2
    port: int = 0
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def shop() -> AsyncIterator[Shop]:
    here = Shop()

    async def answer(request: web.Request) -> web.Response:
        here.asked.append(f"{request.method} {request.path_qs}")
        return web.json_response({"items": [{"total": here.total}], "card": "4111111111111111"})

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.port = int(runner.addresses[0][1])
    try:
        yield here
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Case:
    """A Banyan that has seen one difference."""

    banyan: Program
    new: Shop
    cluster: str
    folder: Path

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`banyan` in the folder."""
        return await run(self.folder, "-m", "proxy", *arguments)


async def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    source = str(Path(__file__).parents[3])
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": source, "COLUMNS": "100"} | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    """One field at which new is wrong, shown by a GET, and by a POST and a GET with a password that cannot go again."""
    legacy, new = ({"items": [{"total": total}], "card": "4111111111111111"} for total in (1, 2))
    async with shop() as side, program(tmp_path, ROUTE, legacy=side.port, new=side.port) as banyan:
        await banyan.until_logged("comparer_started")
        get = pair(legacy, new, "/orders/7?page=1")
        post = pair(legacy, new, "/orders/8")
        post = pair(
            legacy, new, "/orders/8", request=type(post.request)(method=b"POST", target=b"/o", fields=(), body=b"")
        )
        secret = pair(legacy, new, "/orders/9?password=geheim")
        await hand_over(str(banyan.events("comparer_started")[-1]["pairs"]), [get, post, secret])

        async def seen() -> bool:
            page: Any = await banyan.api("/api/routes/a/mismatches")
            return bool(sum(each["count"] for each in page["clusters"]) == 3)

        await until(seen)
        page: Any = await banyan.api("/api/routes/a/mismatches")
        yield Case(banyan, side, page["clusters"][0]["id"], tmp_path)


async def test_a_difference_is_shown_and_accepted(case: Case) -> None:
    """One command lists the cluster and shows both sides; another prints a rule that check takes."""
    listed = await case.run("mismatches", "a")
    shown = await case.run("mismatches", "a", case.cluster, "-n", "3")
    assert (listed.returncode, shown.returncode) == (1, 1), listed.stderr + shown.stderr
    assert case.cluster in listed.stdout
    assert "$.items[*].total" in listed.stdout
    assert '"total": 1' in shown.stdout
    assert " | " in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "41111111" not in shown.stdout
    assert "geheim" not in shown.stdout

    said = ("--reason", "agreed: review #12", "--owner", "team-orders", "--until", "2199-12-31")
    rule = await case.run("accept", "a", case.cluster, *said)
    assert rule.returncode == 0, rule.stderr
    fresh = case.folder / "fresh.yaml"
    fresh.write_text(case.banyan.file.read_text() + rule.stdout)
    checked = await case.run("check", "fresh.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    wrong = await case.run("accept", "a", case.cluster, "--reason", "r", "--owner", "o", "--until", "soon")
    unknown = await case.run("accept", "a", "0123456789ab", *said)
    assert (wrong.returncode, unknown.returncode) == (2, 1)


async def test_a_fix_is_proved_by_replay(case: Case) -> None:
    """Kept safe requests go to the new side again; the others are counted; exit 0 once it answers as legacy did."""
    before = await case.run("replay", "a")
    case.new.total = 1
    after = await case.run("replay", "a", "--cluster", case.cluster)

    assert before.returncode == 1, before.stderr
    assert "1 mismatch" in before.stdout
    assert "$.items[*].total num: 1 → 2" in before.stdout
    assert "1 left out: not a safe request" in before.stdout
    assert "1 left out: the request held a secret" in before.stdout
    assert after.returncode == 0, after.stdout + after.stderr
    assert case.new.asked == ["GET /orders/7?page=1"] * 2


async def test_an_exported_test_fails_until_new_is_mended(case: Case) -> None:
    """The file runs by itself: it fails against a new side that is wrong, and passes against a mended one."""
    printed = await case.run("export", "a", case.cluster)
    assert printed.returncode == 0, printed.stderr
    (case.folder / "test_exported.py").write_text(printed.stdout)

    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_exported.py")
    wrong = await run(case.folder, *arguments)
    case.new.total = 1
    right = await run(case.folder, *arguments, TARGET_URL=f"http://127.0.0.1:{case.new.port}")

    assert (wrong.returncode, right.returncode) == (1, 0), wrong.stdout + right.stdout
    assert "1 passed" in right.stdout
