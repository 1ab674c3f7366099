"""What the comparer says of a route once: that its shadow goes without the credentials that its answers depend on.

Rule 1: once for each route and kind until the table changes, however often it happens: the numbers are in the evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from proxy.core.parity.compare import IncomparableReason, Outcome
from proxy.core.parity.rules.reasons import CURE

if TYPE_CHECKING:
    from proxy.core.parity.compare import Comparison
    from proxy.core.parity.pair import Pair

_TURNED_AWAY = f"the shadow turns away what the other side answers, as credentials are not sent to it; {CURE}"
_DIFFERS = f"the sides differ, and credentials are not sent to the shadow: it may answer about nobody; {CURE}"
_log = structlog.get_logger()


class Notices:
    """Bounded by the routes of the table."""

    def __init__(self) -> None:
        """Nothing was said."""
        self._told: set[tuple[str, str]] = set()

    def look(self, pair: Pair, comparison: Comparison) -> None:
        """Say what is to be said of this comparison, if that was not said before."""
        if not pair.bare:
            return
        if comparison.why is IncomparableReason.CREDENTIALS:
            self._tell("credentials_not_sent", _TURNED_AWAY, pair)
        elif comparison.outcome is Outcome.MISMATCH:
            self._tell("differs_without_credentials", _DIFFERS, pair)

    def forget(self) -> None:
        """Another table: it may say otherwise."""
        self._told.clear()

    def _tell(self, event: str, hint: str, pair: Pair) -> None:
        if (pair.route, event) not in self._told:
            self._told.add((pair.route, event))
            _log.warning(event, route=pair.route, request_id=pair.request_id, hint=hint)
