"""What the story came to: figures, and what of it was not as it had to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from examples.stage.notebook import Notebook
from examples.todock.story.outage import KINDS, Outage

WITHIN = 1.0
"""Seconds in which a suspended member is out."""
REFUSALS = (("self", 401), ("new", 403))
"""By Banyan itself, and by the card API."""
AT_ONCE = 2000.0
"""Milliseconds in which a client is told that nobody answers."""
GONE = 410
CALLERS = {"flyers": [], "stores": ["kiosk"], "statements": ["statement-batch"]}
"""Of the endpoints that are left at the delivery server, who calls."""

Refusal = tuple[str, int]
"""Which side said no, and by which status."""


@dataclass(slots=True)
class Report:
    """Filled as the phases are played; `phases`: how many were.

    `needs`: the share of requests that legacy answered, by when; `moves`: edits and commands by phase; `suspended`:
    seconds by replica; `refused_by`: who refused, and how, the token that nobody takes, and the one that an API does
    not take.
    `callers`, `met`: of the endpoints that were left, who called and whom their brown-outs met; `batch_was_met_at`:
    with which of its calls, from 0; `gone`: what they answer at the end.
    """

    phases: int
    unreachable: list[str] = field(default_factory=list)
    unreachable_after: list[str] = field(default_factory=list)
    found_values: str = ""
    moved_when_values_found: int = -1
    held_with_the_bug: bool = False
    echoes: int = -1
    outage: Outage | None = None
    contracts: int = -1
    found_effects: int = -1
    answered_by_new_when_found: int = -1
    taken_unplanned: int = -1
    taken_in_window: int = -1
    told_in_window: int = -1
    wrong_retry_after: int = -1
    asked_in_window: int = -1
    late_after_window: float = -1.0
    counted_closed: int = -1
    moved_in_window: list[str] = field(default_factory=list)
    differences: int = -1
    rows: int = -1
    suspended: dict[str, float] = field(default_factory=dict)
    refused_by: tuple[Refusal, Refusal] = (("", 0), ("", 0))
    passed_without_provider: int = -1
    callers: dict[str, list[str]] = field(default_factory=dict)
    met: dict[str, list[str]] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)
    batch_was_met_at: int = -1
    gone: dict[str, int] = field(default_factory=dict)
    second_outage: Outage | None = None
    needs: dict[str, float] = field(default_factory=dict)
    moves: dict[str, tuple[int, int]] = field(default_factory=dict)
    went_back: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def verdict(self, notebook: Notebook, wrong_401: int) -> list[str]:
        """What has to be so, each in a sentence when it is not."""
        claims = [*self._always(notebook, wrong_401), *self._outage(), *self._orders(), *self._callers(), *self._left()]
        return [*self.wrong, *(text for is_so, text in claims if not is_so)]

    def _always(self, notebook: Notebook, wrong_401: int) -> Iterator[tuple[bool, str]]:
        failed = notebook.failed.total()
        yield failed == 0, f"{failed} client errors that were not planted: {'; '.join(notebook.failures)}"
        yield wrong_401 == 0, f"{wrong_401} good tokens got 401"
        yield notebook.planted > 0, "nobody came who may not"
        yield self.unreachable == ["invoice"], f"probe named {self.unreachable} before the cut"
        yield not self.unreachable_after, f"by the detour {self.unreachable_after} were not reached"
        yield bool(self.found_values), "the planted bug in values was not found"
        yield self.moved_when_values_found == 0, f"new had given {self.moved_when_values_found} answers before that"
        yield self.held_with_the_bug, "the ramp did not name the bug as what holds it"
        yield self.echoes > 0, "no side said whom it saw"
        yield len(self.went_back) == self.phases, f"went back in {self.went_back} alone"

    def _outage(self) -> Iterator[tuple[bool, str]]:
        found = self.outage or Outage(frozenset())
        alive = found.alive_kinds == KINDS - {"orders"}
        yield alive, f"while the server was dead {sorted(found.alive_kinds)} went on"
        yield found.direct.total() > 0 and found.direct_share == 0, f"{found.direct_share:.0%} went on without routes"
        yield set(found.statuses) <= {502, 503}, f"orders were refused with {dict(found.statuses)}"
        at_once = found.statuses[503] > found.statuses[502]
        yield at_once, f"orders were refused with {dict(found.statuses)}, and 503 is not the rule"
        longest = found.refused_at_once[1]
        yield longest <= AT_ONCE, f"an order was refused after {longest:.0f} ms"

    def _orders(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 1:
            yield self.contracts == 3, f"orders were written in {self.contracts} contracts"
            yield self.found_effects > 0, "the planted bug in effects was not found"
            yield self.answered_by_new_when_found == 0, "new had answered for orders before it was found"
            yield self.taken_unplanned > 0, "no order was taken in the hour that new does not know"
            yield self.taken_in_window == 0, f"{self.taken_in_window} orders were taken in the closed hour"
            yield self.asked_in_window == 0, f"legacy was asked {self.asked_in_window} times in the closed hour"
            yield self.told_in_window > 0, "nobody was told that it is closed"
            yield self.wrong_retry_after == 0, f"{self.wrong_retry_after} were told to come back at another time"
            yield self.counted_closed >= self.told_in_window, f"{self.counted_closed} answers were counted as closed"
            yield not self.moved_in_window, f"in the closed hour the judge moved {self.moved_in_window}"
            yield self.rows > 0, "no row was compared"
            yield self.differences == 0, f"the stores differ in {self.differences} rows"

    def _left(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 2:
            yield self.callers == CALLERS, f"what was left is called by {self.callers}"
            yield self.met == CALLERS, f"brown-outs met {self.met}"
            yield self.batch_was_met_at == 0, f"the monthly batch was met with its call {self.batch_was_met_at}"
            yield self.unlisted == ["kiosk", "statement-batch"], f"in no list stand {self.unlisted}"
            is_gone = self.gone.keys() == CALLERS.keys() and set(self.gone.values()) == {GONE}
            yield is_gone, f"what was retired answers {self.gone}"

    def _callers(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 2:
            slowest = max(self.suspended.values(), default=-1.0)
            is_out = len(self.suspended) == 2 and slowest <= WITHIN
            yield is_out, f"a suspended member was out after {self.suspended}"
            yield self.refused_by == REFUSALS, f"the two refusals were of {self.refused_by}"
            yield self.passed_without_provider > 0, "nobody came in while the provider was away"
            found = self.second_outage or Outage(frozenset())
            yield found.through.total() > 0 and found.share == 1, f"at the end {found.share:.0%} went on without legacy"
            yield found.alive_kinds >= KINDS, f"at the end only {sorted(found.alive_kinds)} went on without legacy"
            yield found.direct.total() > 0 and found.direct_share == 0, "at the end the server was not dead"
            yield self.needs.get("3", 1.0) == 0, f"at the end {self.needs.get('3', 1.0):.0%} still needed legacy"
