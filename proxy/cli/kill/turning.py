"""One turn of the kill switch: what its file is written from, who follows it and how soon, and how that is told.

Rule 1: workers say themselves when they turned, on the machine's monotonic clock; where that number cannot be of this
        machine, the moment at which it was seen stands instead.
Rule 2: no answer is no failure of the switch: the file is what workers watch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from proxy.api.kill import KillView, StaysView
from proxy.api.upstreams import DownView
from proxy.cli.admin_client import NoAnswerError, get_kill, legible, post_kill, whoever
from proxy.cli.sent_token import sent_token
from proxy.cli.terminal import Ink, painted
from proxy.config.files import kill_ends
from proxy.core.routing.kill_switch import Beyond, KillSwitchOrder

PATIENCE = 5.0
"""Seconds until a worker that does not follow is told as one that does not."""
POLL_EVERY = 0.02
MOST = 20
_TIMEOUT = 1.0
_WHY = {
    Beyond.COMPLETE: "complete: legacy is no longer kept for it",
    Beyond.RETIRED: "retired: legacy is no longer kept for it",
    Beyond.RESPOND: "answered by Banyan itself",
    Beyond.NO_LEGACY: "routes.yaml has no upstream that is legacy for it",
}


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
        return not self.away and bool(self.workers) and all(worker.ms is not None for worker in self.workers)

    @property
    def slowest(self) -> float:
        """Milliseconds of the last worker."""
        return max((worker.ms or 0.0 for worker in self.workers), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchTurned:
    """What a command has done; `ms` until the file was there, or gone. `before`: the order that was there and stays.

    `was_off`: it was to be ended, and was not on. `elsewhere`: live replicas that it does not turn.
    """

    on: bool
    file: str
    ms: float
    following: Following
    beyond: Sequence[StaysView] = ()
    before: KillSwitchOrder | None = None
    was_off: bool = False
    down: Sequence[DownView] = ()
    elsewhere: Sequence[str] = ()


def order_now(reason: str) -> KillSwitchOrder:
    """By whoever runs this command, now."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return KillSwitchOrder(by=whoever(), at=at, reason=legible(reason).strip())


def turn_by_name(path: Path, base: str, reason: str, config: Path, *, on: bool) -> bool:
    """Have Banyan itself turn this switch, so that it is on record who did it and why: a file that goes says neither,
    and neither does one that stood already, or was not there.

    Where that cannot be had in time, nothing is said: the file is the switch. False: nobody answers there, so that
    nobody sees the file go.
    """
    if path.is_dir():
        return True
    try:
        watched = get_kill(base, timeout=_TIMEOUT).file
    except NoAnswerError:
        return False
    with suppress(NoAnswerError):
        if watched == str(path) and sent_token(base, config).text:
            post_kill(base, on=on, reason=reason, config=config, timeout=_TIMEOUT)
    return True


def lift_by_name(path: Path, ended: KillSwitchOrder, *, is_seen: bool) -> None:
    """Take the file away if it is still there, and keep beside it for the record what has ended, and by whom; OSError.

    `is_seen`: somebody sees that.
    """
    if not kill_ends.lift(path, ended) and not is_seen:
        note_stood(path, ended, on=False)


def note_stood(path: Path, order: KillSwitchOrder, *, on: bool) -> None:
    """Keep beside the file for the record an order that changed nothing, where nobody else hears of it."""
    with suppress(OSError):
        kill_ends.note_stood(path, order, on=on)


def await_workers(base: str, began: float, *, on: bool, patience: float = PATIENCE) -> Following:
    """Ask until every worker follows, for at most `patience` seconds; `began` is `time.monotonic()` at the command."""
    seen: dict[int, float] = {}
    while True:
        try:
            status = get_kill(base, timeout=_TIMEOUT)
        except NoAnswerError as error:
            return Following(away=error.message)
        now = time.monotonic()
        for worker in status.workers:
            if worker.killed is on:
                seen.setdefault(worker.pid, _milliseconds(worker.switched, began, now))
        found = tuple(
            Followed(worker=worker.worker, pid=worker.pid, ms=seen.get(worker.pid) if worker.killed is on else None)
            for worker in status.workers
        )
        following = Following(workers=found, file=status.file)
        if following.whole or now - began > patience:
            return following
        time.sleep(POLL_EVERY)


