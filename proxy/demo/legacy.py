"""The legacy customer service, in the manner of a Rails application: `python -m proxy.demo.legacy DATABASE SOCKET`.

Its habits, which clients have come to rely on: snake_case, nulls written out, money as text, times in its own zone with
milliseconds, `<`, `>` and `&` escaped in JSON, 422 with a list of sentences per field, a weak ETag and `X-Runtime`.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from datetime import datetime, timedelta, timezone
from hashlib import md5

from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.demo.listening import listen

PER_PAGE = 20
ZONE = timezone(timedelta(hours=9))
DATABASE = web.AppKey("DATABASE", sqlite3.Connection)
COLUMNS = "id, office, name, phone, email, note, total_paid, created_at, updated_at, lock_version"
WRITABLE = ("name", "phone", "email", "note")
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def render(value: object, status: int = 200) -> web.Response:
    """JSON as ActiveSupport writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    response = web.Response(text=text, status=status, content_type="application/json")
    response.headers["ETag"] = f'W/"{md5(text.encode(), usedforsecurity=False).hexdigest()}"'
    response.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
    return response


def not_found() -> web.Response:
    """What Rails says about a record that is not there, or not this office's."""
    return render({"status": 404, "error": "Not Found"}, 404)


def find(request: web.Request) -> dict[str, object] | None:
    """The customer of the path, if the calling office has it."""
    rows = request.app[DATABASE].execute(
        f"SELECT {COLUMNS} FROM customers WHERE id = ? AND office = ?",  # noqa: S608  a constant
        (request.match_info["id"], request.headers.get("X-Tenant-Id")),
    )
    return next((dict(row) for row in rows), None)


async def show(request: web.Request) -> web.Response:
    """GET /customers/{id}."""
    customer = find(request)
    return not_found() if customer is None else render(customer)


async def search(request: web.Request) -> web.Response:
    """GET /customers?name=…&page=…: the office's customers whose name contains the text."""
    page = max(int(request.query.get("page", "1")), 1)
    values = (request.headers.get("X-Tenant-Id"), f"%{request.query.get('name', '')}%")
    where = "FROM customers WHERE office = ? AND name LIKE ?"
    database = request.app[DATABASE]
    (total,) = database.execute(f"SELECT count(*) {where}", values).fetchone()
    rows = database.execute(
        f"SELECT {COLUMNS} {where} ORDER BY id LIMIT ? OFFSET ?",
        (*values, PER_PAGE, (page - 1) * PER_PAGE),
    )
    meta = {"page": page, "per_page": PER_PAGE, "total": total}
    return render({"customers": [dict(row) for row in rows], "meta": meta})


async def create(request: web.Request) -> web.Response:
    """POST /customers."""
    sent = await request.json()
    if not sent.get("name"):
        return render({"errors": {"name": ["can't be blank"]}}, 422)
    now = datetime.now(ZONE).isoformat(timespec="milliseconds")
    values = (request.headers.get("X-Tenant-Id"), *(sent.get(name) for name in WRITABLE), now, now)
    with request.app[DATABASE] as database:
        columns = f"office, {', '.join(WRITABLE)}, created_at, updated_at"
        rows = database.execute(
            f"INSERT INTO customers ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {COLUMNS}",  # noqa: S608  constants
            values,
        )
        customer = dict(rows.fetchone())
    response = render(customer, 201)
    response.headers["Location"] = f"/customers/{customer['id']}"
    return response


async def update(request: web.Request) -> web.Response:
    """PATCH /customers/{id}: the fields that are sent, and no others."""
    sent = await request.json()
    if "name" in sent and not sent["name"]:
        return render({"errors": {"name": ["can't be blank"]}}, 422)
    customer = find(request)
    if customer is None:
        return not_found()
    changes = {name: sent[name] for name in WRITABLE if name in sent}
    changes["updated_at"] = datetime.now(ZONE).isoformat(timespec="milliseconds")
    with request.app[DATABASE] as database:
        assigned = ", ".join(f"{name} = ?" for name in changes)
        database.execute(
            f"UPDATE customers SET {assigned}, lock_version = lock_version + 1 WHERE id = ?",  # noqa: S608  constants
            (*changes.values(), customer["id"]),
        )
    return render(find(request))


async def appointments(request: web.Request) -> web.Response:
    """GET /customers/{id}/appointments."""
    customer = find(request)
    if customer is None:
        return not_found()
    columns = "id, customer_id, visit_on, purpose, staff"
    rows = request.app[DATABASE].execute(
        f"SELECT {columns} FROM appointments WHERE customer_id = ? ORDER BY visit_on, id",  # noqa: S608  a constant
        (customer["id"],),
    )
    return render({"appointments": [dict(row) for row in rows]})


async def healthz(_: web.Request) -> web.Response:
    """Up, and with its database."""
    return web.Response(text="ok")


@web.middleware
async def runtime(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer says how long it took and who gave it."""
    started = time.perf_counter()
    response: web.StreamResponse
    try:
        response = await handler(request)
    except json.JSONDecodeError:
        response = render({"status": 400, "error": "Bad Request"}, 400)
    response.headers["X-Runtime"] = f"{time.perf_counter() - started:.6f}"
    response.headers["Server"] = "legacy-rails"
    response.headers["X-App-Version"] = "2019.4"
    return response


def application(path: str) -> web.Application:
    """The service on this database."""
    app = web.Application(middlewares=[runtime])
    app[DATABASE] = sqlite3.connect(path, timeout=10.0)
    app[DATABASE].row_factory = sqlite3.Row
    app[DATABASE].execute("PRAGMA synchronous = NORMAL")
    app.router.add_get("/customers/{id}", show)
    app.router.add_get("/customers", search)
    app.router.add_post("/customers", create)
    app.router.add_patch("/customers/{id}", update)
    app.router.add_get("/customers/{id}/appointments", appointments)
    app.router.add_get("/healthz", healthz)
    return app


if __name__ == "__main__":
    listen(application(sys.argv[1]), int(sys.argv[2]))
