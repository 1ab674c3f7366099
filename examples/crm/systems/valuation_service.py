"""The valuation service: another domain of the same company, WSGI with threads and a database of its own. It stays.

POST /valuations                   of a customer, whom it asks the customer domain for, at the address of its deployment
GET  /valuations?customer_id=
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from examples.crm.systems.settings import OPERATOR, Settings, settings
from examples.stage.thread_store import ThreadStore
from examples.stage.threaded_server import serve_threaded

_MADE = "INSERT INTO valuations (customer_id, customer_name, sum) VALUES ($1, $2, $3)"
_PATIENCE = 30.0


class ValuationService:
    """One process, many threads."""

    def __init__(self, where: Settings) -> None:
        """Its store is connected."""
        self._customers = f"http://127.0.0.1:{where.banyan}/customers"
        self._store = ThreadStore(where.valuations_store)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ["REQUEST_METHOD"] == "POST":
            sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            status, said = self._make(sent, environ.get("HTTP_X_OPERATOR", ""))
        else:
            status, said = self._list(int(dict(parse_qsl(environ["QUERY_STRING"]))["customer_id"]))
        body = json.dumps(said).encode()
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start(f"{status} {HTTPStatus(status).phrase}", fields)
        return [body]

    def _make(self, sent: dict[str, Any], operator: str) -> tuple[int, object]:
        customer = self._ask(int(sent["customer_id"]), operator)
        if customer is None:
            return 502, {"error": "the customer domain has not answered"}
        self._store.run(_MADE, customer["id"], customer["name"], sent["sum"])
        return 201, {"customer": customer["name"], "sum": sent["sum"]}

    def _ask(self, number: int, operator: str) -> dict[str, Any] | None:
        request = urllib.request.Request(f"{self._customers}/{number}", headers={OPERATOR: operator})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 -- our own address
                found: dict[str, Any] = json.load(answer)
                return found
        except (OSError, ValueError):
            return None

    def _list(self, customer: int) -> tuple[int, object]:
        rows = self._store.rows("SELECT sum FROM valuations WHERE customer_id = $1 ORDER BY id", customer)
        return 200, {"valuations": [row["sum"] for row in rows]}


def main() -> None:
    """Serve until ended."""
    where = settings()
    serve_threaded(where.valuations, ValuationService(where))


if __name__ == "__main__":
    main()
