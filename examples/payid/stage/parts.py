"""What this example needs from the machine: two PostgreSQLs."""

from __future__ import annotations

from dataclasses import dataclass

from examples.stage.parts import find_system_postgresql, find_wheel_postgresql
from proxy.store.embedded.binaries import Binaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was found."""

    legacy: Binaries
    new: Binaries


def find_parts() -> Parts:
    """All of it; MissingPartError names the first that is missing."""
    return Parts(legacy=find_system_postgresql(15, "the wallet service"), new=find_wheel_postgresql(18, "the new APIs"))
