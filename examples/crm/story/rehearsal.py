"""The same writes on two copies of the database: one written by the customer service, one by the CRM back end.

Rule 1: the copies are of one dump, taken from the read replica while clients go on; the primary is not asked.
Rule 2: each side has the writes in the same order, one after the other: both draw the same numbers for new rows.
Rule 3: the customer service writes its copy once: it does not change, and whatever release of the other side comes next
        begins from the same dump.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import aiohttp

from examples.crm.stage.scene import COPIES, Scene, answers
from examples.crm.story.rehearsed_writes import RehearsedWrites, alike
from examples.crm.story.report import Differing
from examples.stage.children import Child, StoryError
from examples.stage.commands import run_to_end
from examples.stage.released import SOCKET, listening_socket

_DUMPED = "copied"
"""The database that a dump was read into; copies are made of it."""
_REHEARSAL = "CREATE TABLE rehearsal AS SELECT timezone('utc', now()) AS begun"
_LINE = re.compile(r"\s*([\d,]+)\s+(other values|only at legacy|only at new|there more than once)\s*(\S*)")
_SUMMARY = re.compile(r"\s*(\w+): [\d,]+ rows at legacy")


@dataclass(slots=True)
class Rehearsal:
    """`seconds`: that the last one took."""

    scene: Scene
    writes: RehearsedWrites
    seconds: float = 0.0
    _of_legacy: list[tuple[int, object]] = field(default_factory=list)

    async def play(self) -> int:
        """With the release that runs: how many writes were answered alike."""
        if not self._of_legacy:
            await self._dump()
            await self._copy(COPIES[0])
        await self._copy(COPIES[1])
        began = time.monotonic()
        self._of_legacy, of_new = await asyncio.gather(self._by_legacy(), self._by_new())
        self.seconds = time.monotonic() - began
        return alike(self._of_legacy, of_new)

    async def _by_legacy(self) -> list[tuple[int, object]]:
        """Rule 3."""
        if self._of_legacy:
            return self._of_legacy
        port = self.scene.rehearsal[0]
        service = self._start("rehearsed-customer-service", "customer_service", self._settings(COPIES[0], legacy=port))
        return await self._sent(service, port)

    async def _by_new(self) -> list[tuple[int, object]]:
        port = self.scene.rehearsal[1]
        with listening_socket(port) as listener:
            number = listener.fileno()
            more = {**self._settings(COPIES[1], new=port), SOCKET: str(number)}
            name = f"rehearsed-backend-{self.scene.where.release}"
            return await self._sent(self._start(name, "crm_backend", more, number), port)

    def _settings(self, copy: str, **ports: int) -> Mapping[str, str]:
        """Everything on the copy, and nobody asks Google."""
        at = self.scene.databases.others.address("postgres", copy)
        where = replace(self.scene.where, primary=at, crm_primary=at, replica=at, projects="", **ports)  # type: ignore[arg-type]
        return where.variables

    def _start(self, name: str, module: str, more: Mapping[str, str], *hands_down: int) -> Child:
        return self.scene.children.python(
            name, f"examples.crm.systems.{module}", more=more, hands_down=tuple(hands_down)
        )

    async def _sent(self, child: Child, port: int) -> list[tuple[int, object]]:
        """Rule 2: status and id of each answer; then the system is ended."""
        operator, found = self.scene.operator, []
        await operator.until(partial(answers, self.scene.client, port, "/customers/1"), f"{child.name} to answer")
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            for each in self.writes.writes:
                async with client.request(each.method, each.target, json=each.sent) as answer:
                    found.append((answer.status, (await answer.json()).get("id")))
        await asyncio.to_thread(self.scene.children.end, child)
        return found

    # -- databases ----------------------------------------------------------------------------------------------------

    async def _dump(self) -> None:
        """Rule 1."""
        databases, folder = self.scene.databases, self.scene.folder
        file = str(folder / "dump.sql")
        await self._run("pg_dump", databases.replica_address, "--no-owner", "--no-privileges", "-f", file)
        await self._create(_DUMPED, "template0")
        await self._run(
            "psql", databases.others.address("postgres", _DUMPED), "-qX", "-v", "ON_ERROR_STOP=1", "-f", file
        )
        connection = await databases.others.connect(self.scene.children, _DUMPED)
        try:
            await connection.execute(_REHEARSAL)
        finally:
            await connection.close()

    async def _copy(self, name: str) -> None:
        await self._create(name, _DUMPED)

    async def _create(self, name: str, template: str) -> None:
        connection = await self.scene.databases.others.connect(self.scene.children)
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await connection.close()

    async def _run(self, program: str, address: str, *words: str) -> None:
        """One of PostgreSQL's own programs."""
        path = Path(self.scene.databases.primary.binaries.folder, program)
        ran = await run_to_end([str(path), "-d", address, *words], env={**os.environ, "LC_ALL": "C"})
        if ran.code:
            raise StoryError(f"{program} failed: {ran.text.strip()[-500:]}")


def rows_that_differ(said: str) -> Differing:
    """What `banyan reconcile --by-column` has printed: keys by check, how and where."""
    found: dict[tuple[str, str, str], int] = {}
    waiting: list[tuple[str, str, int]] = []
    for line in said.splitlines():
        if counted := _LINE.match(line):
            waiting.append((counted[2], counted[3].strip("–"), int(counted[1].replace(",", ""))))
        elif summed := _SUMMARY.match(line):
            found |= {(summed[1], how, column): keys for how, column, keys in waiting}
            waiting = []
    return found
