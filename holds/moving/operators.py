"""Operators who give orders to routes as they come, and what they are told.

Each order has a name, `rollback 17`, which stands in the reason of the moves that it makes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from holds.moving.answers import Told
from holds.moving.history import Place
from tests.e2e.program import Program

TENANTS = 40
PAUSE = 0.05
"""An operator waits for up to so many seconds between two orders."""
VERBS = (*("resume",) * 6, "rollback", "rollback", "hold", "promote", "promote", "step", "pin", "unpin", "drain")


@dataclass(slots=True, kw_only=True)
class Operators:
    """They draw replicas and routes; `told` is every answer, `tags` the last one that was seen of each route."""

    banyans: Sequence[Program]
    names: Sequence[str]
    session: aiohttp.ClientSession
    told: list[Told] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)

    async def operate(self, number: int, until: float, dice: random.Random) -> None:
        """One of them, until then by the monotonic clock."""
        count = 0
        while time.monotonic() < until:
            count += 1
            await asyncio.sleep(dice.uniform(0.0, PAUSE))
            await self._order(dice, f"{number}{count:06}")

    async def _order(self, dice: random.Random, number: str) -> None:
        """One order; a promotion, and every third other, with the tag that was seen last."""
        banyan, route, drawn = dice.choice(self.banyans), dice.choice(self.names), dice.choice(VERBS)
        if drawn == "promote":
            await self._look(banyan, route)
        path, said = _asked(drawn, dice)
        name = f"{path} {number}"
        tag = self.tags.get(route) if drawn == "promote" or dice.random() < 1 / 3 else None
        headers = {"If-Match": tag} if tag else {}
        url = f"{banyan.admin_url}/api/routes/{route}/{path}"
        body: dict[str, Any] = {**said, "reason": name, "by": "operator"}
        try:
            async with self.session.post(url, json=body, headers=headers) as answer:
                self._note(name, route, answer.status, await answer.json(content_type=None))
                self.tags[route] = answer.headers.get("ETag") or self.tags.get(route, "")
                self.statuses[f"{drawn}: {answer.status}"] += 1
        except (aiohttp.ClientError, TimeoutError):
            self.statuses[f"{drawn}: no answer"] += 1

    async def _look(self, banyan: Program, route: str) -> None:
        """The tag is of what was seen."""
        try:
            async with self.session.get(f"{banyan.admin_url}/api/routes/{route}") as answer:
                runs = (await answer.json())["runs"]
        except (aiohttp.ClientError, TimeoutError):
            return
        self.tags[route] = f'"{runs.get("tag", "v0")}"'

    def _note(self, name: str, route: str, status: int, body: Mapping[str, Any]) -> None:
        if status != 200:
            self.told.append(Told(name=name, route=route, status=status))
            return
        for each in ({**body, "route": route}, *body["group"]):
            told = Told(
                name=name,
                route=each["route"],
                status=status,
                moved=each["moved"],
                version=each["version"],
                runs=place_of(each["runs"]),
                start=place_of(each["from"]) if "from" in each else None,
                latched=each.get("latched"),
                held=each.get("held"),
                everywhere=body["everywhere"],
            )
            self.told.append(told)


def _asked(drawn: str, dice: random.Random) -> tuple[str, dict[str, object]]:
    """The last part of the path, and the body."""
    tenant = str(dice.randrange(TENANTS))
    match drawn:
        case "step":
            return "rollback", {"step": True}
        case "pin":
            return "pin", {"cohort": tenant, "side": dice.choice(["legacy", "new"]), "seconds": 5}
        case "unpin":
            return "pin", {"cohort": tenant}
        case "drain":
            return "drain", {"off": dice.random() < 0.7}
        case _:
            return drawn, {}


def place_of(said: Mapping[str, Any]) -> Place:
    """As the API says it."""
    return said["stage"], round(said["split"], 6)
