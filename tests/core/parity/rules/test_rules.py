from __future__ import annotations

import os
import pickle
import subprocess
import sys

from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import COVERS, NoiseWord, Rule, Rules, Treatment, is_below
from tests.core.parity.pairs import NOW, rule


def test_every_treatment_covers_something() -> None:
    """No treatment is without kinds, and none covers a missing member or a type by itself."""
    assert COVERS.keys() == set(Treatment)
    assert not {DifferenceKind.MISSING, DifferenceKind.EXTRA, DifferenceKind.TYPE, DifferenceKind.STATUS} & frozenset[
        DifferenceKind
    ]().union(*COVERS.values())


def test_named_kinds_replace_the_usual_ones() -> None:
    """A rule that names kinds covers these and no others."""
    named = rule(Treatment.IGNORE, "$.a", kinds=frozenset({DifferenceKind.MISSING}))

    assert named.covers(DifferenceKind.MISSING)
    assert not named.covers(DifferenceKind.NUM)
    assert rule(Treatment.IGNORE, "$.a").covers(DifferenceKind.NUM)


def test_a_mark_is_the_same_in_every_process() -> None:
    """Whatever order sets have there; every edit makes another one."""
    code = (
        "from proxy.core.parity.rules.rules import *\n"
        "print(Rules(rules=(Rule(id='a', path='$.a', treatment=Treatment.IGNORE, kinds=COVERS[Treatment.TIME]),),"
        " secrets=frozenset('abcdef'), words=(NoiseWord(path='$.b', noisy=True),)).mark)"
    )
    marks = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in "123"
    }
    edits = [
        Rules(),
        Rules(secrets=frozenset("a")),
        Rules(version_header=b"v"),
        Rules(rules=(rule(Treatment.MASK, "a"),)),
    ]

    assert len(marks) == 1
    assert len({each.mark for each in edits}) == len(edits)


def test_a_path_finds_its_rules() -> None:
    """Exact paths first, then those above it that take everything below."""
    exact, below = rule(Treatment.MASK, "$.a.b"), rule(Treatment.IGNORE, "$.a..*")
    rules = Rules(rules=(below, exact))

    assert rules.at("$.a.b") == (exact, below)
    assert rules.at("$.a.c[*].d") == (below,)
    assert rules.at("$.a") == rules.at("$.ab") == ()
    assert Rules(rules=(exact,)).at("$.a.c") == ()


def test_below_means_within() -> None:
    """Members, elements and entries are within; a longer name is not."""
    assert [is_below(path, "$.a") for path in ("$.a.b", "$.a[*]", "$.a{*}", "$.a", "$.ab")] == [True] * 3 + [False] * 2


def test_an_expired_rule_is_not_in_force() -> None:
    """A rule holds up to its end and not beyond."""
    ended = rule(Treatment.IGNORE, "$.a", until=NOW)
    rules = Rules(rules=(ended, rule(Treatment.IGNORE, "$.b")))

    assert rules.in_force(NOW - 1, b"/") is rules
    assert [each.path for each in rules.in_force(NOW, b"/").rules] == ["$.b"]


def test_an_operators_word_holds_up_to_its_end() -> None:
    """Which paths are noise by somebody's word, and which never, as long as it was said for."""
    words = (NoiseWord(path="$.a", noisy=True, until=NOW), NoiseWord(path="$.b", noisy=False))

    assert Rules(words=words).words_at(NOW - 1) == {"$.a": True, "$.b": False}
    assert Rules(words=words).words_at(NOW) == {"$.b": False}
    assert Rules().words_at(NOW) == {}


def test_rules_travel_between_processes() -> None:
    """Rules come out of a pickle and still find their paths."""
    rules = Rules(rules=(Rule(id="a", path="$..*", treatment=Treatment.IGNORE),), secrets=frozenset({"x"}))

    again = pickle.loads(pickle.dumps(rules))

    assert again == rules
    assert again.at("$.a") == rules.rules
