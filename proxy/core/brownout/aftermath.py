"""What clients do after a call that went without, against what they do after one that did not.

Rule 1: a client's next call tells: that it failed (400 or more), or that it asks for the very same again at once. Both
        happen without any brown-out; only where they happen more often behind it is it an alarm.
Rule 2: the statistic is the guard's (`core/judge/guard.py`): bad events alone are looked at, and of each it is asked
        behind which kind of call it came. Whoever polls the same URL does so behind both, which cancels out.
Rule 3: the endpoint's own brown-out is meant to be tried again: there repeats say nothing.
Rule 4: where all calls go without there is nothing to compare, and no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import log
from typing import Final, NamedTuple

from proxy.core.judge.guard import FLOOR, Bad, Process, observe

AT_ONCE: Final = 10.0
"""Seconds within which the same request again is a repeat."""
FOLLOWS: Final = 60.0
"""Seconds within which a client's next call follows the one before."""
_LOG_A: Final = log(FLOOR)


class NextCalls(NamedTuple):
    """Calls that followed one of a kind: all of them, those that failed, and those that repeated it."""

    calls: int = 0
    errors: int = 0
    repeats: int = 0

    def plus(self, other: NextCalls) -> NextCalls:
        """Both."""
        return NextCalls(self.calls + other.calls, self.errors + other.errors, self.repeats + other.repeats)


NONE: Final = NextCalls()


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Of one brown-out: what followed calls that went `without`, and those that were `whole`."""

    without: NextCalls = NONE
    whole: NextCalls = NONE
    errors: Process = field(default_factory=lambda: Process(bad=Bad.ERROR))
    repeats: Process = field(default_factory=lambda: Process(bad=Bad.MISMATCH))

    def plus(self, without: NextCalls, whole: NextCalls, *, at: float, repeats: bool) -> Aftermath:
        """With what came since; `repeats`: they count (rule 3)."""
        made = replace(self, without=self.without.plus(without), whole=self.whole.plus(whole))
        share = made.without.calls / max(made.without.calls + made.whole.calls, 1)
        if not 0.0 < share < 1.0:
            return made
        errors = _observed(self.errors, without.errors, whole.errors, share, at)
        again = _observed(self.repeats, without.repeats, whole.repeats, share, at) if repeats else self.repeats
        return replace(made, errors=errors, repeats=again)

    @property
    def alarm(self) -> str:
        """What clients did, as a sentence; empty: nothing that speaks."""
        if self.errors.alarmed_at is not None:
            return f"calls fail behind it: {_rates(self.without.errors, self.without, self.whole.errors, self.whole)}"
        if self.repeats.alarmed_at is not None:
            rates = _rates(self.without.repeats, self.without, self.whole.repeats, self.whole)
            return f"clients ask again at once behind it: {rates}"
        return ""


def _observed(process: Process, without: int, whole: int, share: float, at: float) -> Process:
    if not without and not whole:
        return process
    return observe(process, without, whole, share=share, at=at, log_a=_LOG_A)


def _rates(bad: int, without: NextCalls, other: int, whole: NextCalls) -> str:
    return f"{bad} of {without.calls} next calls, and {other} of {whole.calls} behind whole answers"
