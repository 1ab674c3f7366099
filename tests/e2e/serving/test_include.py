"""`include` as a whole: real processes, files written one after another, a start beside a bad one."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.e2e.program import Program, free_port, started, system, write
from tests.waiting import until

ROOT = Path(__file__).parents[3]
MAIN = """\
version: 1
include: [systems.yaml, teams/orders.yaml]
listen: "127.0.0.1:{listen}"
admin: "127.0.0.1:{admin}"
routes:
  - {{ name: rest, match: "/**", stage: legacy }}
"""
SYSTEMS = """\
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}" }}
  new: {{ url: "http://127.0.0.1:{new}" }}
"""
ORDERS = """\
# Team orders.
routes:
  - { name: orders, match: "/orders/**", stage: legacy }  # theirs
"""


@asynccontextmanager
async def several(folder: Path) -> AsyncIterator[Program]:
    """Banyan with three files, and both systems."""
    listen, admin = free_port(), free_port()
    (folder / "teams").mkdir()
    async with system("legacy") as legacy, system("new") as new:
        (folder / "routes.yaml").write_text(MAIN.format(listen=listen, admin=admin))
        (folder / "systems.yaml").write_text(SYSTEMS.format(legacy=legacy, new=new))
        (folder / "teams" / "orders.yaml").write_text(ORDERS)
        async with started(folder, listen, admin) as banyan:
            yield banyan


async def answers(banyan: Program, stop: asyncio.Event) -> Counter[tuple[int, str]]:
    """What one client gets until it is told to stop."""
    found: Counter[tuple[int, str]] = Counter()
    async with aiohttp.ClientSession() as session:
        while not stop.is_set():
            async with session.get(banyan.url + "/orders/1") as response:
                found[response.status, await response.text()] += 1
            await asyncio.sleep(0.01)
    return found


async def banyan_says(folder: Path, *words: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", *words),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_an_edit_of_several_files_is_taken_as_one_under_load(tmp_path: Path) -> None:
    """A route that moves from one file to another, by way of being in both, is never gone and never refused."""
    async with several(tmp_path) as banyan:
        stop = asyncio.Event()
        load = asyncio.ensure_future(answers(banyan, stop))
        route = ORDERS.splitlines()[2].replace("stage: legacy", "stage: live")
        main = banyan.file.read_text()
        write(banyan.file, main + route + "\n")
        write(
            banyan.file.parent / "teams" / "orders.yaml", 'routes:\n  - { name: more, match: "/more", stage: legacy }\n'
        )
        await banyan.until_logged("config_reloaded")
        await banyan.until_ready()
        await until(lambda: _served(banyan, "live"))
        stop.set()
        found = await load
        refused = banyan.events("config_refused")
        routes = (await banyan.api())["routes"]

    assert isinstance(routes, list)
    assert {status for status, _ in found} == {200}
    assert refused == []
    assert [(each["name"], each["written_in"]) for each in routes] == [
        ("rest", "routes.yaml"),
        ("orders", "routes.yaml"),
        ("more", "teams/orders.yaml"),
    ]


async def _served(banyan: Program, stage: str) -> bool:
    view = await banyan.api("/api/routes/orders")
    runs = view["runs"]
    assert isinstance(runs, dict)
    return bool(runs["stage"] == stage)


async def test_an_included_file_that_goes_away_leaves_all_as_it_is(tmp_path: Path) -> None:
    """The old table serves, the problem is told with its place; SIGHUP tells again, and takes it back at once."""
    async with several(tmp_path) as banyan:
        before = (await banyan.api())["revision"]
        orders = tmp_path / "teams" / "orders.yaml"
        orders.rename(orders.with_suffix(".bak"))
        await banyan.until_logged("config_refused")
        async with aiohttp.ClientSession() as session, session.get(banyan.url + "/orders/1") as response:
            text = await response.text()
        missing = await banyan.api()
        banyan.signal(signal.SIGHUP)
        await banyan.until_logged("config_refused", 2)
        orders.with_suffix(".bak").rename(orders)
        banyan.signal(signal.SIGHUP)
        await banyan.until_logged("config_reloaded")
        after = await banyan.api()

    reload = missing["reload"]
    assert isinstance(reload, dict)
    assert text == "legacy"
    assert reload["problems"] == [
        f'{banyan.file}:2:25: include[1]: "teams/orders.yaml" is not there; put it there, or take it out'
    ]
    assert (missing["revision"], after["revision"]) == (before, before)


async def test_a_bad_included_file_at_start_falls_back_to_all_that_was_good(tmp_path: Path) -> None:
    """Two files were edited, one badly: the start serves what was good together, and says what is wrong where."""
    async with several(tmp_path) as banyan:
        before = (await banyan.api())["revision"]
    (tmp_path / "teams" / "orders.yaml").write_text(ORDERS.replace("stage: legacy", "stage: legcy"))
    text = (tmp_path / "systems.yaml").read_text().replace("  new:", "  other:")
    (tmp_path / "systems.yaml").write_text(text)
    async with started(tmp_path, banyan.listen, banyan.admin) as again:
        found = await again.api()

    reload = found["reload"]
    assert isinstance(reload, dict)
    assert found["revision"] == before
    assert reload["ok"] is False
    assert reload["problems"][0].startswith(f"{tmp_path}/teams/orders.yaml:3:49: routes[0].stage: must be one of")


async def test_commands_name_the_file_of_a_route(tmp_path: Path) -> None:
    """`status` has a column, `explain` the file and line, `plan` compares all files with those that run."""
    async with several(tmp_path) as banyan:
        _, status = await banyan_says(tmp_path, "status")
        _, one = await banyan_says(tmp_path, "status", "--route", "orders")
        _, explained = await banyan_says(tmp_path, "explain", "GET", "/orders/1")
        orders = tmp_path / "teams" / "orders.yaml"
        for name in ("routes.yaml", "systems.yaml", "teams/orders.yaml"):
            (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / name, tmp_path / "copy" / name)
        edited = tmp_path / "copy" / "teams" / "orders.yaml"
        edited.write_text(orders.read_text().replace("stage: legacy", "stage: live"))
        _, plan = await banyan_says(tmp_path, "plan", "--file", "copy/routes.yaml")
        checked, said = await banyan_says(tmp_path, "check")
        revision = (await banyan.api())["revision"]

    assert "route  written in  stage" in status
    assert "orders  teams/orders.yaml  legacy" in status
    assert "teams/orders.yaml:3" in one
    assert "teams/orders.yaml:3" in explained
    assert "routes.yaml:6" in explained
    assert "orders" in plan
    assert "rest" not in plan
    assert checked == 0
    assert f"fine: 2 routes (legacy 2), 2 upstreams (legacy, new), no warnings; revision {revision}" in said
