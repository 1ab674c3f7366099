"""The kill switch as a whole: real processes, control dead, and upstreams that say who was asked."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proxy.config.files.kill_file import give, lift
from proxy.core.routing.kill_switch import KillSwitchOrder
from tests.e2e.program import Program, program, started, system, write
from tests.waiting import until

ROUTES = """\
  - { name: live, match: /live/**, stage: live }
  - { name: split, match: /split/**, stage: canary, split: 100% }
  - { name: complete, match: /complete/**, stage: complete }
  - { name: rest, match: "/**", stage: legacy }
"""
ORDER = KillSwitchOrder(by="ann", reason="new loses orders")


def kill_file(banyan: Program) -> Path:
    return banyan.file.parent / ".banyan" / "kill"


async def served(banyan: Program, target: str, times: int = 20) -> set[str]:
    """Who answers this target: each request on a connection of its own, so that every worker has its share."""
    found = set()
    for _ in range(times):
        async with aiohttp.ClientSession() as session, session.get(banyan.url + target) as response:
            found.add(await response.text())
    return found


async def until_served(banyan: Program, target: str, by: str) -> None:
    """Wait until this side alone answers."""

    async def alone() -> bool:
        return await served(banyan, target) == {by}

    await until(alone)


@asynccontextmanager
async def without_control(banyan: Program) -> AsyncIterator[None]:
    """Control hangs until the block is left, and is replaced after twenty seconds at the earliest."""
    os.kill(banyan.child("control"), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(banyan.child("control"), signal.SIGCONT)


async def test_both_workers_follow_with_control_dead(tmp_path: Path) -> None:
    """Control killed and its successor stopped: the file alone moves every worker to legacy, and back."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        os.kill(banyan.child("control"), signal.SIGKILL)
        await banyan.until_logged("control_started", 2)
        async with without_control(banyan):
            before = await served(banyan, "/live/a")
            give(kill_file(banyan), ORDER)
            await banyan.until_logged("killed", 2)
            killed = [await served(banyan, target) for target in ("/live/a", "/split/a", "/complete/a", "/a")]
            lift(kill_file(banyan))
            await banyan.until_logged("kill_lifted", 2)
            after = [await served(banyan, target) for target in ("/live/a", "/split/a", "/complete/a", "/a")]

        assert before == {"new"}
        assert killed == [{"legacy"}, {"legacy"}, {"new"}, {"legacy"}]
        assert after == [{"new"}, {"new"}, {"new"}, {"legacy"}]
        assert {(each["process"], each["by"], each["reason"]) for each in banyan.events("killed")} == {
            ("worker-0", "ann", "new loses orders"),
            ("worker-1", "ann", "new loses orders"),
        }


async def test_a_touch_is_enough(tmp_path: Path) -> None:
    """`touch .banyan/kill` kills, `rm` ends it, and the admin port says so meanwhile."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        kill_file(banyan).touch()
        await banyan.until_logged("killed")
        await banyan.until_metric("banyan_killed", 1)
        killed = await served(banyan, "/live/a")
        page = await banyan.api("/api/kill")
        kill_file(banyan).unlink()
        await until_served(banyan, "/live/a", "new")

        assert killed == {"legacy"}
        assert (page["on"], page["file"]) == (True, str(kill_file(banyan)))
        assert await banyan.metric("banyan_killed") == 0


async def test_it_outlives_workers_control_and_restarts(tmp_path: Path) -> None:
    """A worker or control born while the file is there, or a whole new start, serves legacy from its first request."""
    async with system("legacy") as legacy, system("new") as new:
        async with program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan:
            give(kill_file(banyan), ORDER)
            await banyan.until_logged("killed", 2)
            for child in ("worker-0", "worker-1", "control"):
                os.kill(banyan.child(child), signal.SIGKILL)
            reborn = await served(banyan, "/live/a")
            await banyan.until_logged("control_started", 2)
            await banyan.until_metric("banyan_killed_workers", 2)

            assert reborn == {"legacy"}
        async with started(tmp_path, banyan.listen, banyan.admin) as again:
            assert await served(again, "/live/a") == {"legacy"}
            lift(kill_file(again))
            await until_served(again, "/live/a", "new")


async def test_an_edit_of_routes_ends_nothing(tmp_path: Path) -> None:
    """Reloads while killed are taken, and serve legacy; when the switch is off, the newest stages hold."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        give(kill_file(banyan), ORDER)
        await banyan.until_logged("killed", 2)
        write(banyan.file, banyan.file.read_text() + "  - { name: more, match: /more/**, stage: live }\n")
        await banyan.until_reloaded()
        killed = [await served(banyan, target) for target in ("/live/a", "/more/a")]
        lift(kill_file(banyan))
        await until_served(banyan, "/more/a", "new")

        assert killed == [{"legacy"}, {"legacy"}]


async def test_the_file_may_be_named_and_named_anew(tmp_path: Path) -> None:
    """`kill_file` is what is watched, instead of the default; a reload that names another one is followed."""
    named = ROUTES + "kill_file: stop\n"
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, named, legacy=legacy, new=new) as banyan,
    ):
        kill_file(banyan).touch()
        (tmp_path / "stop").touch()
        await banyan.until_logged("killed")
        killed = await served(banyan, "/live/a")
        (tmp_path / "stop").unlink()
        await until_served(banyan, "/live/a", "new")
        write(banyan.file, banyan.file.read_text().replace("kill_file: stop", "kill_file: halt"))
        await banyan.until_reloaded()
        (tmp_path / "halt").touch()
        await until_served(banyan, "/live/a", "legacy")

        assert killed == {"legacy"}


@pytest.mark.timing
async def test_ten_thousand_routes_follow(tmp_path: Path) -> None:
    """In a table of ten thousand live routes the first, the last and one between are legacy's, in both workers."""
    many = "".join(f"  - {{ name: r{each}, match: /r{each}, stage: live }}\n" for each in range(10_000))
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, many, legacy=legacy, new=new, workers=2) as banyan,
    ):
        give(kill_file(banyan), ORDER)
        await banyan.until_logged("killed", 2)

        assert [await served(banyan, target) for target in ("/r0", "/r5000", "/r9999")] == [{"legacy"}] * 3
        assert {each["routes"] for each in banyan.events("killed")} == {10_000}


async def test_a_post_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the token may kill over the admin port, and end it there."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
        aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as session,
    ):
        async with session.post(banyan.admin_url + "/api/kill", json={"on": True, "reason": "drill"}) as answer:
            assert answer.status == 200
        await until_served(banyan, "/live/a", "legacy")
        async with session.post(banyan.admin_url + "/api/kill", json={"on": False}) as answer:
            assert answer.status == 200
        await until_served(banyan, "/live/a", "new")


async def test_a_request_in_flight_finishes_where_it_is(tmp_path: Path) -> None:
    """What new works on when the switch is turned is answered by new; what comes after is legacy's."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
        aiohttp.ClientSession() as session,
    ):
        running = asyncio.ensure_future(session.get(banyan.url + "/live/slow"))
        await banyan.until_metric("banyan_inflight_requests", 1)
        give(kill_file(banyan), ORDER)
        await banyan.until_logged("killed")
        after = await served(banyan, "/live/a")
        response = await running

        assert after == {"legacy"}
        assert await response.text() == "new"


async def command(banyan: Program, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of `banyan kill … --json`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "kill", *arguments, "--json", "--config", str(banyan.file)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, json.loads(output)


async def test_the_command_shows_that_every_worker_follows(tmp_path: Path) -> None:
    """`banyan kill` returns when both workers have said that they follow, each with its time; --off likewise."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        code, on = await command(banyan, "--reason", "why")
        killed = await served(banyan, "/live/a")
        over, off = await command(banyan, "--off")
        after = await served(banyan, "/live/a")

        assert (code, over, killed, after) == (0, 0, {"legacy"}, {"new"})
        for told in (on, off):
            assert [each["ms"] > 0 for each in told["following"]["workers"]] == [True, True]
        assert on["beyond"] == [{"route": "complete", "why": "complete"}]


async def test_the_command_works_with_control_stopped(tmp_path: Path) -> None:
    """While control hangs the command writes the file, says that nobody could be asked, and the workers follow."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        async with without_control(banyan):
            code, told = await command(banyan)
            await banyan.until_logged("killed", 2)
            killed = await served(banyan, "/live/a")

        assert (code, killed) == (1, {"legacy"})
        assert told["following"]["away"]


async def test_a_drill_measures_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A drill has a time for every turn, sees no answer of new while killed, loses no request, and ends with off."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        code, told = await command(banyan, "--drill", "GET", "/live/a", "--times", "3", "--yes")

        assert (code, told["route"], told["workers"], told["failed"]) == (0, "live", 2, 0)
        assert [each["on"] for each in told["flips"]] == [True, False] * 3
        assert {each["by_new"] for each in told["flips"] if each["on"]} == {0}
        assert all(each["by_new"] for each in told["flips"] if not each["on"])
        assert told["on"]["max"] >= told["on"]["p50"] > 0
        assert not kill_file(banyan).exists()


async def test_a_drill_does_not_begin_while_somebody_means_it(tmp_path: Path) -> None:
    """With the switch on, a drill is refused and the switch stays on."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        await command(banyan)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proxy", "kill", "--drill", "GET", "/live/a", "--yes"),
            *("--config", str(banyan.file)),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()

        assert process.returncode == 1
        assert b"on already" in said
        assert kill_file(banyan).exists()
