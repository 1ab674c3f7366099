"""The admin port: metrics, health, and the API that people, scripts and the command line read.

Rule 1: workers are asked for their figures at the moment of the question; a silent one delays it by 0.25 s.

Long: every path of the contract has its line here.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import msgspec
import structlog
from aiohttp import web
from prometheus_client.exposition import gzip_accepted

from proxy.api.discovery import DiscoveryView
from proxy.api.upstreams import ClosedView, DownView, FailingView, UpstreamsView
from proxy.control.admin.ending.brownout_views import brownout_view, deprecation_view
from proxy.control.admin.ending.retire_pages import RetirePages
from proxy.control.admin.ending.usage_pages import UsagePages
from proxy.control.admin.evidence import ParityPages, evidence_view
from proxy.control.admin.grants import GrantPages
from proxy.control.admin.history import HistoryPages
from proxy.control.admin.http.auth import KEY_SET_PATH, AdminAuth, guarded_by
from proxy.control.admin.http.responses import Handler, no_such_route, problem, tagged
from proxy.control.admin.journal_pages import JournalPages, journal_view
from proxy.control.admin.kill import KillSwitch
from proxy.control.admin.orders.moves import RouteMoves
from proxy.control.admin.orders.standing import JudgedRoutes
from proxy.control.admin.recent import RecentPages
from proxy.control.admin.reconcile import ReconcilePages
from proxy.control.admin.routes import (
    asked_upstreams,
    called_upstreams,
    ordered_kill,
    ordered_routes,
    route_detail_view,
    routes_view,
    running_routes,
    serves_current,
)
from proxy.control.admin.suspension_pages import SuspensionPages
from proxy.control.admin.undecided_keys import KeyPages
from proxy.control.admin.upstreams import upstream_view
from proxy.control.brownout.brownouts import Brownouts
from proxy.control.evidence.reconcile_runs import ReconcileRuns
from proxy.control.fleet.links import Links
from proxy.control.fleet.upstreams import worst
from proxy.control.journal.journal_watch import JournalWatch
from proxy.control.key_sets.key_set_watch import KeySetWatch
from proxy.control.metrics.caller_metrics import CallersReading
from proxy.control.metrics.clerk_metrics import ClerkReading
from proxy.control.metrics.collector import CONTENT_TYPE, MetricsReading, render
from proxy.control.metrics.evidence_metrics import EvidenceReading
from proxy.control.position.hooks import Delivery
from proxy.control.position.record_writer import RecordWriter
from proxy.control.probe.certificates import Certificates
from proxy.control.probe.health import Probes
from proxy.control.probe.upstreams_closed import closed_views
from proxy.control.probe.upstreams_down import down_views
from proxy.control.probe.upstreams_failing import failing_views, unanswered
from proxy.control.running import Running
from proxy.control.suspension.suspended_subjects import Suspensions
from proxy.control.traffic.discovery import Discovery
from proxy.control.traffic.usage_record import UsageRecord
from proxy.core.auth.signed_principal import key_set_of
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.store.postgres.grant_tables import GrantTables
from proxy.store.postgres.key_records import PostgresKeys

VERBS = ("promote", "rollback", "hold", "resume", "drain", "epoch")
_MAX_BODY = 64 * 1024
_UNKNOWN = "the state store has not said yet where routes stand; legacy answers meanwhile what it can"
_SHUTDOWN = 5.0
"""Seconds that a scrape in flight has to finish."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """The handlers; one method per path of the contract. `directory` is this host's state directory."""

    running: Running
    links: Links
    probes: Probes
    kill: KillSwitch
    parser: str
    directory: Path
    tokens: GrantTables | None = None
    certificates: Certificates = field(default_factory=Certificates)
    parity: ParityPages = field(default_factory=ParityPages)
    judged: JudgedRoutes | None = None
    asked: RouteMoves | None = None
    reconciled: ReconcileRuns | None = None
    usage: UsageRecord | None = None
    discovery: Discovery | None = None
    moved: Mapping[tuple[str, str, str, str], int] = field(default_factory=dict)
    told: Mapping[Delivery, int] = field(default_factory=dict)
    keys: PostgresKeys | None = None
    journal: JournalWatch | None = None
    brownouts: Brownouts | None = None
    records: RecordWriter | None = None
    suspensions: Suspensions | None = None
    key_sets: KeySetWatch | None = None

    async def metrics(self, request: web.Request) -> web.Response:
        """`GET /metrics`."""
        await self.links.refresh()
        squeeze = gzip_accepted(request.headers.get("Accept-Encoding", ""))
        body = await asyncio.to_thread(_page, self._reading(), squeeze=squeeze)
        headers = {"Content-Type": CONTENT_TYPE, "Vary": "Accept-Encoding"}
        return web.Response(body=body, headers=headers | ({"Content-Encoding": "gzip"} if squeeze else {}))

    async def healthy(self, _request: web.Request) -> web.Response:
        """`GET /-/healthy`: the control process lives."""
        return web.Response(text="healthy\n")

    async def ready(self, _request: web.Request) -> web.Response:
        """`GET /-/ready`: some worker serves what runs; what it has to know for that is there, or 30 s have passed."""
        reason = self._why_not_ready()
        if reason:  # only then are workers asked: this path is open to everyone
            await self.links.refresh()
            reason = self._why_not_ready()
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, reason) if reason else web.Response(text="ready\n")

    async def key_set(self, _request: web.Request) -> web.Response:
        """`GET /.well-known/jwks.json`: by which upstreams check the tokens that say who calls (RFC 7517)."""
        signed = self.running.snapshot.principal.signed
        body = key_set_of(() if signed is None else signed.published)
        headers = {"Content-Type": "application/jwk-set+json", "Cache-Control": "max-age=60"}
        return web.Response(body=body, headers=headers)

    async def routes(self, request: web.Request) -> web.Response:
        """`GET /api/routes`."""
        await self.links.refresh()
        found = routes_view(self.running, self.links.ledger, self.certificates.shown, self.parity.book, self.judged)
        away = {"down": self._down(), "failing": self._failing(), "closed": self._closed()}
        return self._json(request, msgspec.structs.replace(found, **away))

    async def route(self, request: web.Request) -> web.Response:
        """`GET /api/routes/{name}`."""
        route = self._find(request)
        if route is None:
            return self._no_such_route(request)
        await self.links.refresh()
        book, findings = self.parity.book, self.parity.archive.findings(route.name)
        evidence = evidence_view(book, route.name, route.compare, findings, time.time())
        view = route_detail_view(route, self.running, self.links.ledger, evidence, book, self.judged)
        down = [upstream for upstream in self._down() if route.name in upstream.routes]
        journal = journal_view(None if self.journal is None else self.journal.of(route))
        cohorts = self.links.recent.cohorts.view(route.name)
        closed = [upstream for upstream in self._closed() if route.name in (*upstream.routes, *upstream.beside)]
        sides = {route.legacy, route.new}
        failing = [each for each in self._failing() if each.upstream in sides]
        view = msgspec.structs.replace(
            view, cohorts=cohorts, down=down, failing=failing, closed=closed, journal=journal
        )
        brownout = brownout_view(None if self.brownouts is None else self.brownouts.of(route))
        view = msgspec.structs.replace(view, brownout=brownout, deprecated=deprecation_view(route))
        return self._json(request, view, f"{view.runs.tag}.")

    async def mismatches(self, request: web.Request) -> web.Response:
        """`GET /api/routes/{name}/mismatches`."""
        route = self._find(request)
        return (
            self._no_such_route(request)
            if route is None
            else await self.parity.mismatches(request, route.name, self._json)
        )

    async def epochs(self, request: web.Request) -> web.Response:
        """`GET /api/routes/{name}/epochs`."""
        route = self._find(request)
        return (
            self._no_such_route(request) if route is None else await self.parity.epochs(request, route.name, self._json)
        )

    async def exchanges(self, request: web.Request) -> web.Response:
        """`GET /api/routes/{name}/exchanges`."""
        route = self._find(request)
        return (
            self._no_such_route(request)
            if route is None
            else await self.parity.exchanges(request, route.name, self._json)
        )

    async def upstreams(self, request: web.Request) -> web.Response:
        """`GET /api/upstreams`."""
        snapshot = self.running.snapshot
        await self.links.refresh()
        found = worst(self.links.ledger.counts().workers)
        views = [
            upstream_view(upstream, self.probes, found.get(upstream.name)) for upstream in snapshot.upstreams.values()
        ]
        return self._json(request, UpstreamsView(revision=snapshot.revision, upstreams=views))

    async def discovered(self, request: web.Request) -> web.Response:
        """`GET /api/discovery`."""
        await self.links.refresh()
        found = DiscoveryView(since=0.0, observed=0, missed=0.0) if self.discovery is None else self.discovery.view()
        return self._json(request, found)

    def snapshot(self) -> Snapshot:
        """What runs."""
        return self.running.snapshot

    def ordered_routes(self) -> tuple[Route, ...]:
        """Its routes, each where it runs while the kill switch is off."""
        return ordered_routes(self.running, self.judged)

    def is_killed(self) -> bool:
        """Whether the kill switch is on."""
        return ordered_kill(self.running, self.links.ledger) is not None

    def _down(self) -> list[DownView]:
        asked = asked_upstreams(self.running, self.links.ledger, self.judged)
        return down_views(asked, self.probes.conditions)

    def _failing(self) -> list[FailingView]:
        asked = asked_upstreams(self.running, self.links.ledger, self.judged)
        return failing_views(asked, unanswered(self._running_routes(), self.links.ledger), self.probes.conditions)

    def _closed(self) -> list[ClosedView]:
        asked = asked_upstreams(self.running, self.links.ledger, self.judged)
        called = called_upstreams(self.running, self.links.ledger, self.judged)
        return closed_views(asked, self.running.snapshot.named, time.time(), called)

    def _find(self, request: web.Request) -> Route | None:
        return self.running.snapshot.named(request.match_info["name"])

    def _no_such_route(self, request: web.Request) -> web.Response:
        known = [route.name for route in self.running.snapshot.routes]
        return no_such_route(request.match_info["name"], known)

    def _reading(self) -> MetricsReading:
        return MetricsReading(
            snapshot=self.running.snapshot,
            reload=self.running.reload,
            counts=self.links.ledger.counts(),
            conditions=self.probes.conditions,
            parser=self.parser,
            evidence=EvidenceReading(
                outcomes=self.parity.book.counted(),
                incomparable=self.parity.book.incomparable(),
                undecided=self.parity.book.undecided(),
                state=self.links.comparing.state,
                sheds=self.links.comparing.sheds,
                lost=self.parity.archive.lost,
                waiting=self.parity.archive.waiting,
            ),
            clerk=ClerkReading(state=self.links.clerk.state, needed=self.running.started_with.needs_clerk),
            grants=self.links.grants if self.running.snapshot.grants else None,
            tokens=self.links.tokens.by_source,
            callers=self._callers(),
            journal={} if self.journal is None else self.journal.standings,
            brownouts=() if self.brownouts is None else tuple(self.brownouts.states.values()),
            reconcile={} if self.reconciled is None else self.reconciled.results,
            shown=self.certificates.shown,
            routes=self._running_routes(),
            moved=self.moved,
            told=self.told,
            known=self.judged is None or self.judged.here.known,
        )

    def _callers(self) -> CallersReading:
        watch, suspended = self.key_sets, self.suspensions
        return CallersReading(
            now=0.0 if watch is None else watch.now,
            key_sets={} if watch is None else dict(watch.states),
            fetches={} if watch is None else dict(watch.fetches),
            introspections=dict(self.links.introspections),
            suspended={} if suspended is None else {"order": len(suspended.ordered), "file": len(suspended.listed)},
        )

    def _running_routes(self) -> tuple[Route, ...]:
        """The routes where they run: orders and the kill switch taken into account."""
        return running_routes(self.running, self.links.ledger, self.judged)

    def _why_not_ready(self) -> str:
        ledger = self.links.ledger
        workers = ledger.counts().workers
        if any(serves_current(worker, self.running, ledger) for worker in workers):
            keeps_out = self.judged is not None and self.judged.here.keeps_out
            return _UNKNOWN if keeps_out else self._why_nobody_is_checked()
        if not workers:
            return "no worker is linked to control"
        seen = "; ".join(
            f"worker {each.worker} (pid {each.pid}) serves {each.revision or 'nothing'}"
            f"{', is draining' if each.draining else ''}{'' if ledger.is_heard(each) else ', is silent'}"
            for each in workers
        )
        return f"no worker serves revision {self.running.snapshot.revision}: {seen}"

    def _why_nobody_is_checked(self) -> str:
        awaited = "" if self.key_sets is None else self.key_sets.awaited
        return f"the key set {awaited} has not been fetched yet, so no token can be checked" if awaited else ""

    def _json(self, request: web.Request, view: msgspec.Struct, prefix: str = "") -> web.Response:
        return tagged(request, view, prefix + self.running.snapshot.revision)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into a problem document; the seam where aiohttp's exceptions end."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{request.method} is not possible on {request.path}; possible: {allowed}"
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, {"Allow": allowed})
    except web.HTTPNotFound:
        return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {request.path}")
    except web.HTTPException as error:
        return problem(HTTPStatus(error.status), error.reason)
    except Exception:  # noqa: BLE001 an operator asks: whatever broke is logged with its trace and said
        _log.exception("admin_request_failed", method=request.method, path=request.path)
        detail = "this is a defect of Banyan; its log says more under the event admin_request_failed"
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def application(admin: Admin, gate: AdminAuth) -> web.Application:
    """The paths of the contract behind the gate."""
    app = web.Application(middlewares=[answer_problems, guarded_by(gate)], client_max_size=_MAX_BODY)
    app.router.add_get("/metrics", admin.metrics)
    app.router.add_get("/-/healthy", admin.healthy)
    app.router.add_get("/-/ready", admin.ready)
    app.router.add_get(KEY_SET_PATH, admin.key_set)
    app.router.add_get("/api/routes", admin.routes)
    app.router.add_get("/api/routes/{name}", admin.route)
    app.router.add_get("/api/routes/{name}/mismatches", admin.mismatches)
    app.router.add_get("/api/routes/{name}/exchanges", admin.exchanges)
    app.router.add_get("/api/routes/{name}/epochs", admin.epochs)
    app.router.add_get("/api/upstreams", admin.upstreams)
    app.router.add_get("/api/discovery", admin.discovered)
    _add_recent(app, admin)
    if admin.asked is not None:
        history = HistoryPages(store=admin.asked.store, running=admin.snapshot)
        app.router.add_get("/api/history", history.page)
        app.router.add_get("/api/transitions", admin.asked.transitions)
        app.router.add_post("/api/routes/{name}/pin", admin.asked.pin)
        for verb in VERBS:
            app.router.add_post(f"/api/routes/{{name}}/{verb}", admin.asked.move)
    watched = None if admin.journal is None else admin.journal.journal
    journal = JournalPages(journal=watched, running=admin.snapshot, records=admin.records)
    app.router.add_get("/api/journal", journal.page)
    app.router.add_post("/api/journal/{id}/retry", journal.retry)
    app.router.add_post("/api/journal/{id}/drop", journal.drop)
    keys = KeyPages(keys=admin.keys, running=admin.snapshot, records=admin.records)
    app.router.add_get("/api/idempotency", keys.page)
    app.router.add_post("/api/idempotency/{id}/release", keys.release)
    grants = GrantPages(tables=admin.tokens, directory=admin.directory, running=admin.snapshot)
    app.router.add_get("/api/grants", grants.families)
    app.router.add_post("/api/grants/import", grants.take_in)
    app.router.add_post("/api/grants/replay", grants.replay)
    app.router.add_post("/api/grants/export", grants.export)
    if admin.reconciled is not None:
        reconcile = ReconcilePages(runs=admin.reconciled, running=admin.snapshot)
        app.router.add_get("/api/reconcile", reconcile.page)
        app.router.add_post("/api/reconcile/{name}", reconcile.record)
    _add_usage(app, admin)
    _add_retirement(app, admin)
    _add_suspensions(app, admin)
    app.router.add_get("/api/kill", admin.kill.look)
    app.router.add_post("/api/kill", admin.kill.turn)
    return app


