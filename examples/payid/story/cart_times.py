"""How long a cart waits, quiet and while logins are stormed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stormed:
    """Milliseconds of a cart's requests, p99; `answered`: what the storm got, by status; `failed`: carts' requests."""

    quiet: float
    stormed: float
    timed: int
    failed: int
    answered: dict[str, int]

    @property
    def ratio(self) -> float:
        """Of stormed to quiet."""
        return self.stormed / self.quiet

    @property
    def kept_off(self) -> int:
        """Guesses that no login service has seen."""
        return self.answered.get("429", 0) + self.answered.get("503", 0)

    def __str__(self) -> str:
        """As the story tells it."""
        return f"p99 {self.quiet:.1f} ms quiet, {self.stormed:.1f} ms stormed: ratio {self.ratio:.2f}"
