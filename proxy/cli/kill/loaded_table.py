"""The table of a routes.yaml, as `serve` loads it: what a drill needs, and a switch of which nobody can be asked."""

from __future__ import annotations

import os
from pathlib import Path

from proxy.api.kill import StaysView
from proxy.app.initial_table import Start, first_start
from proxy.cli.help_text import UNUSABLE
from proxy.cli.routes_file import problem_lines
from proxy.cli.terminal import complain, leave
from proxy.core.routing.kill_switch import beyond
from proxy.core.routing.snapshot import Snapshot


def snapshot_or_leave(config: Path) -> Snapshot:
    """What runs from this file: its own table, or the last good one."""
    found = first_start(config, os.environ)
    if not isinstance(found, Start):
        for line in problem_lines(found):
            complain(line)
        complain(f"{config} does not say where the kill file is.", "Name the file that serves with --config.")
        leave(UNUSABLE)
    return found.snapshot


def beyond_reach(config: Path) -> tuple[StaysView, ...]:
    """Routes that the switch cannot give to legacy by what the file says, in its order; none where it cannot be read:
    the switch has been turned by then.
    """
    found = first_start(config, os.environ)
    if not isinstance(found, Start):
        return ()
    table = found.snapshot
    stay = ((route.name, beyond(route, table.upstreams)) for route in table.routes)
    return tuple(StaysView(route=name, why=why) for name, why in stay if why is not None)
