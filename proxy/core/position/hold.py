"""A hold of a route: it is kept in the route's position (`Position.held`), and so wherever positions are kept.

Rule 1: while it is held the judge does not promote; what runs stays, and so do its latch and the step that has begun.
Rule 2: it ends by `hold --off` and by `resume`, which ends a latch as well.
"""

from __future__ import annotations

from dataclasses import replace

from proxy.core.position.position import Cause, Position, moved


def held(position: Position, cause: Cause, *, on: bool = True) -> Position:
    """The position with the judge told not to promote, or (`on=False`) allowed to again; what runs stays."""
    return replace(position, held=on, version=position.version + 1, cause=cause)


def resumed(position: Position, at: float, *, has_ramp: bool) -> Position:
    """The position without latch and hold. With a ramp it climbs from where it is, else it runs as the file says."""
    to = position.place if has_ramp else position.file_place
    return replace(moved(position, to, Cause.RESUME, at), latched=False, held=False)
