"""Which changes are measured by the product files that they touch."""

from __future__ import annotations

from typing import Protocol

from tests.additions.difference_kind import DIFFERENCE_KIND
from tests.additions.message import MESSAGE
from tests.additions.need import NEED
from tests.additions.predicate import PREDICATE


class Change(Protocol):
    """A change of one kind; `earlier`: how many files it touched at commit 65eae55."""

    @property
    def name(self) -> str:
        """What is added."""

    @property
    def earlier(self) -> int:
        """Files at 65eae55."""

    @property
    def files(self) -> tuple[str, ...]:
        """Files now."""


CHANGES: tuple[Change, ...] = (DIFFERENCE_KIND, NEED, PREDICATE, MESSAGE)
MOST = {"a kind of difference": 2, "a need of the ramp": 3, "a route predicate": 5, "a message of the link": 4}
"""Files that each may touch."""
