"""The data plane of one worker: what serves, who is connected, the sweep of deadlines, reload and drain."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, cast

import structlog

from proxy.core.limits.ceiling import Level
from proxy.core.routing.route import Upstream
from proxy.core.routing.snapshot import Snapshot
from proxy.core.tls import ListenerTls
from proxy.core.upstream_auth.credential import UpstreamCredentials
from proxy.edge.account.canonical_line import AccessLogWriter
from proxy.edge.account.finished_batch import Finished
from proxy.edge.auth.caller_check import KnownToWorker
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.edge.client.connections import ClientConnections, Connected
from proxy.edge.client.downstream import Downstream
from proxy.edge.client.tls_listener import BACKLOG, TlsListener
from proxy.edge.instance import Here, draw_instance
from proxy.edge.routing.admission_limits import AdmissionLimits
from proxy.edge.routing.admission_steps import MAX_BODIES
from proxy.edge.routing.bound_table import Live
from proxy.edge.routing.byte_allowance import ByteAllowance
from proxy.edge.routing.kill_switch import WorkerKillSwitch
from proxy.edge.routing.orders import NO_ORDERS, added, obey, rewrite
from proxy.edge.routing.stickiness import Ties
from proxy.edge.shadow.shadows import Shadows, shadow_pools
from proxy.edge.shared_memory import SharedMemory
from proxy.edge.steps.route_steps import RouteSteps
from proxy.edge.steps.step_kind import Clerk, StepServices
from proxy.edge.tally import Counters
from proxy.edge.translator.translator_link import Translator, TranslatorLink
from proxy.edge.upstream.pool import Pool
from proxy.edge.upstream.pools_by_host import pool_of
from proxy.link.messages import Orders, Probed, UpstreamState
from proxy.link.token_messages import UpstreamTokens, issued_tokens
from proxy.names.files import Files
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from proxy.tls.contexts import UnusableError
from proxy.tls.live_contexts import ListenerContexts, UpstreamContext

SWEEP = 0.1
"""Seconds between two looks at the deadlines: timeouts are kept to a tenth of a second, without a timer per request."""
_REMOVES_SOCKETS = sys.version_info >= (3, 13)
"""Whether asyncio removes the file of a socket that it closes."""
AT_ONCE = 16
"""Connections that asyncio's own loop accepts in one go; without files it fails, and says so, as often in one go."""


class Prepared(NamedTuple):
    """A snapshot made ready to serve, with its pools by upstream name."""

    live: Live
    pools: dict[str, Pool]
    shadows: dict[str, Pool]
    contexts: ListenerContexts | None


