"""Partners and the consumer app, all through the story; every answer is looked at.

Rule 1: what a partner reads of a contract is at least as new as what it has written.
        A write that was not begun comes again, once, when the answer says: counted, and no failure.
Rule 2: now and then somebody comes who may not: without a token, with a forged one, without the scope, as another
        partner, or with a signed request of which a byte was changed. Those are planted, and all of them are refused.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from examples.insurance.story.consumer_app import ConsumerApp, SignedRequest
from examples.insurance.story.partner import Partner, forged
from examples.insurance.systems.settings import PARTNERS, READER
from examples.stage.answered import Answered
from examples.stage.visitors import Visitors, chosen

NUMBERS = 10
"""Contracts of each partner."""
SEED = 4
_USE = {"intrude": 4, "app": 12, "plans": 44, "contracts": 40}
"""Who comes, and for what, in a hundred visits."""


@dataclass(slots=True, kw_only=True)
class Load(Visitors):
    """`enforced`: Banyan itself refuses who may not; `revisions` by contract; `barred` partners do not come."""

    banyan: str
    client: aiohttp.ClientSession
    app: ConsumerApp
    partners: Mapping[str, Partner]
    enforced: bool = False
    revisions: Counter[str] = field(default_factory=Counter)
    barred: set[str] = field(default_factory=set)
    signed: int = 0
    wrong_401: int = 0
    refused_by_banyan: int = 0
    _writing: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- a seed, not a secret

    async def visit(self) -> None:
        """One of either, or somebody who may not."""
        match chosen(_USE, self.interest, self._dice):
            case "intrude":
                await self._intrude()
            case "app":
                await self._use_the_app()
            case "plans":
                await self.propose(self._partner())
            case _:
                await self._sell()

    def _partner(self, *, sells: bool = False) -> Partner:
        names = [name for name in self.partners if name not in self.barred and not (sells and name == READER)]
        return self.partners[self._dice.choice(names)]

    # -- partners -----------------------------------------------------------------------------------------------------

    async def propose(self, partner: Partner) -> int:
        """What a plan costs; the status."""
        return await self._ask("GET", self._proposal(), await partner.bearer())

    def _proposal(self) -> str:
        product, age = self._dice.choice(["phone", "bike", "travel"]), self._dice.randrange(20, 65, 5)
        months, insured = self._dice.randrange(1, 37), self._dice.randrange(1, 100) * 100_000
        return f"/plans/proposals?product={product}&age={age}&months={months}&sum={insured}"

    async def _sell(self) -> None:
        partner = self._partner(sells=True)
        number = f"c-{partner.name}-{self._dice.randrange(NUMBERS)}"
        if not self._writing[number].locked():
            await self.sell(partner, number)

    async def sell(self, partner: Partner, number: str) -> None:
        """Write a contract, and look at it (rule 1)."""
        async with self._writing[number]:
            self.revisions[number] = revision = self.revisions[number] + 1
            sent = contract(number, revision, self._dice)
            await self._ask("PUT", f"/contracts/{number}", await partner.bearer(), sent)
            await self._read(partner, number, revision)

    async def _read(self, partner: Partner, number: str, revision: int) -> None:
        found: dict[str, Any] = {}
        status = await self._ask("GET", f"/contracts/{number}", await partner.bearer(), into=found)
        if status == 200:
            self.notebook.reads += 1
            if found["revision"] < revision:
                what = f"{number}: read revision {found['revision']} after {revision} was written"
                self.notebook.fail(self.phase, what)

    async def again(self, number: str) -> None:
        """A contract that was sold before is sent once more, by its partner."""
        await self.sell(self.partners[number[2:].rpartition("-")[0]], number)

    # -- the app ------------------------------------------------------------------------------------------------------

    async def _use_the_app(self) -> None:
        holder = f"user {self._dice.randrange(40)}"
        if self._dice.random() < 0.5:
            number = f"a-{self._dice.randrange(40)}"
            body = json.dumps({**contract(number, 1, self._dice), "holder": holder}).encode()
            request = self.app.signed("PUT", f"/app/contracts/{number}", body)
        else:
            request = self.app.signed("GET", f"/app/policies?holder={holder.replace(' ', '%20')}")
        self.signed += await self._sends(request, 200)

    async def _sends(self, request: SignedRequest, expects: int) -> bool:
        """Whether it was answered so."""
        self.notebook.requests += 1
        try:
            answer = await self.app.send(request)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.notebook.fail(self.phase, f"{request.method} {request.url}: {type(error).__name__} {error}")
            return False
        if answer.status != expects:
            self.notebook.fail(self.phase, f"{request.method} {request.url}: {answer.status} {answer.said}")
        return answer.status == expects

    # -- who may not --------------------------------------------------------------------------------------------------

    async def _intrude(self) -> None:
        """Rule 2."""
        self.notebook.planted += 1
        partner = self._partner()
        match self._dice.randrange(5):
            case 0:
                await self._is_refused(self._proposal(), {}, 401)
            case 1:
                await self._is_refused(self._proposal(), forged(await partner.bearer()), 401)
            case 2:
                await self._is_refused("/contracts/none", await self.partners[READER].bearer(), 403)
            case 3:
                await self._pose(partner)
            case _:
                signed = self.app.signed("GET", "/app/policies?holder=me")
                changed = SignedRequest(signed.method, signed.url[:-1] + "y", signed.fields, signed.body)
                await self._sends(changed, 403)

    async def _pose(self, partner: Partner) -> None:
        """As another, by the very fields in which Banyan says who calls: its contract is not there for this one."""
        sellers = [number for number in self.revisions if partner.name not in number]
        if partner.name == READER or not sellers:
            return
        number = self._dice.choice(sellers)
        other = number[2:].rpartition("-")[0]
        fields = {**await partner.bearer(), "X-Partner": other, "x_partner": other}
        await self._ask("GET", f"/contracts/{number}", fields, expects=404)

    async def _is_refused(self, target: str, fields: Mapping[str, str], status: int) -> None:
        """By Banyan where it enforces; before that by legacy, which is not told of anybody, or finds nothing."""
        self.notebook.requests += 1
        must = self.enforced
        try:
            async with self.client.get(self.banyan + target, headers=fields) as answer:
                by_banyan = answer.status == status and "WWW-Authenticate" in answer.headers
        except (aiohttp.ClientError, TimeoutError) as error:
            self.notebook.fail(self.phase, f"GET {target}: {type(error).__name__} {error}")
            return
        self.refused_by_banyan += by_banyan
        if not by_banyan and (must or answer.status not in {403, 404}):
            self.notebook.fail(self.phase, f"GET {target} of one who may not: {answer.status}")

    # -- asking -------------------------------------------------------------------------------------------------------

    async def _ask(
        self,
        method: str,
        target: str,
        fields: Mapping[str, str],
        sent: object = None,
        into: dict[str, Any] | None = None,
        expects: int = 200,
    ) -> int:
        """The status, 0 without an answer; another than was expected is a failure."""
        self.notebook.requests += 1
        try:
            answer = await self.begun(partial(self._answered, method, target, fields, sent))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.notebook.fail(self.phase, f"{method} {target}: {type(error).__name__} {error}")
            return 0
        if answer.status != expects:
            self.wrong_401 += answer.status == 401
            self.notebook.fail(self.phase, f"{method} {target}: {answer.status} {answer.said}")
        elif into is not None:
            into.update(answer.said)
        return answer.status

    async def _answered(self, method: str, target: str, fields: Mapping[str, str], sent: object) -> Answered:
        async with self.client.request(method, self.banyan + target, headers=fields, json=sent) as answer:
            return Answered(answer.status, await answer.json(content_type=None), answer.headers)


def contract(number: str, revision: int, dice: random.Random) -> dict[str, object]:
    """Terms that change with each revision; the day of the month is that of the number: some begin at its end."""
    day = 1 + sum(map(ord, number)) % 31
    return {
        "product": dice.choice(["phone", "bike", "travel"]),
        "holder": f"holder of {number}",
        "premium": dice.randrange(100, 9000),
        "revision": revision,
        "starts_on": f"2026-{dice.choice(['01', '03', '05', '07'])}-{day:02}",
        "months": dice.randrange(1, 37),
    }


def partners(provider: str, client: aiohttp.ClientSession) -> dict[str, Partner]:
    """All that the provider knows."""
    names = [f"partner-{number:02}" for number in range(1, PARTNERS + 1)]
    return {name: Partner(name, provider, client) for name in names}
