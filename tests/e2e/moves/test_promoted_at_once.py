"""Several people who promote a route at the same time, each by the command of a shell."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from tests.e2e.program import Program, program, system

ROUTES = """\
  - { name: split, match: /split/**, stage: canary, split: 5%, cohort: "header:X-Tenant-Id" }
  - { name: rest, match: "/**", stage: legacy }
"""


async def commanded(banyan: Program, *arguments: str) -> tuple[int | None, str]:
    """Exit code, and what was complained of."""
    config = ("--config", str(banyan.file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "proxy", *arguments, *config, stdout=PIPE, stderr=PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_of_three_at_once_one_moves_the_route(tmp_path: Path) -> None:
    """It goes up by one step; the two others exit with 1 and are told by whom, from where and to where."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        found = await asyncio.gather(*(commanded(banyan, "promote", "split", "--reason", f"{each}") for each in "abc"))
        route: Any = await banyan.api("/api/routes/split")

    refused = [said for code, said in found if code == 1]
    assert sorted(code for code, _ in found if code is not None) == [0, 1, 1]
    assert all("promote by " in said and "canary 5% → canary 25%" in said for said in refused), refused
    assert route["runs"]["split"] == 0.25


async def test_one_after_the_other_both_move_it(tmp_path: Path) -> None:
    """A script that promotes twice is not taken for two people."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        codes = [(await commanded(banyan, "promote", "split"))[0] for _ in range(2)]
        route: Any = await banyan.api("/api/routes/split")

    assert (codes, route["runs"]["split"]) == ([0, 0], 0.5)
