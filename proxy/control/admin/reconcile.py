"""`GET /api/reconcile` and `POST /api/reconcile/{name}`: what runs of `banyan reconcile` have come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from proxy.api.reconcile import ReconcileRunBody, ReconcileRunsView, ReconcileRunView
from proxy.control.admin.http.responses import as_json, problem, read_body, store_away, tagged
from proxy.control.evidence.reconcile_runs import ReconcileRuns
from proxy.core.evidence.records import storable
from proxy.core.nearest import nearest
from proxy.core.reconcile.reconcile_run import ReconcileRun, RunCounts
from proxy.core.routing.snapshot import Snapshot
from proxy.store.errors import StoreRefused, StoreUnavailable

_LONGEST_ID, _LONGEST_KEY, _MOST_COLUMNS = 64, 4_000, 8
_MOST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilePages:
    """`running` is the present table."""

    runs: ReconcileRuns
    running: Callable[[], Snapshot]

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/reconcile`."""
        view = ReconcileRunsView(runs=[run_view(run) for run in self.runs.known])
        return tagged(request, view, self.running().revision)

    async def record(self, request: web.Request) -> web.Response:
        """`POST /api/reconcile/{name}`."""
        name, known = request.match_info["name"], [check.name for check in self.running().reconcile]
        if name not in known:
            meant = nearest(name[:_LONGEST_ID], known)
            asked = f"did you mean {meant}? " if meant else ""
            detail = (
                f"there is no check {name[:_LONGEST_ID]!r}; {asked}`reconcile` of routes.yaml names those there are"
            )
            return problem(HTTPStatus.NOT_FOUND, detail)
        said = read_body(await request.read(), ReconcileRunBody)
        if isinstance(said, web.Response):
            return said
        if wrong := _wrong(said):
            return problem(HTTPStatus.BAD_REQUEST, wrong)
        run = _run(name, said, said.actor or request.remote or "")
        try:
            await self.runs.keep(run)
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            return store_away(str(error))
        return as_json(run_view(run))


def _wrong(said: ReconcileRunBody) -> str:
    """What makes no sense of it; empty: all does."""
    if not 0 < len(said.id) <= _LONGEST_ID or len(said.mark) > _LONGEST_ID:
        return f"id and mark have 1 to {_LONGEST_ID} characters"
    is_short = len(said.position) <= _MOST_COLUMNS and sum(map(len, said.position)) <= _LONGEST_KEY
    if not is_short or any(storable(text, _LONGEST_KEY) != text for text in said.position):
        return f"position holds at most {_MOST_COLUMNS} texts of {_LONGEST_KEY} characters together, without NUL"
    counts = (said.legacy_rows, said.new_rows, said.differences, said.unsettled)
    return "" if all(0 <= count < _MOST for count in counts) else "rows, differences and unsettled are counts"


def _run(name: str, said: ReconcileRunBody, actor: str) -> ReconcileRun:
    counts = RunCounts(
        legacy_rows=said.legacy_rows,
        new_rows=said.new_rows,
        differences=said.differences,
        unsettled=said.unsettled,
    )
    return ReconcileRun(
        id=said.id,
        check=name,
        mark=said.mark,
        started=said.started,
        ended=said.ended,
        position=tuple(said.position),
        counts=counts,
        actor=actor,
    )


def run_view(run: ReconcileRun) -> ReconcileRunView:
    """A run as JSON."""
    return ReconcileRunView(
        id=run.id,
        check=run.check,
        mark=run.mark,
        started=run.started,
        ended=run.ended,
        position=run.position,
        legacy_rows=run.counts.legacy_rows,
        new_rows=run.counts.new_rows,
        differences=run.counts.differences,
        unsettled=run.counts.unsettled,
        actor=run.actor,
    )
