"""What a kill file is written from: the table that says where it is, and who writes it."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from proxy.app.initial_table import Start, first_start
from proxy.cli.help_text import UNUSABLE
from proxy.cli.problem_text import problem_lines
from proxy.cli.terminal import complain, leave
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.snapshot import Snapshot
from proxy.log import stamp


def snapshot_or_leave(config: Path) -> Snapshot:
    """What runs from this file: its own table, or the last good one."""
    found = first_start(config, os.environ)
    if not isinstance(found, Start):
        for line in problem_lines(found):
            complain(line)
        complain(f"{config} does not say where the kill file is.", "Name the file that serves with --config.")
        leave(UNUSABLE)
    return found.snapshot


def order_now(reason: str) -> KillSwitchOrder:
    """By whoever runs this command, now."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a line for this user
        user = str(os.getuid())
    return KillSwitchOrder(by=f"{user}@{socket.gethostname()}", at=stamp(datetime.now(UTC)), reason=reason)
