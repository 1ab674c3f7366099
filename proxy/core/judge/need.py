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
