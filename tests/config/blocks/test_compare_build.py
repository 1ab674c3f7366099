from __future__ import annotations

from proxy.config.blocks.compare_blocks import CompareBlock
from proxy.config.blocks.compare_build import build_rules, placed, rule_id
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Rule, Rules, Treatment
from tests.config.given_files import FILE, snapshot, with_routes

WHO = "reason: r, owner: o, until: never"


def test_without_a_block_nothing_may_differ() -> None:
    """The default is strict."""
    assert snapshot(FILE).routes[0].compare == Rules()


def test_everything_that_is_said_arrives() -> None:
    """Each treatment with its own keys, and who accepted it until when."""
    text = with_routes(
        "name: a, match: /a, stage: live, compare: {"
        'ignore: [{path: $.a, reason: why, owner: who, until: "2026-12-31", kinds: [type]}], '
        f'mask: [{{path: $.b, regex: "x+", {WHO}}}], '
        f"keyed: [{{path: $.c, key: id, {WHO}}}], "
        f"tolerance: [{{path: $.d, absolute: 0.5, relative: 0.01, {WHO}}}], "
        f"time: [{{path: $.e, within: 2s, {WHO}}}], "
        f"unordered: [{{path: $.f, {WHO}}}], null_absent: [{{path: $.g, {WHO}}}], secrets: [pin_hint]}}"
    )
    rules = snapshot(text).routes[0].compare

    assert rules.rules[0] == Rule(
        id="ignore $.a",
        path="$.a",
        treatment=Treatment.IGNORE,
        kinds=frozenset({DifferenceKind.TYPE}),
        reason="why",
        owner="who",
        until=1_798_761_600.0,
    )
    found = {rule.treatment: rule for rule in rules.rules}
    assert found.keys() == set(Treatment)
    assert found[Treatment.MASK].regex == "x+"
    assert found[Treatment.KEYED].key == "id"
    assert (found[Treatment.TOLERANCE].absolute, found[Treatment.TOLERANCE].relative) == (0.5, 0.01)
    assert found[Treatment.TIME].within == 2.0
    assert found[Treatment.MASK].until is None
    assert rules.secrets == {"pin_hint"}


def test_a_route_has_the_top_s_rules_and_its_own_instead_of_equal_ones() -> None:
    """One rule per treatment and path; secrets of both."""
    top = f"compare: {{secrets: [a], ignore: [{{path: $.a, {WHO}}}, {{path: $.b, {WHO}}}]}}\n"
    ignore = "ignore: [{path: $.a, reason: own, owner: o, until: never}]"
    own = f"name: a, match: /a, stage: live, compare: {{secrets: [b], {ignore}}}"
    first, second = snapshot(with_routes(own, "name: b, match: /b, stage: live") + top).routes

    assert [(rule.path, rule.reason) for rule in first.compare.rules] == [("$.a", "own"), ("$.b", "r")]
    assert [(rule.path, rule.reason) for rule in second.compare.rules] == [("$.a", "r"), ("$.b", "r")]
    assert sorted(first.compare.secrets) == ["a", "b"]
    assert sorted(second.compare.secrets) == ["a"]


def test_rules_are_found_with_their_place() -> None:
    """The place is that in the file's list."""
    rule = {"path": "$.a", "reason": "r", "owner": "o", "until": "never"}
    block = CompareBlock.model_validate({"time": [rule], "ignore": [rule, {**rule, "path": "$.b"}]})

    assert [(each.at, rule_id(each)) for each in placed(block)] == [
        (0, "ignore $.a"),
        (1, "ignore $.b"),
        (0, "time $.a"),
    ]
    assert build_rules(None, None) == Rules()


def test_the_operators_word_on_noise_arrives() -> None:
    """A route's own word replaces the top's for the same path."""
    top = f"compare: {{noisy: [{{path: $.a, {WHO}}}, {{path: $.b, {WHO}}}]}}\n"
    own = 'name: a, match: /a, stage: live, compare: {exact: [{path: $.a, reason: x, owner: o, until: "2026-12-31"}]}'
    words = snapshot(with_routes(own) + top).routes[0].compare.words

    assert [(word.path, word.noisy, word.until) for word in words] == [
        ("$.a", False, 1_798_761_600.0),
        ("$.b", True, None),
    ]
