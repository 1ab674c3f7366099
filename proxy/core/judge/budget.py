"""What several routes share: an error budget, how many may be in motion, who moves together, who waits for whom.

Rule 1: while the share of bad answers among all answers of new, over the window, is above the budget, nothing promotes.
Rule 2: a route is in motion from its first step to `live`; only so many are at once: a regression then has one suspect.
        Routes of one group move together, and count as one.
Rule 3: routes of one group are promoted together and rolled back together: a tenant must not be torn apart.
Rule 4: a route is never above one that it waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from proxy.core.position.ladder import Place, is_above

_PARTS = 60
LEAST_ANSWERS = 1000


@dataclass(slots=True)
class ErrorBudget:
    """A rolling window (seconds) in sixty parts: answers of new, and bad ones among them, over all routes."""

    window: float
    parts: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, answers: int, bad: int, at: float) -> None:
        """Count answers of new; what is older than the window is forgotten."""
        part = int(at / self.window * _PARTS)
        old_answers, old_bad = self.parts.get(part, (0, 0))
        self.parts[part] = old_answers + answers, old_bad + bad
        self.parts = {each: counts for each, counts in self.parts.items() if part - _PARTS < each <= part}

    def spent(self, now: float) -> tuple[int, int]:
        """Answers and bad ones within the window."""
        part = int(now / self.window * _PARTS)
        within = [counts for each, counts in self.parts.items() if each > part - _PARTS]
        return sum(answers for answers, _ in within), sum(bad for _, bad in within)

    def is_exhausted(self, share: float, now: float) -> bool:
        """Whether more than `share` of the answers were bad; less than a thousand answers exhaust nothing."""
        answers, bad = self.spent(now)
        return answers >= LEAST_ANSWERS and bad > share * answers


def is_in_motion(place: Place) -> bool:
    """Whether a route has left legacy and has not arrived."""
    return place.stage.facts.draws and 0.0 < place.split < 1.0


def unit(route: str, group: str) -> str:
    """What counts once: a group, or a route of none."""
    return f"group {group}" if group else route


def too_many(moving: Iterable[str], mine: str, most: int | None) -> str | None:
    """Why `mine` may not begin to move: the sentence, or None. `moving` are the units in motion, `mine` perhaps too."""
    found = sorted(set(moving))
    if most is None or mine in found or len(found) < most:
        return None
    return f"{len(found)} routes are in motion and at most {most} may be: {', '.join(found)}"


def waits_for(target: Place, after: Mapping[str, Place]) -> str | None:
    """Why a route may not move up to `target` yet: the first one that it waits for and would pass."""
    for name, place in after.items():
        if is_above(target, place):
            return f"it waits for {name}, which is at {place}"
    return None
