"""A hold of a route: it is kept in the route's position (`Position.held`), and so wherever positions are kept.

Rule 1: while it is held the judge does not promote; what runs stays, and so do its latch and the step that has begun.
Rule 2: it ends by `resume`, which ends a latch as well, and by nothing else: an edit of the stage keeps it. The judge's
        own, from when legacy was down, also ends by itself (position.py, rule 5).
"""

from __future__ import annotations

from dataclasses import replace

from proxy.core.position.position import Cause, Position, moved


def held(position: Position, cause: Cause, *, on: bool = True) -> Position:
    """The position with the judge told not to promote, or (`on=False`) allowed to again; what runs stays."""
    return replace(position, held=on, version=position.version + 1, cause=cause)


def hold_ends(position: Position) -> str:
    """What ends it, by rule 2, for whoever reads that there is one."""
    command = f"`banyan resume {position.route}`"
    if position.waits:
        return f"the hold ends by itself when new answers well again, and with {command}"
    return f"{command} ends the hold"


def resumed(position: Position, at: float, *, has_ramp: bool) -> Position:
    """The position without latch and hold. With a ramp it climbs from where it is, else it runs as the file says."""
    to = position.place if has_ramp else position.file_place
    return replace(moved(position, to, Cause.RESUME, at), latched=False, held=False)
