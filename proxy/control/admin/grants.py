"""`/api/grants`: families, what is told of before it comes, the spool read again, and what leaves, sealed."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from proxy.api.grants import (
    ExportBody,
    GrantFamilyView,
    GrantsView,
    ImportBody,
    ImportedView,
    ReplayBody,
    ReplayedView,
    SealedGrantsView,
    SealedGrantView,
)
from proxy.control.admin.http.responses import as_json, problem, read_body, store_away
from proxy.core.routing.snapshot import Snapshot
from proxy.store.errors import StoreUnavailable
from proxy.store.grant_records import APPLIED, OPEN, GrantRecord, host_of, records_in, spool_files
from proxy.store.postgres.grant_tables import FamilyRow, GrantTables

MOST, USUAL = 10_000, 100
_HASH = 32
_NONE = "there is no database (state: memory), and so no grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPages:
    """`tables` None: there is no database. `directory` is this host's state directory; `running` the present table."""

    tables: GrantTables | None
    directory: Path
    running: Callable[[], Snapshot]

    async def families(self, request: web.Request) -> web.Response:
        """`GET /api/grants?provider=&unproved=&limit=`."""
        limit = request.query.get("limit", str(USUAL))
        if not limit.isdecimal() or not 0 < int(limit[:9]) <= MOST:
            return problem(HTTPStatus.BAD_REQUEST, f"limit must be a number from 1 to {MOST}, got {limit[:9]!r}")
        if self.tables is None:
            return as_json(GrantsView())
        asked = request.query.get("provider", ""), request.query.get("unproved", "")
        return await _with(self.tables, lambda tables: self._listed(tables, *asked, int(limit)))

    async def _listed(self, tables: GrantTables, provider: str, unproved: str, limit: int) -> web.Response:
        found = await tables.families(provider, unproved, limit)
        return as_json(GrantsView(families=[_family(row) for row in found]))

    async def take_in(self, request: web.Request) -> web.Response:
        """`POST /api/grants/import`."""
        said = read_body(await request.read(), ImportBody)
        if isinstance(said, web.Response):
            return said
        policy = self.running().grants.get(said.provider)
        if policy is None or said.system not in {system.name for system in policy.systems}:
            detail = f"routes.yaml has no system {said.system!r} in grants.{said.provider}"
            return problem(HTTPStatus.NOT_FOUND, detail)
        try:
            hashes = [binascii.unhexlify(each) for each in said.hashes]
        except (binascii.Error, ValueError):
            hashes = []
        if not hashes or any(len(each) != _HASH for each in hashes):
            return problem(HTTPStatus.BAD_REQUEST, "hashes must be of 32 bytes each, in hex; at least one")
        if self.tables is None:
            return problem(HTTPStatus.NOT_FOUND, _NONE)
        return await _with(self.tables, lambda tables: _expected(tables, hashes, said.provider, said.system))

    async def replay(self, request: web.Request) -> web.Response:
        """`POST /api/grants/replay`."""
        said = read_body(await request.read(), ReplayBody)
        if isinstance(said, web.Response):
            return said
        if self.tables is None:
            return problem(HTTPStatus.NOT_FOUND, _NONE)
        return await _with(self.tables, lambda tables: self._replay(tables, said))

    async def _replay(self, tables: GrantTables, said: ReplayBody) -> web.Response:
        records = await asyncio.to_thread(_records, self.directory)
        applied = [await tables.replay(record) for record in records]
        missing = await tables.replayed(await asyncio.to_thread(host_of, self.directory), said.without)
        return as_json(ReplayedView(records=len(records), applied=sum(applied), missing=missing))

    async def export(self, request: web.Request) -> web.Response:
        """`POST /api/grants/export`: sealed, and still for whom the token is needed."""
        said = read_body(await request.read(), ExportBody)
        if isinstance(said, web.Response):
            return said
        if self.tables is None:
            return problem(HTTPStatus.NOT_FOUND, _NONE)
        return await _with(self.tables, lambda tables: _exported(tables, said))


async def _with(tables: GrantTables, work: Callable[[GrantTables], Awaitable[web.Response]]) -> web.Response:
    try:
        return await work(tables)
    except StoreUnavailable as error:
        return store_away(str(error))


async def _expected(tables: GrantTables, hashes: list[bytes], provider: str, system: str) -> web.Response:
    await tables.expect(hashes, provider, system)
    return as_json(ImportedView(taken=len(hashes)))


async def _exported(tables: GrantTables, said: ExportBody) -> web.Response:
    grants = [
        SealedGrantView(
            id=str(family), client=client, generation=generation, sealed=base64.b64encode(sealed).decode("ascii")
        )
        for family, client, generation, sealed in await tables.sealed(said.provider, said.system)
    ]
    return as_json(SealedGrantsView(grants=grants))


def _records(directory: Path) -> list[GrantRecord]:
    """All that this host has, the oldest first."""
    files = spool_files(directory, OPEN, APPLIED)
    return [record for path in files for record in records_in(path.read_bytes())]


def _family(row: FamilyRow) -> GrantFamilyView:
    return GrantFamilyView(
        id=str(row.family),
        provider=row.provider,
        client=row.client_id,
        state=row.state,
        why=row.why,
        generation=row.generation,
        shown=dict(row.marks),
        attempts=row.attempts,
        age=round(row.age, 3),
    )
