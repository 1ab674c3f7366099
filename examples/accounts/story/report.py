"""What the story came to: figures, and what of it was not as it had to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from examples.accounts.story.evidence import Consents
from examples.accounts.story.token_times import Timed
from examples.stage.notebook import Notebook


@dataclass(slots=True)
class Report:
    """Filled as the phases are played; `phases`: how many were."""

    phases: int
    timed: Timed | None = None
    upstream_calls: int = -1
    rush_tokens: int = -1
    found_values: str = ""
    moved_when_values_found: int = -1
    found_effects: int = -1
    answered_by_new_when_found: int = -1
    differences: int = -1
    rows: int = -1
    went_back: list[str] = field(default_factory=list)
    card_calls: int = -1
    service_calls: int = -1
    etl: tuple[int, int] = (-1, -1)
    relinked: str = ""
    wrong: list[str] = field(default_factory=list)

    def verdict(self, notebook: Notebook, moved: int, found: Consents) -> list[str]:
        """What has to be so, each in a sentence when it is not."""
        return [*self.wrong, *(text for is_so, text in self._claims(notebook, moved, found) if not is_so)]

    def _claims(self, notebook: Notebook, moved: int, found: Consents) -> Iterator[tuple[bool, str]]:
        failed = notebook.failed.total()
        yield failed == 0, f"{failed} client errors that were not planted: {'; '.join(notebook.failures)}"
        asked_again = found.card + found.service + found.lost
        yield asked_again == 0, f"{asked_again} grants would need a new consent: {found}"
        yield found.revoked == 0, f"the aggregator revoked {found.revoked} grants"
        yield moved > 0, "no tenant has moved"
        yield notebook.planted > 0, "no tenant without a connection was asked for"
        yield self.upstream_calls == 1, f"200 uses of one token made {self.upstream_calls} calls of the aggregator"
        yield self.rush_tokens == 1, f"200 uses of one token were answered by {self.rush_tokens} tokens"
        yield bool(self.found_values), "the planted bug in values was not found"
        yield self.moved_when_values_found == 0, f"{self.moved_when_values_found} tenants had moved before it was found"
        yield len(self.went_back) == self.phases, f"went back in {self.went_back} alone"
        if self.phases > 1:
            yield self.found_effects > 0, "the planted bug in effects was not found"
            yield self.answered_by_new_when_found == 0, "new had answered for accounts before it was found"
            yield self.rows > 0, "no row was compared"
            yield self.differences == 0, f"the stores differ in {self.differences} rows"
            yield not self.relinked, self.relinked
        if self.phases > 2:
            yield self.service_calls > 0, "nobody called the aggregator in the night"
            yield self.card_calls == 0, f"the card product still called the aggregator {self.card_calls} times"
            yield (
                self.etl == (0, 1),
                f"after the switch the ETL read the old store {self.etl[0]} times, the new {self.etl[1]}",
            )
