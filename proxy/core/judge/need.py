"""One need of a step, as it stands: what was found beside what is needed, with their units, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.judge.policy import NeedName


class CheckState(StrEnum):
    """How one need stands."""

    MET = "met"
    OPEN = "open"
    FAILED = "failed"
    WORSE = "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How one need stands. `value` is what was found and `limit` what is needed, both with their units.

    `sentence` says the same in words, with the `hint`, which is why it is not met or what helps; it may be empty.
    """

    need: NeedName
    state: CheckState
    value: str
    limit: str
    sentence: str
    hint: str = ""

    @property
    def clause(self) -> str:
        """`mismatch rate below 1.48 %, needs below 1 %`."""
        return f"{self.need.replace('_', ' ')} {self.value}, needs {self.limit}"


def share(value: float) -> str:
    """`0.5 %`, with three digits."""
    return f"{value * 100:.3g} %"


def length(seconds: float) -> str:
    """`90s`, `15m`, `36h` or `4d`: the greatest unit that leaves two digits or so."""
    for size, unit in ((172_800, "d"), (7_200, "h"), (120, "m")):
        if seconds >= size:
            return f"{seconds / {'d': 86_400, 'h': 3_600, 'm': 60}[unit]:.0f}{unit}"
    return f"{seconds:.0f}s"
