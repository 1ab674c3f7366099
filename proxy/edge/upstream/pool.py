"""Connections to one upstream, of one worker: which address is asked, who waits for a connection, who is refused one.

Long: who is asked, who waits and who is refused are one decision.

Rule 1: an idle connection is closed before the upstream would (default 1.5 s; gunicorn closes at 2 s, others at 5 s),
        by a sweep; should that come late, it is not lent any more.
Rule 2: names are resolved again when they are due (`resolve.py`); an address that is named no more is drained, nothing
        else is touched.
Rule 3: whoever waits is in one of two queues: that of all, or that of those who hold too much already (`fair_share`),
        which moves with each sweep; both are bounded, and beyond them is refused at once.
Rule 4: for one who waits, at most `MAX_DIALS` addresses are tried, and one of which a look-up then tells, within one
        connect timeout.
Rule 5: while the breaker is open nobody waits: all are refused at once, and nothing is sent. What is wrong with one
        operation alone concerns that operation alone (`breaker`, `fair_share`).
Rule 6: requests are looked at one by one only while something has failed lately, or connections are scarce.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Final

import structlog

from proxy.core.outcome import UNAVAILABLE, Failure, Refused
from proxy.edge.instance import NOWHERE, Here
from proxy.edge.upstream.address import Chooser, UpstreamAddress, usable_of
from proxy.edge.upstream.circuit_breaker import BreakerChange, Breakers, BreakerState, Resting, RetryBudget
from proxy.edge.upstream.connection import Mode
from proxy.edge.upstream.dial import Dialler, cannot_connect, refusal
from proxy.edge.upstream.endpoint_addresses import Names, ResolvedEndpoint
from proxy.edge.upstream.fair_share import KEPT, FairShare
from proxy.names.resolution import NoAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proxy.core.routing.route import Upstream
    from proxy.core.upstream_auth.credential import Credential
    from proxy.edge.upstream.address import Waiter
    from proxy.edge.upstream.connection import UpstreamConnection
    from proxy.edge.upstream.outcomes import Asking
    from proxy.names.resolver import Resolver
    from proxy.tasks import Tasks
    from proxy.tls.live_contexts import UpstreamContext

MAX_DIALS = 3
NAMED_AGAIN = 2
"""Look-ups after a failed connect, for one who waits: a name server may say for a TTL of 1 s what it remembers."""
TICK = 0.001
"""Seconds by which a loop's clock is coarse: a sleep may end as much too early."""
_LOOKED_AT = 64
"""Waiters of the greedy queue looked at in one sweep: each costs some microseconds."""
_IDLE: Final = Mode.IDLE
_NEVER: Final = float("inf")
_SERVER_ERROR = 500


