"""The card product, grown over years: WSGI with threads, snake_case, and the aggregator's OAuth in its midst.

    GET  /auth?tenant=                 an access token of the aggregator, refreshed where it is due
    GET  /internal/grant?tenant=       the refresh token, for the account service; `look=1` only looks
    GET  /link/callback?tenant=&code=  a customer has consented
    POST /sync?tenant=                 the fetch of a tenant's accounts: token, aggregator, write
    GET, PUT /tenants/{tenant}/accounts
    OPTIONS /banyan/applies            it takes writes that were done before

Its token URL, the aggregator's URL, and the URL of its own account API are Banyan's: three lines of its deployment.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from examples.accounts.systems.card_calls import CardReply, ask_for_tokens, call
from examples.accounts.systems.settings import CALLBACK, MARGIN, SHARED, Settings, settings
from examples.stage.thread_store import ThreadStore
from examples.stage.threaded_server import serve_threaded

_LOCKS = [threading.Lock() for _ in range(64)]
_INSERT = "INSERT INTO bank_accounts VALUES ($1, $2, $3, $4, $5, $6, $7)"
_ACCOUNTS = "SELECT account_no, bank, currency, balance_minor, day FROM bank_accounts WHERE tenant_id = $1 ORDER BY 1"

_SHARES = (
    "SELECT uses_receivables OR handed_over_at IS NOT NULL AS shares "
    "FROM tenants LEFT JOIN aggregator_tokens USING (tenant_id) WHERE tenant_id = $1"
)


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """What a client gets."""

    status: int
    body: object
    kind: str = "application/json"
    agrees: bool = False


def not_connected(tenant: str) -> CardAnswer:
    """RFC 9457: nobody has ever consented for this tenant."""
    said = {"title": "Not connected", "status": 404, "detail": f"{tenant} has not linked its accounts"}
    return CardAnswer(404, said, "application/problem+json")


class CardProduct:
    """One process, many threads."""

    def __init__(self, where: Settings) -> None:
        """Its store is connected."""
        self._where = where
        self._store = ThreadStore(where.card_store)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        try:
            answer = self._answer(environ)
        except (OSError, ValueError) as error:
            answer = CardAnswer(502, {"title": "Bad gateway", "status": 502, "detail": str(error)})
        body = b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode()
        fields = [("Content-Type", answer.kind), ("Content-Length", str(len(body)))]
        fields += [("X-Banyan-Replay", "accepted")] if answer.agrees else []
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", fields)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> CardAnswer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        tenant = query.get("tenant", "")
        match [method, *path.strip("/").split("/")]:
            case ["GET", "auth"]:
                return self._auth(tenant)
            case ["GET", "internal", "grant"]:
                return self._grant(tenant, only_looks="look" in query)
            case ["GET", "link", "callback"]:
                return self._linked(tenant, query.get("code", ""))
            case ["POST", "sync"]:
                return self._sync(tenant)
            case ["GET", "tenants", named, "accounts"]:
                return self._accounts(named)
            case ["PUT", "tenants", named, "accounts"]:
                sent = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
                return self._write(named, sent["accounts"], environ.get("HTTP_IDEMPOTENCY_KEY", ""))
            case ["OPTIONS", "banyan", "applies"]:
                return CardAnswer(200, None, agrees=True)
            case ["GET", "healthz"]:
                return CardAnswer(200, {"ok": True})
            case _:
                return CardAnswer(404, {"title": "Not found", "status": 404})

    # -- authentication -----------------------------------------------------------------------------------------------

    def _auth(self, tenant: str) -> CardAnswer:
        with _LOCKS[hash(tenant) % len(_LOCKS)]:
            found = self._token(tenant)
        if found is None:
            return not_connected(tenant)
        left = int(found["access_until"] - time.time())
        said = {"tenant": tenant, "access_token": found["access_token"], "token_type": "Bearer", "expires_in": left}
        return CardAnswer(200, said)

    def _token(self, tenant: str) -> Any:  # noqa: ANN401 -- a row
        """One that is good for a while; None: not connected; OSError: it cannot be had now."""
        for _ in range(2):
            rows = self._store.rows("SELECT * FROM aggregator_tokens WHERE tenant_id = $1", tenant)
            if not rows or rows[0]["access_until"] - time.time() > MARGIN:
                return rows[0] if rows else None
            self._refresh(tenant, rows[0]["refresh_token"])
        return self._store.rows("SELECT * FROM aggregator_tokens WHERE tenant_id = $1", tenant)[0]

    def _refresh(self, tenant: str, shown: str) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": shown}
        self._keep(tenant, ask_for_tokens(self._where.banyan, form), shown)

    def _keep(self, tenant: str, reply: CardReply, shown: str) -> None:
        """What the token endpoint said; a consent that came meanwhile is newer than a refresh before it."""
        if reply.status == 400 and reply.body.get("error") == "invalid_grant":
            self._store.run("UPDATE aggregator_tokens SET needs_consent = true WHERE tenant_id = $1", tenant)
        if reply.status != 200:
            raise OSError(f"the token endpoint answered {reply.status}: {reply.body}")
        until = time.time() + reply.body["expires_in"]
        given = reply.body["refresh_token"], reply.body["access_token"], until
        self._store.run(
            "UPDATE aggregator_tokens SET refresh_token = $2, access_token = $3, access_until = $4 "
            "WHERE tenant_id = $1 AND ($5 = '' OR refresh_token = $5)",
            *(tenant, *given, shown),
        )

    def _grant(self, tenant: str, *, only_looks: bool) -> CardAnswer:
        if not only_looks:
            self._store.run("UPDATE aggregator_tokens SET handed_over_at = now() WHERE tenant_id = $1", tenant)
        rows = self._store.rows("SELECT refresh_token FROM aggregator_tokens WHERE tenant_id = $1", tenant)
        return CardAnswer(200, dict(rows[0])) if rows else not_connected(tenant)

    def _linked(self, tenant: str, code: str) -> CardAnswer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        self._store.run("INSERT INTO tenants VALUES ($1) ON CONFLICT DO NOTHING", tenant)
        self._store.run("INSERT INTO aggregator_tokens VALUES ($1, '') ON CONFLICT DO NOTHING", tenant)
        self._keep(tenant, ask_for_tokens(self._where.banyan, form), "")
        return CardAnswer(200, {"tenant": tenant, "linked": True})

    # -- accounts -----------------------------------------------------------------------------------------------------

    def _sync(self, tenant: str) -> CardAnswer:
        """Fetch and write, each by the address that the deployment names."""
        token = call(self._where.banyan, "GET", f"/auth?tenant={tenant}")
        if token.status != 200:
            return CardAnswer(token.status, token.body)
        bearer = f"Bearer {token.body['access_token']}"
        fetched = call(self._where.banyan, "GET", f"/link/accounts?tenant={tenant}", Authorization=bearer)
        if fetched.status != 200:
            raise OSError(f"the aggregator answered {fetched.status}: {fetched.body}")
        shared = {SHARED.replace("-", "_"): "yes"} if self._shares(tenant) else {}
        sent = json.dumps({"accounts": fetched.body["accounts"]})
        written = call(
            self._where.banyan, "PUT", f"/tenants/{tenant}/accounts", sent, Content_Type="application/json", **shared
        )
        if written.status != 200:
            raise OSError(f"the account API answered {written.status}: {written.body}")
        return CardAnswer(200, written.body)

    def _shares(self, tenant: str) -> bool:
        """Uses the second product, or its credentials have moved."""
        rows = self._store.rows(_SHARES, tenant)
        return bool(rows and rows[0]["shares"])

    def _accounts(self, tenant: str) -> CardAnswer:
        rows = self._store.rows(_ACCOUNTS, tenant)
        listed = [
            {
                "number": row["account_no"],
                "bank": row["bank"],
                "currency": row["currency"],
                "balance": row["balance_minor"] // 100,
                "day": row["day"],
            }
            for row in rows
        ]
        return CardAnswer(200, {"tenant": tenant, "accounts": listed})

    def _write(self, tenant: str, accounts: list[dict[str, Any]], write_key: str) -> CardAnswer:
        lines = [
            (tenant, each["number"], each["bank"], each["currency"], each["balance"] * 100, each["day"], write_key)
            for each in accounts
        ]
        self._store.replace("DELETE FROM bank_accounts WHERE tenant_id = $1", _INSERT, tenant, lines)
        return CardAnswer(200, {"tenant": tenant, "accounts": accounts})


def main() -> None:
    """Serve until ended."""
    where = settings()
    serve_threaded(where.card, CardProduct(where))


if __name__ == "__main__":
    main()
