"""What runs now and how the last reload went: the one reference of the control process that is swapped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.state_names import origins_of

MAX_SHOWN = 20
"""Names or problems in one log line or answer; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """The last look at the file. `problems` (bounded) are why it failed; `needs_restart` what it could not change."""

    ok: bool
    at: datetime
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


class Running:
    """Holds the snapshot that serves, the outcome of the last reload, and the kill file's order if there is one.

    `origins` are the names under which the state of its routes is kept.
    """

    def __init__(self, snapshot: Snapshot, reload: Reload) -> None:
        """Begin with what the process was started with."""
        self.started_with = snapshot
        self.snapshot = snapshot
        self.origins = origins_of(snapshot.routes)
        self.reload = reload
        self.order: KillSwitchOrder | None = None

    def take(self, snapshot: Snapshot, reload: Reload) -> None:
        """A new file was good."""
        self.snapshot = snapshot
        self.origins = origins_of(snapshot.routes)
        self.reload = reload

    def refuse(self, reload: Reload) -> None:
        """A new file was bad: what runs, runs on."""
        self.reload = reload


def bounded(items: list[str], most: int = MAX_SHOWN) -> tuple[str, ...]:
    """At most `most` of them, and how many more there are."""
    return tuple(items) if len(items) <= most else (*items[:most], f"… and {len(items) - most} more")


def changed_routes(before: Snapshot, after: Snapshot) -> list[str]:
    """Names of routes that came, went or say something else; moving within the file is no change."""
    old, new = _by_name(before), _by_name(after)
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def _by_name(snapshot: Snapshot) -> dict[str, Route]:
    return {route.name: replace(route, index=0, line=0, file="") for route in snapshot.routes}


def needs_restart(started_with: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Keys of the file that differ from what the processes were started with, and which no reload can change."""
    pairs = {
        "listen": (started_with.listen, now.listen),
        "admin": (started_with.admin, now.admin),
        "workers": (started_with.workers, now.workers),
        "tls": (started_with.tls is None, now.tls is None),
        "state": (started_with.state, now.state),
        "state_password_file": (started_with.state_password_file, now.state_password_file),
    }
    changed = tuple(key for key, (before, after) in pairs.items() if before != after)
    return (*changed, "upstreams.auth") if now.has_credentials and not started_with.needs_clerk else changed
