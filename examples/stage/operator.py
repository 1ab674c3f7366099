"""What an operator does with Banyan: edits routes.yaml, gives commands, looks at the admin API."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from examples.stage.children import ROOT, Children, StoryError
from examples.stage.commands import Said, run_to_end
from examples.stage.routes import RoutesFile


@dataclass(slots=True)
class Operator:
    """`tell` is given each line of the story; `prefix` stands before each command, such as a namespace.

    `replicas`: the admin ports of further Banyans that read the same file; `moves`: seconds from each edit until all
    of them ran as it says; `orders`: commands that were told.
    """

    children: Children
    routes: RoutesFile
    admin: str
    client: aiohttp.ClientSession
    tell: Callable[[str], None]
    prefix: Sequence[str] = ()
    replicas: list[str] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)
    orders: int = 0

    async def edit(self, *routes: str, **values: str) -> None:
        """Change these routes in one save, tell of it, and wait until they run so, in every worker."""
        await self._save(partial(self.routes.set_all, routes, **values), routes)

    async def replace(self, where: str, key: str, before: str, after: str) -> None:
        """Change a value that is none of a route; `where` it stands, and as what, is told."""

        def change() -> dict[str, list[str]]:
            text = self.routes.path.read_text(encoding="utf-8")
            self.routes.save(text.replace(before, after))
            return {where: [f"{key}: {before} → {after}"]} if before in text else {}

        await self._save(change)

    async def _save(self, change: Callable[[], dict[str, list[str]]], routes: Sequence[str] = ()) -> None:
        before, since = (await self.look("/api/routes") or {}).get("revision", ""), time.monotonic()
        said = await asyncio.to_thread(change)
        if not said:
            return
        for where, changes in said.items():
            self.tell(f"  edit   {self.routes.path.name}, {where}: {'; '.join(changes)}")
        await self.serves(before)
        moved = said.keys() & set(routes)
        await self.until(partial(self._run, moved), f"{', '.join(moved)} to run as routes.yaml says")
        self.moves.append(time.monotonic() - since)

    async def _run(self, names: set[str]) -> bool:
        """Whether routes stand where the file has them: those that write to both sides wait for what is on its way."""
        for admin in (self.admin, *self.replicas):
            routes: list[dict[str, Any]] = (await self.look("/api/routes", admin) or {}).get("routes", [])
            if names - {route["name"] for route in routes if _runs_as_said(route)}:
                return False
        return True

    async def serves(self, before: str = "") -> None:
        """Until another revision than `before` runs."""

        async def run() -> bool:
            return all([await self._serves(admin, before) for admin in (self.admin, *self.replicas)])

        await self.until(run, "Banyan to serve routes.yaml as it stands")

    async def _serves(self, admin: str, before: str) -> bool:
        status = await self.look("/api/routes", admin)
        if status is None:
            return False
        if problems := status.get("reload", {}).get("problems"):
            raise StoryError("routes.yaml has problems: " + "; ".join(problems))
        workers = status["workers"]
        return status["revision"] != before and bool(workers) and all(each["serves_current"] for each in workers)

    async def look(self, path: str, admin: str = "") -> Any:  # noqa: ANN401 -- JSON
        """A page of the admin API; None while it has none. `admin`: of another Banyan than the first."""
        try:
            async with self.client.get((admin or self.admin) + path) as answer:
                return await answer.json(content_type=None) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def metric(self, name: str, having: str = "") -> float:
        """The sum of a metric over its labels and all Banyans, of those lines that have this text."""
        found = 0.0
        for admin in (self.admin, *self.replicas):
            async with self.client.get(admin + "/metrics") as answer:
                lines = (await answer.text()).splitlines()
            told = (line for line in lines if line.startswith((name + " ", name + "{")) and having in line)
            found += sum(float(line.rsplit(" ", 1)[1]) for line in told)
        return found

    async def until(self, found: Callable[[], Awaitable[bool]], what: str) -> None:
        """Look until it is so; StoryError when it takes too long, or a process ends."""
        await self.children.until(found, what)

    async def command(
        self, *words: str, given: str = "", shows: int = 12, more: Mapping[str, str] | None = None
    ) -> Said:
        """`banyan WORDS` in the folder of routes.yaml; told with so many lines of what it printed, and the last.

        `more` is for its environment.
        """
        path = os.pathsep.join(each for each in (str(ROOT), os.environ.get("PYTHONPATH", "")) if each)
        said = await run_to_end(
            [*self.prefix, sys.executable, "-P", "-m", "proxy", *words],
            given=given,
            folder=self.routes.path.parent,
            env={**os.environ, **self.children.variables, "PYTHONPATH": path, "COLUMNS": "100", **(more or {})},
        )
        if shows:
            self.orders += 1
            self.tell(f"  $ banyan {' '.join(words)}")
            lines = [line for line in said.text.splitlines() if line.strip()]
            if len(lines) > shows:
                lines[shows - 1 : -1] = [f"… {len(lines) - shows} lines more"]
            for line in lines:
                self.tell(f"    {line}")
        return said

    async def json(self, *words: str) -> Any:  # noqa: ANN401 -- JSON
        """What a command says to scripts; it is not told of."""
        said = await self.command(*words, "--json", shows=0)
        try:
            return json.loads(said.text)
        except ValueError as error:
            raise StoryError(f"banyan {' '.join(words)}: {said.text}") from error


def _runs_as_said(route: Mapping[str, Any]) -> bool:
    said, runs = route["file"], route["runs"]
    return all(said.get(key) == runs.get(key) for key in ("stage", "split"))


def own_copy(example: Path, folder: Path, name: str = "routes.yaml") -> RoutesFile:
    """A file of the example in the folder in which the story plays."""
    copy = folder / name
    copy.write_text((example / name).read_text(encoding="utf-8"), encoding="utf-8")
    return RoutesFile(copy)
