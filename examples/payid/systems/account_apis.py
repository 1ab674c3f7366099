"""New's APIs, a process each, with their own loads and presenters: `python -m … NAME`.

    cart    GET /account, GET /cards
    shop    GET /account?buyer=
    app     GET /account, POST /cards, POST /accounts, GET /verify; OPTIONS /banyan/dry-run: it takes experiments
    login   GET /oauth/authorize, /oauth/login; POST /oauth/login, /oauth/token
    office  POST /graphql, for people of the house; PUT /internal/accounts/{id}, from the other side

No answer holds a null: what is not there is left out. Each says only what its clients read. Release 1 loses the zero
at the beginning of a zip code; releases before 3 of the app's API take cards with a CVC of three digits alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import asyncpg
from aiohttp import web

from examples.payid.systems.account import Account
from examples.payid.systems.card_rules import RefusedCardError
from examples.payid.systems.settings import ACCOUNT, DRY_RUN, SESSION, VERSION, Settings, settings
from examples.payid.systems.use_cases import RefusedError, UseCases
from examples.stage.released import serve_until_ended

_UNREAD = {"cart": ("birthday",), "shop": ("birthday",), "app": ()}
"""What a kind of client has never read, and is not told any more."""
_CARD_OF_AN_ACCOUNT = "query ($mail: String!) { account(mail: $mail) { id verified activities } }"


class AccountApi:
    """One of them."""

    def __init__(self, name: str, where: Settings, cases: UseCases) -> None:
        self._name = name
        self._where = where
        self._cases = cases

    def application(self) -> web.Application:
        """What this one answers."""
        app = web.Application(middlewares=[self._signed_off])
        routes = app.router
        match self._name:
            case "cart":
                routes.add_get("/account", self.account)
                routes.add_get("/cards", self.cards)
            case "shop":
                routes.add_get("/account", self.account)
            case "app":
                routes.add_get("/account", self.account)
                routes.add_post("/cards", self.add_card)
                routes.add_post("/accounts", self.register)
                routes.add_get("/verify", self.verify)
                routes.add_options("/banyan/dry-run", self.takes_experiments)
            case "login":
                routes.add_get("/oauth/authorize", self.authorize)
                routes.add_get("/oauth/login", self.form)
                routes.add_post("/oauth/login", self.log_in)
                routes.add_post("/oauth/token", self.token)
            case _:
                routes.add_post("/graphql", self.graphql)
                routes.add_put("/internal/accounts/{id}", self.take_copy)
        routes.add_get("/healthz", self.healthz)
        return app

    @web.middleware
    async def _signed_off(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401 -- aiohttp's
        answer: web.StreamResponse
        try:
            answer = await handler(request)
        except RefusedError as error:
            answer = said({"error": str(error)}, error.status)
        except RefusedCardError as error:
            answer = said({"error": str(error)}, 402)
        answer.headers[VERSION] = str(self._where.release)
        if request.headers.get(DRY_RUN):
            answer.headers[DRY_RUN] = "accepted"
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer

    # -- accounts and cards -------------------------------------------------------------------------------------------

    async def account(self, request: web.Request) -> web.Response:
        """`GET /account`: of the caller; a shop asks for a buyer's."""
        number = request.query.get("buyer", "") if self._name == "shop" else request.headers.get(ACCOUNT, "")
        return said(self._presented(await self._cases.account(number)))

    def _presented(self, account: Account) -> dict[str, Any]:
        known = {name: value for name, value in account.said.items() if name not in _UNREAD[self._name]}
        if self._where.release == 1:
            known["address"]["zip"] = known["address"]["zip"].lstrip("0")
        return without_nulls(known)

    async def cards(self, request: web.Request) -> web.Response:
        """`GET /cards`."""
        return said(await self._cases.cards(request.headers.get(ACCOUNT, "")))

    async def add_card(self, request: web.Request) -> web.Response:
        """`POST /cards`."""
        number, experiment = request.headers.get(ACCOUNT, ""), DRY_RUN in request.headers
        return said(await self._cases.add_card(number, await request.json(), experiment=experiment), 201)

    async def register(self, request: web.Request) -> web.Response:
        """`POST /accounts`."""
        account = await self._cases.register(await request.json(), experiment=DRY_RUN in request.headers)
        return said({"id": account.id, "mail": account.mail, "verified": False}, 201)

    async def verify(self, request: web.Request) -> web.Response:
        """`GET /verify`."""
        await self._cases.verify(request.query.get("token", ""))
        return said({"verified": True})

    async def takes_experiments(self, _: web.Request) -> web.Response:
        """`OPTIONS /banyan/dry-run`."""
        return web.Response(status=204)

    # -- login --------------------------------------------------------------------------------------------------------

    async def authorize(self, request: web.Request) -> web.Response:
        """`GET /oauth/authorize`."""
        query = request.query
        sid = await self._cases.begin_login(query["client_id"], query["state"], query["redirect_uri"])
        answer = web.Response(status=302, headers={"Location": f"/oauth/login?state={quote(query['state'])}"})
        answer.set_cookie(SESSION, sid, path="/oauth", httponly=True)
        return answer

    async def form(self, _: web.Request) -> web.Response:
        """`GET /oauth/login`."""
        return said({"form": ["mail", "password"]})

    async def log_in(self, request: web.Request) -> web.Response:
        """`POST /oauth/login`."""
        form, state = await request.post(), request.query.get("state", "")
        sid = request.cookies.get(SESSION, "")
        redirect, code = await self._cases.log_in(sid, state, str(form.get("mail")), str(form.get("password")))
        return web.Response(status=302, headers={"Location": f"{redirect}?{urlencode({'code': code, 'state': state})}"})

    async def token(self, request: web.Request) -> web.Response:
        """`POST /oauth/token`."""
        form = await request.post()
        token = await self._cases.token(request.cookies.get(SESSION, ""), str(form.get("code")))
        return said({"access_token": token, "token_type": "Bearer"})

    # -- the house ----------------------------------------------------------------------------------------------------

    async def graphql(self, request: web.Request) -> web.Response:
        """`POST /graphql`: the documents that the back office's pages send are known word for word, and no others."""
        sent = await request.json()
        if " ".join(sent["query"].split()) != _CARD_OF_AN_ACCOUNT:
            return said({"errors": [{"message": "this document is not registered"}]})
        account = await self._cases.by_mail(sent["variables"]["mail"])
        if account is None:
            return said({"data": {"account": None}})
        activities = await self._cases.activities(account.id)
        known = {"id": account.id, "verified": account.verified, "activities": activities}
        return said({"data": {"account": known}})

    async def take_copy(self, request: web.Request) -> web.Response:
        """`PUT /internal/accounts/{id}`."""
        if request.headers.get("X-Copy-Key") != self._where.copy_key:
            raise RefusedError(403, "forbidden")
        await self._cases.take_copy(await request.json())
        return said({"ok": True})

    async def healthz(self, _: web.Request) -> web.Response:
        """`GET /healthz`."""
        return said({"ok": True})


def without_nulls(known: dict[str, Any]) -> dict[str, Any]:
    """As an encoder writes it that leaves out what is empty."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in known.items()
        if value is not None
    }


def said(value: object, status: int = 200) -> web.Response:
    """As compact JSON."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return web.Response(body=body, status=status, content_type="application/json")


async def serve(name: str, where: Settings) -> None:
    """Until ended."""
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        asyncpg.create_pool(where.new_store, min_size=1, max_size=8) as store,
        aiohttp.ClientSession(timeout=timeout) as client,
    ):
        await serve_until_ended(AccountApi(name, where, UseCases(where, store, client)).application())


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], settings()))