class Pool:
    """`acquire` answers through the waiter, at once when a connection is idle.

    `credential` is what requests to it are sent with, where it has `auth`; given by the worker. `of_shadows`: no client
    waits for it, and it says so where it says anything.
    """

    # fmt: off
    __slots__ = (
        "_budget", "_chooser", "_connecting", "_fair_share", "_greedy", "_looking", "_looks", "_names", "_only",
        "_resolving", "_restless", "_retired", "_tasks", "_troubled", "_usable", "addresses", "asked", "breakers",
        "credential", "dialler", "of_shadows", "upstream", "waiting",
    )
    # fmt: on

    def __init__(
        self,
        upstream: Upstream,
        tasks: Tasks,
        resolver: Resolver,
        here: Here = NOWHERE,
        dialler: Dialler | None = None,
    ) -> None:
        """Nothing is opened, and no name asked for, before it is needed; `resolver` is shared with other pools.

        `dialler` None: one of its own.
        """
        self.upstream = upstream
        self.credential: Credential | None = None
        self.of_shadows = False
        memory = upstream.timeouts.response + (upstream.breaker.window if upstream.breaker else 0.0)
        self.breakers = Breakers(upstream.breaker, memory=memory, most=upstream.connections)
        self.dialler = dialler or Dialler(upstream, here)
        self.addresses: list[UpstreamAddress] = []
        self.waiting: deque[Waiter] = deque()
        self._greedy: deque[Waiter] = deque()
        self.asked = 0
        self._tasks = tasks
        self._names = Names(upstream.endpoints, upstream.resolve, resolver)
        self._chooser = Chooser(upstream.balance)
        self._budget = RetryBudget()
        self._usable: list[UpstreamAddress] = []
        self._only: UpstreamAddress | None = None
        self._connecting = 0
        self._resolving = False
        self._looking: asyncio.Task[None] | None = None
        self._retired = False
        self._troubled = self._looks = False
        self._restless = False
        self._fair_share: FairShare | None = None
        self._follow_names()

    def __repr__(self) -> str:
        """For the debugger and the log."""
        is_open = sum(address.open for address in self.addresses)
        idle = sum(len(address.idle) for address in self.addresses)
        return f"<Pool {self.upstream.name}: {is_open} open, {idle} idle, {len(self.waiting)} waiting>"

    # -- for exchanges ------------------------------------------------------------------------------------------------

    def acquire(self, waiter: Waiter, *, fresh: bool = False, admitted: bool = False) -> None:
        """Lend a connection; `fresh` wants one that was never used (after a reused one had died).

        `admitted`: this one was counted and looked at already.
        """
        if not admitted:
            self.asked += 1
            if self._looks and not self._admits(waiter):
                return
        address = self._only
        if address is None:
            address = self._choose()
        if address is not None and not fresh:
            idle = address.idle
            while idle:
                connection = idle.pop()  # the one used last: its upstream is the least likely to be ending it
                if connection.mode is _IDLE and not connection.transport.is_closing():
                    # The clock is read only where a sweep has stamped it, or its upstream has said how long it idles.
                    if (connection.idle_since or connection.idles < _NEVER) and address.is_over(
                        connection, self.upstream.keep_alive
                    ):
                        connection.abort()
                        continue
                    connection.reused = True
                    waiter.lend(connection)
                    return
        self._wait(waiter, address)

    def forget(self, waiter: Waiter) -> None:
        """Take it out of the queue in which it waits."""
        if waiter in self.waiting:
            self.waiting.remove(waiter)
        elif waiter in self._greedy:
            self._greedy.remove(waiter)

    def is_behind(self, waiter: object) -> bool:
        """Whether it waits for others to finish, not for a connection that is being opened."""
        if any(other is waiter for other in reversed(self._greedy)):
            return True
        if self._resolving or self._connecting >= len(self.waiting):
            return False
        before = [place for place, other in enumerate(self.waiting) if other is waiter]
        return bool(before) and before[0] >= self._connecting

    @property
    def is_full(self) -> bool:
        """Whether no connection more may be opened."""
        most = self.upstream.connections
        return bool(self._usable) and all(address.open >= most for address in self._usable)

    def spend_repeat(self) -> bool:
        """Take one of the repeats that this upstream may get; False when there is none left."""
        return self._budget.spend(self.asked, monotonic())

    def rests(self, asking: Asking, now: float) -> bool:
        """Whether a breaker would refuse this; it only looks."""
        return self._troubled and self.breakers.rests(asking, now)

    @property
    def tls(self) -> UpstreamContext | None:
        """The context of its connections; None for one that is spoken to in the clear."""
        return self.dialler.tls

    @property
    def ejected(self) -> int:
        """Addresses that are left out now."""
        return len(self.addresses) - len(self._usable)

    # -- waiting ------------------------------------------------------------------------------------------------------

    def _choose(self) -> UpstreamAddress | None:
        usable = self._usable
        if len(usable) > 1:
            return self._chooser.choose(usable)
        return usable[0] if usable else None

    def _admits(self, waiter: Waiter) -> bool:
        """Whether one more request may be sent or wait; its waiter is told where not (rules 3 and 5)."""
        now = monotonic()
        if self._troubled and (resting := self.breakers.refuses(waiter, now)) is not None:
            waiter.failed(self._left_alone(resting))
            return False
        fair = self._fair_share
        if fair is None:
            return True
        fair.note(waiter, now)
        if self._left > 0 or not fair.is_greedy(waiter, self._holding(), now):
            return True
        if len(self._greedy) < self.upstream.queue:
            self._greedy.append(waiter)
            self._await(greedy=True)
        else:
            waiter.failed(refusal(Refused.QUEUE, self._queue_full))
        return False

    def _left_alone(self, resting: Resting) -> Failure:
        name = self.upstream.name
        what = f"{resting.operation} at upstream {name}" if resting.operation else f"upstream {name}"
        why = Refused.BREAKER if resting.operation else Refused.UPSTREAM
        return refusal(why, f"{what} failed too often; it is left alone for a moment", resting.seconds)

    @property
    def _left(self) -> int:
        """Connections that anybody may have: all that are not lent, less the part kept for those who hold little."""
        return self._spare - self.upstream.connections * len(self._usable) // KEPT

    @property
    def _spare(self) -> int:
        """Connections that are not lent, of the addresses that are asked: what hangs at one that is out takes none."""
        return sum(self.upstream.connections - address.busy for address in self._usable)

    def _await(self, *, greedy: bool) -> None:
        """Have addresses hand free connections to this pool while the `greedy` queue holds somebody."""
        for address in self.addresses:
            address.awaited = greedy

    def _serve_greedy(self) -> None:
        """Serve the greedy queue while there is more than what is kept."""
        while self._greedy and self._left > 0:
            self._serve(self._greedy.popleft())
        if not self._greedy:
            self._await(greedy=False)

    def _serve_kept(self, now: float) -> None:
        """Serve those of the greedy queue who hold too much no longer: nobody else asks, or theirs have ended."""
        fair = self._fair_share
        if fair is None:
            return
        for waiter in [*islice(self._greedy, _LOOKED_AT)]:
            if self._spare <= 0:
                return
            if not fair.is_greedy(waiter, self._holding(), now) and waiter in self._greedy:
                self._greedy.remove(waiter)
                self._serve(waiter)

    def _serve(self, waiter: Waiter) -> None:
        """Serve one from the greedy queue; a breaker may have opened meanwhile."""
        if not self._troubled or (resting := self.breakers.refuses(waiter, monotonic())) is None:
            self.acquire(waiter, admitted=True)
        else:
            waiter.failed(self._left_alone(resting))

    @property
    def _queue_full(self) -> str:
        return f"{self.upstream.queue} requests already wait for upstream {self.upstream.name}"

    def _holding(self) -> Iterator[Asking]:
        """Exchanges that have a connection, or will have one next."""
        yield from self.waiting
        for address in self._usable:
            for connection in address.connections:
                if connection.asker is not None:
                    yield connection.asker

    def _wait(self, waiter: Waiter, wanted: UpstreamAddress | None) -> None:
        # Whoever gets the next connection that is being opened waits for no other request, and takes no place.
        if self.is_full and len(self.waiting) - self._connecting >= self.upstream.queue:
            waiter.failed(refusal(Refused.QUEUE, self._queue_full))
            return
        self.waiting.append(waiter)
        # Never more attempts than waiters: a burst that is over would leave connections that nobody asked for.
        if wanted is not None and wanted.open < self.upstream.connections and self._connecting < len(self.waiting):
            self._open(wanted)
        self.freed()

    def freed(self) -> None:
        """Open what those who wait need and the bound allows."""
        if self._greedy:
            self._serve_greedy()
        if self.waiting and not self.addresses:
            self._look_up()
            return
        while self._connecting < len(self.waiting):
            address = self._with_room()
            if address is None:
                return
            self._open(address)

    def _open(self, address: UpstreamAddress) -> None:
        address.open += 1
        self._connecting += 1
        # Nobody can take the last connections before half of them are open, and looking costs every request.
        if 2 * address.open > self.upstream.connections >= KEPT and self.upstream.queue and self._fair_share is None:
            self._fair_share = FairShare(monotonic())
            self._looks = True
        self._tasks.start(self._connect(address), name=f"connect-{self.upstream.name}")

    def _with_room(self, tried: tuple[UpstreamAddress, ...] = ()) -> UpstreamAddress | None:
        most = self.upstream.connections
        room = [address for address in self._usable if address.open < most and address not in tried]
        return self._chooser.choose(room) if len(room) > 1 else room[0] if room else None

    def returned(self, connection: UpstreamConnection) -> None:
        """A clean connection is free, and somebody waits, or its address is gone."""
        address = connection.address
        if address.gone:
            connection.abort()
        elif self.waiting:
            connection.reused = True
            self.waiting.popleft().lend(connection)
        else:
            address.keep(connection)
            self._serve_greedy()

    # -- connecting ---------------------------------------------------------------------------------------------------

    async def _connect(self, address: UpstreamAddress) -> None:
        """Open a connection for whoever waits first by then (rule 4)."""
        until = monotonic() + self.upstream.timeouts.connect
        tried: tuple[UpstreamAddress, ...] = ()
        while True:
            tried = (*tried, address)
            is_last = len(tried) >= MAX_DIALS or len(self._usable) < 2
            left = until - monotonic()
            outcome = await self.dialler.dial(address, left if is_last else left / 2)  # half: another one can be tried
            if not isinstance(outcome, Failure):
                self._connecting -= 1
                self._hand_over(outcome)
                return
            if outcome.refused is None:
                self._refused(address)
            is_over = len(tried) >= MAX_DIALS or outcome.refused is not None or monotonic() >= until
            other = None if is_over else self._with_room(tried)  # there may be more by now
            if other is None and outcome.refused is None:
                other = None if self._is_wrong(outcome, address) else await self._named_since(address, tried, until)
            if other is None:
                break
            other.open += 1
            address = other
        self._no_connection(outcome)

    def _is_wrong(self, failure: Failure, address: UpstreamAddress) -> bool:
        """Whether somebody else is there: nobody waits for the next look-up, which is brought forward all the same."""
        if failure.wrong_peer:
            self._names.connect_failed(address.endpoint, monotonic())
        return failure.wrong_peer

    async def _named_since(
        self, unreachable: UpstreamAddress, tried: tuple[UpstreamAddress, ...], until: float
    ) -> UpstreamAddress | None:
        """An address that its name has by now, when no other can be reached: it may have moved since the last look-up,
        or an answer may be as old as its TTL.
        """
        for _ in range(NAMED_AGAIN if len(tried) <= MAX_DIALS else 0):
            since = monotonic()
            due = self._names.connect_failed(unreachable.endpoint, since)
            if due >= until:
                return None
            await self._looked_up(until)  # it may tell of one already, or be too old to
            if self._with_room(tried) is None:
                await wait_until(due)
                await self._looked_up(until)
            if self._with_room(tried) is None and not self._names.was_asked(unreachable.endpoint, since):
                self._look_up()
                await self._looked_up(until)
            other = self._with_room(tried) if monotonic() < until else None
            if other is not None:
                return other
        return None

    async def _looked_up(self, until: float) -> None:
        """Wait for the look-up that runs, if any does."""
        if self._looking is not None and not self._looking.done():
            await asyncio.wait([self._looking], timeout=max(until - monotonic(), 0.0))

    def _no_connection(self, failure: Failure) -> None:
        self._connecting -= 1
        if failure.refused is None and not failure.loops:
            self._no_connect(failure)
        if self.waiting:
            self.waiting.popleft().failed(failure)
        self.freed()

    def _hand_over(self, connection: UpstreamConnection) -> None:
        if connection.mode is Mode.CLOSED:
            return  # it ended right after its handshake, and `lost` has given its place away already
        address = connection.address
        if self.waiting:
            self.waiting.popleft().lend(connection)
        elif address.gone:
            connection.abort()
        else:
            address.release(connection)

    def _look_up(self) -> None:
        if not self._resolving:
            self._resolving = True
            self._looking = self._tasks.start(self._resolve(), name=f"resolve-{self.upstream.name}")

    async def _resolve(self) -> None:
        """The first time somebody waits for it, later nobody does; all who wait hear of a failure."""
        failure = None
        try:
            async with asyncio.timeout(None if self.addresses else self.upstream.timeouts.connect):
                unknown = await self._names.look_up()
            if unknown is not None:
                failure = cannot_connect(self.upstream, unknown.detail, timed_out=unknown.why is NoAddress.SILENT)
        except TimeoutError:
            failure = cannot_connect(self.upstream, "the look-up of its name timed out", timed_out=True)
        finally:
            self._resolving = False
        self._follow_names()
        if self.addresses:
            self.freed()
        elif failure is not None and self.waiting:
            self._no_connect(failure)
            self._refuse_all(failure)

    def _refuse_all(self, failure: Failure) -> None:
        for queue in (self.waiting, self._greedy):
            for _ in range(len(queue)):  # those of now: who is refused may come again at once, or take others along
                if queue:
                    queue.popleft().failed(failure)

    def _follow_names(self) -> None:
        """Addresses as they are named now (rule 2)."""
        now = monotonic()
        before = {ResolvedEndpoint(address.endpoint, address.host): address for address in self.addresses}
        self.addresses = [
            before.get(resolved) or UpstreamAddress(resolved.endpoint, resolved.host, self, self.waiting)
            for resolved in self._names.found
        ]
        for left in before.values():
            if left not in self.addresses:
                left.drain()
        for address in self.addresses:
            address.watched = address.watched or self._counts_5xx
            if self._retired:
                address.drain()
        self._settle(now)

    # -- who is asked -------------------------------------------------------------------------------------------------

    @property
    def _counts_5xx(self) -> bool:
        rule = self.upstream.breaker
        return rule is not None and rule.count_5xx

    def _settle(self, now: float) -> None:
        """Work out which addresses are asked as of `now`, and with what weight."""
        eject = self.upstream.eject
        before = self._usable
        self._usable = usable_of(self.addresses, 0.5 if eject is None else eject.max_ejected, now)
        self._only = self._usable[0] if len(self._usable) == 1 else None
        if before:  # at the start nobody has come back
            for back in self._usable:
                if back not in before:
                    back.back_at = now
        for address in self._usable:
            address.warm(now, self.upstream.slow_start)
        self._restless = any(address.is_out(now) or address.weight < 1.0 for address in self.addresses)

    def hear(self, endpoint: str, now: float, down_until: float) -> None:
        """What control's probes found; it holds until then, and 0 says that the endpoint is well."""
        for address in self.addresses:
            if address.endpoint.text == endpoint:
                address.down_until = down_until
        self._settle(now)

    def failed(self, address: UpstreamAddress, asking: Asking) -> None:
        """Count a failed request against the address, its operation and the upstream."""
        now = monotonic()
        if len(self.addresses) > 1 and address.fail(self.upstream.eject, asking, now):
            self._ejected(address)
        self._look_after(now)
        self._tell(self.breakers.failed(asking, now, address.name))

    def unavailable(self, address: UpstreamAddress, asking: Asking) -> None:
        """It was answered with 502, 503 or 504 (told already where 5xx count), and somebody else is asked instead."""
        if not self._counts_5xx:
            self.failed(address, asking)

    def _refused(self, address: UpstreamAddress) -> None:
        """Count a failed connect against its address."""
        now = monotonic()
        address.shun(now)
        if len(self.addresses) > 1 and address.refuse(self.upstream.eject, now):
            self._ejected(address)
        self._look_after(now)

    def _no_connect(self, failure: Failure) -> None:
        """Count that no address could be reached; when that opens the breaker, all who wait hear `failure`."""
        now = monotonic()
        self._look_after(now)
        changes = self.breakers.refused(now)
        if changes:  # they would only wait for what has just been found out
            self._refuse_all(failure)
        self._tell(changes)

    def _look_after(self, now: float) -> None:
        """Have addresses tell of answers, too, until nothing has failed for a while (rule 6)."""
        self._troubled = self._looks = True
        for address in self.addresses:
            address.watched = True
        self._settle(now)

    def answered(self, address: UpstreamAddress, asking: Asking, status: int) -> None:
        """Something was answered there after failures, or where 5xx are failures."""
        if status >= _SERVER_ERROR:
            if self._counts_5xx:
                self.failed(address, asking)
            if self._counts_5xx or status in UNAVAILABLE:
                self._tell(self.breakers.said_nothing(asking, monotonic()))
                return  # no sign of health
        if self._troubled:
            now = monotonic()
            address.recover(asking, now)
            self._tell(self.breakers.succeeded(asking, now, address.name))

    def _calm_down(self, now: float) -> None:
        """Stop looking at requests one by one once nothing fails and connections are plenty (rule 6)."""
        if self._troubled and self.breakers.whole.forgets(now):
            self._say("breaker_closed", state="closed", idle=True)
        are_calm = [address.calm_down(now) for address in self.addresses] if self._troubled else []
        if self._troubled and self.breakers.are_calm(now) and all(are_calm):
            self._troubled = False
            for address in self.addresses:
                address.watched = self._counts_5xx
        most = self.upstream.connections
        if not self._greedy and all(4 * address.busy < most and 2 * address.open <= most for address in self.addresses):
            self._fair_share = None  # not before: what is open already can be had without `_open`, which makes one
        self._looks = self._troubled or self._fair_share is not None

    def _ejected(self, address: UpstreamAddress) -> None:
        self._say("address_ejected", address=address.host, port=address.endpoint.port)

    def _tell(self, changes: list[BreakerChange]) -> None:
        for operation, state in changes:
            if not operation and state is BreakerState.OPEN:
                self._refuse_all(self._left_alone(Resting("", self.breakers.whole.retry_after(monotonic()))))
            event = "breaker_opened" if state is BreakerState.OPEN else "breaker_closed"
            more = {"operation": operation} if operation else {}
            self._say(event, state=state.name.lower(), **more)

    def _say(self, event: str, **more: object) -> None:
        whose = {"of_shadows": True} if self.of_shadows else {}
        structlog.get_logger().warning(event, upstream=self.upstream.name, **whose, **more)

    # -- in the course of time ----------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long, let in who is due, look at names again."""
        for address in self.addresses:
            address.expire_idle(now, self.upstream.keep_alive)
        if self._restless:
            self._settle(now)
        if self._names.is_due(now):
            self._look_up()
        if self._greedy:
            self._serve_kept(now)
            self._serve_greedy()
        if self._looks:
            self._calm_down(now)

    def retire(self) -> None:
        """A reload has replaced this pool: requests that run finish, nothing is kept."""
        self._retired = True
        for address in self.addresses:
            address.drain()
        self.waiting.extend(self._greedy)
        self._greedy.clear()
        self._await(greedy=False)
        self.freed()


async def wait_until(due: float) -> None:
    """Sleep until `due` by the monotonic clock, never less: a loop's timer may fire up to `TICK` too early."""
    while (left := due - monotonic()) > 0.0:  # noqa: ASYNC110 -- what is waited for is a time
        await asyncio.sleep(max(left, TICK))
