from __future__ import annotations

from proxy.core.parity.rules.rules import Rules, Treatment
from proxy.core.parity.rules.usage import Misuse, review
from tests.core.parity.pairs import NOW, rule


def test_rules_that_do_not_earn_their_place_are_told() -> None:
    """One that never matched, one that covers too much, one that has ended; a good one is not told."""
    rules = Rules(
        rules=(
            rule(Treatment.IGNORE, "$.good"),
            rule(Treatment.MASK, "$.a..*"),
            rule(Treatment.TIME, "$.never"),
            rule(Treatment.TOLERANCE, "$.old", until=NOW),
        )
    )
    used = {"ignore": {"$.good"}, "mask": {"$.a.b", "$.a.c"}, "tolerance": {"$.old"}}

    assert [(each.rule, each.misuse) for each in review(rules, used, NOW)] == [
        ("mask", Misuse.BROAD),
        ("time", Misuse.UNUSED),
        ("tolerance", Misuse.EXPIRED),
    ]


def test_a_broad_rule_s_paths_are_named() -> None:
    """A few of them, and how many there are."""
    rules = Rules(rules=(rule(Treatment.IGNORE, "$..*"),))
    sentences = [next(review(rules, {"ignore": {f"$.{n}" for n in range(count)}}, NOW)).sentence for count in (2, 9)]

    assert sentences == [
        "covers 2 paths ($.0, $.1); write one rule for each that is meant",
        "covers 9 paths ($.0, $.1, $.2, …); write one rule for each that is meant",
    ]
