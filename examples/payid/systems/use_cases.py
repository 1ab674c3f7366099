"""New's use cases: one set of them, whichever API is asked, each with a presenter of its own.

Side effects hang on events: when a registration was committed, an activity is recorded and a mail is sent. A request
that is an experiment commits nothing, so nothing follows it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import aiohttp
import asyncpg

from examples.payid.systems.account import Account, account_of, copy_into, insert_into, registered
from examples.payid.systems.card_rules import read_card
from examples.payid.systems.kept_secrets import TokenIssuer, digest, made_secret, password_fits
from examples.payid.systems.settings import BRAKE, Settings
from examples.payid.systems.verification import send_verification

_TAKEN = """
SELECT 1 FROM accounts WHERE mail = $1 AND (copied_at IS NULL OR copied_at < now() - interval '10 seconds')
"""
"""But for one that came from the other side just now: it is the very one of which an experiment asks."""
_VERIFY = "UPDATE accounts SET verified = true, updated_at = now() WHERE verification_hash = $1 RETURNING *"
_BEGUN = "INSERT INTO login_sessions (sid_hash, client_id, state, redirect_uri) VALUES ($1, $2, $3, $4)"
_SESSION = "SELECT * FROM login_sessions WHERE sid_hash = $1"


class RefusedError(Exception):
    """What was asked cannot be: `status`, and the message is the error's name."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class UseCases:
    """Of all APIs; `store` is asyncpg's pool."""

    def __init__(self, where: Settings, store: Any, client: aiohttp.ClientSession) -> None:  # noqa: ANN401 -- untyped
        self._where = where
        self._store = store
        self._client = client
        self._issuer = TokenIssuer(where.new_signs)

    # -- accounts -----------------------------------------------------------------------------------------------------

    async def account(self, number: str) -> Account:
        """Of this number."""
        row = await self._store.fetchrow("SELECT * FROM accounts WHERE id = $1", number)
        if row is None:
            raise RefusedError(404, "not_found")
        return account_of(row)

    async def by_mail(self, mail: str) -> Account | None:
        """For who asks in the back office."""
        row = await self._store.fetchrow("SELECT * FROM accounts WHERE mail = $1", mail)
        return account_of(row) if row else None

    async def activities(self, number: str) -> list[str]:
        """What was recorded of an account, in order."""
        rows = await self._store.fetch("SELECT what FROM activities WHERE account = $1 ORDER BY at", number)
        return [row["what"] for row in rows]

    async def register(self, sent: Mapping[str, Any], *, experiment: bool) -> Account:
        """Committed on both sides, then told by mail; of an experiment neither."""
        token = made_secret()
        account = await asyncio.to_thread(registered, sent, token)
        if experiment:
            if await self._store.fetchval(_TAKEN, account.mail):
                raise RefusedError(409, "mail_taken")
            return account
        try:
            await self._store.execute(insert_into("accounts"), *account.values)
        except asyncpg.UniqueViolationError as error:
            raise RefusedError(409, "mail_taken") from error
        await self._copy(account)
        await self._record(account, "registered")
        await asyncio.to_thread(send_verification, self._where, account.mail, token)
        return account

    async def verify(self, token: str) -> None:
        """Whoever has the link has the address."""
        row = await self._store.fetchrow(_VERIFY, digest(token))
        if row is None:
            raise RefusedError(404, "not_found")
        await self._copy(account_of(row))
        await self._record(account_of(row), "verified")

    async def take_copy(self, sent: Mapping[str, Any]) -> None:
        """What the other side has registered: nobody is told."""
        account = account_of(sent)
        async with self._store.acquire() as connection, connection.transaction():
            await connection.execute(copy_into("accounts"), *account.values)
            await connection.execute("UPDATE accounts SET copied_at = now() WHERE id = $1", account.id)

    # -- cards --------------------------------------------------------------------------------------------------------

    async def cards(self, number: str) -> dict[str, Any]:
        """As the processor has them."""
        async with self._client.get(self._customer(number), auth=self._auth) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def add_card(self, number: str, sent: dict[str, Any], *, experiment: bool) -> dict[str, Any]:
        """Checked here, kept by the processor, stored nowhere else; in an experiment it is not asked."""
        card = read_card(sent, (3,) if self._where.release < 3 else (3, 4))
        if experiment:
            return card.said
        async with self._client.post(self._customer(number), json=sent, auth=self._auth) as answer:
            said: dict[str, Any] = await answer.json()
        if answer.status != 201:
            raise RefusedError(answer.status, said["error"])
        return said

    def _customer(self, number: str) -> str:
        return f"http://127.0.0.1:{self._where.processor}/v1/customers/{number}/cards"

    @property
    def _auth(self) -> aiohttp.BasicAuth:
        return aiohttp.BasicAuth(self._where.processor_key)

    # -- login --------------------------------------------------------------------------------------------------------

    async def begin_login(self, client: str, state: str, redirect: str) -> str:
        """The session's secret."""
        sid = made_secret()
        await self._store.execute(_BEGUN, digest(sid), client, state, redirect)
        return sid

    async def log_in(self, sid: str, state: str, mail: str, password: str) -> tuple[str, str]:
        """Where the flow goes on, and its code. Each password takes a while, right or wrong."""
        account = await self.by_mail(mail)
        await asyncio.sleep(BRAKE)
        if account is None or not await asyncio.to_thread(password_fits, password, account.password_hash):
            raise RefusedError(401, "wrong_password")
        begun = await self._store.fetchrow(_SESSION, digest(sid))
        if begun is None or begun["state"] != state:
            raise RefusedError(400, "unknown_session")
        code = made_secret()
        logged_in = "UPDATE login_sessions SET account = $2, code_hash = $3 WHERE sid_hash = $1"
        await self._store.execute(logged_in, digest(sid), account.id, digest(code))
        return begun["redirect_uri"], code

    async def token(self, sid: str, code: str) -> str:
        """Once for each code."""
        spent = "DELETE FROM login_sessions WHERE sid_hash = $1 AND code_hash = $2 RETURNING account, client_id"
        begun = await self._store.fetchrow(spent, digest(sid), digest(code))
        if begun is None:
            raise RefusedError(400, "invalid_grant")
        return self._issuer.token(begun["account"], begun["client_id"])

    # -- what follows a commit ----------------------------------------------------------------------------------------

    async def _record(self, account: Account, what: str) -> None:
        await self._store.execute("INSERT INTO activities (account, what) VALUES ($1, $2)", account.id, what)

    async def _copy(self, account: Account) -> None:
        """The other side has it before the client hears of it."""
        url = f"http://127.0.0.1:{self._where.legacy}/internal/accounts/{account.id}"
        fields = {"X-Copy-Key": self._where.copy_key, "Content-Type": "application/json"}
        async with self._client.put(url, data=json.dumps(asdict(account)), headers=fields) as answer:
            answer.raise_for_status()
