"""The groups of keys that were met since somebody took them away, bounded."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.evidence import KeyGroup, storable
from proxy.core.noise.groups import MOST_KEYS, group_id

MOST_OF_PART, MOST_IN_ALL = 1_000, 20_000
Part = tuple[str, str, str]
"""Route and both versions."""


class Gathered:
    """Groups by part, each with the time at which it was met last."""

    def __init__(self) -> None:
        """Begin empty."""
        self._parts: dict[Part, dict[str, KeyGroup]] = {}
        self._count = 0

    def add(self, part: Part, keys: Iterable[str], at: float) -> str | None:
        """The id of the group of these keys; None: it has too many of them, or there is no place for it."""
        named = tuple(sorted({storable(key) for key in keys}))
        name = group_id(named)
        groups = self._parts.setdefault(part, {})
        known = groups.get(name)
        if known is None:
            if len(named) > MOST_KEYS or len(groups) >= MOST_OF_PART or self._count >= MOST_IN_ALL:
                return None
            self._count += 1
        if known is None or known.last_seen < at:
            groups[name] = KeyGroup(route=part[0], id=name, keys=named, last_seen=at)
        return name

    def take(self, part: Part) -> tuple[KeyGroup, ...]:
        """Those of one part, which is empty afterwards."""
        groups = self._parts.pop(part, {})
        self._count -= len(groups)
        return tuple(groups.values())
