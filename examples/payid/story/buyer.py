"""A buyer: what he has, and the browser in which he logs in, with cookies that it was given."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from examples.payid.systems.card_rules import luhn
from examples.payid.systems.settings import API_HOST

TOO_MANY = 429
TIMES = 10
"""How often a browser asks for one thing, while it is told to come back."""
FRESH = 300.0
"""Seconds after which a buyer logs in anew."""


class FlowError(Exception):
    """A flow that did not get to its end; the message says where."""


@dataclass(slots=True, kw_only=True)
class Buyer:
    """`tokens` by kind of client, each with the time at which it was got; `cards`: how many he has."""

    account: str
    mail: str
    password: str
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    cards: int = 0

    @property
    def device(self) -> str:
        """His telephone."""
        return f"device-{self.mail}"

    def fields(self, client: str) -> dict[str, str]:
        """Of a request that this client makes in his name."""
        return {"Host": API_HOST, "X-Device": self.device, "Authorization": f"Bearer {self.tokens[client][0]}"}

    def is_fresh(self, client: str) -> bool:
        """Whether he has a token that this client can go on with."""
        return client in self.tokens and time.monotonic() - self.tokens[client][1] < FRESH


@dataclass(slots=True, kw_only=True)
class Browser:
    """One flow of OAuth, from its first redirect to the token; `secrets`: all that must be kept nowhere.

    `drawn`: which side's cookies it got, by the key that has signed the token in the end.
    """

    banyan: str
    http: aiohttp.ClientSession
    client: str
    asked: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    _cookies: dict[str, str] = field(default_factory=dict)
    _next: str = ""
    _state: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    async def begin(self) -> None:
        """As far as the form."""
        back = f"https://{self.client}.payid.example/back"
        query = {"client_id": self.client, "state": self._state, "redirect_uri": back, "response_type": "code"}
        self._next = await self._redirected("GET", "/oauth/authorize", params=query)
        await self._expect("GET", self._next, 200)

    async def finish(self, mail: str, password: str) -> str:
        """From the form to the token."""
        back = await self._redirected("POST", self._next, data={"mail": mail, "password": password})
        found = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        if found.get("state") != self._state:
            raise FlowError(f"came back with another state: {back.partition('?')[0]}")
        self.secrets |= {found["code"], password}
        said = await self._expect("POST", "/oauth/token", 200, data={"code": found["code"]})
        token = str(said["access_token"])
        self.secrets.add(token.rpartition(".")[2])
        return token

    async def _redirected(self, method: str, target: str, **sent: Any) -> str:  # noqa: ANN401 -- aiohttp's
        status, where, said = await self._ask(method, target, **sent)
        if status != 302:
            raise FlowError(f"{method} {target.partition('?')[0]}: {status} {said}")
        return where

    async def _expect(self, method: str, target: str, expects: int, **sent: Any) -> Any:  # noqa: ANN401 -- JSON
        status, _, said = await self._ask(method, target, **sent)
        if status != expects:
            raise FlowError(f"{method} {target.partition('?')[0]}: {status} {said}")
        return said

    async def _ask(self, method: str, target: str, **sent: Any) -> tuple[int, str, Any]:  # noqa: ANN401 -- JSON
        """An address may log in so often in a second: who is told to come back does so."""
        status, fields, said = await self._ask_once(method, target, **sent)
        for _ in range(TIMES):
            if status != TOO_MANY or "Retry-After" not in fields:
                break
            await asyncio.sleep(int(fields["Retry-After"]))
            status, fields, said = await self._ask_once(method, target, **sent)
        return status, fields.get("Location", ""), said

    async def _ask_once(self, method: str, target: str, **sent: Any) -> tuple[int, Mapping[str, str], Any]:  # noqa: ANN401
        self.asked.append(target.partition("?")[0])
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        fields = {"Host": API_HOST, **(cookies if self._cookies else {})}
        try:
            async with self.http.request(
                method, self.banyan + target, headers=fields, allow_redirects=False, **sent
            ) as answer:
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise FlowError(f"{method} {target.partition('?')[0]}: {type(error).__name__} {error}") from error
        for name, cookie in answer.cookies.items():
            self._cookies[name] = cookie.value
            self.secrets.add(cookie.value)
        return answer.status, answer.headers, said


def new_card(dice: random.Random) -> dict[str, Any]:
    """A card that a processor takes: every third is an American Express. Its CVC begins with a zero: as a text of its
    own it stands nowhere else, so that it can be looked for.
    """
    begin, length, digits = ("37", 15, 4) if dice.random() < 0.34 else ("4", 16, 3)
    body = begin + "".join(str(dice.randrange(10)) for _ in range(length - len(begin) - 1))
    number = next(body + last for last in "0123456789" if luhn(body + last))
    cvc = f"0{dice.randrange(10 ** (digits - 1)):0{digits - 1}}"
    return {"number": number, "cvc": cvc, "exp_month": dice.randrange(1, 13), "exp_year": 2030}
