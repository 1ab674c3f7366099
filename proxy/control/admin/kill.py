"""The kill switch as control sees it, and turns it for those who ask the admin port.

Rule 1: the file is the switch: a POST writes it or takes it away, as `banyan kill` does; workers watch it themselves.
Rule 2: nobody has to look before killing: `If-Match` is honoured where it is sent, and not asked for.
Rule 3: a disk that does not answer costs the one who asked `PATIENCE`, and nobody else anything.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from proxy.control.admin.kill_view import KillView, kill_view
from proxy.control.admin.problem import problem
from proxy.control.admin.standing import Judged
from proxy.control.fleet.links import Links
from proxy.control.running import Running
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.log import stamp

PATIENCE = 5.0
"""Seconds that the disk may take."""
_log = structlog.get_logger()


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /api/kill`."""

    on: bool
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class KillSwitch:
    """`place` finds the file, `give` makes it and `lift` takes it away; these two may block, and raise OSError.
    `judged` knows where routes run.
    """

    running: Running
    links: Links
    place: Callable[[str], Path]
    give: Callable[[Path, KillSwitchOrder], None]
    lift: Callable[[Path], bool]
    judged: Judged | None = None

    @property
    def path(self) -> Path:
        """The file that the present table names."""
        return self.place(self.running.snapshot.kill_file)

    def take(self, order: KillSwitchOrder | None) -> None:
        """What the watch has found."""
        if order == self.running.order:
            return
        self.running.order = order
        if order is not None:
            _log.warning("kill_ordered", by=order.by, at=order.at, reason=order.reason, file=str(self.path))
        else:
            _log.warning("kill_ended", file=str(self.path))

    async def look(self, request: web.Request) -> web.Response:
        """`GET /api/kill`."""
        await self.links.refresh()
        body, tag = self._page()
        if any(each.value in {tag, "*"} for each in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=_headers(tag))
        return _answer(body, tag)

    async def turn(self, request: web.Request) -> web.Response:
        """`POST /api/kill`."""
        try:
            asked = msgspec.json.decode(await request.read(), type=Asked)
        except msgspec.DecodeError as error:
            detail = f'the body must be JSON such as {{"on": true, "reason": "…"}}: {error}'
            return problem(HTTPStatus.BAD_REQUEST, detail)
        tag = self._page()[1]
        if request.if_match is not None and all(each.value not in {tag, "*"} for each in request.if_match):
            detail = (
                "the kill switch is not as it was when you looked: look again with `banyan status` or GET /api/kill"
            )
            return problem(HTTPStatus.PRECONDITION_FAILED, detail, {"ETag": f'"{tag}"'})
        path = self.path
        try:
            await asyncio.wait_for(self._write(path, asked, request.remote or ""), PATIENCE)
        except (OSError, TimeoutError) as error:
            said = (isinstance(error, IsADirectoryError) and error.strerror) or str(error)
            said = said or f"its disk did not answer within {PATIENCE:g} s"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{path} could not be changed: {said}")
        return _answer(*self._page())

    async def _write(self, path: Path, asked: Asked, peer: str) -> None:
        order = KillSwitchOrder(by=f"admin API, {peer}", at=stamp(datetime.now(UTC)), reason=asked.reason)
        if asked.on:
            await asyncio.to_thread(self.give, path, order)
            self.take(order)
        else:
            await asyncio.to_thread(self.lift, path)
            self.take(None)

    def _page(self) -> tuple[bytes, str]:
        """The state as JSON, and the tag of that state."""
        view: KillView = kill_view(self.running, self.links.ledger, str(self.path), self.judged)
        body = msgspec.json.encode(view)
        return body, hashlib.sha256(body).hexdigest()[:16]


def _answer(body: bytes, tag: str) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=_headers(tag))


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
