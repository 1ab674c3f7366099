"""Whether new answers well again on a route that the judge holds, as it failed while legacy was down.

Rule 1: it does when, over the longest stretch that the breaker by share looks at and as many answers as that wants, it
        failed no larger a share than the guard tolerates.
Rule 2: the time begins anew while a breaker would open, and after a stretch that was not good enough.
Rule 3: over `ALARM_ENDS_AFTER` seconds in the same way it is good enough for an alarm to end before the hold does: long
        enough that few failures are not overlooked, and told of again and again.
Rule 4: one that was asked too little to say so, but failed nothing for as long, keeps nobody else waiting.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.judge.guard import TOLERATED
from proxy.core.judge.share import ENOUGH, LONGEST

ALARM_ENDS_AFTER = 30.0
"""Seconds without failures after which an alarm ends, by rule 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What new was asked since a moment (unix seconds; None: nothing yet), and failed to answer."""

    since: float | None = None
    asked: int = 0
    failed: int = 0

    def is_over(self, usual: float, now: float, lasts: float = LONGEST) -> bool:
        """Rule 1; `usual` is the share that fails as a rule."""
        return self.is_long(now, lasts) and self.failed <= usual * TOLERATED * self.asked

    def is_long(self, now: float, lasts: float = LONGEST) -> bool:
        """Whether it has seen enough to say so."""
        return self.since is not None and now - self.since >= lasts and self.asked >= ENOUGH

    def is_clean(self, now: float) -> bool:
        """Whether nothing failed for `LONGEST` seconds (rule 4)."""
        return self.since is not None and now - self.since >= LONGEST and not self.failed

    @property
    def sentence(self) -> str:
        """Why the hold ends, for people."""
        return f"new answers well again: it failed {self.failed} of {self.asked} answers in the last minutes"


NOT_YET = Recovery()


def told(
    recovery: Recovery,
    asked: int,
    failed: int,
    *,
    usual: float,
    is_failing: bool,
    now: float,
    lasts: float = LONGEST,
) -> Recovery:
    """After so many answers of new; `is_failing`: a breaker would open; `lasts`: how long a stretch is (seconds)."""
    if is_failing or recovery.since is None:
        return Recovery(since=now)
    found = Recovery(since=recovery.since, asked=recovery.asked + asked, failed=recovery.failed + failed)
    is_bad = found.is_long(now, lasts) and not found.is_over(usual, now, lasts)
    return Recovery(since=now) if is_bad else found
