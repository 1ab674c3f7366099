"""The work that every proxy is asked to do, said once.

A thousand routes of the form `/svcNNNN/items/{id}`; half of the tenants (header X-Tenant-Id) go to `new`, the others to
`legacy`, always the same half; forwarding headers added; metrics where the proxy has them; an access log, to a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TENANT_HEADER = "X-Tenant-Id"
TENANTS = 200
CONNECTIONS = 48
ROUTES = 1000
BODY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where one proxy listens, what stands behind it and where its files go. Everything is on 127.0.0.1."""

    folder: Path
    listen: int
    admin: int
    legacy: int
    new: int
    routes: int = ROUTES

    @property
    def log(self) -> Path:
        """The access log."""
        return self.folder / "access.log"

    @property
    def first(self) -> str:
        """An address that a proxy answers once it listens and knows its routes."""
        return f"http://127.0.0.1:{self.listen}{item_path(0, 1)}"


def service(number: int) -> str:
    """A route's name, and the first segment of its path; four digits, so that paths are equally long for any count."""
    return f"svc{number:04d}"


def services(site: Site) -> list[str]:
    """All route names of a site."""
    return [service(number) for number in range(site.routes)]


def tenant(number: int) -> str:
    """A value of X-Tenant-Id."""
    return f"tenant-{number:04d}"


def item_path(number: int, item: int) -> str:
    """A path that matches route `number`."""
    return f"/{service(number)}/items/{item}"
