"""How many groups of keys are kept until the next taking, for each part and in all."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.evidence.records import KeyGroup, storable
from proxy.core.noise.noise_groups import MOST_KEYS, group_id

MOST_OF_PART, MOST_IN_ALL = 1_000, 20_000


class KeyGroupBounds:
    """Bounds the groups of all parts together, and those of each."""

    def __init__(self) -> None:
        """Begin empty."""
        self._count = 0

    def add(self, groups: dict[str, KeyGroup], route: str, keys: Iterable[str], at: float) -> str | None:
        """The id of the group of these keys, which is among a part's `groups` now, with the time it was met last.

        None: it has too many keys, or there is no place for it.
        """
        named = tuple(sorted({storable(key) for key in keys}))
        name = group_id(named)
        known = groups.get(name)
        if known is None:
            if len(named) > MOST_KEYS or len(groups) >= MOST_OF_PART or self._count >= MOST_IN_ALL:
                return None
            self._count += 1
        if known is None or known.last_seen < at:
            groups[name] = KeyGroup(route=route, id=name, keys=named, last_seen=at)
        return name
