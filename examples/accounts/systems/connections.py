"""The account service's connections to the aggregator: a tenant's tokens, taken over from the card product or its own.

Rule 1: of one tenant one thing happens at a time; of two processes (an old release beside a new one) the second finds
        what the first has stored.
Rule 2: a take-over copies the refresh token and marks nothing as used. Both copies stay good, since both token URLs are
        Banyan's; so there is nothing to undo if this process dies in the midst of it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from examples.accounts.systems.settings import CALLBACK, CLIENT, CLIENT_SECRET, MARGIN, Settings


class NoTokenError(Exception):
    """It cannot be had now; the text says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `left` in seconds."""

    token: str
    left: float


_FIND = "SELECT refresh_token, access_token, access_until FROM connection WHERE tenant = $1"
_TAKE = "INSERT INTO connection (tenant, origin, refresh_token) VALUES ($1, 'card', $2) ON CONFLICT DO NOTHING"
_KEEP = (
    "UPDATE connection SET refresh_token = $2, access_token = $3, access_until = $4 "
    "WHERE tenant = $1 AND refresh_token = $5"
)
_LINK = (
    "INSERT INTO connection (tenant, origin, refresh_token, access_token, access_until) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (tenant) DO UPDATE SET refresh_token = $3, access_token = $4, access_until = $5"
)


class Connections:
    """Those of one process."""

    def __init__(self, where: Settings, store: Any, client: aiohttp.ClientSession) -> None:  # noqa: ANN401 -- untyped
        """`store` is asyncpg's pool."""
        self._where = where
        self._store = store
        self._client = client
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def token(self, tenant: str, *, only_looks: bool = False) -> Token | None:
        """One that is good for a while; None: nobody has consented. NoTokenError. `only_looks`: nothing is stored."""
        async with self._turns[tenant]:  # rule 1
            row = await self._store.fetchrow(_FIND, tenant)
            if row is None:
                return await self._take_over(tenant, only_looks=only_looks)
            left = (row["access_until"] - datetime.now(UTC)).total_seconds()
            if left > MARGIN:
                return Token(row["access_token"], left)
            return await self._refresh(tenant, row["refresh_token"])

    async def origin(self, tenant: str) -> str:
        """`card`, or `here`."""
        return str(await self._store.fetchval("SELECT origin FROM connection WHERE tenant = $1", tenant))

    async def link(self, tenant: str, code: str, origin: str) -> None:
        """A customer has consented."""
        said = await self._ask({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}, tenant)
        until = datetime.now(UTC) + timedelta(seconds=said["expires_in"])
        await self._store.execute(_LINK, tenant, origin, said["refresh_token"], said["access_token"], until)

    async def _take_over(self, tenant: str, *, only_looks: bool) -> Token | None:
        url = f"http://127.0.0.1:{self._where.card}/internal/grant?tenant={tenant}{'&look=1' * only_looks}"
        async with self._client.get(url) as answer:
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise NoTokenError(f"the card product answered {answer.status}")
            shown = str((await answer.json())["refresh_token"])
        if not only_looks:
            await self._store.execute(_TAKE, tenant, shown)
        return await self._refresh(tenant, shown)

    async def _refresh(self, tenant: str, shown: str) -> Token:
        said = await self._ask({"grant_type": "refresh_token", "refresh_token": shown}, tenant)
        until = datetime.now(UTC) + timedelta(seconds=said["expires_in"])
        await self._store.execute(_KEEP, tenant, said["refresh_token"], said["access_token"], until, shown)
        return Token(said["access_token"], said["expires_in"])

    async def _ask(self, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._where.banyan}/token"
        auth = aiohttp.BasicAuth(CLIENT, CLIENT_SECRET)
        async with self._client.post(url, data=form, auth=auth, headers={"User-Agent": "account-service/1"}) as answer:
            said: dict[str, Any] = await answer.json(content_type=None)
        if answer.status == 400 and said.get("error") == "invalid_grant":
            await self._store.execute("UPDATE connection SET needs_consent = true WHERE tenant = $1", tenant)
        if answer.status != 200:
            raise NoTokenError(f"the token endpoint answered {answer.status}: {said}")
        return said