class DataPlane:
    """Owns the client connections and the pools of one worker."""

    def __init__(
        self,
        snapshot: Snapshot,
        access_log: AccessLogWriter,
        shared: SharedMemory | None = None,
        *,
        files: Files | None = None,
        here: Here | None = None,
        clerk: Clerk | None = None,
        translator: Translator | None = None,
    ) -> None:
        """Serves from `snapshot` until `install` brings another; `shared` None: nothing is.

        `files` say where names are looked up; None: the system's. `here` None: an instance of its own; `clerk` and
        `translator` None: there is nobody to be asked.
        """
        self._here = here or Here(draw_instance())
        self.counters = Counters()
        self.access_log = access_log
        self.finished = Finished(access_log, self.counters)
        self._translator = translator or TranslatorLink(Path())
        self.shadows = Shadows(self.counters, self.soon, self._translator)
        self.counters.before_take = access_log.before_flush = self.finished.fold
        self.draining = False
        self.switch = WorkerKillSwitch()
        self.orders = NO_ORDERS
        self._shared = shared or SharedMemory()
        self._empty = asyncio.Event()
        self.live: Live
        self._loop = asyncio.get_running_loop()
        self._tasks = Tasks()
        self._resolver = Resolver(self._tasks, files)
        self._pools: dict[str, Pool] = {}
        self._credentials = UpstreamCredentials()
        self.admission_limits: AdmissionLimits | None = None
        self.callers = KnownToWorker()
        clerk, counts = clerk or ClerkLink(Path()), self._shared.call_counts
        services = StepServices(self.counters, self._tasks, clerk, self.callers, self._translator, counts)
        self._steps = RouteSteps(services)
        self.bodies = ByteAllowance(MAX_BODIES)
        self._connections = ClientConnections(self._place)
        self._clients = self._connections.clients
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._tls_listener: TlsListener | None = None
        self.install(snapshot)

    def install(self, snapshot: Snapshot) -> None:
        """Serve this snapshot from the next request on; requests that run keep theirs."""
        self.adopt(self.prepare(snapshot))

    def prepare(self, snapshot: Snapshot) -> Prepared:
        """Make a snapshot ready, which takes a while with thousands of routes: may run in a thread, one at a time."""
        pools = self._pools_for(snapshot.upstreams)
        shadows = shadow_pools(snapshot, self.shadows.pools, self._tasks, self._resolver, self._here)
        live = Live(snapshot, pools, self.counters, self._here)
        return Prepared(live, pools, shadows, self._contexts_for(snapshot.tls))

    def adopt(self, prepared: Prepared) -> None:
        """Serve from what was prepared last."""
        before = getattr(self, "live", None)
        self.live, pools, shadows, contexts = prepared
        self._give_credentials(pools, shadows)
        self.shadows.adopt(shadows, self.live.snapshot.shadow_memory)
        if self._tls_listener is not None and contexts is not None:
            self._tls_listener.contexts = contexts
        self.live.switch = self.switch
        self.live.ties = Ties(self.live.snapshot, self._shared.ties) if self.live.snapshot.is_tied else None
        self._steps.compile(self.live)
        self._connections.follow(self.live)
        self._carry(before)
        obey(self.live, self.orders)
        if before is not None:
            before.successor = self.live
        self.finished.fold()  # by the sampling that held when they ended
        self.access_log.sample = self.live.snapshot.access_log.sample
        for name, pool in self._pools.items():
            if pools.get(name) is not pool:
                pool.retire()
        self._pools = pools

    def _give_credentials(self, *pools: Mapping[str, Pool]) -> None:
        """Those of upstreams with `auth`; a pool that another one replaces keeps its own, for the requests it has."""
        self._credentials.follow([auth for each in pools[0].values() if (auth := each.upstream.auth) is not None])
        for pool in [pool for each in pools for pool in each.values()]:
            auth = pool.upstream.auth
            pool.credential = None if auth is None else self._credentials.of(auth)

    def hear_tokens(self, tokens: UpstreamTokens) -> None:
        """What the clerk has for upstreams with `auth`."""
        self._credentials.adopt(issued_tokens(tokens.tokens))

    def _place(self, limits: AdmissionLimits | None) -> None:
        self.admission_limits = limits

    def kill(self, *, on: bool) -> int:
        """Give what legacy can answer to legacy, or end that, from the next request on; how many routes move."""
        self.switch.on = on
        self._shared.ties.forget()
        if on:
            self.shadows.cut()
        return rewrite(self.live)

    def obey(self, orders: Orders) -> tuple[str, ...]:
        """Run by these orders from the next request on, on every later table too; routes that cannot."""
        self.orders = added(self.orders, orders)
        return obey(self.live, self.orders)

    def forget_cohorts(self) -> None:
        """A stretch of time is over for which cohorts are remembered that new has served."""
        for bound in self.live.bound:
            bound.lately.turn()

    def _carry(self, before: Live | None) -> None:
        """A new table remembers the cohorts that the one before did."""
        known = {} if before is None else {bound.said.origin: bound.lately for bound in before.bound}
        for bound in self.live.bound:
            bound.lately = known.get(bound.said.origin, bound.lately)

    def hear(self, probed: Probed) -> None:
        """What control's probes found of an endpoint."""
        if probed.dry_run is not None:
            self.shadows.hear(probed.upstream, probed.endpoint, accepts=probed.dry_run)
            return
        now = monotonic()
        for pools in (self._pools, self.shadows.pools):
            pool = pools.get(probed.upstream)
            if pool is not None:
                pool.hear(probed.endpoint, now, 0.0 if probed.healthy else now + probed.lasts)

    def upstreams(self) -> list[UpstreamState]:
        """How this worker finds its upstreams."""
        return [
            UpstreamState(name, pool.breakers.whole.state, len(pool.addresses), pool.ejected, pool.breakers.alone)
            for name, pool in self._pools.items()
        ]

    def _pools_for(self, upstreams: Mapping[str, Upstream]) -> dict[str, Pool]:
        """A pool whose upstream did not change stays, with its open connections."""
        return {
            name: old
            if (old := self._pools.get(name)) is not None and old.upstream == upstream
            else pool_of(upstream, self._tasks, self._resolver, self._here)
            for name, upstream in upstreams.items()
        }

    def _contexts_for(self, tls: ListenerTls | None) -> ListenerContexts | None:
        """What an open TLS listener should show from now on; None: what it shows."""
        listener = self._tls_listener
        if listener is None or tls is None or listener.contexts.tls == tls:
            return None
        try:
            return ListenerContexts(tls)
        except UnusableError as error:
            structlog.get_logger().error("tls_file_refused", problem=str(error), instead="the certificates of before")
            return None

    async def start(self, sock: socket.socket, contexts: ListenerContexts | None = None) -> None:
        """Accept clients on a bound socket, by TLS where there are `contexts`."""
        if contexts is None:
            self._server = await self._serve(sock)
            sock.listen(BACKLOG)
        else:
            self._tls_listener = TlsListener(contexts, self._accept, lambda: self.live.snapshot.limits.head)
            self._tls_listener.contexts = self._contexts_for(self.live.snapshot.tls) or contexts
            self._tls_listener.open(sock)
        self._tick()

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        """The file of a Unix socket is not ours to remove: other workers accept on it."""
        if sock.family != socket.AF_UNIX:
            return await self._loop.create_server(self._accept, sock=sock, backlog=AT_ONCE)
        stays: dict[str, Any] = {"cleanup_socket": False} if _REMOVES_SOCKETS else {}
        return await self._loop.create_unix_server(self._accept, sock=sock, backlog=AT_ONCE, **stays)

    @property
    def kept(self) -> list[tuple[str, ListenerContexts | UpstreamContext]]:
        """Everything that was made out of files which may change, by the key of routes.yaml that names them."""
        ours = [] if self._tls_listener is None else [("tls", self._tls_listener.contexts)]
        pools = [(f"upstreams.{name}.tls", pool.tls) for name, pool in self._pools.items() if pool.tls is not None]
        return [*ours, *pools]

    def _accept(self) -> asyncio.Protocol:
        """A client's protocol: no subclass, so that it can be compiled; asyncio asks for the methods alone."""
        return cast("asyncio.Protocol", Downstream(self))

    def opened(self, client: Connected) -> None:
        """A client has connected."""
        self.counters.connections.value += 1
        client.deadline = monotonic() + self.live.snapshot.limits.head
        reason = self._connections.enter(client)
        if reason is not None:
            client.refuse_connection(reason)

    def closed(self, client: Connected) -> None:
        """A client has gone."""
        self._connections.leave(client)
        self.counters.connections.value -= 1
        if self.draining and not self._clients:
            self._empty.set()

    def soon(self, work: Callable[[], None]) -> None:
        """Run `work` from a fresh stack."""
        self._loop.call_soon(work)

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(SWEEP, self._tick)
        now = monotonic()
        for client in [client for client in self._clients if client.deadline < now]:
            self._expire(client, now)
        for pool in self._pools.values():
            pool.sweep(now)
        self.shadows.sweep(now)
        self._connections.look(now)
        self._spare_memory()
        self.access_log.flush()

    def _spare_memory(self) -> None:
        """Shadows are the first to go."""
        is_short = self._connections.level is not Level.CALM
        if is_short and not self.shadows.is_short:
            self.shadows.cut()
        self.shadows.is_short = is_short

    def _expire(self, client: Connected, now: float) -> None:
        """An error in here costs this client, never the deadlines of the others."""
        try:
            client.expire(now)
        except Exception as error:  # noqa: BLE001 -- whatever it is
            structlog.get_logger().error("deadline_broke", exc_info=error)
            client.transport.abort()

    async def drain(self, grace: float) -> None:
        """Stop accepting, let what runs finish for at most `grace` seconds, then cut."""
        self.draining = True
        self._close_listening()
        self.shadows.close()
        for client in tuple(self._clients):
            client.drain()
        if not self._clients:
            self._empty.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._empty.wait()
        await self.stop()

    def _close_listening(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._tls_listener is not None:
            self._tls_listener.close()

    async def stop(self) -> None:
        """Cut everything."""
        self._close_listening()
        if self._tls_listener is not None:
            await self._tls_listener.end()
        if self._ticker is not None:
            self._ticker.cancel()
        for client in tuple(self._clients):
            client.transport.abort()
        for pool in self._pools.values():
            pool.retire()
        self.shadows.close()
        await self._tasks.end()
        await self._resolver.close()
        self.access_log.flush()