def _add_recent(app: web.Application, admin: Admin) -> None:
    recent = RecentPages(
        recent=admin.links.recent,
        running=admin.snapshot,
        routes=admin.ordered_routes,
        compared=admin.links.comparisons.find,
        killed=admin.is_killed,
    )
    app.router.add_get("/api/recent", recent.page)
    app.router.add_get("/api/requests/{id}", recent.one)


def _add_retirement(app: web.Application, admin: Admin) -> None:
    if admin.asked is not None and admin.usage is not None and admin.brownouts is not None:
        retire = RetirePages(
            moves=admin.asked, usage=admin.usage, brownouts=admin.brownouts, refresh=admin.links.refresh
        )
        app.router.add_get("/api/routes/{name}/retirement", retire.page)
        app.router.add_post("/api/routes/{name}/retire", retire.order)


def _add_usage(app: web.Application, admin: Admin) -> None:
    if admin.usage is not None:
        usage = UsagePages(usage=admin.usage, running=admin.snapshot, refresh=admin.links.refresh)
        app.router.add_get("/api/usage", usage.page)


def _add_suspensions(app: web.Application, admin: Admin) -> None:
    if admin.suspensions is not None and admin.asked is not None:
        suspended = SuspensionPages(suspensions=admin.suspensions, moves=admin.asked)
        app.router.add_get("/api/suspended", suspended.page)
        app.router.add_post("/api/suspended", suspended.order)


async def serve(app: web.Application, listening: socket.socket) -> Callable[[], Awaitable[None]]:
    """Serve on a bound socket; await what the returned function gives to end, after scrapes in flight have finished."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    return runner.cleanup


def _page(reading: MetricsReading, *, squeeze: bool) -> bytes:
    page = render(reading)
    return gzip.compress(page, compresslevel=1) if squeeze else page
