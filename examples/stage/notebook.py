"""What clients have seen: how often they asked, what failed, what was planted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KEPT = 5


@dataclass(slots=True)
class Notebook:
    """Of the whole story. `used`: tenants whose customers have come; `since`: those since the last `mark`."""

    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    planted: int = 0
    reads: int = 0
    used: set[str] = field(default_factory=set)
    _mark: int = 0

    def fail(self, phase: str, what: str) -> None:
        """A client got what it should not."""
        self.failed[phase] += 1
        if len(self.failures) < KEPT:
            self.failures.append(what)

    def mark(self) -> None:
        """Count anew."""
        self._mark = self.requests

    @property
    def since(self) -> int:
        """Requests since the mark."""
        return self.requests - self._mark
