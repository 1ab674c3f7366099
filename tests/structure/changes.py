"""Which changes are measured by the product files that they touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.additions.concern import CONCERN
from tests.additions.difference_kind import DIFFERENCE_KIND
from tests.additions.message import MESSAGE
from tests.additions.need import NEED
from tests.additions.predicate import PREDICATE
from tests.config.test_growing import BLOCK as CONTACT
from tests.config.test_growing import SOURCE, Edits


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


@dataclass(frozen=True, slots=True)
class Grown:
    """A change that tests/config makes in a copy: its edits by file below `proxy/`."""

    name: str
    earlier: int
    edits: Edits

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it touches."""
        return tuple(f"proxy/{name}" for name in self.edits)


COHORT_SOURCE = Grown("a cohort source", 6, SOURCE)
BLOCK = Grown("a block of routes.yaml", 11, CONTACT)
CHANGES: tuple[Change, ...] = (COHORT_SOURCE, BLOCK, DIFFERENCE_KIND, NEED, PREDICATE, MESSAGE, CONCERN)
MOST = {
    "a cohort source": 2,
    "a block of routes.yaml": 3,
    "a kind of difference": 2,
    "a need of the ramp": 3,
    "a route predicate": 4,
    "a message of the link": 4,
    "a concern on the request's way": 5,
}
"""Files that each may touch."""
