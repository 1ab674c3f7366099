"""The customer service: WSGI with threads, Active Record's ways with rows, and its enums as numbers.

GET  /customers?kana=|phone=&page=             from the read replica
POST /customers
GET, PATCH /customers/{id}                     PATCH may show the lock_version that it has seen
GET, POST  /customers/{id}/appointments        a new one touches its customer
GET, POST  /customers/{id}/items
DELETE     /customers/{id}/items/{item}
GET  /-/asked                                  how many requests of clients it has answered, and how many of shadows
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from examples.crm.systems import active_record
from examples.crm.systems.active_record import StaleObjectError
from examples.crm.systems.settings import settings
from examples.stage.thread_store import ThreadStore
from examples.stage.threaded_server import serve_threaded

STATUS = {"lead": 0, "booked": 1, "visited": 2, "bought": 3, "declined": 5}
SOURCE = {"tv": 0, "web": 1, "flyer": 2, "referral": 3}
KIND = {"visit": 0, "shop": 1, "parcel": 3, "online": 4}
CATEGORY = {"kimono": 0, "gold": 1, "stamps": 2, "watch": 3, "liquor": 4}
"""`enum` of each model: numbers that went out of use are left out, and never used again."""
PAGE = 20
_TOKYO = timezone(timedelta(hours=9))
_FIND = "SELECT * FROM customers WHERE id = $1 AND deleted_at IS NULL"
_SEARCH = (
    "SELECT *, count(*) OVER () AS total FROM customers WHERE deleted_at IS NULL AND kana LIKE $1 || '%' "
    "AND ($2 = '' OR phone = $2) ORDER BY id LIMIT $3 OFFSET $4"
)


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a client gets."""

    status: int
    body: object


NOT_FOUND = ServiceAnswer(404, {"error": "not found"})
STALE = ServiceAnswer(409, {"error": "stale"})


class CustomerService:
    """One process, many threads."""

    def __init__(self, primary: str, replica: str) -> None:
        """Both are connected."""
        self._primary = ThreadStore(primary)
        self._replica = ThreadStore(replica)
        self._counted = threading.Lock()
        self._asked: Counter[str] = Counter(clients=0, shadows=0)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        path = environ["PATH_INFO"].strip("/").split("/")
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        length = int(environ.get("CONTENT_LENGTH") or 0)
        sent = json.loads(environ["wsgi.input"].read(length)) if length else {}
        self._count(path, "HTTP_X_BANYAN_SHADOW" in environ)
        answer = self._answer(environ["REQUEST_METHOD"], path, query, sent)
        body = json.dumps(answer.body, separators=(",", ":")).encode()
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", fields)
        return [body]

    def _count(self, path: list[str], is_shadow: bool) -> None:  # noqa: FBT001 -- which of two
        if path[0] != "-":
            with self._counted:
                self._asked["shadows" if is_shadow else "clients"] += 1

    def _answer(self, method: str, path: list[str], query: Mapping[str, str], sent: Any) -> ServiceAnswer:  # noqa: ANN401
        match method, *path:
            case "GET", "customers":
                return self._search(query)
            case "POST", "customers":
                return self._create(sent)
            case "GET", "customers", number:
                return self._show(int(number))
            case "PATCH", "customers", number:
                return self._change(int(number), sent)
            case _, "customers", number, "appointments":
                return self._appointments(int(number)) if method == "GET" else self._book(int(number), sent)
            case _, "customers", number, "items":
                return self._items(int(number)) if method == "GET" else self._add(int(number), sent)
            case "DELETE", "customers", number, "items", item:
                gone = self._primary.within(lambda each: active_record.destroy(each, "items", int(item), int(number)))
                return ServiceAnswer(200, {"id": int(item)}) if gone else NOT_FOUND
            case "GET", "-", "asked":
                return ServiceAnswer(200, dict(self._asked))
            case _:
                return NOT_FOUND

    # -- customers ----------------------------------------------------------------------------------------------------

    def _search(self, query: Mapping[str, str]) -> ServiceAnswer:
        skipped = (int(query.get("page", "1")) - 1) * PAGE
        rows = self._replica.rows(_SEARCH, query.get("kana", ""), query.get("phone", ""), PAGE, skipped)
        listed = [
            {name: row[name] for name in ("id", "name", "kana", "phone")} | {"created_at": in_tokyo(row["created_at"])}
            for row in rows
        ]
        return ServiceAnswer(200, {"customers": listed, "total": rows[0]["total"] if rows else 0})

    def _show(self, number: int) -> ServiceAnswer:
        rows = self._primary.rows(_FIND, number)
        return ServiceAnswer(200, as_json(rows[0])) if rows else NOT_FOUND

    def _create(self, sent: Mapping[str, Any]) -> ServiceAnswer:
        row = self._primary.within(lambda each: active_record.create(each, "customers", as_columns(sent)))
        return ServiceAnswer(201, as_json(row))

    def _change(self, number: int, sent: Mapping[str, Any]) -> ServiceAnswer:
        async def work(connection: Any) -> bool:  # noqa: ANN401 -- asyncpg has no types
            row = await connection.fetchrow(_FIND, number)
            if row is not None:
                await active_record.save(connection, "customers", row, as_columns(sent))
            return row is not None

        try:
            return ServiceAnswer(200, {"id": number}) if self._primary.within(work) else NOT_FOUND
        except StaleObjectError:
            return STALE

    # -- what belongs to them -----------------------------------------------------------------------------------------

    def _appointments(self, number: int) -> ServiceAnswer:
        rows = self._primary.rows("SELECT * FROM appointments WHERE customer_id = $1 ORDER BY id", number)
        return ServiceAnswer(200, {"appointments": list(map(_appointment, rows))})

    def _book(self, number: int, sent: Mapping[str, Any]) -> ServiceAnswer:
        values = {
            "customer_id": number,
            "kind": KIND[sent["kind"]],
            "starts_at": in_utc(sent["starts_at"]),
            "place": sent.get("place"),
        }

        async def work(connection: Any) -> Any:  # noqa: ANN401 -- asyncpg has no types
            if await active_record.touch(connection, "customers", number):
                return await active_record.create(connection, "appointments", values)
            return None

        row = self._primary.within(work)
        return NOT_FOUND if row is None else ServiceAnswer(201, _appointment(row))

    def _items(self, number: int) -> ServiceAnswer:
        statement = "SELECT * FROM items WHERE customer_id = $1 AND deleted_at IS NULL ORDER BY id"
        return ServiceAnswer(200, {"items": list(map(_item, self._primary.rows(statement, number)))})

    def _add(self, number: int, sent: Mapping[str, Any]) -> ServiceAnswer:
        values = {
            "customer_id": number,
            "category": CATEGORY[sent["category"]],
            "title": sent["title"],
            "estimate": sent.get("estimate"),
        }
        row = self._primary.within(lambda each: active_record.create(each, "items", values))
        return ServiceAnswer(201, _item(row))


