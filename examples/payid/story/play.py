"""What the phases play with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from examples.payid.stage.scene import Scene
from examples.payid.story.load import Load
from examples.payid.story.report import Report
from examples.stage.moves import Moves
from examples.stage.telling import Telling

ACCOUNTS = ("account.cart", "account.shop", "account.app")
SERVED_BY = {
    "account.cart": "cart",
    "account.shop": "shop",
    "account.app": "app",
    "cards.list": "cart",
    "cards.add": "app",
    "accounts.add": "app",
}


class KeptTelling(Telling):
    """What was told is searched as well, in the end."""

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__()
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        """One line, as it is."""
        self.lines.append(line)
        super().__call__(line)


@dataclass(slots=True, kw_only=True)
class Play(Moves):
    """`stormed`: how often the cart is timed, quiet and while logins are stormed; `flows`: held open over a move.

    `few`: cards, and accounts, of a step; `told`: the lines so far.
    """

    scene: Scene
    load: Load
    report: Report
    stormed: int
    flows: int
    few: int
    told: list[str]

    def release_of(self, route: str) -> int:
        """Of the API that serves it."""
        return self.scene.releases[SERVED_BY[route]]

    async def reconcile(self) -> int:
        """How many rows differ."""
        async with self.load.stopped():
            said = await self.operator.command("reconcile", "accounts", shows=4)
            runs = (await self.operator.look("/api/reconcile") or {}).get("runs", [])
        if said.code in {0, 1} and runs:
            self.report.rows = int(runs[0]["new_rows"])
            return int(runs[0]["differences"])
        self.report.wrong.append(f"banyan reconcile left with {said.code}")
        return -1

    async def save(self, changed: Callable[[str], str]) -> None:
        """An edit of routes.yaml by hand, in one save, until it is served."""
        before = (await self.operator.look("/api/routes") or {}).get("revision", "")
        routes = self.operator.routes
        routes.save(changed(routes.path.read_text(encoding="utf-8")))
        await self.operator.serves(before)

    async def clusters(self, route: str) -> list[tuple[str, str]]:
        """Kind and path of what differs and is not excused, in order."""
        page = await self.operator.look(f"/api/routes/{route}/mismatches") or {}
        found = [each for each in page.get("clusters", []) if each.get("accepted") is None]
        return sorted((each["kind"], each["path"]) for each in found)

    async def until_found(self, route: str, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
        """All differences of the route, once these are among them, excused or not."""
        found: list[tuple[str, str]] = []

        async def are_there() -> bool:
            page = await self.operator.look(f"/api/routes/{route}/mismatches") or {}
            found[:] = sorted((each["kind"], each["path"]) for each in page.get("clusters", []))
            return set(wanted) <= set(found)

        with self.visitors.awaited(route):
            await self.operator.until(are_there, f"{route} to differ at {', '.join(path for _, path in wanted)}")
        return found

    async def answered_by_new(self, route: str) -> int:
        """How many requests."""
        page = await self.operator.look(f"/api/routes/{route}") or {}
        return int(page.get("traffic", {}).get("new", 0))
