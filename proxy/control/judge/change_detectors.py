"""The detectors of change of one route: by epoch, and by who answered the client.

Rule 1: every replica folds what all of them tell, so that whoever leads next knows what the last one knew.
Rule 2: a step begins them anew, and only comparisons that were asked at this step count.
Rule 3: an edit of the route's `compare:` begins them anew as well: what an accepted difference has raised is over.
Rule 4: while two versions answer side by side each epoch has its own; the judge looks at the present one's.
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
class ChangeDetectors:
    """`by_epoch` are processes by the epoch's mark and by side; only those on which something differed.

    `rules_from`: since when the route's rules count, in unix seconds.
    """

    step: int = -1
    rules_from: float = 0.0
    by_epoch: dict[str, dict[Side, ChangeDetector]] = field(default_factory=dict)

    def follow(self, step: int) -> None:
        """The route stands at this step now."""
        if step != self.step:
            self.step, self.by_epoch = step, {}

    def judge_from(self, at: float) -> None:
        """The rules count from then on: alarms of before are about others, and so is what has added up until now."""
        is_edited, self.rules_from = at > self.rules_from, at
        if self.by_epoch and at:
            self.by_epoch = {epoch: _under(sides, at, is_edited=is_edited) for epoch, sides in self.by_epoch.items()}

    def clear(self) -> None:
        """Forget every detector; the step stays."""
        self.by_epoch = {}

    def add(self, deltas: Iterable[ComparedDelta], *, limit: float, at: float, log_a: float) -> None:
        """What was compared since the last look."""
        for delta in deltas:
            if delta.step != self.step:
                continue
            known = self.by_epoch.pop(delta.epoch, {})
            side = Side(delta.side)
            change = known.get(side, NO_CHANGE)
            after = observe(change, delta.runs, delta.rest, limit=limit, at=at, log_a=log_a)
            if known or after.mismatched:
                self.by_epoch[delta.epoch] = known | {side: after}
        while len(self.by_epoch) > MOST_EPOCHS:
            del self.by_epoch[next(iter(self.by_epoch))]

    def of(self, epoch: str) -> Mapping[Side, ChangeDetector]:
        """The detectors of one epoch, by the side that answered the client."""
        return self.by_epoch.get(epoch, {})


def _under(sides: Mapping[Side, ChangeDetector], at: float, *, is_edited: bool) -> dict[Side, ChangeDetector]:
    """Those that these rules leave; one that has not alarmed says nothing of when its mismatches came."""
    kept = {side: each for side, each in sides.items() if each.alarmed_at is not None or not is_edited}
    return {side: each for side, each in kept.items() if (each.alarmed_at or at) >= at}
