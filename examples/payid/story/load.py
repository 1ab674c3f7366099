"""Carts, shops and apps all through the story, in buyers' names; every answer is looked at.

Rule 1: a client that was not changed reads members that may be null, and fails where one is not there. One that was
        changed takes either.
Rule 2: who registers does so once, and sends it again where his telephone has lost the answer; he gets one mail, opens
        its link, and logs in.
Rule 3: now and then somebody comes who may not: without a token, with a forged one, or with one for other clients.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from examples.payid.stage.scene import Scene
from examples.payid.story.bridge import CLIENTS
from examples.payid.story.buyer import Browser, Buyer, FlowError, new_card
from examples.payid.systems.kept_secrets import TokenIssuer
from examples.payid.systems.settings import API_HOST, SHOP_HOST
from examples.stage.answered import Answered
from examples.stage.visitors import Visitors

NULLABLE = {"cart": ("kana", "phone"), "shop": ("kana", "phone"), "app": ("kana", "phone", "birthday")}
SEED = 2


@dataclass(slots=True, kw_only=True)
class Load(Visitors):
    """`unchanged`: clients that read nulls still; `nulls`, `absent`: answers with one, and with one left out.

    `registered`: by phase; `again`: registrations that were sent twice; `secrets`: what must be found nowhere;
    `cvcs` apart, since they are short; `flows`: logins that came to their end.
    """

    scene: Scene
    shop_token: str
    buyers: list[Buyer]
    unchanged: set[str] = field(default_factory=lambda: set(CLIENTS))
    nulls: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    registered: Counter[str] = field(default_factory=Counter)
    mails: list[str] = field(default_factory=list)
    again: int = 0
    replayed: int = 0
    cards: int = 0
    flows: int = 0
    secrets: set[str] = field(default_factory=set)
    cvcs: set[str] = field(default_factory=set)
    wrong_401: int = 0
    during: str = ""
    _came: int = 0
    _one_flow: asyncio.Lock = field(default_factory=asyncio.Lock)
    _dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- a seed, not a secret

    async def visit(self) -> None:
        """Of one of them."""
        buyer, kind = self._dice.choice(self.buyers), self._dice.random()
        if kind < 0.04:
            await self._intrude(buyer)
        elif kind < 0.40:
            await self.pay(buyer)
        elif kind < 0.58:
            await self.look_as_shop(buyer)
        elif kind < 0.78:
            await self.look(buyer, "app")
        elif kind < 0.88:
            await self.add_card(buyer)
        elif kind < 0.94:
            await self.register()
        else:
            await self.log_in(buyer, self._dice.choice(("cart", "app")))

    # -- what clients do ----------------------------------------------------------------------------------------------

    async def pay(self, buyer: Buyer) -> None:
        """A cart asks for account and cards with each payment."""
        await self.look(buyer, "cart")
        had = buyer.cards
        answer = await self._ask("GET", "/cards", buyer.fields("cart"))
        if self._is(answer, 200, "GET /cards") and len(answer.said["cards"]) < had:
            self.notebook.fail(self.phase, f"GET /cards: {len(answer.said['cards'])} of {had} cards")

    async def look(self, buyer: Buyer, client: str) -> None:
        """Cart or app."""
        if not buyer.is_fresh(client):
            await self.log_in(buyer, client)
        if client in buyer.tokens:
            answer = await self._ask("GET", "/account", buyer.fields(client))
            self._read(client, buyer, answer)

    async def look_as_shop(self, buyer: Buyer) -> None:
        """A shop looks at who has bought."""
        fields = {"Host": SHOP_HOST, "Authorization": f"Bearer {self.shop_token}"}
        answer = await self._ask("GET", f"/account?buyer={buyer.account}", fields)
        self._read("shop", buyer, answer)

    def _read(self, client: str, buyer: Buyer, answer: Answered) -> None:
        """Rule 1."""
        if not self._is(answer, 200, f"GET /account of {client}"):
            return
        members = {**answer.said, "building": answer.said["address"].get("building", "")}
        if "building" not in answer.said["address"]:
            del members["building"]
        wanted = (*NULLABLE[client], "building")
        self.nulls[client] += any(members.get(name, "") is None for name in wanted)
        missing = [name for name in wanted if name not in members]
        self.absent[client] += bool(missing)
        if missing and client in self.unchanged:
            self.notebook.fail(self.phase, f"GET /account of {client}: it reads {missing[0]}, which is not there")
        if (members["id"], members["mail"]) != (buyer.account, buyer.mail):
            self.notebook.fail(self.phase, f"GET /account of {client}: {members['id']} for {buyer.account}")

    async def add_card(self, buyer: Buyer) -> None:
        """By the app."""
        if not buyer.is_fresh("app"):
            await self.log_in(buyer, "app")
        card = new_card(self._dice)
        self.secrets.add(card["number"])
        self.cvcs.add(card["cvc"])
        answer = await self._ask("POST", "/cards", buyer.fields("app"), card)
        if self._is(answer, 201, "POST /cards"):
            buyer.cards += 1
            self.cards += 1
            if answer.said["last4"] != card["number"][-4:]:
                self.notebook.fail(self.phase, "POST /cards: another card came back")

    async def log_in(self, buyer: Buyer, client: str) -> None:
        """One at a time: a flow is four requests, and an address may ask for so many in a second."""
        async with self._one_flow:
            browser = self.browser(client)
            await self.flow(browser, buyer, browser.begin())

    def browser(self, client: str) -> Browser:
        """One that has no cookies."""
        return Browser(banyan=self.scene.banyan, http=self.scene.client, client=client)

    async def flow(self, browser: Browser, buyer: Buyer, begun: Any = None) -> str:  # noqa: ANN401 -- a coroutine
        """To its end, from its beginning or from where it is; the token's signer."""
        try:
            if begun is not None:
                await begun
            token = await browser.finish(buyer.mail, buyer.password)
        except FlowError as error:
            self.notebook.fail(self.phase, f"login of {browser.client}: {error}")
            return ""
        finally:
            self.notebook.requests += len(browser.asked)
            self.secrets |= browser.secrets
        self.flows += 1
        buyer.tokens[browser.client] = token, time.monotonic()
        return signer_of(token)

    # -- who registers ------------------------------------------------------------------------------------------------

    async def register(self, *, loses: bool = False) -> None:
        """Rule 2; `loses`: the first answer never gets to the telephone, which sends it once more."""
        self._came += 1
        mail, password = f"new-{self._came:04}@mail.example", secrets.token_urlsafe(24)
        self.secrets.add(password)
        told = {"phone": None, "building": None} if self._dice.random() < 0.5 else {"phone": "090-0000-0000"}
        sent = {"mail": mail, "password": password, "name": "Somebody", "kana": None, "zip": "0600001", **told}
        sent |= {"prefecture": "Hokkaido", "line": "1 Chome"}
        key = f'"{secrets.token_hex(12)}"'
        fields = {"Host": API_HOST, "X-Device": f"device-{mail}", "Idempotency-Key": key}
        if loses:
            await self._lost(sent, fields)
        answer = await self._until_it_ran("/accounts", fields, sent)
        self.replayed += answer.fields.get("Idempotency-Replayed") == "true"
        if not self._is(answer, 201, "POST /accounts"):
            return
        self.registered[self.during] += 1
        self.mails.append(mail)
        buyer = Buyer(account=answer.said["id"], mail=mail, password=password)
        await self._open_the_link(buyer)
        await self.log_in(buyer, "app")
        if "app" in buyer.tokens:
            await self.look(buyer, "app")

    async def _lost(self, sent: dict[str, Any], fields: dict[str, str]) -> None:
        """Sent, and the connection breaks once the mail is there, whoever has the answer by then."""
        self.again += 1
        first = asyncio.create_task(self._ask("POST", "/accounts", fields, sent))
        await self.scene.operator.until(partial(self._has_mail, sent["mail"]), "the mail to a registration")
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first

    async def _until_it_ran(self, target: str, fields: dict[str, str], sent: dict[str, Any]) -> Answered:
        """While the first one runs still, it comes again."""
        while True:
            answer = await self._ask("POST", target, fields, sent)
            if answer.status != 409 or "Retry-After" not in answer.fields:
                return answer
            await asyncio.sleep(0.1)

    async def _open_the_link(self, buyer: Buyer) -> None:
        found = re.search(r"token=(\S+)", await self._mail(buyer.mail))
        if found is None:
            self.notebook.fail(self.phase, "registered, and no mail came")
            return
        self.secrets.add(found[1])
        answer = await self._ask("GET", f"/verify?token={found[1]}", {"Host": API_HOST, "X-Device": buyer.device})
        self._is(answer, 200, "GET /verify")

    async def _has_mail(self, to: str) -> bool:
        return bool(await self._mail(to))

    async def _mail(self, to: str) -> str:
        """The last one; empty: none has come."""
        async with self.scene.client.get(f"http://127.0.0.1:{self.scene.where.mailbox}/mails/{to}") as mail:
            return await mail.text()

    # -- who may not --------------------------------------------------------------------------------------------------

    async def _intrude(self, buyer: Buyer) -> None:
        """Rule 3."""
        self.notebook.planted += 1
        forged = buyer.fields("cart")
        forged["Authorization"] = forged["Authorization"][:-20] + "A" * 20
        posed = [
            {"Host": API_HOST},
            forged,
            {"Host": API_HOST, "Authorization": f"Bearer {self.shop_token}"},
            {**buyer.fields("app"), "Host": SHOP_HOST},
            {"Host": API_HOST, "X-Account": buyer.account, "x_account": buyer.account},
        ]
        fields = self._dice.choice(posed)
        answer = await self._ask("GET", f"/account?buyer={buyer.account}", fields)
        if answer.status != 401:
            self.notebook.fail(self.phase, f"GET /account of one who may not: {answer.status}")

    # -- asking -------------------------------------------------------------------------------------------------------

    def _is(self, answer: Answered, wanted: int, what: str) -> bool:
        if answer.status != wanted:
            self.wrong_401 += answer.status == 401
            self.notebook.fail(self.phase, f"{what}: {answer.status} {answer.said}")
        return answer.status == wanted

    async def _ask(
        self, method: str, target: str, fields: Mapping[str, str], sent: Mapping[str, Any] | None = None
    ) -> Answered:
        self.notebook.requests += 1
        try:
            return await self._sent(method, target, fields, sent, 60)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Answered(0, f"{type(error).__name__} {error}", {})

    async def _sent(
        self, method: str, target: str, fields: Mapping[str, str], sent: Mapping[str, Any] | None, seconds: float
    ) -> Answered:
        body = None if sent is None else json.dumps(sent).encode()
        typed = {**fields, "Content-Type": "application/json"} if body else fields
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self.scene.client.request(
            method, self.scene.banyan + target, headers=typed, data=body, timeout=timeout
        ) as answer:
            return Answered(answer.status, await answer.json(content_type=None) or {}, answer.headers)


def signer_of(token: str) -> str:
    """The side whose key has signed it."""
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]).partition("-")[0]


def buyers_of(scene: Scene) -> list[Buyer]:
    """Those from before, with tokens that legacy has given them."""
    issuer, now = TokenIssuer(scene.where.legacy_signs), time.monotonic()
    return [
        Buyer(
            account=account.id,
            mail=account.mail,
            password=scene.passwords[account.mail],
            tokens={client: (issuer.token(account.id, client), now) for client in ("cart", "app")},
        )
        for account in scene.accounts
    ]
