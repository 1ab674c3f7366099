"""`/api/journal`: writes on their way to both sides, and what people decide of those that got stuck."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from aiohttp import web

from proxy.api.journal import JournalBody, JournalDecidedView, JournalEntryView, JournalPageView, JournalView
from proxy.control.admin.http.responses import as_json, no_such_route, problem, read_body, store_away, tagged
from proxy.control.position.mover import PATIENCE
from proxy.control.position.record_writer import RecordWriter
from proxy.core.journal.intent import IntentState, JournalEntry
from proxy.core.journal.second_request import field_in, second_method
from proxy.core.journal.standing import JournalStanding
from proxy.core.position.record import OrderKind
from proxy.core.routing.snapshot import Snapshot
from proxy.log import stamp
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal

MOST, USUAL = 1000, 100
_SHOWN = 64
_LEAST = 6
"""Digits of an id that may be all that is said of it."""
_ID = re.compile(f"[0-9a-f]{{{_LEAST},32}}")
_DECIDES = {
    OrderKind.RETRY: (IntentState.OWED, IntentState.UNKNOWN, IntentState.DEAD),
    OrderKind.DROP: (IntentState.UNKNOWN, IntentState.DEAD),
}
_EVENTS = {OrderKind.RETRY: "write_retried", OrderKind.DROP: "write_dropped"}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPages:
    """`journal` None: there is no database, and so no journal. `running` is the present table, `records` keeps what
    people decide.
    """

    journal: PostgresJournal | None
    running: Callable[[], Snapshot]
    records: RecordWriter | None = None

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/journal?route=&state=&limit=`."""
        limit, state = request.query.get("limit", str(USUAL)), request.query.get("state")
        if not limit.isdecimal() or not 0 < int(limit[:9]) <= MOST:
            return problem(HTTPStatus.BAD_REQUEST, f"limit must be a number from 1 to {MOST}, got {limit[:9]!r}")
        if state is not None and state not in list(IntentState):
            known = ", ".join(IntentState)
            return problem(HTTPStatus.BAD_REQUEST, f"state must be one of {known}, got {state[:_SHOWN]!r}")
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
        return await self._decide(request, OrderKind.RETRY)

    async def drop(self, request: web.Request) -> web.Response:
        """`POST /api/journal/{id}/drop`."""
        return await self._decide(request, OrderKind.DROP)

    async def _decide(self, request: web.Request, kind: OrderKind) -> web.Response:
        said, name = read_body(await request.read(), JournalBody), request.match_info["id"]
        if isinstance(said, web.Response):
            return said
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._found(name, kind, said.made)
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        if isinstance(found, web.Response):
            return found
        by = said.by or f"admin API, {request.remote or ''}"
        _log.warning(_EVENTS[kind], id=found.intent.id, by=by, reason=said.reason)
        self._record(found, kind, by, said.reason)
        return as_json(JournalDecidedView(id=found.intent.id))

    async def _found(self, name: str, kind: OrderKind, made: str) -> JournalEntry | web.Response:
        """The write that was decided, or why none was."""
        if not _ID.fullmatch(name):
            detail = f"{name[:_SHOWN]!r} is no id of a write: it has 32 hex digits, of which the first {_LEAST} may do"
            return problem(HTTPStatus.NOT_FOUND, detail)
        found = () if self.journal is None else await self.journal.named(name, 2)
        refused = _refused(name, found, kind, made)
        if refused is not None or self.journal is None:
            return refused or _gone(name)
        (entry,) = found
        whole = entry.intent.id
        done = await (self.journal.retry(whole, made) if kind is OrderKind.RETRY else self.journal.drop(whole))
        return entry if done else _gone(name)

    def _record(self, entry: JournalEntry, kind: OrderKind, by: str, reason: str) -> None:
        if self.records is None:
            return
        intent = entry.intent
        request = f"{_text(intent.request.method)} {_text(intent.request.target)}"
        what = f"the {entry.state.value} write {intent.id} ({request})"
        name = next((each.name for each in self.running().routes if each.origin == intent.route), intent.route)
        self.records.add(kind, by, ": ".join(filter(None, (what, reason))), route=name)


def _refused(name: str, found: Sequence[JournalEntry], kind: OrderKind, made: str) -> web.Response | None:
    """Why this cannot be decided of what was found."""
    if not found:
        return _gone(name)
    if len(found) > 1:
        return problem(HTTPStatus.CONFLICT, f"more than one write has an id that begins with {name!r}; say more of it")
    (entry,) = found
    whole, states = entry.intent.id, _DECIDES[kind]
    if entry.state not in states:
        detail = f"write {whole} is {entry.state.value}: {kind.value} is for those that are {_any_of(states)}"
        return problem(HTTPStatus.CONFLICT, detail)
    if made and entry.answer is not None:
        return problem(HTTPStatus.CONFLICT, f"what write {whole} made is known from the first side's answer")
    return None


def _gone(name: str) -> web.Response:
    detail = f"no write whose id begins with {name!r} is in the journal: both sides have it, or it was dropped"
    return problem(HTTPStatus.NOT_FOUND, f"{detail}; GET /api/history has what people decided")


def _any_of(states: Sequence[IntentState]) -> str:
    *others, last = (each.value for each in states)
    return f"{', '.join(others)} or {last}"


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
        method=_text(intent.request.method),
        target=_text(intent.request.target),
        side=intent.side.value,
        cohort=intent.cohort,
        since=stamp(datetime.fromtimestamp(entry.began, UTC)),
        attempts=entry.attempts,
        said=entry.said,
        age=round(max(time.time() - entry.began, 0.0), 1),
        request_id=_text(field_in(intent.request, b"x-request-id")),
        client_key=_text(field_in(intent.request, b"idempotency-key")),
        sent_as=_text(second_method(entry)),
    )


def _text(data: bytes) -> str:
    return data.decode("latin-1")
