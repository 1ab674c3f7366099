"""What Banyan has found by comparing, and when it has compared enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from examples.stage.children import StoryError
from examples.stage.operator import Operator


@dataclass(frozen=True, slots=True)
class Compared:
    """Of a route's present epoch; `worst` is the path that differs most, empty when nothing does."""

    version: str
    compared: int
    mismatch: int
    worst: str


async def compared(operator: Operator, route: str) -> Compared:
    """As Banyan has it now."""
    page: Any = await operator.look(f"/api/routes/{route}") or {}
    clusters: Any = (await operator.look(f"/api/routes/{route}/mismatches") or {}).get("clusters", [])
    epoch = (page.get("evidence") or {}).get("epoch") or {}
    parity = page.get("parity") or {}
    worst = next((each["path"] for each in clusters if each.get("accepted") is None), "")
    return Compared(epoch.get("new_version", ""), parity.get("compared", 0), parity.get("mismatch", 0), worst)


async def until_compared(operator: Operator, route: str, count: int, *, release: int, differs: str = "") -> Compared:
    """With the release that runs; `differs`: a path that has to have been found."""
    found = Compared("", 0, 0, "")

    async def enough() -> bool:
        nonlocal found
        found = await compared(operator, route)
        return found.version == str(release) and found.compared >= count and (not differs or bool(found.worst))

    await operator.until(enough, f"{count} comparisons of {route} with release {release}")
    if differs and differs not in found.worst:
        raise StoryError(f"{route} differs at {found.worst}, not at {differs}")
    return found
