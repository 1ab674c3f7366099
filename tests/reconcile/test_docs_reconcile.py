"""docs/reconcile.md, played: its statements on two real databases, its commands beside a running Banyan."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

from proxy.core.outcome import Side
from tests.docs.walkthrough import Shell, shell, steady
from tests.e2e.program import free_port
from tests.reconcile.conftest import TwoDatabases
from tests.waiting import until

PAGE = (Path(__file__).parents[2] / "docs" / "reconcile.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<kind>sql legacy|sql new|yaml|console)\n(?P<text>.*?)^```\n", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
PORTS = ("8080", "9090")


async def until_said(running: Shell, command: str, shown: str) -> None:
    """A command that only reads is given again until it says so, as a person would: the judge looks once a second."""
    last = [""]

    async def is_said() -> bool:
        last[0] = await asyncio.to_thread(running.run, command)
        return steady(last[0]) == steady(shown)

    if command.startswith("banyan status"):
        with contextlib.suppress(TimeoutError):
            await until(is_said)
    else:
        await is_said()
    assert (command, steady(last[0])) == (command, steady(shown))


async def test_every_command_says_what_the_page_says(databases: TwoDatabases, tmp_path: Path) -> None:
    """But for numbers that are others in each run."""
    ports = {port: str(free_port()) for port in PORTS}

    def swapped(text: str) -> str:
        return re.sub(r"\b(8080|9090)\b", lambda found: ports[found[0]], text)

    with shell(tmp_path) as running:
        for name, side in (("CARDS_URL", Side.LEGACY), ("ACCOUNTS_URL", Side.NEW)):
            running.run(f"export {name}='{databases.urls[side]}'")
        for block in BLOCK.finditer(PAGE):
            match block["kind"]:
                case "sql legacy":
                    await databases.legacy(block["text"])
                case "sql new":
                    await databases.new(block["text"])
                case "yaml":
                    (tmp_path / "routes.yaml").write_text(swapped(block["text"]), encoding="utf-8")
                case _:
                    for command, shown in COMMAND.findall(block["text"]):
                        await until_said(running, swapped(command), shown)
