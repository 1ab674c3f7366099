"""What the story came to: figures, and what of it was not as it had to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from examples.insurance.systems.settings import APP_KEY, BANYAN_KEY
from examples.stage.notebook import Notebook

WITHIN = 1.0
"""Seconds in which a suspended partner is out."""


@dataclass(slots=True)
class Report:
    """Filled as the phases are played; `phases`: how many were. `suspended_after`: seconds."""

    phases: int
    local_answered: int = -1
    refused_off_loopback: bool = False
    would_refuse: int = -1
    found_values: str = ""
    moved_when_values_found: int = -1
    held_with_the_bug: bool = False
    found_effects: int = -1
    answered_by_new_when_found: int = -1
    reloads_of_two_files: tuple[int, int] = (-1, -1)
    keys_used: int = -1
    suspended_after: float = -1.0
    moved_by_name: str = ""
    failed_while_moving: int = -1
    differences: int = -1
    rows: int = -1
    echoes: int = -1
    accepted: dict[str, int] = field(default_factory=dict)
    went_back: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def verdict(self, notebook: Notebook, wrong_401: int) -> list[str]:
        """What has to be so, each in a sentence when it is not."""
        claims = [*self._always(notebook, wrong_401), *self._plans(), *self._contracts()]
        return [*self.wrong, *(text for is_so, text in claims if not is_so)]

    def _always(self, notebook: Notebook, wrong_401: int) -> Iterator[tuple[bool, str]]:
        failed = notebook.failed.total()
        yield failed == 0, f"{failed} client errors that were not planted: {'; '.join(notebook.failures)}"
        yield wrong_401 == 0, f"{wrong_401} good tokens got 401"
        yield notebook.planted > 0, "nobody came who may not"
        yield self.local_answered == 200, f"the environment with one service answered {self.local_answered}"
        yield self.refused_off_loopback, "auth off was not refused off loopback"
        yield self.would_refuse > 0, "nobody was counted who would be refused"
        yield self.accepted.get(BANYAN_KEY, 0) > 0, "legacy took no request that Banyan had signed"
        yield self.accepted.get(APP_KEY, 0) > 0, "legacy took no request that the app had signed"
        yield len(self.went_back) == self.phases, f"went back in {self.went_back} alone"

    def _plans(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 1:
            yield bool(self.found_values), "the planted bug in values was not found"
            yield self.moved_when_values_found == 0, f"new had given {self.moved_when_values_found} answers before that"
            yield self.held_with_the_bug, "the ramp did not name the bug as what holds it"
            yield self.echoes > 0, "no side said whom it saw"

    def _contracts(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 2:
            taken, problems = self.reloads_of_two_files
            yield (taken, problems) == (1, 0), f"an edit of two files was taken {taken} times, refused {problems} times"
            yield self.found_effects > 0, "the planted bug in effects was not found"
            yield self.answered_by_new_when_found == 0, "new had answered for contracts before it was found"
            yield self.rows > 0, "no row was compared"
            yield self.differences == 0, f"the stores differ in {self.differences} rows"
            yield self.keys_used == 2, f"tokens of {self.keys_used} keys were used"
            yield 0 <= self.suspended_after <= WITHIN, f"a suspended partner was out after {self.suspended_after:.2f} s"
            yield self.failed_while_moving <= 0, f"{self.failed_while_moving} requests failed while a service moved"
