"""Groups of keys: how comparisons that are undecided are counted, so that they can be decided later.

Rule 1: a group is the set of keys that waited in one comparison. Its id is the same on every replica, and the `why` of
        an undecided tally begins with it.
Rule 2: it is decided by what is known of its keys now (`state.decide`), as often as somebody looks; what was counted
        stays as it was written.
Rule 3: a group whose keys nobody has any more counts as a mismatch: there are bounds, and what exceeds them is not
        passed over.
Rule 4: what counts only because nobody found out what it is (rule 3, and keys that are `open`) is not *proved*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from proxy.core.noise.key_state import Decided, KeyState, decide

MOST_KEYS = 200
"""Keys in one group: a comparison in which more of them wait counts at once."""
_DIGITS = 16


class GroupVerdict(NamedTuple):
    """What the comparisons of a group come to now; `proved`: some key is known to be more than noise."""

    decided: Decided
    proved: bool


UNKNOWN = GroupVerdict(Decided.MISMATCH, proved=False)
"""Of a group whose keys nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Of the last hour's `of` comparisons, `answers` differ only at keys of which nobody knows whether they are noise.

    `keys` are those, the most frequent first: they wait, or waited for too long and count unproved.
    """

    answers: int = 0
    of: int = 0
    keys: tuple[str, ...] = ()


NOTHING_WAITS = Waiting()


def group_id(keys: Iterable[str]) -> str:
    """What names a set of keys: 16 hex digits."""
    return sha256("\0".join(sorted(keys)).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def marked(group: str, why: str) -> str:
    """The `why` of an undecided tally: its group, and what else is to be said of it."""
    return f"{group} {why}".rstrip()


def read(why: str) -> tuple[str, str]:
    """Group and the rest of an undecided tally's `why`."""
    group, _, rest = why.partition(" ")
    return group, rest


def verdict(keys: Iterable[str], states: Mapping[str, KeyState]) -> GroupVerdict:
    """What a group comes to while its keys stand as they do in `states`."""
    listed = tuple(keys)
    held = any(states.get(key) is KeyState.HELD for key in listed)
    return GroupVerdict(decide(listed, states), proved=held)
