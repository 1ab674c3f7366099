"""Which changes are measured by the product files that they touch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from tests.additions.difference_kind import DIFFERENCE_KIND
from tests.additions.message import MESSAGE
from tests.additions.need import NEED
from tests.additions.predicate import PREDICATE
from tests.structure.tree import ROOT

_PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


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
class Told:
    """A change whose files stand in CONTRIBUTING.md, in a numbered list below its title; tests/config adds one."""

    title: str
    earlier: int

    @property
    def name(self) -> str:
        """What is added."""
        return self.title.lower()

    @property
    def files(self) -> tuple[str, ...]:
        """The first path of each number."""
        section = _PAGE.partition(f"### {self.title}\n")[2].partition("\n#")[0]
        return tuple(re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE))


COHORT_SOURCE, BLOCK = Told("A cohort source", 6), Told("A block of routes.yaml", 11)
CHANGES: tuple[Change, ...] = (COHORT_SOURCE, BLOCK, DIFFERENCE_KIND, NEED, PREDICATE, MESSAGE)
MOST = {
    "a cohort source": 2,
    "a block of routes.yaml": 3,
    "a kind of difference": 2,
    "a need of the ramp": 3,
    "a route predicate": 4,
    "a message of the link": 4,
}
"""Files that each may touch."""
