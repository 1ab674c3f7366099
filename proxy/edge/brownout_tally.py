"""What a brown-out has met in one worker since the last report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from proxy.core.brownout.brownout_policy import Browned
from proxy.link.messages import BrownoutDelta, MetClient

_NONE: Final = (0, 0, 0)


class BrownoutTally:
    """Of one brown-out of one route."""

    __slots__ = ("_after", "_asked", "_drawn", "_whole", "_without", "id", "route")

    def __init__(self, route: str, policy_id: str) -> None:
        """Nothing was met."""
        self.route = route
        self.id = policy_id
        self._clear()

    def _clear(self) -> None:
        self._asked: Counter[str] = Counter()
        self._drawn: Counter[tuple[str, str]] = Counter()
        self._after: dict[str, tuple[list[int], list[int]]] = {}
        self._without = [0, 0, 0]
        self._whole = [0, 0, 0]

    def asked(self, client: str) -> None:
        """Count a call."""
        self._asked[client] += 1

    def drawn(self, client: str, outcome: Browned) -> None:
        """Count what became of one that was drawn."""
        self._drawn[client, outcome.value] += 1

    def followed(self, client: str, *, is_behind_lean: bool, is_error: bool, is_repeat: bool) -> None:
        """Count a call that followed another one of its client."""
        without, whole = self._after.setdefault(client, ([0, 0, 0], [0, 0, 0]))
        for counts in (without, self._without) if is_behind_lean else (whole, self._whole):
            counts[0] += 1
            counts[1] += is_error
            counts[2] += is_repeat

    def take(self) -> BrownoutDelta | None:
        """The increments, and begin anew; None: there are none."""
        if not (self._asked or self._drawn or self._without[0] or self._whole[0]):
            return None
        names = sorted({*self._asked, *(client for client, _ in self._drawn), *self._after})
        met = [self._met(name) for name in names]
        delta = BrownoutDelta(self.route, self.id, met, self._without, self._whole)
        self._clear()
        return delta

    def _met(self, client: str) -> MetClient:
        drawn = {each.value: count for each in Browned if (count := self._of(client, each))}
        without, whole = self._after.get(client, (_NONE, _NONE))
        return MetClient(client, self._asked[client], drawn, _three(without), _three(whole))

    def _of(self, client: str, outcome: Browned) -> int:
        return self._drawn[client, outcome.value]


def _three(counts: Sequence[int]) -> tuple[int, int, int]:
    calls, errors, repeats = counts
    return calls, errors, repeats
