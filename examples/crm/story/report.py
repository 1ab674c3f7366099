"""What the story came to: figures, and what of it was not as it had to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from examples.stage.notebook import Notebook

ALL_MOVED = "all has moved"
Differing = Mapping[tuple[str, str, str], int]
"""Keys that differ, by check, kind and column."""


@dataclass(slots=True)
class Report:
    """Filled as the phases are played; `phases`: how many were.

    `differing`: by route, answers that differed where no bug is planted. `asked_before_the_kill`: by clients, and to
    compare.
    """

    phases: int
    shares: dict[str, float] = field(default_factory=dict)
    differing: dict[str, int] = field(default_factory=dict)
    rights_missing: int = 0
    rights_named: int = -1
    found_values: str = ""
    moved_when_values_found: int = -1
    held_with_values: bool = False
    dry_runs: int = -1
    writes: int = -1
    answered_alike: int = -1
    expected_rows: Differing = field(default_factory=dict)
    found_rows: Differing = field(default_factory=dict)
    rows_that_differed: int = -1
    moved_when_rows_found: int = -1
    held_with_rows: str = ""
    differing_at_last: int = -1
    compared_rows: int = -1
    climbed_to: str = ""
    asked_before_the_kill: tuple[int, int] = (-1, -1)
    valued_after_the_kill: int = -1
    went_back: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def verdict(self, notebook: Notebook) -> list[str]:
        """What has to be so, each in a sentence when it is not."""
        claims = [*self._always(notebook), *self._writes(), *self._end()]
        return [*self.wrong, *(text for is_so, text in claims if not is_so)]

    def _always(self, notebook: Notebook) -> Iterator[tuple[bool, str]]:
        failed = notebook.failed.total()
        yield failed == 0, f"{failed} client errors that were not planted: {'; '.join(notebook.failures)}"
        yield notebook.planted > 0, "nobody asked for what is not there"
        named = f"probe named {self.rights_named} of {self.rights_missing} rights that were missing"
        yield self.rights_named == self.rights_missing > 0, named
        yield bool(self.found_values), "the planted bug in values was not found"
        yield self.moved_when_values_found == 0, f"new had given {self.moved_when_values_found} answers before that"
        yield self.held_with_values, "the ramp did not name the bug in values as what holds it"
        yield not any(self.differing.values()), f"answers differ where no bug is planted: {self.differing}"
        yield len(self.went_back) == self.phases, f"went back in {self.went_back} alone"

    def _writes(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 1:
            yield self.dry_runs > 0, "no dry run was compared"
            yield (
                self.answered_alike == self.writes,
                f"{self.answered_alike} of {self.writes} writes were answered alike",
            )
            yield bool(self.found_rows), "the planted bugs in rows were not found"
            differ = f"rows differ as {dict(self.found_rows)}, and should as {dict(self.expected_rows)}"
            yield self.found_rows == self.expected_rows, differ
            yield self.moved_when_rows_found == 0, f"new had taken {self.moved_when_rows_found} changes before that"
            yield (
                "keys differ, needs" in self.held_with_rows,
                f"the ramp was not held by rows: {self.held_with_rows or 'it rose'}",
            )
            yield self.compared_rows > 0, "no row was compared with the last release"
            yield self.differing_at_last == 0, f"{self.differing_at_last} rows differ with the last release"
            yield self.climbed_to == "live", f"the ramp has come to {self.climbed_to or 'nothing'} alone"

    def _end(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 2:
            moved = self.shares.get(ALL_MOVED, 1.0)
            yield moved == 0, f"when all had moved the customer service still answered {moved:.0%}"
            clients, shadows = self.asked_before_the_kill
            still = f"before it was killed the customer service got {clients} requests, and {shadows} to compare"
            yield (clients, shadows) == (0, 0), still
            yield self.valued_after_the_kill > 0, "the valuation service has valued for nobody since it was killed"
