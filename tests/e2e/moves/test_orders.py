"""What operators order, through the whole program: every worker follows, and no restart forgets it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.program import Program, program, started, system, write
from tests.waiting import until

ROUTES = """\
  - { name: split, match: /split/**, stage: canary, split: 100%, cohort: "header:X-Tenant-Id" }
  - { name: rest, match: "/**", stage: legacy }
"""
TOKEN = "t0ken"
NONE: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators may change things."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)


async def order(banyan: Program, verb: str, route: str = "split", **said: object) -> tuple[int, dict[str, Any]]:
    """Status and body of a POST."""
    url = f"{banyan.admin_url}/api/routes/{route}/{verb}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=said, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def served(
    banyan: Program, headers: Mapping[str, str] = NONE, *, target: str = "/split/a", times: int = 12
) -> set[str]:
    """Who answers: each request on a connection of its own, so that every worker has its share."""
    found = set()
    for _ in range(times):
        async with aiohttp.ClientSession() as session, session.get(banyan.url + target, headers=headers) as answer:
            found.add(await answer.text())
    return found


async def until_served(banyan: Program, by: str, headers: Mapping[str, str] = NONE) -> None:
    """Wait until this side alone answers."""

    async def alone() -> bool:
        return await served(banyan, headers) == {by}

    await until(alone)


async def test_a_rollback_reaches_every_worker_and_outlives_them(tmp_path: Path) -> None:
    """When the answer says done, both workers serve legacy; so do reborn workers, control, and the next start."""
    async with system("legacy") as legacy, system("new") as new:
        async with program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan:
            before = await served(banyan)
            status, body = await order(banyan, "rollback", reason="loses orders")
            after = await served(banyan)
            for child in ("worker-0", "worker-1", "control"):
                os.kill(banyan.child(child), signal.SIGKILL)
            reborn = await served(banyan)
            await banyan.until_logged("control_started", 2)
            transitions: Any = await banyan.api("/api/routes/split")
        async with started(tmp_path, banyan.listen, banyan.admin) as again:
            next_start = await served(again)

    assert (before, after, reborn, next_start) == ({"new"}, {"legacy"}, {"legacy"}, {"legacy"})
    assert (status, body["done"], body["runs"], body["latched"]) == (200, True, {"stage": "shadow", "split": 0.0}, True)
    assert transitions["runs"]["latched"]
    assert "resume" in transitions["runs"]["reason"]


async def test_resume_and_an_edit_end_a_rollback(tmp_path: Path) -> None:
    """A latched route cannot be promoted; resume brings back what the file says, and so does an edit of its split."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        await order(banyan, "rollback")
        refused, why = await order(banyan, "promote")
        await order(banyan, "resume")
        resumed = await served(banyan)
        await order(banyan, "rollback")
        rolled_back = await served(banyan)
        write(banyan.file, banyan.file.read_text().replace("split: 100%", "split: 99.99%"))
        await until_served(banyan, "new")

    assert (refused, resumed, rolled_back) == (409, {"new"}, {"legacy"})
    assert "say `banyan resume split` first" in why["detail"]


async def test_an_edit_lowers_while_control_is_away(tmp_path: Path) -> None:
    """Workers that begin with a lower stage in the file than was ordered run the file's, without asking anybody."""
    async with system("legacy") as legacy, system("new") as new:
        async with program(tmp_path, ROUTES.replace("100%", "1%"), legacy=legacy, new=new) as banyan:
            for _ in range(4):
                await order(banyan, "promote")
            promoted: Any = await banyan.api("/api/routes/split")
        text = banyan.file.read_text()
        banyan.file.write_text(text.replace("stage: canary, split: 1%", "stage: legacy"))
        async with started(tmp_path, banyan.listen, banyan.admin) as again:
            lowered = await served(again)

    assert promoted["runs"]["split"] == 0.98
    assert lowered == {"legacy"}


async def test_pins_outrank_stage_and_split(tmp_path: Path) -> None:
    """One tenant tries new while legacy answers all others, and stays with legacy while new answers them."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES.replace("100%", "50%"), legacy=legacy, new=new, workers=2) as banyan,
    ):
        await order(banyan, "rollback")
        await order(banyan, "pin", cohort="acme", side="new")
        pinned = await served(banyan, {"X-Tenant-Id": "acme"}), await served(banyan, {"X-Tenant-Id": "other"})
        (banyan.file.parent / ".banyan" / "kill").touch()
        await until_served(banyan, "legacy", {"X-Tenant-Id": "acme"})
        (banyan.file.parent / ".banyan" / "kill").unlink()
        await until_served(banyan, "new", {"X-Tenant-Id": "acme"})
        await order(banyan, "pin", cohort="acme", side="legacy")
        denied = await served(banyan, {"X-Tenant-Id": "acme"})
        status, _ = await order(banyan, "pin", cohort="acme", side=None)
        again, _ = await order(banyan, "pin", cohort="acme", side=None)

    assert pinned == ({"new"}, {"legacy"})
    assert (denied, status, again) == ({"legacy"}, 200, 409)


async def test_a_drain_keeps_those_that_are_there(tmp_path: Path) -> None:
    """Cohorts that new has served stay with it, others go to legacy, until the drain is called off."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        await served(banyan, {"X-Tenant-Id": "here"}, times=1)
        await order(banyan, "drain")
        present = await served(banyan, {"X-Tenant-Id": "here"}, times=3)
        newcomer = await served(banyan, {"X-Tenant-Id": "later"}, times=3)
        await order(banyan, "drain", off=True)
        after = await served(banyan, {"X-Tenant-Id": "later"}, times=3)

    assert (present, newcomer, after) == ({"new"}, {"legacy"}, {"new"})


async def command(banyan: Program, *said: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `banyan …`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", *said, "--config", str(banyan.file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_commands_say_what_became_of_it(tmp_path: Path) -> None:
    """Each verb as a command: exit 0 when all obey, 1 with the sentence when refused; status has the reason."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        back = await command(banyan, "rollback", "split", "--reason", "loses orders")
        refused = await command(banyan, "promote", "split")
        status = await command(banyan, "status")
        resumed = await command(banyan, "resume", "split", "--json")
        pinned = await command(banyan, "pin", "split", "acme", "--to", "legacy", "--for", "2h")
        unknown = await command(banyan, "hold", "nothing")
        transitions: Any = await banyan.api("/api/transitions?route=split")

    assert (back[0], back[1].splitlines()[0]) == (0, "split: canary 100% → shadow, rolled back until resume")
    assert back[1].splitlines()[1].startswith("  obeys  ")
    assert (refused[0], "say `banyan resume split` first" in refused[2]) == (1, True)
    assert "split runs shadow, the file says canary 100%: rolled back by" in status[1]
    assert "loses orders" in status[1]
    assert (resumed[0], json.loads(resumed[1])["runs"]) == (0, {"stage": "canary", "split": 1.0})
    assert (pinned[0], unknown[0], "there is no route 'nothing'" in unknown[2]) == (0, 1, True)
    assert [each["cause"] for each in transitions["transitions"]] == ["resume", "operator"]


async def test_who_looked_at_something_else_is_refused(tmp_path: Path) -> None:
    """A tag of `GET /api/routes/{name}` holds while traffic flows, and no longer once the route was moved."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
    ):
        url = f"{banyan.admin_url}/api/routes/split"
        async with session.get(url) as answer:
            tag = answer.headers["ETag"]
        await served(banyan)
        statuses = []
        for verb in ("hold", "resume"):
            async with session.post(f"{url}/{verb}", headers={"If-Match": tag}) as answer:
                statuses.append(answer.status)
        async with session.get(url) as answer:
            held = (await answer.json())["runs"]

    assert statuses == [200, 412]
    assert held["held"]


async def test_a_local_operator_needs_no_token_that_nobody_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the token that was made at the start; without it nothing moves, and it is shown nowhere."""
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN")
    file = tmp_path / ".banyan" / "admin.token"
    async with system("legacy") as legacy, system("new") as new:
        async with program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan:
            token = file.read_text().strip()
            mode = stat.S_IMODE(file.stat().st_mode)
            status, refused = await order(banyan, "hold")
            said = [await command(banyan, *each) for each in ORDERS]
            pages = [await banyan.api(path) for path in ("/api/routes", "/api/routes/split", "/api/transitions")]
            lines = list_of_processes()
        async with started(tmp_path, banyan.listen, banyan.admin) as again:
            held = await command(again, "hold", "split")

    assert mode == 0o600
    assert (status, refused["detail"]) == (401, f"send what stands in {file} as a bearer token")
    assert [code for code, _, _ in said] == [0] * len(ORDERS)
    assert (held[0], file.read_text().strip()) == (0, token)
    seen = (*banyan.lines, *again.lines, repr(said).encode(), repr(pages).encode(), repr(held).encode(), *lines)
    assert not any(token.encode() in each for each in seen)


async def test_a_state_directory_that_cannot_be_written_leaves_orders_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says why nobody can give orders; what only reads goes on."""
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN")
    (tmp_path / ".banyan").write_text("a file in its place")
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        refused = await command(banyan, "hold", "split")
        status = await command(banyan, "status")

    assert (refused[0], "has no token" in refused[2]) == (1, True)
    assert status[0] == 0
    assert [entry["file"] for entry in banyan.events("admin_token_not_kept")] == [str(tmp_path / ".banyan/admin.token")]


ORDERS = (("hold", "split", "--json"), ("resume", "split"), ("status",), ("status", "--json"), ("plan",))


def list_of_processes() -> list[bytes]:
    """The command lines of all processes that can be seen."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return found
