"""Which share of a step's pairs could not be compared.

Rule 1: above and below the line stand the same requests: every pair that both sides were asked for, however often its
        request came. If those below counted three times a day, as evidence does, the share would grow for ever.
Rule 2: where legacy alone failed there is nothing to hold new against, and new did nothing wrong: such a pair is none.
        What both failed is one, or a new that is as dead as legacy would look well.
Rule 3: what is undecided could be compared: it is a pair, whatever it comes to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil

from proxy.core.parity.rules.reasons import Reasons, sorted_out

LEGACYS_OWN = "legacy_failed"
"""The reason (`proxy.core.parity.answers.IncomparableReason`) of rule 2."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class PairCounts:
    """`pairs` that were to be compared, and by `reasons` those of them that could not be.

    `repeated` ones were compared, and are no evidence, since their requests had been often enough that day.
    """

    pairs: int = 0
    reasons: Reasons = ()
    repeated: int = 0

    @property
    def incomparable(self) -> int:
        """How many could not be compared."""
        return sum(count for _, count in self.reasons)

    @property
    def share(self) -> float | None:
        """Of all; None: there is none yet."""
        return self.incomparable / self.pairs if self.pairs else None

    def more_until(self, limit: float) -> int:
        """So many more that can be compared bring the share down to `limit`; 0: it is there, or none would."""
        return max(ceil(self.incomparable / limit - self.pairs - _ROUNDING), 0) if limit else 0

    def plus(self, other: PairCounts) -> PairCounts:
        """Both together."""
        reasons = sorted_out((*self.reasons, *other.reasons)) if other.reasons else self.reasons
        return PairCounts(self.pairs + other.pairs, reasons, self.repeated + other.repeated)

    def since(self, before: PairCounts) -> PairCounts:
        """These without those that were there `before`."""
        left = Counter(dict(self.reasons))
        left.subtract(dict(before.reasons))
        kept = sorted_out((reason, count) for reason, count in left.items() if count > 0)
        repeated = max(self.repeated - before.repeated, 0)
        return PairCounts(max(self.pairs - before.pairs, 0), kept, repeated)


NO_PAIRS = PairCounts()
