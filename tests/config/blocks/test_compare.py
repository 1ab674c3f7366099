from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy.config.blocks import compare
from proxy.config.blocks.compare import (
    CompareBlock,
    build_rules,
    expired_rules,
    placed_rules,
    rule_id,
)
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Rule, Rules, Treatment
from tests.config.given_files import FILE, draft, problems, snapshot, told, warnings, with_routes

RULE = {"path": "$.a", "reason": "r", "owner": "o", "until": "never"}
ROUTE = """\
version: 1
listen: :8080
upstreams: {legacy: {url: "http://a"}, new: {url: "http://b"}}
routes:
  - name: a
    match: /a
    stage: live
    compare:
"""


def test_every_treatment_has_a_key() -> None:
    """The block's keys are the treatments, what is said of noise, and the secrets."""
    assert CompareBlock.model_fields.keys() == {*Treatment, "noisy", "exact", "secrets"}


@pytest.mark.parametrize("key", sorted(RULE))
def test_a_rule_says_who_why_where_and_until_when(key: str) -> None:
    """Nothing is accepted without a name and an end."""
    with pytest.raises(ValidationError, match="Field required"):
        compare.IgnoreBlock.model_validate({name: value for name, value in RULE.items() if name != key})


def test_values_are_read() -> None:
    """Paths as differences print them, the last day to its end, kinds by name."""
    said = {**RULE, "path": "header:x-total", "until": "2026-12-31", "kinds": ["missing", "header"]}
    found = compare.IgnoreBlock.model_validate(said)

    assert (found.path, found.until) == ("header:X-Total", 1_798_761_600.0)
    assert found.kinds == [DifferenceKind.MISSING, DifferenceKind.HEADER]
    assert compare.IgnoreBlock.model_validate(RULE).until == 0.0
    assert compare.MaskBlock.model_validate({**RULE, "regex": "a+"}).regex == "a+"
    assert compare.ToleranceBlock.model_validate({**RULE, "absolute": 1, "relative": 1e-9}).absolute == 1.0


def test_wrong_values_are_told_at_their_place() -> None:
    """Each with what is right; a path with the character at which it makes no sense."""
    rules = """\
      ignore:
        - { path: ¦7, reason: ¦"", owner: ¦"a\\nb", until: ¦"2026-02-41", kinds: [¦gone] }
        - { path: ¦"$.a[0]", reason: a, owner: b, until: ¦soon, ¦treatment: ignore }
      mask: [{ path: $.a, reason: a, owner: b, until: never, regex: ¦"(" }]
      tolerance: [{ path: $.a, reason: a, owner: b, until: never, absolute: ¦0, relative: ¦"1%" }]
      ¦keyed: [{ path: $.a, reason: a, owner: b, until: never }]
"""
    found = told(ROUTE + rules.replace("¦keyed: [{", "keyed: [¦{"))

    where = "routes[0].compare."
    expression = "a regular expression as RE2 reads it (no look-around, no references back)"
    steps = "is not read beyond $.a: what follows is .name, ['name'], [*], {*}, or ..* at the end; got \"$.a[0]\""
    assert [each.removeprefix(where) for each in found] == [
        "ignore[0].path: must be a path such as $.items[*].price, header:Cache-Control or status; got 7",
        'ignore[0].reason: must be a text on one line, of 1 to 300 characters; got ""',
        'ignore[0].owner: must be a text on one line, of 1 to 300 characters; got "a�b"',
        'ignore[0].until: must be the last day, such as "2026-12-31" in quotes, or never; got "2026-02-41"',
        f'ignore[0].kinds[0]: must be one of {", ".join(DifferenceKind)}; got "gone"',
        f"ignore[1].path: must be a path such as $.items[*].price; character 4: {steps}",
        'ignore[1].until: must be the last day, such as "2026-12-31" in quotes, or never; got "soon"',
        "ignore[1].treatment: is not known here; known are path, reason, owner, until, kinds",
        f'mask[0].regex: must be {expression}; missing ): (; got "("',
        "tolerance[0].absolute: must be a number above 0, such as 0.01; got 0",
        'tolerance[0].relative: must be a number above 0, such as 0.01; got "1%"',
        "keyed[0].key: is missing",
    ]