def as_it_stands(base: str) -> KillView | None:
    """Who stays by where routes run, and which upstream that is to answer is down; None when nobody says so."""
    try:
        return get_kill(base, timeout=_TIMEOUT)
    except NoAnswerError:
        return None


def _milliseconds(switched: float, began: float, now: float) -> float:
    """0 for a worker that had turned already."""
    if not switched or switched > now:
        return round((now - began) * 1000, 1)
    return round(max(0.0, switched - began) * 1000, 1)


def turned_lines(turned: SwitchTurned, base: str) -> Iterator[str]:
    """Line by line."""
    state = painted("kill switch is on", Ink.BAD) if turned.on else painted("kill switch is off", Ink.GOOD)
    happened = f"{'written' if turned.on else 'gone'} after {turned.ms:g} ms"
    yield f"{state}: {turned.file} {'was not there' if turned.was_off else happened}"
    if turned.before is not None:
        yield f"  {before_sentence(turned.before)}"
    yield from _following(turned.following, base, on=turned.on)
    yield from (painted(f"  {down_sentence(each)}", Ink.BAD) for each in turned.down)
    if turned.elsewhere:
        off = " --off" * (not turned.on)
        said = (
            f"not turned: {', '.join(turned.elsewhere)}: each replica has a switch of its own, run `banyan kill{off}`"
        )
        yield painted(f"  {said} there as well", Ink.BAD if turned.on else Ink.WARN)
    if turned.beyond:
        stay = "routes stay" if len(turned.beyond) > 1 else "route stays"
        yield f"{len(turned.beyond)} {stay}, since legacy cannot answer {'them' if len(turned.beyond) > 1 else 'it'}:"
        yield from (f"  {stays.route}  {painted(_WHY[stays.why], Ink.FAINT)}" for stays in turned.beyond[:MOST])
        if len(turned.beyond) > MOST:
            yield f"  … and {len(turned.beyond) - MOST} more; --json lists all"
    if turned.on and turned.following.away:
        yield "Whether an order left others at complete or retired, which stay as well, could not be asked."
    if turned.on:
        yield "`banyan kill --off` ends it."


def down_sentence(down: DownView) -> str:
    """Of an upstream that is to answer, and does not."""
    why = f" ({down.error})" if down.error else ""
    return f"{down.upstream} is down since {down.since}: it answers nothing now{why}"


def before_sentence(order: KillSwitchOrder) -> str:
    """Of a switch that was on already: by whom, since when and why."""
    by, why = f" by {order.by}" * bool(order.by), f": {order.reason}" * bool(order.reason)
    return f"it was on already, since {order.at}{by}{why}; that order stays as it was"


def _following(following: Following, base: str, *, on: bool) -> Iterator[str]:
    if following.away:
        yield painted(f"  nobody could be asked: {following.away}", Ink.WARN)
        yield "  Each worker watches the file by itself and follows within a moment; `killed` in the log says so."
        return
    if not following.workers:
        yield painted(
            f"  no worker is linked to control at {base}; each follows the file as soon as it serves", Ink.WARN
        )
    for worker in following.workers:
        yield f"  worker {worker.worker} (pid {worker.pid}) {_said(worker, on=on)}"


def _said(worker: Followed, *, on: bool) -> str:
    if worker.ms is None:
        return painted("has not followed yet: see its log for kill_file_unreadable", Ink.BAD)
    what = "gives legacy everything it can answer" if on else "serves as before the kill, by routes.yaml and orders,"
    return f"{what} {'already' if not worker.ms else f'after {worker.ms:g} ms'}"
