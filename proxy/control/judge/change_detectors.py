"""The detectors of change of one route: by epoch, and by who answered the client.

Rule 1: every replica folds what all of them tell, so that whoever leads next knows what the last one knew.
Rule 2: a step begins them anew, and only comparisons that were asked at this step count.
Rule 3: while two versions answer side by side each epoch has its own; the judge looks at the present one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from proxy.core.judge.change import NO_CHANGE, ChangeDetector, observe
from proxy.core.outcome import Side
from proxy.link.messages import ComparedDelta

MOST_EPOCHS = 8
"""Epochs of a route that are watched at once; the one that was heard of longest ago goes."""


@dataclass(slots=True)
class Changes:
    """`by_epoch` are processes by the epoch's mark and by side; only those on which something differed."""

    step: int = -1
    by_epoch: dict[str, dict[Side, ChangeDetector]] = field(default_factory=dict)

    def follow(self, step: int) -> None:
        """The route stands at this step now."""
        if step != self.step:
            self.step, self.by_epoch = step, {}

    def clear(self) -> None:
        """Begin anew."""
        self.by_epoch = {}

    def add(self, deltas: Iterable[ComparedDelta], *, limit: float, at: float, log_a: float) -> None:
        """What was compared since the last look."""
        for each in deltas:
            if each.step != self.step:
                continue
            known = self.by_epoch.pop(each.epoch, {})
            side = Side(each.side)
            change = known.get(side, NO_CHANGE)
            after = observe(change, each.runs, each.rest, limit=limit, at=at, log_a=log_a)
            if known or after.mismatched:
                self.by_epoch[each.epoch] = known | {side: after}
        while len(self.by_epoch) > MOST_EPOCHS:
            del self.by_epoch[next(iter(self.by_epoch))]

    def of(self, epoch: str) -> Mapping[Side, ChangeDetector]:
        """Those of one epoch."""
        return self.by_epoch.get(epoch, {})
