"""`/api/journal`: writes on their way to both sides, and what people decide of those that got stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from aiohttp import web

from proxy.api.journal import JournalBody, JournalDecidedView, JournalEntryView, JournalPageView, JournalView
from proxy.control.admin.responses import as_json, no_such_route, problem, read_body, store_away, tagged
from proxy.control.position.mover import PATIENCE
from proxy.core.journal.intent import IntentState, JournalEntry
from proxy.core.journal.standing import JournalStanding
from proxy.core.routing.snapshot import Snapshot
from proxy.log import stamp
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal

MOST, USUAL = 1000, 100
_ID = 64
_RETRIES = "owed, unknown or dead"
_DROPS = "unknown or dead"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPages:
    """`journal` None: there is no database, and so no journal. `running` is the present table."""

    journal: PostgresJournal | None
    running: Callable[[], Snapshot]

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/journal?route=&state=&limit=`."""
        limit, state = request.query.get("limit", str(USUAL)), request.query.get("state")
        if not limit.isdecimal() or not 0 < int(limit[:9]) <= MOST:
            return problem(HTTPStatus.BAD_REQUEST, f"limit must be a number from 1 to {MOST}, got {limit[:9]!r}")
        if state is not None and state not in list(IntentState):
            known = ", ".join(IntentState)
            return problem(HTTPStatus.BAD_REQUEST, f"state must be one of {known}, got {state[:_ID]!r}")
        name, table = request.query.get("route"), self.running()
        route = None if name is None else table.named(name)
        if name is not None and route is None:
            return no_such_route(name, [each.name for each in table.routes])
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._entries(route.origin if route else None, state, int(limit))
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        names = {each.origin: each.name for each in table.routes}
        return tagged(request, JournalPageView(writes=[_view(each, names) for each in found]), table.revision)

    async def _entries(self, origin: str | None, state: str | None, limit: int) -> tuple[JournalEntry, ...]:
        if self.journal is None:
            return ()
        return await self.journal.entries(origin, None if state is None else IntentState(state), limit)

    async def retry(self, request: web.Request) -> web.Response:
        """`POST /api/journal/{id}/retry`."""
        return await self._decide(request, "write_retried", _RETRIES)

    async def drop(self, request: web.Request) -> web.Response:
        """`POST /api/journal/{id}/drop`."""
        return await self._decide(request, "write_dropped", _DROPS)

    async def _decide(self, request: web.Request, event: str, states: str) -> web.Response:
        said, name = read_body(await request.read(), JournalBody), request.match_info["id"]
        if isinstance(said, web.Response):
            return said
        try:
            async with asyncio.timeout(PATIENCE):
                done = await self._done(name, drops=states is _DROPS)
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        if not done:
            detail = f"no write of id {name[:_ID]!r} is {states}; GET /api/journal lists what there is"
            return problem(HTTPStatus.NOT_FOUND, detail)
        _log.warning(event, id=name, by=said.by or f"admin API, {request.remote or ''}", reason=said.reason)
        return as_json(JournalDecidedView(id=name))

    async def _done(self, name: str, *, drops: bool) -> bool:
        if self.journal is None or not _is_id(name):
            return False
        return await (self.journal.drop(name) if drops else self.journal.retry(name))


def journal_view(standing: JournalStanding | None) -> JournalView | None:
    """How it stands for one route."""
    if standing is None:
        return None
    return JournalView(
        pending=standing.pending,
        owed=standing.owed,
        unknown=standing.unknown,
        dead=standing.dead,
        lag=round(standing.lag, 1),
    )


def _view(entry: JournalEntry, names: dict[str, str]) -> JournalEntryView:
    intent = entry.intent
    return JournalEntryView(
        id=intent.id,
        route=names.get(intent.route, intent.route),
        key=intent.key,
        state=entry.state.value,
        method=intent.request.method.decode("latin-1"),
        target=intent.request.target.decode("latin-1"),
        side=intent.side.value,
        cohort=intent.cohort,
        since=stamp(datetime.fromtimestamp(entry.began, UTC)),
        attempts=entry.attempts,
        said=entry.said,
    )


def _is_id(name: str) -> bool:
    return len(name) == 32 and all(digit in "0123456789abcdef" for digit in name)
