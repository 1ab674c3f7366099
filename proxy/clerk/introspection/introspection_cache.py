"""Answers about tokens that are still believed, by the hash of the token: bounded by their number and by their bytes.

Rule 1: tokens that are not active have a place of their own, which a flood of them can fill, and nothing else.
"""

from __future__ import annotations

from collections import OrderedDict

from proxy.core.auth.introspected import Introspected

MOST = 10_000
MOST_BYTES = 16 * 1024 * 1024
Key = tuple[str, bytes]


class _Generation:
    """The last ones that were asked for."""

    def __init__(self) -> None:
        self._found: OrderedDict[Key, Introspected] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: Key, now: float) -> Introspected | None:
        found = self._found.get(key)
        if found is None:
            return None
        if found.until <= now:
            self.drop(key)
            return None
        self._found.move_to_end(key)
        return found

    def put(self, key: Key, found: Introspected) -> None:
        self.drop(key)
        self._found[key] = found
        self._bytes += len(found.claims)
        while len(self._found) > MOST or self._bytes > MOST_BYTES:
            _, oldest = self._found.popitem(last=False)
            self._bytes -= len(oldest.claims)

    def drop(self, key: Key) -> None:
        found = self._found.pop(key, None)
        if found is not None:
            self._bytes -= len(found.claims)

    def keys(self) -> tuple[Key, ...]:
        return tuple(self._found)


class IntrospectionCache:
    """One clerk's."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._active, self._inactive = _Generation(), _Generation()

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._active) + len(self._inactive)

    def get(self, key: Key, now: float) -> Introspected | None:
        """What is still believed of a token (policy and hash)."""
        return self._active.get(key, now) or self._inactive.get(key, now)

    def put(self, key: Key, found: Introspected) -> None:
        """What was answered just now."""
        mine, other = (self._active, self._inactive) if found.active else (self._inactive, self._active)
        other.drop(key)
        mine.put(key, found)

    def forget(self, policy: str) -> None:
        """Everything that this policy has asked."""
        for generation in (self._active, self._inactive):
            for key in generation.keys():  # noqa: SIM118 -- it is no mapping
                if key[0] == policy:
                    generation.drop(key)
