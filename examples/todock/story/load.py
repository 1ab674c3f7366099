"""Members, all through the story: two generations of the app, and the site; every answer is looked at.

Rule 1: what a member reads of an order is what he has written last. A write that was not begun comes again, once, when
        the answer says: counted, and no failure.
Rule 2: now and then somebody comes who may not: without a token, with a forged one, for another's order, or for a card
        without having shown who he is. Those are planted, and all of them are refused.
Rule 3: what the story breaks itself is planted as well: the delivery server dead (`outage`), the core system closed
        (`closed_until`), the provider away (`provider_is_away`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import aiohttp

from examples.stage.answered import Answered
from examples.stage.visitors import Visitors, chosen
from examples.todock.stage.scene import Scene
from examples.todock.story.member import USES, Member, forged, members
from examples.todock.story.outage import Outage
from examples.todock.systems.order_contracts import PRICES, Order, seen_order, sent_order

WEEKS = ("2026w49", "2026w50")
SEED = 3
_MONTHS = ("2026-08", "2026-09", "2026-10")
_USE = {"intrude": 4, "points": 16, "history": 22, "invoice": 8, "card": 10, "orders": 40}
"""For what members come, in a hundred visits."""


Sent = bytes | Mapping[str, str] | None
"""A body, or a form."""


@dataclass(frozen=True, slots=True)
class ToldClosed:
    """When somebody had asked, and was told (unix seconds), and to come back after so many seconds, rounded up."""

    asked: float
    told: float
    seconds: int

    def names(self, end: float) -> bool:
        """Whether that is the end, whenever between the two it was said."""
        return end - self.told <= self.seconds < end - self.asked + 1


@dataclass(slots=True, kw_only=True)
class Load(Visitors):
    """`barred` do not come; `closed_until`: unix seconds, 0: it is open; `taken`, `told_closed`: orders meanwhile."""

    scene: Scene
    members: list[Member] = field(default_factory=members)
    outage: Outage | None = None
    closed_until: float = 0.0
    taken: int = 0
    told_closed: list[ToldClosed] = field(default_factory=list)
    provider_is_away: bool = False
    barred: set[str] = field(default_factory=set)
    by_contract: Counter[str] = field(default_factory=Counter)
    wrong_401: int = 0
    _here: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- a seed, not a secret

    async def visit(self) -> None:
        """Of a member who is not here already; at one Banyan, as a balancer would send him."""
        member = self._one_who_is_not_here()
        async with self._here[member.subject]:
            await self._visit(member, self._dice.choice(self.scene.banyans))

    def _one_who_is_not_here(self) -> Member:
        here = {subject for subject, lock in self._here.items() if lock.locked()} | self.barred
        return self._dice.choice([each for each in self.members if each.subject not in here])

    async def one_logs_in(self) -> None:
        """Beside those who do when their token is old."""
        member = self._one_who_is_not_here()
        async with self._here[member.subject]:
            await self.log_in(member, self._dice.choice(self.scene.banyans))

    async def _visit(self, member: Member, banyan: str) -> None:
        if member.uses % USES == 0:
            await self.log_in(member, banyan)
        member.uses += bool(member.token)
        if not member.token:
            return
        match kind := chosen(_USE, self.interest.partition(".")[0], self._dice):
            case "intrude":
                await self._intrude(member, banyan)
            case "invoice":
                await self.ask(member, banyan, kind, f"/invoices/{self._dice.choice(_MONTHS)}")
            case "card" if not member.confirmed:
                pass
            case "orders":
                await self.order(member, banyan, f"{member.number}-{self._dice.choice(WEEKS)}")
            case _:
                await self.ask(member, banyan, kind, f"/{kind}")

    # -- what members do ----------------------------------------------------------------------------------------------

    async def log_in(self, member: Member, banyan: str) -> None:
        """The token that he has is kept where that fails."""
        self.notebook.requests += 1
        fields, since = {"X-Device": f"device-{member.number}"}, time.monotonic()
        answer = await self._sent("POST", f"{banyan}/token", fields, member.form)
        if answer.status == 200:
            member.token = str(answer.said["access_token"])
        elif self.provider_is_away:
            self.notebook.planted += 1
            return
        self._judge(member, "login", "POST /token", answer, since)
        await self._directly(since, "POST", "/token", fields, member.form)

    async def order(self, member: Member, banyan: str, number: str) -> None:
        """Write an order, and look at it (rule 1)."""
        member.revisions[number] = revision = member.revisions[number] + 1
        counts = {code: self._dice.randrange(4) for code in self._dice.sample(sorted(PRICES), 3)}
        order = Order(revision, {**counts, "1001": 1})
        written = await self.ask(member, banyan, "orders", f"/orders/{number}", order)
        if written.status != 200:
            member.revisions[number] -= 1
            return
        self.by_contract[member.contract.value] += 1
        read = await self.ask(member, banyan, "orders", f"/orders/{number}")
        if read.status == 200:
            self.notebook.reads += 1
            seen, wanted = seen_order(member.contract, read.said), (revision, order.total)
            if seen != wanted:
                self.notebook.fail(self.phase, f"{number}: read {seen} after {wanted} was written")

    async def again(self, number: str) -> None:
        """An order of before is sent once more, by its member."""
        member = next(each for each in self.members if each.number == number.partition("-")[0])
        async with self._here[member.subject]:
            await self.order(member, self.scene.banyans[0], number)

    @property
    def numbers(self) -> list[str]:
        """Of all orders."""
        return [number for member in self.members for number in member.revisions if member.revisions[number]]

    # -- who may not --------------------------------------------------------------------------------------------------

    async def _intrude(self, member: Member, banyan: str) -> None:
        """Rule 2."""
        self.notebook.planted += 1
        match self._dice.randrange(4):
            case 0:
                await self._is_refused(banyan, "/points", {"Host": member.fields["Host"]}, 401)
            case 1:
                await self._is_refused(banyan, "/points", forged(member.fields), 401)
            case 2 if not member.confirmed:
                await self._is_refused(banyan, "/card", member.fields, 403)
            case _ if self.outage is None and not self.closed_until:
                other = self.members[self.members.index(member) - 1].number
                posed = {**member.fields, "X-Member-Number": other, "x_member_number": other, "X-Banyan-Replay": "1"}
                await self._is_refused(banyan, f"/orders/{other}-{WEEKS[0]}", posed, 404)
            case _:
                pass

    async def _is_refused(self, banyan: str, target: str, fields: Mapping[str, str], status: int) -> None:
        self.notebook.requests += 1
        answer = await self._sent("GET", banyan + target, fields)
        if answer.status != status:
            self.notebook.fail(self.phase, f"GET {target} of one who may not: {answer.status} {answer.said}")

    # -- asking -------------------------------------------------------------------------------------------------------

    async def ask(self, member: Member, banyan: str, kind: str, target: str, order: Order | None = None) -> Answered:
        """As his app would; another answer than 200 is judged."""
        self.notebook.requests += 1
        method, fields, body = "GET", member.fields, None
        if order is not None:
            method, (fields["Content-Type"], body) = "PUT", sent_order(member.contract, order)
        since = time.monotonic()
        answer = await self.begun(partial(self._sent, method, banyan + target, fields, body))
        self._judge(member, kind, f"{method} {target}", answer, since)
        await self._directly(since, method, target, fields, body)
        return answer

    async def _directly(self, since: float, method: str, target: str, fields: Mapping[str, str], body: Sent) -> None:
        """While the server is dead: the same where clients asked before there was Banyan."""
        if self.outage is not None and self.outage.counts(since):
            answer = await self._sent(method, f"http://127.0.0.1:{self.scene.where.delivery}{target}", fields, body)
            if not self.outage.over:
                self.outage.direct[answer.status == 200] += 1

    def _judge(self, member: Member, kind: str, what: str, answer: Answered, since: float) -> None:
        """Rule 3, and what is none of it; `since`: when it was begun."""
        if kind == "orders" and self.closed_until:
            self._in_closed_hour(answer, since, is_write=what.startswith("PUT"))
            if answer.status == 503 and "Retry-After" in answer.fields:
                self.notebook.planted += 1
                return
        seconds = time.monotonic() - since
        if self.outage is not None and self.outage.saw(kind, answer.status, since, seconds):
            self.notebook.planted += answer.status != 200
            return
        if answer.status != 200:
            self.wrong_401 += answer.status == 401
            said = f"{what} of {member.subject}: {answer.status} {answer.said}"
            self.notebook.fail(self.phase, said)

    def _in_closed_hour(self, answer: Answered, since: float, *, is_write: bool) -> None:
        now = time.time()
        if now < self.closed_until:
            self.taken += is_write and answer.status == 200
            if answer.status == 503:
                asked, seconds = now - (time.monotonic() - since), int(answer.fields.get("Retry-After", "-1"))
                self.told_closed.append(ToldClosed(asked, now, seconds))

    async def _sent(self, method: str, url: str, fields: Mapping[str, str], body: Sent = None) -> Answered:
        try:
            async with self.scene.client.request(method, url, headers=fields, data=body) as answer:
                return Answered(answer.status, await answer.json(content_type=None) or {}, answer.headers)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Answered(0, {"detail": f"{type(error).__name__} {error}"}, {})
