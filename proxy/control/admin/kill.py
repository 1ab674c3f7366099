"""The kill switch as control sees it, and turns it for those who ask the admin port.

Rule 1: the file is the switch: a POST writes it or takes it away, as `banyan kill` does; workers watch it themselves.
Rule 2: nobody has to look before killing: `If-Match` is honoured where it is sent, and not asked for.
Rule 3: a route that stays is told by where it runs: an order may have left it where the file does not have it.
Rule 4: a second order changes nothing of the first one: neither by whom it was given, nor when and why.
Rule 5: an end is recorded by whoever took the file away, and not by the watch that sees it gone before he says so; of
        two who end it at once the other one has changed nothing.
Rule 6: a file that goes says nothing; whoever has taken it away by `banyan kill --off` has left beside it who he is,
        and why. Where nobody has, it is on record as having gone by itself.
Rule 7: a disk that does not answer costs the one who asked `PATIENCE`, and nobody else anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from proxy.api.kill import KillBody, KillView, StaysView, WorkerKillView
from proxy.control.admin.http.responses import problem
from proxy.control.admin.orders.standing import JudgedRoutes
from proxy.control.admin.routes import asked_upstreams, order_view, ordered_kill, running_routes
from proxy.control.fleet.links import Links
from proxy.control.position.kill_records import KillRecords
from proxy.control.probe.health import UpstreamCondition
from proxy.control.probe.upstreams_down import down_views
from proxy.control.running import Running
from proxy.control.traffic.ledger import Ledger
from proxy.core.routing.kill_switch import KillSwitchOrder, StandingOrder, SwitchTurn, beyond
from proxy.log import stamp
from proxy.tasks import Tasks

PATIENCE = 5.0
"""Seconds that the disk may take."""
NOBODYS = KillSwitchOrder()
"""Of an end of which nobody said whose order it was."""
_log = structlog.get_logger()


def _none(_: Path) -> tuple[SwitchTurn, ...]:
    """Nobody has left anything."""
    return ()


@dataclass(slots=True, kw_only=True)
class KillSwitch:
    """`place` finds the file, `give` makes it and `lift` takes it away; these two may block, and raise OSError.
    `judged` knows where routes run, `records` keeps who turned it when and why, `conditions` are what probes found.
    `turns` takes what was left beside the file; it may block, and raise OSError.
    """

    running: Running
    links: Links
    place: Callable[[str], Path]
    give: Callable[[Path, KillSwitchOrder], StandingOrder]
    lift: Callable[[Path], bool]
    judged: JudgedRoutes | None = None
    records: KillRecords | None = None
    conditions: Callable[[], Mapping[str, UpstreamCondition]] = dict
    turns: Callable[[Path], Sequence[SwitchTurn]] = _none
    _tasks: Tasks = field(default_factory=Tasks)
    _ends: asyncio.Lock = field(default_factory=asyncio.Lock)
    _lifting: bool = False
    _gone: bool = False

    @property
    def path(self) -> Path:
        """The file that the present table names."""
        return self.place(self.running.snapshot.kill_file)

    def take(self, order: KillSwitchOrder | None) -> None:
        """What the watch has found (rule 5)."""
        self._gone = order is None and self._lifting
        if not self._gone:
            self._turn(order)

    def _turn(self, order: KillSwitchOrder | None, ended: KillSwitchOrder = NOBODYS) -> None:
        """It is on by this order, or off; `ended` is the order by which it ended, where that is known."""
        begun = self.running.order
        if order == begun:
            return
        self.running.order = order
        if self.records is not None and order is not None:
            self.records.turned_on(order)
        elif self.records is not None and ended is not NOBODYS:
            self.records.turned_off(ended)
        elif self.records is not None:
            self._tasks.start(self._record_end(self.records, begun), name="kill-end")
        if order is not None:
            _log.warning("kill_ordered", by=order.by, at=order.at, reason=order.reason, file=str(self.path))
        else:
            _log.warning("kill_ended", file=str(self.path))

    async def _record_end(self, records: KillRecords, begun: KillSwitchOrder | None) -> None:
        """Rule 6, of the order that has begun it; what else was left there is of others, and recorded too."""
        turns: Sequence[SwitchTurn] = ()
        ended = replace(NOBODYS, at=stamp(datetime.now(UTC)))  # the next order may come before this is on record
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                turns = await asyncio.to_thread(self.turns, self.path)
        for turn in turns:
            records.kept(turn)
        if not any(one.order == begun and one.on and not then.on for one, then in pairwise(turns)):
            records.turned_off(ended)

    async def look(self, request: web.Request) -> web.Response:
        """`GET /api/kill`."""
        await self.links.refresh()
        body, tag = self._page()
        if any(tag_sent.value in {tag, "*"} for tag_sent in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=_headers(tag))
        return _answer(body, tag)

    async def turn(self, request: web.Request) -> web.Response:
        """`POST /api/kill`."""
        try:
            asked = msgspec.json.decode(await request.read(), type=KillBody)
        except msgspec.DecodeError as error:
            detail = f'the body must be JSON such as {{"on": true, "reason": "…"}}: {error}'
            return problem(HTTPStatus.BAD_REQUEST, detail)
        tag = self._page()[1]
        if request.if_match is not None and all(tag_sent.value not in {tag, "*"} for tag_sent in request.if_match):
            detail = (
                "the kill switch is not as it was when you looked: look again with `banyan status` or GET /api/kill"
            )
            return problem(HTTPStatus.PRECONDITION_FAILED, detail, {"ETag": f'"{tag}"'})
        path = self.path
        try:
            async with asyncio.timeout(PATIENCE):
                await self._write(path, asked, request.remote or "")
        except (OSError, TimeoutError) as error:
            said = (isinstance(error, IsADirectoryError) and error.strerror) or str(error)
            said = said or f"its disk did not answer within {PATIENCE:g} s"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{path} could not be changed: {said}")
        return _answer(*self._page())

    async def _write(self, path: Path, asked: KillBody, peer: str) -> None:
        by = asked.by or f"admin API, {peer}"
        order = KillSwitchOrder(by=by, at=stamp(datetime.now(UTC)), reason=asked.reason).bounded()
        if asked.on:
            stands, stood = await asyncio.to_thread(self.give, path, order)
            self._turn(stands)
            if self.records is not None and stood:
                self.records.turned_on(order, stood=True)
        else:
            await self._end(path, order)

    async def _end(self, path: Path, order: KillSwitchOrder) -> None:
        """Rule 5. One after the other: the second of two finds that it is off already."""
        async with self._ends:
            before = self.running.order
            self._lifting = True
            try:
                was_there = await asyncio.to_thread(self.lift, path)
            except BaseException:
                self._lifted(by_another=self._gone)
                raise
            self._lifted(by_another=False)
            is_same = before is not None and before == self.running.order
            if was_there and is_same:
                self._turn(None, replace(order, at=""))
                return
            if is_same:
                self._turn(None)
            if self.records is not None:
                self.records.turned_off(order, stood=not was_there)

    def _lifted(self, *, by_another: bool) -> None:
        """Nobody takes the file away any more; what the watch has found meanwhile is told then."""
        self._lifting = self._gone = False
        if by_another:
            self._turn(None)

    def _page(self) -> tuple[bytes, str]:
        """The state as JSON, and the tag of that state."""
        view: KillView = kill_view(self.running, self.links.ledger, str(self.path), self.judged)
        tag = hashlib.sha256(msgspec.json.encode(view)).hexdigest()[:16]  # of what an order changes, and no probe
        down = down_views(asked_upstreams(self.running, self.links.ledger, self.judged), self.conditions())
        elsewhere = () if self.judged is None else self.judged.other_replicas
        return msgspec.json.encode(msgspec.structs.replace(view, down=down, elsewhere=elsewhere)), tag


def _answer(body: bytes, tag: str) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=_headers(tag))


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}


def kill_view(running: Running, ledger: Ledger, file: str, judged: JudgedRoutes | None) -> KillView:
    """As it is now; without `judged` routes run where the file says."""
    order, upstreams = ordered_kill(running, ledger), running.snapshot.upstreams
    workers = [
        WorkerKillView(worker=worker.worker, pid=worker.pid, killed=worker.killed, switched=worker.switched)
        for worker in ledger.counts().workers
    ]
    found = ((route.name, beyond(route, upstreams)) for route in running_routes(running, ledger, judged))
    stay = [StaysView(route=name, why=why) for name, why in found if why is not None]
    return KillView(on=order is not None, order=order_view(order), file=file, workers=workers, beyond=stay)
