from __future__ import annotations

import pickle

from proxy.core.parity.finds import ABSENT, Find
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.paths import PathRules
from proxy.core.parity.rules.rules import Rules


def test_nothing_is_one_thing() -> None:
    """What stands where nothing stands is the same in every process."""
    assert pickle.loads(pickle.dumps(ABSENT)) is ABSENT


def test_a_find_takes_its_kind_s_severity_unless_it_says_another() -> None:
    """None means the usual one."""
    assert Find(PathRules("$", Rules()), DifferenceKind.NUM, 1, 2).severity is None
