"""What stands on the demo's stage once it is set: processes, addresses, the file, and the options of who watches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from proxy.demo.children import Children
from proxy.demo.routes_file import LOOPBACK, Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenery:
    """`once` ends with the story; `state` says where state is kept.

    `legacy_pid` is for a spectator who wants to end it; `deploy` mends new and gives its release.
    """

    once: bool
    json: bool
    speed: float
    routes: Path
    state: str
    ports: Ports
    children: Children
    legacy_pid: int
    deploy: Callable[[], Awaitable[str]]

    @property
    def admin(self) -> str:
        """The admin API's address."""
        return f"http://{LOOPBACK}:{self.ports.admin}"

    @property
    def clients(self) -> str:
        """Where clients ask."""
        return f"http://{LOOPBACK}:{self.ports.listen}"
