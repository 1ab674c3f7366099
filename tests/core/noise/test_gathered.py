from __future__ import annotations

import pytest

from proxy.core.noise import gathered as module
from proxy.core.noise.gathered import Gathered
from proxy.core.noise.groups import MOST_KEYS

ONE, OTHER = ("a", "1", "2"), ("b", "1", "2")


def test_a_group_is_kept_once_with_its_latest_time() -> None:
    """The same keys in any order are one group of the part that they were met in, until it is taken."""
    groups = Gathered()
    first = groups.add(ONE, ["$.b", "$.a"], 5.0)
    again = [groups.add(ONE, ["$.a", "$.b", "$.a"], at) for at in (9.0, 7.0)]
    groups.add(OTHER, ["$.a"], 6.0)

    (taken,) = groups.take(ONE)
    assert again == [first, first]
    assert (taken.route, taken.id, taken.keys, taken.last_seen) == ("a", first, ("$.a", "$.b"), 9.0)
    assert groups.take(ONE) == ()
    assert [each.keys for each in groups.take(OTHER)] == [("$.a",)]


def test_what_finds_no_place_has_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond two of one part, beyond three in all, and with too many keys; a known group goes on."""
    monkeypatch.setattr(module, "MOST_OF_PART", 2)
    monkeypatch.setattr(module, "MOST_IN_ALL", 3)
    groups = Gathered()
    known = groups.add(ONE, ["$.a"], 1.0)
    given = [groups.add(part, [key], 1.0) for part, key in ((ONE, "b"), (ONE, "c"), (OTHER, "d"), (OTHER, "e"))]

    assert [each is not None for each in given] == [True, False, True, False]
    assert groups.add(ONE, ["$.a"], 2.0) == known
    groups.take(ONE)
    assert groups.add(OTHER, map(str, range(MOST_KEYS + 1)), 1.0) is None
    assert groups.add(OTHER, map(str, range(MOST_KEYS)), 1.0) is not None