# -- as JSON, and back ------------------------------------------------------------------------------------------------


def as_columns(sent: Mapping[str, Any]) -> dict[str, object]:
    """What a client sent, as the table has it."""
    read = {"status": STATUS.__getitem__, "source": SOURCE.__getitem__, "next_call_at": in_utc}
    return {name: read[name](value) if name in read else value for name, value in sent.items()}


def as_json(row: Any) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    """A customer."""
    return {
        **{name: row[name] for name in ("id", "name", "kana", "phone")},
        "status": _name(STATUS, row["status"]),
        "source": _name(SOURCE, row["source"]),
        "note": row["note"],
        "next_call_at": in_tokyo(row["next_call_at"]),
        "total_paid": float(row["total_paid"]),
        "lock_version": row["lock_version"],
        "created_at": in_tokyo(row["created_at"]),
        "updated_at": in_tokyo(row["updated_at"]),
    }


def _appointment(row: Any) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    return {
        "id": row["id"],
        "kind": _name(KIND, row["kind"]),
        "starts_at": in_tokyo(row["starts_at"]),
        "place": row["place"],
        "created_at": in_tokyo(row["created_at"]),
    }


def _item(row: Any) -> dict[str, object]:  # noqa: ANN401 -- asyncpg has no types
    return {
        "id": row["id"],
        "category": _name(CATEGORY, row["category"]),
        "title": row["title"],
        "estimate": None if row["estimate"] is None else float(row["estimate"]),
        "created_at": in_tokyo(row["created_at"]),
    }


def _name(names: Mapping[str, int], number: int) -> str | None:
    """As `enum` reads a number that it does not know."""
    return next((name for name, each in names.items() if each == number), None)


def in_tokyo(moment: datetime | None) -> str | None:
    """`2026-12-01T10:30:00.000+09:00`, as ActiveSupport writes it."""
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone(_TOKYO).isoformat(timespec="milliseconds")


def in_utc(said: str | None) -> datetime | None:
    """As the columns have it."""
    return None if said is None else datetime.fromisoformat(said).astimezone(UTC).replace(tzinfo=None)


def main() -> None:
    """Serve until ended."""
    where = settings()
    serve_threaded(where.legacy, CustomerService(where.primary, where.replica))


if __name__ == "__main__":
    main()
