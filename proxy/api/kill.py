"""The kill switch: what is ordered, who follows, who stays."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.upstreams import DownView
from proxy.api.view import View
from proxy.core.routing.kill_switch import Beyond


class KillOrderView(View, frozen=True, kw_only=True):
    """What the kill file says; each may be empty."""

    by: str = ""
    """Who ordered it."""
    at: str = ""
    """When (RFC 3339)."""
    reason: str = ""
    """Why."""


class WorkerKillView(View, frozen=True, kw_only=True):
    """One linked worker's switch."""

    worker: int
    """Its number."""
    pid: int = 0
    """Its process."""
    killed: bool = False
    """Whether its switch is on."""
    switched: float = 0.0
    """When it was last turned, in seconds of the machine's monotonic clock; 0: never."""


class StaysView(View, frozen=True, kw_only=True):
    """A route that the switch leaves where it is."""

    route: str
    """Its name."""
    why: Beyond
    """Why legacy cannot answer it."""


class KillView(View, frozen=True, kw_only=True):
    """The kill switch as control sees it."""

    on: bool
    """Whether it is ordered."""
    order: KillOrderView | None = None
    """What the file says; null while the switch is off."""
    file: str = ""
    """The file that is the switch while it is there."""
    workers: Sequence[WorkerKillView] = ()
    """Linked workers."""
    beyond: Sequence[StaysView] | None = None
    """Routes that stay, on or off, by where they run; null: a server that does not say it."""
    down: Sequence[DownView] = ()
    """Upstreams that are to answer something now, and whose health probes fail."""
    elsewhere: Sequence[str] = ()
    """Other live replicas, which this switch does not turn: each has its own."""


class KillBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What turns the switch."""

    on: bool
    """Whether it is to be on."""
    reason: str = ""
    """Why; shown by status, written to the log and recorded. Of a second order in a row it is recorded alone.

    What is longer than 200 characters is cut there: this order is refused for nothing.
    """
    by: str = ""
    """Who; else the address that asks."""
