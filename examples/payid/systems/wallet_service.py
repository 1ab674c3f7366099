"""The other company's identity and wallet service: one server for everybody, WSGI with threads.

GET  /account                    of the caller, or for a shop of `?buyer=`; everything that there is, nulls and all
GET  /cards, POST /cards         the processor has them
POST /accounts, GET /verify      registration, with a verification mail
GET  /oauth/authorize, /oauth/login; POST /oauth/login, /oauth/token
PUT  /internal/accounts/{id}     what the other side has registered, from new's back office
GET  /healthz
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import asyncpg

from examples.payid.systems.account import Account, account_of, copy_into, insert_into, registered
from examples.payid.systems.kept_secrets import TokenIssuer, digest, made_secret, password_fits
from examples.payid.systems.settings import BRAKE, SESSION, SHOP_HOST, Settings, settings
from examples.payid.systems.verification import send_verification
from examples.stage.thread_store import ThreadStore
from examples.stage.threaded_server import serve_threaded

_BEGUN = "INSERT INTO oauth_sessions (sid_hash, client_id, state, redirect_uri) VALUES ($1, $2, $3, $4)"
_SESSION = "SELECT * FROM oauth_sessions WHERE sid_hash = $1"
_KNOWN = f"SELECT u.*, pg_sleep({BRAKE}) FROM wallet_users u WHERE mail = $1"  # noqa: S608 -- a number of ours
_LOGGED_IN = "UPDATE oauth_sessions SET account = $2, code_hash = $3 WHERE sid_hash = $1"
_VERIFY = "UPDATE wallet_users SET verified = true, updated_at = now() WHERE verification_hash = $1 RETURNING *"


@dataclass(frozen=True, slots=True)
class WalletRequest:
    """As it came; `account`: whom Banyan has found to call."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    host: str
    account: str
    session: str

    @property
    def form(self) -> dict[str, str]:
        """A body that is one."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, slots=True)
class WalletAnswer:
    """What a client gets."""

    status: int
    body: object
    more: tuple[tuple[str, str], ...] = ()


class WalletService:
    """One process, many threads."""

    def __init__(self, where: Settings) -> None:
        """Its store is connected."""
        self._where = where
        self._store = ThreadStore(where.legacy_store)
        self._issuer = TokenIssuer(where.legacy_signs)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ["PATH_INFO"].startswith("/internal/"):
            answer = self._internal(environ)
        else:
            answer = self._answer(_request(environ))
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *answer.more]
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", fields)
        return [body]

    def _answer(self, request: WalletRequest) -> WalletAnswer:
        match request.method, request.path:
            case "GET", "/healthz":
                return WalletAnswer(200, {"ok": True})
            case "GET", "/account":
                return self._show(request)
            case "GET" | "POST", "/cards":
                return self._cards(request)
            case "POST", "/accounts":
                return self._register(json.loads(request.body))
            case "GET", "/verify":
                return self._verify(request.query.get("token", ""))
            case "GET", "/oauth/authorize":
                return self._authorize(request.query)
            case "GET", "/oauth/login":
                return WalletAnswer(200, {"form": ["mail", "password"]})
            case "POST", "/oauth/login":
                return self._log_in(request)
            case "POST", "/oauth/token":
                return self._token(request)
            case _:
                return WalletAnswer(404, {"error": "not_found"})

    # -- accounts and cards -------------------------------------------------------------------------------------------

    def _show(self, request: WalletRequest) -> WalletAnswer:
        number = request.query.get("buyer", "") if request.host.startswith(SHOP_HOST) else request.account
        rows = self._store.rows("SELECT * FROM wallet_users WHERE id = $1", number)
        if not rows:
            return WalletAnswer(404, {"error": "not_found"})
        more = {"rank": rows[0]["rank"], "mail_magazine": rows[0]["mail_magazine"]}
        return WalletAnswer(200, {**account_of(rows[0]).said, **more})

    def _cards(self, request: WalletRequest) -> WalletAnswer:
        url = f"http://127.0.0.1:{self._where.processor}/v1/customers/{quote(request.account)}/cards"
        key = base64.b64encode(f"{self._where.processor_key}:".encode()).decode()
        sent = request.body if request.method == "POST" else None
        asked = urllib.request.Request(url, sent, {"Authorization": f"Basic {key}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 -- the same
                return WalletAnswer(answer.status, json.load(answer))
        except urllib.error.HTTPError as error:
            return WalletAnswer(error.code, json.load(error))

    def _register(self, sent: Mapping[str, Any]) -> WalletAnswer:
        """Committed on both sides, then told by mail."""
        token = made_secret()
        account = registered(sent, token)

        async def commit(connection: Any) -> None:  # noqa: ANN401 -- asyncpg has no types
            await connection.execute(insert_into("wallet_users"), *account.values)

        try:
            self._store.within(commit)
        except asyncpg.UniqueViolationError:
            return WalletAnswer(409, {"error": "mail_taken"})
        self._copy(account)
        send_verification(self._where, account.mail, token)
        return WalletAnswer(201, {"id": account.id, "mail": account.mail, "verified": False})

    def _verify(self, token: str) -> WalletAnswer:
        rows = self._store.rows(_VERIFY, digest(token))
        if not rows:
            return WalletAnswer(404, {"error": "not_found"})
        self._copy(account_of(rows[0]))
        return WalletAnswer(200, {"verified": True})

    # -- login --------------------------------------------------------------------------------------------------------

    def _authorize(self, query: Mapping[str, str]) -> WalletAnswer:
        sid = made_secret()
        self._store.run(_BEGUN, digest(sid), query["client_id"], query["state"], query["redirect_uri"])
        cookie = ("Set-Cookie", f"{SESSION}={sid}; Path=/oauth; HttpOnly")
        return WalletAnswer(302, None, (("Location", f"/oauth/login?state={quote(query['state'])}"), cookie))

    def _log_in(self, request: WalletRequest) -> WalletAnswer:
        """Each password takes a while, right or wrong, and a connection for as long."""
        form, sid = request.form, digest(request.session)
        rows = self._store.rows(_KNOWN, form.get("mail", ""))
        if not rows or not password_fits(form.get("password", ""), rows[0]["password_hash"]):
            return WalletAnswer(401, {"error": "wrong_password"})
        begun = self._store.rows(_SESSION, sid)
        if not begun or begun[0]["state"] != request.query.get("state"):
            return WalletAnswer(400, {"error": "unknown_session"})
        code = made_secret()
        self._store.run(_LOGGED_IN, sid, rows[0]["id"], digest(code))
        back = f"{begun[0]['redirect_uri']}?{urlencode({'code': code, 'state': begun[0]['state']})}"
        return WalletAnswer(302, None, (("Location", back),))

    def _token(self, request: WalletRequest) -> WalletAnswer:
        sid = digest(request.session)
        begun = self._store.rows(f"{_SESSION} AND code_hash = $2", sid, digest(request.form.get("code", "")))
        if not begun:
            return WalletAnswer(400, {"error": "invalid_grant"})
        self._store.run("DELETE FROM oauth_sessions WHERE sid_hash = $1", sid)
        token = self._issuer.token(begun[0]["account"], begun[0]["client_id"])
        return WalletAnswer(200, {"access_token": token, "token_type": "Bearer"})

    # -- the other side -----------------------------------------------------------------------------------------------

    def _copy(self, account: Account) -> None:
        """New has it before the client hears of it."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self._where.office}/internal/accounts/{account.id}",
            json.dumps(asdict(account)).encode(),
            {"X-Copy-Key": self._where.copy_key, "Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(asked, timeout=10):  # noqa: S310 -- the same
            pass

    def _internal(self, environ: Mapping[str, Any]) -> WalletAnswer:
        if environ.get("HTTP_X_COPY_KEY") != self._where.copy_key:
            return WalletAnswer(403, {"error": "forbidden"})
        sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        self._store.run(copy_into("wallet_users"), *account_of(sent).values)
        return WalletAnswer(200, {"ok": True})


def _request(environ: Mapping[str, Any]) -> WalletRequest:
    cookies = dict(each.strip().split("=", 1) for each in environ.get("HTTP_COOKIE", "").split(";") if "=" in each)
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    return WalletRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=query,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        host=environ.get("HTTP_HOST", ""),
        account=environ.get("HTTP_X_ACCOUNT", ""),
        session=cookies.get(SESSION, ""),
    )


def main() -> None:
    """Serve until ended."""
    where = settings()
    serve_threaded(where.legacy, WalletService(where))


if __name__ == "__main__":
    main()
