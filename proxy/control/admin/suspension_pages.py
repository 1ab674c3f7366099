"""`/api/suspended`: who may not call, and orders that say so.

Rule 1: an order that changes nothing says so, and nothing is recorded. What the file lists, the file alone ends.
Rule 2: an answer waits until all live replicas obey, and names those that do not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from proxy.api.suspension import SuspendBody, SuspendedView, SuspensionsView, SuspensionView
from proxy.control.admin.http.responses import as_json, problem, read_body, store_away, tagged
from proxy.control.admin.orders.acknowledged import acknowledged
from proxy.control.admin.orders.moves import RouteMoves
from proxy.control.position.mover import PATIENCE
from proxy.control.suspension.suspended_subjects import Suspensions
from proxy.core.auth.suspension import LONGEST_SUBJECT, MOST_ORDERED, Suspension
from proxy.core.position.record import lift_record
from proxy.log import stamp
from proxy.store.errors import StoreUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionPages:
    """`moves` has the store, and who obeys it."""

    suspensions: Suspensions
    moves: RouteMoves

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/suspended`."""
        views = [
            SuspensionView(
                subject=each.subject,
                since=stamp(datetime.fromtimestamp(each.since, UTC)),
                by=each.by,
                reason=each.reason,
            )
            for each in self.suspensions.ordered
        ]
        view = SuspensionsView(suspensions=views, listed=len(self.suspensions.listed))
        return tagged(request, view, self.moves.running.snapshot.revision)

    async def order(self, request: web.Request) -> web.Response:
        """`POST /api/suspended`."""
        asked = read_body(await request.read(), SuspendBody)
        if isinstance(asked, web.Response):
            return asked
        subject = asked.subject
        if not subject or subject != subject.strip() or not subject.isprintable() or len(subject) > LONGEST_SUBJECT:
            detail = f"subject must be text of 1 to {LONGEST_SUBJECT} characters, as tokens name it"
            return problem(HTTPStatus.BAD_REQUEST, detail)
        by = asked.by or f"admin API, {request.remote or ''}"
        try:
            async with asyncio.timeout(PATIENCE):
                changed = await (self._suspend(asked, by) if asked.on else self._lift(asked, by))
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(f"{str(error) or 'no answer in time'}; meanwhile the file of `suspend` works")
        await self.moves.mover.look()
        if asked.on and not self._is_ordered(subject):
            detail = (
                f"{MOST_ORDERED} subjects are suspended by order, which is all there may be; use the file of `suspend`"
            )
            return problem(HTTPStatus.CONFLICT, detail)
        return await self._answer(subject, changed=changed)

    async def _suspend(self, asked: SuspendBody, by: str) -> bool:
        since = self.moves.here.clock()
        return await self.moves.store.suspend(
            Suspension(subject=asked.subject, by=by, since=since, reason=asked.reason)
        )

    async def _lift(self, asked: SuspendBody, by: str) -> bool:
        return await self.moves.store.lift(
            lift_record(asked.subject, actor=by, at=self.moves.here.clock(), reason=asked.reason)
        )

    def _is_ordered(self, subject: str) -> bool:
        return any(each.subject == subject for each in self.suspensions.ordered)

    async def _answer(self, subject: str, *, changed: bool) -> web.Response:
        moves = self.moves
        instances = await acknowledged(moves.here, moves.judge, moves.running.snapshot.revision)
        listed = subject in self.suspensions.listed
        view = SuspendedView(
            subject=subject,
            suspended=listed or self._is_ordered(subject),
            changed=changed,
            listed=listed,
            done=all(each.obeys for each in instances),
            instances=instances,
        )
        return as_json(view)
