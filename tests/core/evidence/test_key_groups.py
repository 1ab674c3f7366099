from __future__ import annotations

import pytest

from proxy.core.evidence import key_groups as module
from proxy.core.evidence.key_groups import KeyGroupBounds
from proxy.core.evidence.records import KeyGroup
from proxy.core.noise.noise_groups import MOST_KEYS


def test_a_group_is_kept_once_with_its_latest_time() -> None:
    """The same keys in any order are one group."""
    room, groups = KeyGroupBounds(), dict[str, KeyGroup]()
    first = room.add(groups, "a", ["$.b", "$.a"], 5.0)
    again = [room.add(groups, "a", ["$.a", "$.b", "$.a"], at) for at in (9.0, 7.0)]

    (kept,) = groups.values()
    assert again == [first, first]
    assert (kept.route, kept.id, kept.keys, kept.last_seen) == ("a", first, ("$.a", "$.b"), 9.0)


def test_what_finds_no_place_has_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond two of one part, beyond three in all, and with too many keys; a known group goes on."""
    monkeypatch.setattr(module, "MOST_OF_PART", 2)
    monkeypatch.setattr(module, "MOST_IN_ALL", 3)
    room, one, other = KeyGroupBounds(), dict[str, KeyGroup](), dict[str, KeyGroup]()
    known = room.add(one, "a", ["$.a"], 1.0)
    given = [room.add(part, "a", [key], 1.0) for part, key in ((one, "b"), (one, "c"), (other, "d"), (other, "e"))]

    assert [each is not None for each in given] == [True, False, True, False]
    assert room.add(one, "a", ["$.a"], 2.0) == known
    assert KeyGroupBounds().add({}, "a", map(str, range(MOST_KEYS + 1)), 1.0) is None
    assert KeyGroupBounds().add({}, "a", map(str, range(MOST_KEYS)), 1.0) is not None
