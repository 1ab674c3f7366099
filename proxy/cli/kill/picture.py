"""What `banyan kill` prints: the file, each worker with its time, and the routes that stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.cli.kill.following import Followed, Following, Stays
from proxy.cli.terminal import Ink, painted
from proxy.core.routing.kill_switch import Beyond, beyond
from proxy.core.routing.snapshot import Snapshot

MOST = 20
_WHY = {
    Beyond.COMPLETE: "complete: legacy is no longer kept for it",
    Beyond.RETIRED: "retired: legacy is no longer kept for it",
    Beyond.RESPOND: "answered by Banyan itself",
    Beyond.NO_LEGACY: "routes.yaml has no upstream that is legacy for it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a command has done; `ms` until the file was there, or gone."""

    on: bool
    file: str
    ms: float
    following: Following
    beyond: tuple[Stays, ...] = ()


def beyond_reach(snapshot: Snapshot) -> tuple[Stays, ...]:
    """Routes that the switch cannot give to legacy by what the file says, in its order."""
    found = ((route.name, beyond(route, snapshot.upstreams)) for route in snapshot.routes)
    return tuple(Stays(route=name, why=why) for name, why in found if why is not None)


def turned_lines(turned: Turned, base: str) -> Iterator[str]:
    """Line by line."""
    state = painted("kill switch is on", Ink.BAD) if turned.on else painted("kill switch is off", Ink.GOOD)
    yield f"{state}: {turned.file} {'written' if turned.on else 'gone'} after {turned.ms:g} ms"
    yield from _following(turned.following, base, on=turned.on)
    if turned.beyond:
        stay = "routes stay" if len(turned.beyond) > 1 else "route stays"
        yield f"{len(turned.beyond)} {stay}, since legacy cannot answer {'them' if len(turned.beyond) > 1 else 'it'}:"
        yield from (f"  {each.route}  {painted(_WHY[each.why], Ink.FAINT)}" for each in turned.beyond[:MOST])
        if len(turned.beyond) > MOST:
            yield f"  … and {len(turned.beyond) - MOST} more; --json lists all"
    if turned.on and turned.following.away:
        yield "Whether an order left others at complete or retired, which stay as well, could not be asked."
    if turned.on:
        yield "`banyan kill --off` ends it."


def _following(following: Following, base: str, *, on: bool) -> Iterator[str]:
    if following.away:
        yield painted(f"  nobody could be asked: {following.away}", Ink.WARN)
        yield "  Each worker watches the file by itself and follows within a moment; `killed` in the log says so."
        return
    if not following.workers:
        yield painted(
            f"  no worker is linked to control at {base}; each follows the file as soon as it serves", Ink.WARN
        )
    for each in following.workers:
        yield f"  worker {each.worker} (pid {each.pid}) {_said(each, on=on)}"


def _said(worker: Followed, *, on: bool) -> str:
    if worker.ms is None:
        return painted("has not followed yet: see its log for kill_file_unreadable", Ink.BAD)
    what = "gives legacy everything it can answer" if on else "serves by routes.yaml again"
    return f"{what} {'already' if not worker.ms else f'after {worker.ms:g} ms'}"
