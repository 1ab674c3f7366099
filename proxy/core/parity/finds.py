"""What a walk notes down: raw values at a place, before any rule has looked at them."""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.paths import PathRules


class Absent:
    """What stands on the side that has nothing there."""

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


class Find(NamedTuple):
    """One place where the sides differ, with the values themselves; `severity` None is the kind's usual one."""

    place: PathRules
    kind: DifferenceKind
    legacy: object
    new: object
    severity: Severity | None = None
