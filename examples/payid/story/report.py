"""What the story came to: figures, and what of it was not as it had to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from examples.payid.story.cart_times import Stormed
from examples.stage.notebook import Notebook

FREED = {"cart": (["app", "shop"], ["cart"]), "shop": (["app"], ["cart", "shop"]), "app": ([], ["app", "cart", "shop"])}
"""Who gets nulls, and who does not, once this client is freed."""
DURING = ("before", "shadow", "retry", "fallback", "rollback")


@dataclass(slots=True)
class Report:
    """Filled as the phases are played; `phases`: how many were.

    `nulls_found`: by route; `mails`: accounts, and those with another number of mails than one; `flows`: who has signed
    those that began at legacy, and at new; `freed`: by client, who got nulls then and who did not; `searched`: secrets
    found, by where; `control`: rows in which the search found what is there.
    """

    phases: int
    nulls_found: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    found_values: str = ""
    left_after_bridge: list[str] = field(default_factory=list)
    moved_when_values_found: int = -1
    found_cards: str = ""
    moved_when_cards_found: int = -1
    twice_at_processor: int = -1
    registered: dict[str, int] = field(default_factory=dict)
    again: int = -1
    replayed: int = -1
    mails: tuple[int, int] = (-1, -1)
    flows: tuple[dict[str, int], ...] = ()
    office: dict[str, Any] = field(default_factory=dict)
    direct: Stormed | None = None
    behind: Stormed | None = None
    freed: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    searched: dict[str, int] = field(default_factory=dict)
    looked_for: int = 0
    control: int = -1
    samples: int = -1
    differences: int = -1
    rows: int = -1
    went_back: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def verdict(self, notebook: Notebook, wrong_401: int) -> list[str]:
        """What has to be so, each in a sentence when it is not."""
        claims = [*self._always(notebook, wrong_401), *self._writes(), *self._clients()]
        return [*self.wrong, *(text for is_so, text in claims if not is_so)]

    def _always(self, notebook: Notebook, wrong_401: int) -> Iterator[tuple[bool, str]]:
        failed = notebook.failed.total()
        yield failed == 0, f"{failed} client errors that were not planted: {'; '.join(notebook.failures)}"
        yield wrong_401 == 0, f"{wrong_401} good tokens got 401"
        yield notebook.planted > 0, "nobody came who may not"
        nulls = self.nulls_found
        yield len(nulls) == 3 and min(nulls.values()) > 0, f"nulls were found on {nulls} alone"
        yield self.dropped > 0, "nothing was excused as dropped on purpose"
        yield bool(self.found_values), "the planted bug in values was not found"
        left = self.left_after_bridge
        yield left == [self.found_values], f"behind the bridge differ {left}"
        yield self.moved_when_values_found == 0, f"new had given {self.moved_when_values_found} answers before that"
        yield len(self.went_back) == self.phases, f"went back in {self.went_back} alone"

    def _writes(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 1:
            yield bool(self.found_cards), "the planted bug in cards was not found"
            yield self.moved_when_cards_found == 0, f"new had taken {self.moved_when_cards_found} cards before that"
            twice = self.twice_at_processor
            yield twice == 0, f"by experiments the processor got {twice} cards"
            missing = [name for name in DURING if not self.registered.get(name)]
            yield not missing, f"nobody registered during {', '.join(missing)}"
            yield self.again > 0, "no registration was sent twice"
            yield self.replayed == self.again, f"{self.again} were sent twice, {self.replayed} got the first answer"
            accounts, wrong = self.mails
            yield accounts > 0 and wrong == 0, f"{wrong} of {accounts} accounts got another number of mails than one"
            at_sides = [set(signers) for signers in self.flows]
            yield at_sides == [{"legacy"}, {"new"}], f"flows ended at {at_sides}"
            yield bool(self.office.get("activities")), "the back office knew nothing of an account"

    def _clients(self) -> Iterator[tuple[bool, str]]:
        if self.phases > 2:
            yield self.freed == FREED, f"clients were freed otherwise: {self.freed}"
            behind = self.behind
            yield behind is not None and behind.failed == 0, "carts failed while logins were stormed"
            yield behind is not None and behind.kept_off > 0, "nothing of the storm was kept off"
            places = [name for name, count in self.searched.items() if count]
            yield len(self.searched) == 5 and not places, f"secrets were found: {self.searched}"
            yield self.control > 0, "the search found nothing, not even what is there"
            yield self.samples > 0, "no sample was kept in which anything could have been found"
            yield self.differences == 0, f"the stores differ in {self.differences} rows"
