"""Whether the kill switch is on in this worker: one object, shared by all of its tables, old ones too."""

from __future__ import annotations

from proxy.core.outcome import Side


class WorkerKillSwitch:
    """On: everything that legacy can answer goes to legacy."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        """It is off."""
        self.on = False

    def forbids(self, side: Side) -> bool:
        """Whether no further attempt (a retry, a fallback, a shadow) may go to this side."""
        return self.on and side is Side.NEW
