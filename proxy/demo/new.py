"""The CRM that takes the customer service over: `python -m proxy.demo.new DATABASE SOCKET RELEASE`.

The same contract in another manner: typed records, a repository that reads by a connection that cannot write,
JSON with other bytes and the same meaning (keys in its own order, times in UTC, nothing escaped that need not be).
Its first release has a fault that no contract names and clients would notice: it writes 370.10 as 370.1.
The customers stay in legacy's database until legacy stops, so both systems read and write the same rows.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import md5
from typing import Annotated

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.demo.listening import listen

PAGE_SIZE = 20
FIRST, MENDED = "1.0", "1.1"
"""Releases: the first writes money without the noughts at its end, which legacy's clients rely on."""
QUIRK = "$.total_paid"
"""Where that is seen."""
LEGACY_ZONE = timezone(timedelta(hours=9))
Name = Annotated[str, msgspec.Meta(min_length=1)]


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as clients see it; nulls are part of the contract."""

    id: int
    created_at: datetime
    updated_at: datetime
    name: str
    email: str | None
    phone: str | None
    note: str | None
    total_paid: Decimal
    lock_version: int
    office: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the result a search is."""

    total: int
    page: int
    per_page: int = PAGE_SIZE


class FoundCustomers(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a search."""

    meta: Page
    customers: list[Customer]


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """One visit to a customer."""

    id: int
    customer_id: int
    purpose: str
    visit_on: date
    staff: str | None


class Appointments(msgspec.Struct, frozen=True):
    """All visits to a customer."""

    appointments: list[Appointment]


class NewCustomer(msgspec.Struct, frozen=True):
    """What a client sends to make one."""

    name: Name
    phone: str | None = None
    email: str | None = None
    note: str | None = None


class CustomerChanges(msgspec.Struct, frozen=True):
    """What a client sends to change one; UNSET stays as it is, null is written."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET


class Repository:
    """Legacy's customer tables, in this system's terms."""

    def __init__(self, path: str, release: str = MENDED) -> None:
        """`reader` is opened read-only: a defect in a query can never change legacy's data."""
        self._first = release == FIRST
        self.reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)
        self.writer = sqlite3.connect(path, timeout=10.0, isolation_level="IMMEDIATE")
        self.writer.execute("PRAGMA synchronous = NORMAL")
        for connection in (self.reader, self.writer):
            connection.row_factory = sqlite3.Row
        self.writer.execute("SELECT 1 FROM customers").fetchone()  # a reader alone may not begin a write-ahead log

    def customer(self, office: str, number: str) -> Customer | None:
        """One customer of an office."""
        found = self.reader.execute("SELECT * FROM customers WHERE id = ? AND office = ?", (number, office)).fetchone()
        return None if found is None else self._customer(found)

    def search(self, office: str, name: str, page: int) -> FoundCustomers:
        """The office's customers whose name contains the text, a page of them."""
        rows = self.reader.execute(
            "SELECT * FROM customers WHERE office = ? AND name LIKE ? ORDER BY id", (office, f"%{name}%")
        ).fetchall()
        shown = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        return FoundCustomers(meta=Page(total=len(rows), page=page), customers=[self._customer(row) for row in shown])

    def add(self, office: str, new: NewCustomer) -> Customer:
        """Write a customer as legacy would have written it."""
        now = _legacy_now()
        with self.writer:
            row = self.writer.execute(
                "INSERT INTO customers (office, name, phone, email, note, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
                (office, *msgspec.structs.astuple(new), now, now),
            ).fetchone()
        return self._customer(row)

    def change(self, office: str, number: str, changes: CustomerChanges) -> Customer | None:
        """Write what is set, in one statement; None when the office has no such customer."""
        values = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not msgspec.UNSET}
        assigned = "".join(f"{name} = :{name}, " for name in values)
        with self.writer:
            row = self.writer.execute(
                f"UPDATE customers SET {assigned} updated_at = :now, lock_version = lock_version + 1"  # noqa: S608  fields of a struct
                " WHERE id = :id AND office = :office RETURNING *",
                {**values, "now": _legacy_now(), "id": number, "office": office},
            ).fetchone()
        return None if row is None else self._customer(row)

    def appointments(self, number: int) -> Appointments:
        """Visits to a customer, the earliest first."""
        rows = self.reader.execute(
            "SELECT * FROM appointments WHERE customer_id = ? ORDER BY visit_on, id", (number,)
        ).fetchall()
        return Appointments([msgspec.convert(dict(row), Appointment) for row in rows])

    def _customer(self, row: sqlite3.Row) -> Customer:
        found = msgspec.convert(dict(row), Customer)
        return msgspec.structs.replace(
            found,
            created_at=found.created_at.astimezone(UTC),
            updated_at=found.updated_at.astimezone(UTC),
            total_paid=found.total_paid.normalize() if self._first else found.total_paid,
        )


