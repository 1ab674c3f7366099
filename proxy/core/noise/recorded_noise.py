"""A sorter for exchanges that are compared again later: it goes by the recorded states of keys, and learns nothing."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.core.noise.key_state import EXCUSED, KeyState
from proxy.core.noise.keys import key_of
from proxy.core.parity.excuse import COUNTED, Aliases, FindVerdict, Sorted
from proxy.core.parity.finds import Find
from proxy.core.parity.rules.difference import VALUE_KINDS
from proxy.core.parity.texts import are_alike


class RecordedNoise:
    """Values at keys that are excused are noise, if they are alike; everything else counts."""

    __slots__ = ("_states",)

    def __init__(self, states: Mapping[str, KeyState]) -> None:
        """`states` by key."""
        self._states = states

    def sort(self, find: Find, aliases: Aliases) -> Sorted:
        """The verdict on one find, as `proxy.core.parity.excuse.Sorter` has it."""
        if find.kind not in VALUE_KINDS or not are_alike(find.legacy, find.new):
            return COUNTED
        state = self._states.get(find.place.text) or self._states.get(key_of(find) or "")
        excused = state in EXCUSED and aliases.agree(find.legacy, find.new)
        return Sorted(FindVerdict.NOISE) if excused else COUNTED
