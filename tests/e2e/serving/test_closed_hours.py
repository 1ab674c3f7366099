"""Closed hours of a whole Banyan: what clients, operators and metrics see of them, and an edit that ends them."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from tests.e2e.program import free_port, started, system
from tests.waiting import until

ROUTES = """\
version: 1
listen: "127.0.0.1:{listen}"
admin: "127.0.0.1:{admin}"
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}"{windows} }}
  new: {{ url: "http://127.0.0.1:{new}" }}
routes:
  - {{ name: rest, match: "/**", stage: legacy }}
  - {{ name: orders, match: "/orders", stage: live }}
"""


def windows() -> str:
    """From an hour ago for two hours, of this moment."""
    now = datetime.now(UTC)
    start, end = (f"{now + timedelta(hours=each):%Y-%m-%dT%H:%M:00Z}" for each in (-1, 1))
    return f', windows: [{{ name: nightly, start: "{start}", end: "{end}", answer: 503 }}]'


async def test_closed_hours_are_told_and_end_with_an_edit(tmp_path: Path) -> None:
    """503 with Retry-After on legacy's route alone; `status` and metrics say so; without the window all is
    answered. Of these 503s none is among the 5xx of `status`.
    """
    listen, admin, file = free_port(), free_port(), tmp_path / "routes.yaml"
    rates: dict[str, dict[str, float]] = {}
    async with system("legacy") as legacy, system("new") as new:
        at = {"listen": listen, "admin": admin, "legacy": legacy, "new": new}
        file.write_text(ROUTES.format(windows=windows(), **at))
        async with started(tmp_path, listen, admin) as banyan, aiohttp.ClientSession() as session:
            async with session.get(banyan.url + "/") as refused:
                status, after, problem = refused.status, refused.headers["Retry-After"], await refused.json()
            async with session.get(banyan.url + "/orders") as served:
                other = served.status

            async def counted() -> bool:
                async with session.get(banyan.admin_url + "/metrics") as response:
                    page = await response.text()
                return 'banyan_step_answers_total{route="rest",reason="closed"} 1\n' in page

            async def is_rated() -> bool:
                async with session.get(banyan.admin_url + "/api/routes") as response:
                    rates.update({each["name"]: each["rate"] for each in (await response.json())["routes"]})
                return bool(rates["rest"]["self"])

            await until(counted)
            await until(is_rated)
            told = await _status(tmp_path)
            file.write_text(ROUTES.format(windows="", **at))

            async def is_open() -> bool:
                async with session.get(banyan.url + "/") as answer:
                    return answer.status == 200

            await until(is_open)
            later = await _status(tmp_path)

    assert (status, other) == (503, 200)
    assert 3600 - 120 < int(after) <= 3600
    assert problem["detail"].endswith("(nightly)")
    assert rates["rest"]["failed"] == 0.0
    assert [(each["upstream"], each["window"], each["routes"]) for each in told] == [("legacy", "nightly", ["rest"])]
    assert later == []


async def _status(folder: Path) -> list[dict[str, object]]:
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "proxy", "status", "--json"), cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asked.communicate()
    found: list[dict[str, object]] = json.loads(said)["closed"]
    return found
