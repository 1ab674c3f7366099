"""Who calls, all through the story: the inside sales, and by it another domain's service; every answer is looked at.

Rule 1: what somebody reads of a customer is at least as new as what he has written, whichever side answers.
Rule 2: of a customer one thing happens at a time; it is always the same operator who does it.
Rule 3: now and then somebody asks for a customer that is not there, or changes one that he has not seen last. Those are
        planted: they must get 404 and 409.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from examples.crm.systems.settings import OPERATOR
from examples.stage.visitors import Visitors, chosen

OPERATORS = 24
SEED = 16
STATUSES = ("lead", "booked", "visited", "bought", "declined")
SOURCES = ("tv", "web", "flyer", "referral")
KINDS = ("visit", "shop", "parcel", "online")
CATEGORIES = ("kimono", "gold", "stamps", "watch", "liquor")
NOBODY = 999_999_999
_USE = {
    "customers.show": 24,
    "customers.search": 14,
    "customers.create": 16,
    "customers.change": 14,
    "appointments": 12,
    "items": 10,
    "valuations": 4,
    "miss": 3,
    "unseen": 3,
}
"""What they do, in a hundred visits, by the route that it is for."""


@dataclass(slots=True, kw_only=True)
class Load(Visitors):
    """`customers` were there at the beginning, with these as their ids from 1 on."""

    banyan: str
    client: aiohttp.ClientSession
    customers: int
    valued: int = 0
    _taken: set[int] = field(default_factory=set)
    _dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- a seed, not a secret

    async def visit(self) -> None:
        """One of what they do all day."""
        async with self._customer() as number:
            await self._work()(number)

    def _work(self) -> Callable[[int], Any]:
        works: dict[str, Callable[[int], Any]] = {
            "customers.show": self.show,
            "customers.search": self.search,
            "customers.create": self.create,
            "customers.change": self.change,
            "appointments": self.book,
            "items": self.add,
            "valuations": self.value,
            "miss": self.miss,
            "unseen": self.change_unseen,
        }
        return works[chosen(_USE, self.interest, self._dice)]

    @asynccontextmanager
    async def _customer(self) -> AsyncIterator[int]:
        """One of whom nothing else happens (rule 2)."""
        number = self._dice.randint(1, self.customers)
        while number in self._taken:
            number = self._dice.randint(1, self.customers)
        self._taken.add(number)
        try:
            yield number
        finally:
            self._taken.discard(number)

    # -- customers ----------------------------------------------------------------------------------------------------

    async def show(self, number: int) -> dict[str, Any]:
        """A customer."""
        found = await self._ask("GET", f"/customers/{number}", number)
        self._expect(found, found.get("id") == number, f"customer {number} is {found}")
        return found

    async def search(self, number: int) -> None:
        """By the beginning of the name, or by the phone."""
        query = f"kana=kana%20{number // 10:05}" if number % 2 else f"phone=090-{number:08}"
        found = await self._ask("GET", f"/customers?{query}", number)
        ids = [each["id"] for each in found.get("customers", ())]
        self._expect(found, number in ids, f"{query} has found {ids}")

    async def create(self, number: int) -> None:
        """Somebody rings for the first time."""
        sent = new_customer(self._dice)
        found = await self._ask("POST", "/customers", number, sent, 201)
        self._expect(found, found.get("status") == sent["status"], f"{sent} was made {found}")

    async def change(self, number: int) -> None:
        """After a look at it, and looked at once more (rule 1)."""
        before = await self.show(number)
        if not before:
            return
        sent = {**changes(self._dice), "lock_version": before["lock_version"]}
        if await self._ask("PATCH", f"/customers/{number}", number, sent):
            after = await self.show(number)
            is_newer = after.get("status") == sent["status"] and after["lock_version"] > before["lock_version"]
            self._expect(after, is_newer, f"{sent} was written, and {after} is read")

    # -- what belongs to them -----------------------------------------------------------------------------------------

    async def book(self, number: int) -> None:
        """An appointment, and a look at all of them."""
        made = await self._ask("POST", f"/customers/{number}/appointments", number, appointment(self._dice), 201)
        found = await self._ask("GET", f"/customers/{number}/appointments", number)
        listed = {each["id"]: each.get("kind") for each in found.get("appointments", ())}
        if made:
            self._expect(found, listed.get(made["id"]) == made["kind"], f"{made} was booked, and {found} is read")

    async def add(self, number: int) -> None:
        """Something to sell, which half of them take back; and a look at all."""
        made = await self._ask("POST", f"/customers/{number}/items", number, item(self._dice), 201)
        is_kept = self._dice.random() < 0.5
        if made and not is_kept:
            await self._ask("DELETE", f"/customers/{number}/items/{made['id']}", number)
        found = await self._ask("GET", f"/customers/{number}/items", number)
        ids = [each["id"] for each in found.get("items", ())]
        if made:
            self._expect(found, (made["id"] in ids) is is_kept, f"{made} was {'' if is_kept else 'not '}kept: {ids}")

    async def value(self, number: int) -> None:
        """Another domain's service asks for the customer itself."""
        sent = {"customer_id": number, "sum": self._dice.randrange(1000, 90_000)}
        found = await self._ask("POST", "/valuations", number, sent, 201)
        self._expect(found, found.get("sum") == sent["sum"], f"{sent} was valued {found}")
        self.valued += bool(found)

    # -- what is planted ----------------------------------------------------------------------------------------------

    async def miss(self, number: int) -> None:
        """Rule 3."""
        self.notebook.planted += 1
        await self._ask("GET", f"/customers/{NOBODY}", number, expects=404)

    async def change_unseen(self, number: int) -> None:
        """Rule 3."""
        self.notebook.planted += 1
        await self._ask("PATCH", f"/customers/{number}", number, {**changes(self._dice), "lock_version": -1}, 409)

    # -- asking -------------------------------------------------------------------------------------------------------

    async def _ask(
        self, method: str, target: str, number: int, sent: object = None, expects: int = 200
    ) -> dict[str, Any]:
        """What was said; empty where it was not answered as expected, which is a failure."""
        self.notebook.requests += 1
        fields = {OPERATOR: f"op-{number % OPERATORS:02}"}
        try:
            async with self.client.request(method, self.banyan + target, json=sent, headers=fields) as answer:
                said: dict[str, Any] = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.notebook.fail(self.phase, f"{method} {target}: {type(error).__name__} {error}")
            return {}
        if answer.status != expects:
            self.notebook.fail(self.phase, f"{method} {target}: {answer.status} {said}")
            return {}
        return said

    def _expect(self, found: dict[str, Any], is_so: bool, otherwise: str) -> None:  # noqa: FBT001 -- a verdict
        """What was answered at all must be right."""
        if found and not is_so:
            self.notebook.fail(self.phase, otherwise)