def test_an_empty_pattern_is_none() -> None:
    """A pattern that says nothing is a mistake."""
    rules = '      mask: [{ path: $.a, reason: a, owner: b, until: never, regex: "" }]\n'

    (found,) = problems(ROUTE + rules)

    assert "mask[0].regex: must be a text on one line" in found


def test_what_is_said_of_noise_is_said_once() -> None:
    """A path that is noisy cannot be exact, too."""
    said = """\
      noisy: [{ path: $.a, reason: a, owner: b, until: never }]
      exact: [{ path: ¦$.a, reason: a, owner: b, until: never }]
"""
    assert told(ROUTE + said) == ["routes[0].compare.exact[0].path: $.a is said to be noisy, too"]


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

    assert [(each.at, rule_id(each)) for each in placed_rules(block)] == [
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


TEAM = "reason: r, owner: team-a, until: never"
PLAIN = "name: a, match: /a, stage: live"


def test_two_rules_for_one_thing_are_told() -> None:
    """The same kind for the same path, or two ways to pair one list; different kinds may stand beside each other."""
    text = with_routes(
        f"{PLAIN}, compare: {{ignore: [{{path: $.a, {TEAM}}}, {{path: $.a, {TEAM}}}], mask: [{{path: $.a, {TEAM}}}], "
        f"unordered: [{{path: $.b, {TEAM}}}], keyed: [{{path: $.b, key: id, {TEAM}}}]}}"
    )
    found = [each.partition(" ")[2] for each in problems(text)]

    assert found == [
        "routes[0].compare.ignore[1].path: another rule stands for $.a already; take one out",
        "routes[0].compare.keyed[0].path: another rule stands for $.b already; take one out",
    ]


def test_a_tolerance_needs_a_bound() -> None:
    """At the top as on a route."""
    top = f"compare: {{tolerance: [{{path: $.a, {TEAM}}}]}}\n"
    text = with_routes(f"{PLAIN}, compare: {{tolerance: [{{path: $.a, {TEAM}}}, {{path: $.b, absolute: 1, {TEAM}}}]}}")

    assert [each.partition(" ")[2] for each in problems(text + top)] == [
        "routes[0].compare.tolerance[0]: needs absolute or relative, such as absolute: 0.01",
        "compare.tolerance[0]: needs absolute or relative, such as absolute: 0.01",
    ]


def test_an_expired_rule_is_a_warning() -> None:
    """The file loads; the owner is named."""
    text = with_routes(f'{PLAIN}, compare: {{ignore: [{{path: $.a, reason: r, owner: team-a, until: "2020-12-31"}}]}}')
    (found,) = warnings(text)

    sentence = "has expired, so its differences count again; team-a renews it or takes it out"
    assert found.endswith(f"routes[0].compare.ignore[0].until: {sentence}")


def test_a_rule_holds_to_the_end_of_its_last_day() -> None:
    """Midnight after it, in UTC, is the first moment without it; one without an end never ends."""
    text = with_routes(
        f'{PLAIN}, compare: {{ignore: [{{path: $.a, reason: r, owner: o, until: "2026-12-31"}}, '
        f"{{path: $.b, {TEAM}}}]}}"
    )

    read = draft(text)
    read.now = 1_798_761_599.0
    assert list(expired_rules(read)) == []
    read.now = 1_798_761_600.0
    assert len(list(expired_rules(read))) == 1


def test_an_answer_of_our_own_is_compared_with_nothing() -> None:
    """Where Banyan answers itself there are no two sides."""
    (found,) = problems(with_routes("name: a, match: /a, respond: {status: 403}, compare: {}"))

    assert "compare and respond exclude each other" in found
