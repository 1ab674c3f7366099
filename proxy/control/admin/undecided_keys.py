"""`/api/idempotency`: keys whose outcome is unknown, and their release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from aiohttp import web

from proxy.api.idempotency import ReleaseBody, ReleasedView, UndecidedKeysView, UndecidedKeyView
from proxy.control.admin.http.responses import as_json, problem, read_body, store_away, tagged
from proxy.control.position.mover import PATIENCE
from proxy.control.position.record_writer import RecordWriter
from proxy.core.position.record import OrderKind
from proxy.core.routing.snapshot import Snapshot
from proxy.log import stamp
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.key_records import PostgresKeys

MOST = 1000
_ID = 64
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPages:
    """`keys` None: there is no database, and so no key. `running` is the present table. Releases go on record."""

    keys: PostgresKeys | None
    running: Callable[[], Snapshot]
    records: RecordWriter | None = None

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/idempotency`."""
        names = {route.origin: route.name for route in self.running().routes}
        try:
            async with asyncio.timeout(PATIENCE):
                found = () if self.keys is None else await self.keys.undecided(MOST)
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        views = [
            UndecidedKeyView(
                id=each.record.hex(),
                route=names.get(each.route, each.route),
                key=each.key,
                since=stamp(datetime.fromtimestamp(each.began, UTC)),
                repeatable=each.repeatable,
            )
            for each in found
        ]
        return tagged(request, UndecidedKeysView(keys=views), self.running().revision)

    async def release(self, request: web.Request) -> web.Response:
        """`POST /api/idempotency/{id}/release`."""
        said, name = read_body(await request.read(), ReleaseBody), request.match_info["id"]
        if isinstance(said, web.Response):
            return said
        try:
            async with asyncio.timeout(PATIENCE):
                released = None if self.keys is None else await self.keys.release(_record(name))
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        if released is None:
            detail = f"no key of id {name[:_ID]!r} is undecided; GET /api/idempotency lists those that are"
            return problem(HTTPStatus.NOT_FOUND, detail)
        by = said.by or f"admin API, {request.remote or ''}"
        _log.warning("key_released", id=name, by=by, reason=said.reason)
        self._note(released, by, said.reason)
        return as_json(ReleasedView(id=name))

    def _note(self, released: tuple[str, str], by: str, reason: str) -> None:
        origin, key = released
        if self.records is not None:
            name = next((each.name for each in self.running().routes if each.origin == origin), origin)
            what = f'the undecided key "{key}"'
            self.records.add(OrderKind.FREE, by, ": ".join(filter(None, (what, reason))), route=name)


def _record(name: str) -> bytes:
    try:
        return bytes.fromhex(name)
    except ValueError:
        return b""