# -- what is sent -----------------------------------------------------------------------------------------------------


def new_customer(dice: random.Random) -> dict[str, Any]:
    """Whom no search of the story finds."""
    number = dice.randrange(10**8)
    return {
        "name": f"caller {number}",
        "kana": f"caller {number:08}",
        "phone": f"080-{number:08}",
        "status": "lead",
        "source": dice.choice(SOURCES),
        "next_call_at": moment(dice),
    }


def changes(dice: random.Random) -> dict[str, Any]:
    """Something that was not so before: a note is never written twice."""
    return {
        "status": dice.choice(STATUSES),
        "note": f"talked about {dice.choice(CATEGORIES)}, {dice.randrange(10**9)}",
        "next_call_at": moment(dice),
    }


def appointment(dice: random.Random) -> dict[str, Any]:
    """At home, or not."""
    return {"kind": dice.choice(KINDS), "starts_at": moment(dice), "place": "at home"}


def item(dice: random.Random) -> dict[str, Any]:
    """Of unknown worth, some of them."""
    estimate = {"estimate": dice.randrange(1, 200) * 500} if dice.random() < 0.7 else {}
    return {"category": dice.choice(CATEGORIES), "title": f"item {dice.randrange(10**6)}", **estimate}


def moment(dice: random.Random) -> str:
    """In Tokyo, in December."""
    return f"2026-12-{dice.randrange(1, 29):02}T{dice.randrange(9, 20):02}:{dice.randrange(0, 60, 5):02}:00+09:00"