def _legacy_now() -> str:
    return datetime.now(LEGACY_ZONE).isoformat(timespec="milliseconds")


REPOSITORY = web.AppKey("REPOSITORY", Repository)
RELEASE = web.AppKey("RELEASE", str)
routes = web.RouteTableDef()


def reply(value: msgspec.Struct | None, status: int = 200) -> web.Response:
    """The record as JSON; None is legacy's 404."""
    if value is None:
        return web.json_response({"error": "Not Found", "status": 404}, status=404)
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", charset="utf-8"
    )


def office_of(request: web.Request) -> str:
    """Whose customers the caller may see."""
    return request.headers.get("X-Tenant-Id", "")


@routes.get("/customers/{id}")
async def get_customer(request: web.Request) -> web.Response:
    """One customer."""
    return reply(request.app[REPOSITORY].customer(office_of(request), request.match_info["id"]))


@routes.get("/customers")
async def find_customers(request: web.Request) -> web.Response:
    """Customers by name, page by page."""
    page = max(int(request.query.get("page", "1")), 1)
    return reply(request.app[REPOSITORY].search(office_of(request), request.query.get("name", ""), page))


@routes.post("/customers")
async def post_customer(request: web.Request) -> web.Response:
    """A new customer."""
    new = msgspec.json.decode(await request.read(), type=NewCustomer)
    made = request.app[REPOSITORY].add(office_of(request), new)
    response = reply(made, 201)
    response.headers["Location"] = f"/customers/{made.id}"
    return response


@routes.patch("/customers/{id}")
async def patch_customer(request: web.Request) -> web.Response:
    """Some fields of a customer."""
    changes = msgspec.json.decode(await request.read(), type=CustomerChanges)
    return reply(request.app[REPOSITORY].change(office_of(request), request.match_info["id"], changes))


@routes.get("/customers/{id}/appointments")
async def get_appointments(request: web.Request) -> web.Response:
    """The visits to a customer."""
    repository = request.app[REPOSITORY]
    customer = repository.customer(office_of(request), request.match_info["id"])
    return reply(None if customer is None else repository.appointments(customer.id))


@routes.get("/healthz")
async def healthz(_: web.Request) -> web.Response:
    """Up, and with legacy's database."""
    return web.Response(text="ok")


@web.middleware
async def contract(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer says who gave it; a body that breaks the contract is answered as legacy would."""
    started = time.perf_counter()
    response: web.Response
    try:
        response = await handler(request)  # type: ignore[assignment]  # every handler here answers whole
    except msgspec.ValidationError:
        response = web.json_response({"errors": {"name": ["can't be blank"]}}, status=422)
    except msgspec.DecodeError:
        response = web.json_response({"error": "Bad Request", "status": 400}, status=400)
    said = response.body if isinstance(response.body, bytes) else b""
    response.headers["ETag"] = f'W/"{md5(said, usedforsecurity=False).hexdigest()}"'
    response.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
    response.headers["X-Runtime"] = f"{time.perf_counter() - started:.6f}"
    response.headers["Server"] = "crm"
    response.headers["X-App-Version"] = request.app[RELEASE]
    return response


def application(path: str, release: str = MENDED) -> web.Application:
    """The CRM on legacy's database."""
    app = web.Application(middlewares=[contract])
    app[REPOSITORY] = Repository(path, release)
    app[RELEASE] = release
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    listen(application(sys.argv[1], sys.argv[3]), int(sys.argv[2]))
