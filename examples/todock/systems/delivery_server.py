"""The delivery server: delivery and login in one, WSGI with threads. When it is down, everything that it serves is.

POST /token                        members log in: it knows them, and fetches their token at the identity provider
GET  /points, /history, /invoices/{month}, /card
GET  /stores, /flyers, /statements/{month}: nobody remembers who asked for them
GET, PUT /orders/{number}          what a member has ordered for a week, in three contracts; 503 while it is closed
OPTIONS /banyan/applies            it takes writes that were done before
GET  /healthz, /asked              that it lives; how many requests of which path it has answered, and how many closed
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from examples.stage.thread_store import ThreadStore
from examples.stage.threaded_server import serve_threaded
from examples.todock.systems.order_contracts import Contract, Order, contract_of, read_order, said_order
from examples.todock.systems.settings import BANYAN_ADDRESS, SAW, Settings, settings
from examples.todock.systems.token_check import RefusedTokenError, TokenCheck

_STAGE = "SELECT stage FROM stages WHERE from_yen <= $1 ORDER BY from_yen DESC LIMIT 1"
_CLOSED = (
    "SELECT ceil(extract(epoch FROM closed_until - now()))::int AS wait FROM core_hours WHERE closed_until > now()"
)
_DELETE = "DELETE FROM order_lines WHERE order_no = $1"
_INSERT = "INSERT INTO order_lines (order_no, item_cd, su, rev) VALUES ($1, $2, $3, $4)"


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """What a client gets; `saw`: for which member; `more`: further fields."""

    status: int
    body: object
    saw: str = ""
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """As it came; `number`: of the member who calls, empty: of nobody."""

    method: str
    path: str
    contract: Contract
    body: bytes
    number: str


NOT_FOUND = DeliveryAnswer(404, {"message": "not found"})


class DeliveryServer:
    """One process, many threads."""

    def __init__(self, where: Settings) -> None:
        """Its store is connected."""
        self._where = where
        self._store = ThreadStore(where.delivery_store)
        self._check = TokenCheck(where.issuer)
        self._counting = threading.Lock()
        self._asked: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        answer = self._answer(environ)
        with self._counting:
            self._asked[environ["PATH_INFO"].split("/")[1]] += 1
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *answer.more]
        fields += [(SAW, self._where.saw(answer.saw))] if answer.saw else []
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", fields)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> DeliveryAnswer:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "GET", "/healthz":
                return DeliveryAnswer(200, {"ok": True})
            case "GET", "/asked":
                with self._counting:
                    return DeliveryAnswer(200, dict(self._asked))
            case "OPTIONS", "/banyan/applies":
                return DeliveryAnswer(200, None, more=(("X-Banyan-Replay", "accepted"),))
            case "POST", "/token":
                return self._log_in(body)
            case method, path:
                try:
                    number = self._caller(environ)
                except RefusedTokenError as error:
                    challenge = (("WWW-Authenticate", error.challenge),)
                    return DeliveryAnswer(error.status, {"error": error.error}, more=challenge)
                contract = contract_of(environ["HTTP_HOST"], environ.get("HTTP_X_APP_GENERATION", ""))
                return self._for_members(DeliveryRequest(method, path, contract, body, number))

    def _caller(self, environ: dict[str, Any]) -> str:
        """The number of the member's card: by the token, or of a write that new has done before, as Banyan says it."""
        if environ.get("HTTP_X_BANYAN_REPLAY") and environ["REMOTE_ADDR"] == BANYAN_ADDRESS:
            return str(environ.get("HTTP_X_MEMBER_NUMBER", ""))
        return self._check.caller(environ.get("HTTP_AUTHORIZATION", "")).number

    # -- login --------------------------------------------------------------------------------------------------------

    def _log_in(self, body: bytes) -> DeliveryAnswer:
        """Of those whom it knows; the token is the provider's."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        known = self._store.rows("SELECT password FROM members WHERE member_no = $1", form.get("username", ""))
        if not known or known[0]["password"] != form.get("password"):
            return DeliveryAnswer(400, {"error": "invalid_grant"})
        asked = urllib.request.Request(f"{self._where.issuer}/token", body)  # noqa: S310 -- the provider's own address
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 -- the same
                return DeliveryAnswer(200, json.load(answer))
        except urllib.error.HTTPError as error:
            return DeliveryAnswer(error.code, json.load(error))
        except OSError:
            return DeliveryAnswer(502, {"error": "temporarily_unavailable"})

    # -- members ------------------------------------------------------------------------------------------------------

    def _for_members(self, request: DeliveryRequest) -> DeliveryAnswer:
        found = self._store.rows("SELECT * FROM members WHERE member_no = $1", request.number)
        if not found:
            return NOT_FOUND
        match request.method, *request.path.strip("/").split("/"):
            case "GET", "points":
                said = {"member": request.number, "points": found[0]["points"], "expires_on": "2027-03-31"}
            case "GET", "history":
                bought = found[0]["bought_yen"]
                stage = self._store.rows(_STAGE, bought)[0]["stage"]
                said = {"member": request.number, "bought_yen": bought, "stage": stage}
            case "GET", "invoices", month:
                year, _, of_year = month.partition("-")
                total = int(request.number) * (int(year) * 100 + int(of_year)) % 9000
                said = {"member": request.number, "month": month, "total_yen": total, "lines": total % 7 + 1}
            case "GET", "card":
                return _card(request.number, found[0])
            case "GET", "stores":
                said = {"stores": ["Nishimachi", "Motomachi", "Sorachi"]}
            case "GET", "flyers":
                said = {"week": "2026w49", "pages": 8}
            case "GET", "statements", month:
                said = {"month": month, "deliveries": 41_208}
            case _, "orders", number:
                return self._order(request, number)
            case _:
                return NOT_FOUND
        return DeliveryAnswer(200, said, saw=request.number)

    # -- delivery -----------------------------------------------------------------------------------------------------

    def _order(self, request: DeliveryRequest, number: str) -> DeliveryAnswer:
        if closed := self._store.rows(_CLOSED):
            with self._counting:
                self._asked["closed"] += 1
            again = (("Retry-After", str(closed[0]["wait"])),)
            return DeliveryAnswer(503, {"message": "the core system is closed"}, more=again)
        if number.partition("-")[0] != request.number:
            return NOT_FOUND
        if request.method == "PUT":
            return self._write(request, number)
        rows = self._store.rows("SELECT item_cd, su, rev FROM order_lines WHERE order_no = $1", number)
        if not rows:
            return DeliveryAnswer(404, {"message": "not found"}, saw=request.number)
        order = Order(rows[0]["rev"], {row["item_cd"]: row["su"] for row in rows})
        return DeliveryAnswer(200, said_order(request.contract, number, order), saw=request.number)

    def _write(self, request: DeliveryRequest, number: str) -> DeliveryAnswer:
        """The whole order, so that twice is as once."""
        order = read_order(request.contract, request.body)
        lines = [(number, code, count, order.revision) for code, count in order.kept.items()]
        self._store.replace(_DELETE, _INSERT, number, lines)
        return DeliveryAnswer(200, said_order(request.contract, number, order), saw=request.number)


def _card(number: str, member: Any) -> DeliveryAnswer:  # noqa: ANN401 -- asyncpg has no types
    if not member["confirmed"]:
        refused = RefusedTokenError(403, "insufficient_scope", "it has no scope card")
        challenge = (("WWW-Authenticate", refused.challenge),)
        return DeliveryAnswer(refused.status, {"error": refused.error}, number, challenge)
    return DeliveryAnswer(200, {"member": number, "balance_yen": member["card_yen"], "barcode": f"21{number}"}, number)


def main() -> None:
    """Serve until ended."""
    where = settings()
    serve_threaded(where.delivery, DeliveryServer(where))


if __name__ == "__main__":
    main()
