"""Who may not call: those whom the file lists and those whom operators have suspended, together, told to every worker.

Rule 1: workers hear the whole list whenever it changes, ahead of the orders that come with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from proxy.core.auth.suspension import Suspension
from proxy.link.messages import Suspended

_log = structlog.get_logger()


class Suspensions:
    """`listed` are the file's, `ordered` those of the store."""

    def __init__(self, push: Callable[[Suspended], None]) -> None:
        """Nobody is suspended."""
        self.listed: frozenset[str] = frozenset()
        self.ordered: Sequence[Suspension] = ()
        self._push = push
        self._told: list[str] = []

    def order(self, ordered: Sequence[Suspension]) -> None:
        """These stand in the store."""
        self.ordered = tuple(ordered)
        self._tell()

    def list(self, listed: frozenset[str]) -> None:
        """These are in the file."""
        self.listed = listed
        self._tell()

    def _tell(self) -> None:
        subjects = sorted(self.listed.union(each.subject for each in self.ordered))
        if subjects != self._told:
            _log.warning("suspended", subjects=len(subjects), before=len(self._told))
            self._told = subjects
            self._push(Suspended(subjects))
