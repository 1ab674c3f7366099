"""A probe in front of somebody: while it lasts, a line on the terminal says for whom it waits."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from proxy.cli.help_text import FOUND
from proxy.cli.terminal import complain, leave
from proxy.core.reachability.finding import TargetFindings
from proxy.core.routing.snapshot import Snapshot
from proxy.names.system import NamingLoop
from proxy.reachability.reachability import find_out
from proxy.reachability.targets import Target
from proxy.tasks import Tasks

EVERY = 0.5
"""Seconds between two lines; what is over before the first shows none."""
_MOST_NAMED = 3
_CLEAR = "\r\x1b[K"


def watched(snapshot: Snapshot, targets: Sequence[Target], length: float) -> list[TargetFindings]:
    """What is found; exit 1 when it is stopped."""
    try:
        with asyncio.Runner(loop_factory=NamingLoop) as runner:
            return runner.run(_watched(snapshot, targets, length))
    except KeyboardInterrupt:
        complain("stopped: nothing is said of what was not asked yet.", "--timeout bounds what each target may take.")
        return leave(FOUND)


async def _watched(snapshot: Snapshot, targets: Sequence[Target], length: float) -> list[TargetFindings]:
    waiting, lines = list(targets), Tasks()
    if sys.stderr.isatty():
        lines.start(_say(waiting, len(targets)), name="progress")
    try:
        return await find_out(snapshot, targets, length, waiting.remove)
    finally:
        await lines.end()


async def _say(waiting: Sequence[Target], count: int) -> None:
    """One line that is written over, and taken away at the end."""
    try:
        while True:
            await asyncio.sleep(EVERY)
            sys.stderr.write(_CLEAR + progress_line(waiting, count))
            sys.stderr.flush()
    finally:
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()


def progress_line(waiting: Sequence[Target], count: int) -> str:
    """`3 of 5 probed, waiting for legacy, new`."""
    names = list(dict.fromkeys(target.name for target in waiting))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{count - len(waiting)} of {count} probed, waiting for {', '.join(names[:_MOST_NAMED])}{more}"
