"""The place that an order of one step goes by, as it was when somebody asked for it.

Rule 1: `promote`, `resume` and `rollback --step` are about that place. They look first, send what they saw, and are
        refused where somebody else was faster, also while the command was starting.
Rule 2: `rollback` and `hold` mean whatever stands, and are given in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from proxy.cli.help_text import FOUND
from proxy.cli.orders.asked_at import seconds_since_asked
from proxy.cli.terminal import complain, leave

if TYPE_CHECKING:
    from proxy.api.orders import LatestMoveView, MovedView

_BY_PLACE = frozenset({"promote", "resume"})


def goes_by_place(verb: str, said: Mapping[str, object]) -> bool:
    """Whether the order is about what was seen: rule 1."""
    return verb in _BY_PLACE or (verb == "rollback" and bool(said.get("step")))


def seen_tag(would: MovedView) -> str:
    """What the order is to be sent with; leaves where somebody else was faster. A server that shows nothing: empty."""
    latest = would.latest
    if latest is not None and latest.seconds < seconds_since_asked():
        _leave_late(would.route, latest)
    return would.tag if would.preview else ""


def _leave_late(route: str, latest: LatestMoveView) -> NoReturn:
    moved = f"{latest.sentence}, {latest.seconds:.1f} s ago, while this command was starting"
    complain(f"{route} is not moved: somebody else was faster: {moved}.", "Look, then ask again.")
    leave(FOUND)
