"""The consumer back end: WSGI with threads, and no request without a signature of AWS.

GET  /app/policies?holder=         what the consumer app shows
PUT  /app/contracts/{number}       what its users buy
GET  /app/accepted                 how many requests of whom were let in, and how many were not
GET  /plans/proposals?product=&age=&months=&sum=
GET, PUT /contracts/{number}       the partners' API, by Banyan alone, which says for whom it calls
OPTIONS /banyan/applies            it takes writes that were done before
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from examples.insurance.systems.contract_dates import end_of
from examples.insurance.systems.iam import SentRequest, signer_of
from examples.insurance.systems.settings import APP_KEY, BANYAN_KEY, SAW, Settings, settings
from examples.stage.thread_store import ThreadStore
from examples.stage.threaded_server import serve_threaded

_BASE = {"phone": 120, "bike": 90, "travel": 45}
_PERCENT = ((30, 100), (40, 115), (50, 140), (200, 180))
"""Whoever is younger than this pays so much of the base."""
_LAST_BILLING_DAY = 28
_COLUMNS = "contract_no, partner, product, holder, premium_yen, revision, starts_on, ends_on, billing_day, write_key"
_WRITE = (
    f"INSERT INTO contracts ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "  # noqa: S608 -- constant
    "ON CONFLICT (contract_no) DO UPDATE SET (product, holder, premium_yen, revision, starts_on, ends_on, billing_day, "
    "write_key, updated_at) = (EXCLUDED.product, EXCLUDED.holder, EXCLUDED.premium_yen, EXCLUDED.revision, "
    "EXCLUDED.starts_on, EXCLUDED.ends_on, EXCLUDED.billing_day, EXCLUDED.write_key, now())"
)
_APP, _GATEWAY = "app", "gateway"
_CALLERS = {APP_KEY: _APP, BANYAN_KEY: _GATEWAY}
"""Who signs with which key."""


@dataclass(frozen=True, slots=True)
class BackendAnswer:
    """What a client gets; `saw`: for whom the call was taken."""

    status: int
    body: object
    saw: str = ""
    agrees: bool = False


FORBIDDEN = BackendAnswer(403, {"message": "Forbidden"})
NOT_FOUND = BackendAnswer(404, {"message": "Not Found"})


def premium(product: str, age: int, insured: int) -> int:
    """Yen a month."""
    percent = next(percent for below, percent in _PERCENT if age < below)
    return _BASE[product] * percent * (insured // 100_000) // 100


class ConsumerBackend:
    """One process, many threads."""

    def __init__(self, where: Settings) -> None:
        """Its store is connected."""
        self._where = where
        self._store = ThreadStore(where.legacy_store)
        self._secrets = {APP_KEY: where.app_secret, BANYAN_KEY: where.banyan_secret}
        self._counted = threading.Lock()
        self._accepted: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        request = _sent(environ)
        signer = signer_of(request, self._secrets)
        with self._counted:
            self._accepted[signer or "nobody"] += 1
        answer = self._answer(request, signer, environ["PATH_INFO"])
        body = b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode()
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        fields += [("X-Banyan-Replay", "accepted")] if answer.agrees else []
        fields += [(SAW, self._where.saw(answer.saw))] if answer.saw else []
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", fields)
        return [body]

    def _answer(self, request: SentRequest, signer: str, path: str) -> BackendAnswer:
        query = dict(parse_qsl(request.target.partition("?")[2]))
        match _CALLERS.get(signer, ""), request.method, *path.strip("/").split("/"):
            case "app", _, "app", *rest:
                return self._for_the_app(request, rest, query)
            case "gateway", "OPTIONS", "banyan", "applies":
                return BackendAnswer(200, None, agrees=True)
            case "gateway", _, *rest if partner := request.fields.get("x-partner", ""):
                return self._for_partners(request, rest, query, partner)
            case _:
                return FORBIDDEN

    def _for_the_app(self, request: SentRequest, path: list[str], query: Mapping[str, str]) -> BackendAnswer:
        match request.method, *path:
            case "GET", "accepted":
                with self._counted:
                    return BackendAnswer(200, dict(self._accepted))
            case "GET", "policies":
                found = self._store.rows("SELECT contract_no FROM contracts WHERE holder = $1", query.get("holder", ""))
                return BackendAnswer(200, {"contracts": [row["contract_no"] for row in found]})
            case "PUT", "contracts", number:
                return self._write(number, _APP, request)
            case _:
                return NOT_FOUND

    def _for_partners(
        self, request: SentRequest, path: list[str], query: Mapping[str, str], partner: str
    ) -> BackendAnswer:
        match request.method, *path:
            case "GET", "plans", "proposals":
                return _proposal(query, partner)
            case "GET", "contracts", number:
                return self._show(number, partner)
            case "PUT", "contracts", number:
                return self._write(number, partner, request)
            case _:
                return NOT_FOUND

    def _show(self, number: str, partner: str) -> BackendAnswer:
        rows = self._store.rows("SELECT * FROM contracts WHERE contract_no = $1 AND partner = $2", number, partner)
        if not rows:
            return BackendAnswer(404, {"message": "Not Found"}, saw=partner)
        row = rows[0]
        said = {
            "number": number,
            "product": row["product"],
            "holder": row["holder"],
            "premium": row["premium_yen"],
            "revision": row["revision"],
            "starts_on": row["starts_on"],
            "ends_on": row["ends_on"],
        }
        return BackendAnswer(200, said, saw=partner)

    def _write(self, number: str, partner: str, request: SentRequest) -> BackendAnswer:
        """The whole contract, so that twice is as once."""
        sent = json.loads(request.body)
        start = date.fromisoformat(sent["starts_on"])
        end = end_of(start, sent["months"]).isoformat()
        key = request.fields.get("idempotency-key", "")
        values = number, partner, sent["product"], sent["holder"], sent["premium"], sent["revision"]
        self._store.run(_WRITE, *values, sent["starts_on"], end, min(start.day, _LAST_BILLING_DAY), key)
        return BackendAnswer(200, {"number": number, "revision": sent["revision"], "ends_on": end}, saw=partner)


def _proposal(query: Mapping[str, str], partner: str) -> BackendAnswer:
    product, age, months, insured = query["product"], int(query["age"]), int(query["months"]), int(query["sum"])
    said = {
        "product": product,
        "age": age,
        "months": months,
        "sum": insured,
        "premium": premium(product, age, insured),
        "currency": "JPY",
    }
    return BackendAnswer(200, said, saw=partner)


def _sent(environ: dict[str, Any]) -> SentRequest:
    """What came, as it came."""
    names = {name: name.removeprefix("HTTP_") for name in environ if name.startswith("HTTP_")}
    names |= {name: name for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    fields = {said.replace("_", "-").lower(): str(environ[name]).strip() for name, said in names.items()}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return SentRequest(environ["REQUEST_METHOD"], environ["REQUEST_TARGET"], fields, body)


def main() -> None:
    """Serve until ended."""
    where = settings()
    serve_threaded(where.legacy, ConsumerBackend(where))


if __name__ == "__main__":
    main()
