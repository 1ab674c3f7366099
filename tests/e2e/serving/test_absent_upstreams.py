"""A new environment has only some of the services that the file names: Banyan starts, serves those, and says so."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp

from tests.e2e.program import free_port, started, system
from tests.waiting import until

ROUTES = """\
version: 1
listen: "127.0.0.1:{listen}"
admin: "127.0.0.1:{admin}"
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}" }}
  new: {{ url: "http://127.0.0.1:{nobody}", health: /healthz }}
  search: {{ url: "http://search.invalid", health: /healthz }}
routes:
  - {{ name: rest, match: "/**", stage: legacy }}
  - {{ name: orders, match: "/orders", stage: live }}
  - {{ name: search, match: "/search", stage: live, new: search }}
"""


async def test_absent_upstreams_are_told_and_stop_nobody(tmp_path: Path) -> None:
    """Nobody listens at one, the name of another is not known: the start is as ever, routes to others are served.

    Routes to these are 502, which names the upstream and why; `/metrics` and `status` say so, and `check`, which asks
    no network, takes the file.
    """
    listen, admin, nobody = free_port(), free_port(), free_port()
    async with system("legacy") as legacy:
        text = ROUTES.format(listen=listen, admin=admin, legacy=legacy, nobody=nobody)
        (tmp_path / "routes.yaml").write_text(text)
        async with started(tmp_path, listen, admin) as banyan, aiohttp.ClientSession() as session:
            found = {}
            for path in ("/", "/orders", "/search"):
                async with session.get(banyan.url + path) as response:
                    found[path] = (response.status, await response.text())

            async def both_down() -> bool:
                async with session.get(banyan.admin_url + "/metrics") as response:
                    page = await response.text()
                return all(f'banyan_upstream_up{{upstream="{name}"}} 0.0' in page for name in ("new", "search"))

            await until(both_down)
            status, said = await _banyan(tmp_path, "status")
            checked, _ = await _banyan(tmp_path, "check")

    assert found["/"] == (200, "legacy")
    assert found["/orders"][0] == found["/search"][0] == 502
    assert "cannot connect to upstream new" in found["/orders"][1]
    assert "search.invalid: no name server and no hosts file knows it" in found["/search"][1]
    assert (status, checked) == (0, 0)
    down = sorted(line for line in said.splitlines() if " is down since " in line)
    assert [line.split()[0] for line in down] == ["new", "search"]
    assert "it is to answer orders" in down[0]
    assert "it is to answer search" in down[1]


async def _banyan(folder: Path, command: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", command, "--config", str(folder / "routes.yaml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
