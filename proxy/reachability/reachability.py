"""All targets at once, each within its time: what serving would meet from this host, as this user.

Rule 1: nothing that is asked changes anything there: connections, handshakes, `HEAD /` or the health path, a key set,
        a token and a subject that nobody has, the token that Banyan calls with, read-only sessions.
Rule 2: at most `AT_ONCE` targets are asked at a time; each ends within the time that was given to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from proxy.core.reachability.finding import Finding, TargetFindings
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.instance import Here
from proxy.names.files import Files
from proxy.names.resolver import Resolver
from proxy.reachability.database_rows import database_rows
from proxy.reachability.endpoint_targets import EndpointTarget
from proxy.reachability.http_rows import http_rows
from proxy.reachability.name_row import NameSources
from proxy.reachability.target_time import TargetTime
from proxy.reachability.targets import DatabaseTarget, KeySetTarget, Target, UpstreamTarget
from proxy.tasks import Tasks

AT_ONCE = 32


async def find_out(
    snapshot: Snapshot,
    targets: Sequence[Target],
    length: float,
    told: Callable[[Target], None] = lambda _: None,
    files: Files | None = None,
) -> list[TargetFindings]:
    """What is found of each, in their order; `length` in seconds for each, `told` of each that is done.

    `files` say where names are looked up; None: the system's.
    """
    tasks, files = Tasks(), files or Files()
    resolver, slots = Resolver(tasks, files), asyncio.Semaphore(AT_ONCE)
    here = Here(0, (snapshot.listen, snapshot.admin))

    async def one(target: Target) -> TargetFindings:
        async with slots:
            rows = await _rows(target, NameSources(resolver, files, tasks), here, TargetTime(length))
        told(target)
        return TargetFindings(kind=target.kind, name=target.name, where=target.where, findings=tuple(rows))

    try:
        return await asyncio.gather(*map(one, targets))
    finally:
        await tasks.end()
        await resolver.close()


async def _rows(target: Target, names: NameSources, here: Here, target_time: TargetTime) -> list[Finding]:
    match target:
        case UpstreamTarget() | KeySetTarget() | EndpointTarget():
            return await http_rows(target, names, here, target_time)
        case DatabaseTarget():
            return await database_rows(target, names, target_time)
