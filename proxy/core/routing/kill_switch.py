"""The kill switch: while it is on, legacy answers whatever legacy can answer.

Rule 1: it moves routes at shadow, canary and live; at those the way back exists by definition of the stage.
Rule 2: legacy no longer has what is complete, retired or answered by Banyan: those routes stay as they are.
Rule 3: nobody is called as shadow, and no draw is made: a killed route has one decision for every request.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from enum import StrEnum

from proxy.core.outcome import Side
from proxy.core.routing.decide import Decision, Reason
from proxy.core.routing.route import Route

LONGEST_TEXT = 200
"""Characters of who gives the order, and of why."""
_KILLED = Decision(Side.LEGACY, None, Reason.KILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchOrder:
    """What the kill file says of itself: who gave the order, when (RFC 3339) and why; each may be empty."""

    by: str = ""
    at: str = ""
    reason: str = ""

    def bounded(self) -> KillSwitchOrder:
        r"""As it is kept and shown: longer texts are cut, line breaks are `\n`, and nothing acts on a terminal."""
        return replace(self, by=_bounded(self.by), at=_bounded(self.at), reason=_bounded(self.reason))


class Beyond(StrEnum):
    """Why a route is beyond the switch: new, or Banyan itself, goes on answering it."""

    COMPLETE = "complete"
    RETIRED = "retired"
    RESPOND = "respond"
    NO_LEGACY = "no_legacy"


def _bounded(text: str) -> str:
    lines = re.sub(r"\r\n|[\n\r\u2028\u2029]", r"\\n", text[:LONGEST_TEXT].strip())
    shown = "".join(sign if sign.isprintable() else " " for sign in lines)
    return " ".join(shown.split())


def decide_killed(route: Route, *, has_legacy: bool) -> Decision | None:
    """The decision for every request while the switch is on; None: the route stays as it is.

    `has_legacy`: routes.yaml has the upstream that is legacy on this route, which `live` does not need otherwise.
    """
    is_moved = has_legacy and route.respond is None and route.stage.facts.has_both
    return _KILLED if is_moved else None


def beyond(route: Route, upstreams: Container[str]) -> Beyond | None:
    """Why the switch cannot give this route to legacy; None when it does, or when legacy answers anyway."""
    if route.respond is not None:
        return Beyond.RESPOND
    if not route.stage.facts.has_legacy:
        return Beyond(route.stage.value)
    return None if route.legacy in upstreams else Beyond.NO_LEGACY
