"""Names in the log every point of strictness that routes.yaml opens: it says what is let in, and where."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from proxy.core.http.leniency import Points
from proxy.core.routing.snapshot import Snapshot


def openings(snapshot: Snapshot) -> Iterator[tuple[str, Points]]:
    """Where something is open, by its key in routes.yaml, and what."""
    yield "top", snapshot.leniency
    yield from ((f"upstreams.{name}", upstream.leniency) for name, upstream in snapshot.upstreams.items())
    yield from ((f"routes.{route.name}", route.leniency) for route in snapshot.routes)


def name_openings(snapshot: Snapshot) -> None:
    """One line each."""
    for where, points in openings(snapshot):
        if points:
            structlog.get_logger().warning("leniency_open", where=where, points=sorted(points))
