"""Which workers follow the kill switch, and how soon: asked over the admin port, again and again.

Rule 1: workers say themselves when they turned, on the machine's monotonic clock; where that number cannot be of this
        machine, the moment at which it was seen stands instead.
Rule 2: no answer is no failure of the switch: the file is what workers watch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import msgspec

from proxy.cli.admin_api import NoAnswerError, fetch
from proxy.core.routing.kill_switch import Beyond

PATIENCE = 5.0
"""Seconds until a worker that does not follow is told as one that does not."""
POLL_EVERY = 0.02
_TIMEOUT = 1.0


class WorkerKill(msgspec.Struct, frozen=True):
    """One worker's switch."""

    worker: int
    pid: int = 0
    killed: bool = False
    switched: float = 0.0


class Stays(msgspec.Struct, frozen=True):
    """A route that the switch leaves where it is, and why."""

    route: str
    why: Beyond


class KillStatus(msgspec.Struct, frozen=True):
    """`GET /api/kill`; an older Banyan does not say who stays."""

    on: bool
    file: str = ""
    workers: tuple[WorkerKill, ...] = ()
    beyond: tuple[Stays, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One worker: `ms` from the command to its last request by the old order; None when it has not followed."""

    worker: int
    pid: int
    ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """`file` is the one that the running Banyan watches; `away` says why nobody could be asked, or is empty."""

    workers: tuple[Followed, ...] = ()
    file: str = ""
    away: str = ""

    @property
    def whole(self) -> bool:
        """Whether every worker was seen to follow."""
        return not self.away and bool(self.workers) and all(each.ms is not None for each in self.workers)

    @property
    def slowest(self) -> float:
        """Milliseconds of the last worker."""
        return max((each.ms or 0.0 for each in self.workers), default=0.0)


def ask(base: str) -> KillStatus:
    """The switch as control sees it; NoAnswerError."""
    try:
        return msgspec.json.decode(fetch(base, "/api/kill", timeout=_TIMEOUT), type=KillStatus)
    except msgspec.DecodeError as error:
        raise NoAnswerError(f"{base} answers, but not as Banyan does: {error}", "Is this its admin address?") from error


def await_workers(base: str, began: float, *, on: bool, patience: float = PATIENCE) -> Following:
    """Ask until every worker follows, for at most `patience` seconds; `began` is `time.monotonic()` at the command."""
    seen: dict[int, float] = {}
    while True:
        try:
            status = ask(base)
        except NoAnswerError as error:
            return Following(away=error.message)
        now = time.monotonic()
        for each in status.workers:
            if each.killed is on:
                seen.setdefault(each.pid, _milliseconds(each.switched, began, now))
        found = tuple(
            Followed(worker=each.worker, pid=each.pid, ms=seen.get(each.pid) if each.killed is on else None)
            for each in status.workers
        )
        following = Following(workers=found, file=status.file)
        if following.whole or now - began > patience:
            return following
        time.sleep(POLL_EVERY)


def who_stays(base: str) -> tuple[Stays, ...] | None:
    """Who stays by where routes run; None when nobody says so."""
    try:
        return ask(base).beyond
    except NoAnswerError:
        return None


def _milliseconds(switched: float, began: float, now: float) -> float:
    """0 for a worker that had turned already."""
    if not switched or switched > now:
        return round((now - began) * 1000, 1)
    return round(max(0.0, switched - began) * 1000, 1)
