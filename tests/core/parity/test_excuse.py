from __future__ import annotations

import pytest

from proxy.core.parity.excuse import Aliases
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Rule, Treatment
from tests.core.parity.pairs import compared, differences, excused, rule


@pytest.mark.parametrize(
    ("made", "legacy", "new", "passes"),
    [
        (rule(Treatment.IGNORE, "$.a"), 1, 2, True),
        (rule(Treatment.IGNORE, "$.a"), 1, "1", False),
        (rule(Treatment.IGNORE, "$.a", kinds=frozenset({DifferenceKind.TYPE})), 1, "1", True),
        (rule(Treatment.IGNORE, "$.b"), 1, 2, False),
        (rule(Treatment.MASK, "$.a"), "ord-111111", "ord-222222", True),
        (rule(Treatment.MASK, "$.a"), "ord-111111", "none", False),
        (rule(Treatment.MASK, "$.a", regex="ord-[0-9]+"), "ord-1", "ord-23", True),
        (rule(Treatment.MASK, "$.a", regex="ord-[0-9]+"), "ord-1", "ord-x", False),
        (rule(Treatment.MASK, "$.a", regex="[0-9]+"), 12, 34567, True),
        (rule(Treatment.MASK, "$.a", regex="true|false"), True, False, True),
        (rule(Treatment.MASK, "$.a", regex="a+"), "a" * 2000, "a" * 2001, False),
        (rule(Treatment.TOLERANCE, "$.a", absolute=1.0), 1, 2, True),
        (rule(Treatment.TOLERANCE, "$.a", absolute=1.0), 1, 3, False),
        (rule(Treatment.TIME, "$.a"), "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.0Z", True),
        (rule(Treatment.TIME, "$.a"), "2026-03-01T12:00:00Z", "1772366400", True),
        (rule(Treatment.TIME, "$.a", within=2.0), "2026-03-01T12:00:00Z", "2026-03-01T12:00:02Z", True),
        (rule(Treatment.TIME, "$.a", within=2.0), "2026-03-01T12:00:00Z", "2026-03-01T12:00:03Z", False),
        (rule(Treatment.TIME, "$.a"), "2026-03-01T12:00:00Z", "2026-03-01T12:00:00", False),
        (rule(Treatment.TIME, "$.a"), "2026-03-01T12:00:00Z", "later", False),
        (rule(Treatment.TIME, "$.a", kinds=frozenset({DifferenceKind.NUM})), 1.5, 2.5, False),
    ],
)
def test_what_a_rule_excuses(made: Rule, legacy: object, new: object, passes: bool) -> None:  # noqa: FBT001 - a column
    """Each treatment by its own test, at its own path, for its own kinds."""
    found = compared({"a": legacy}, {"a": new}, made)

    assert bool(found.differences) is not passes
    assert bool(found.excused) is passes


def test_a_rule_is_asked_about_every_element() -> None:
    """One element within the tolerance does not excuse the next one beyond it."""
    near = rule(Treatment.TOLERANCE, "$[*]", absolute=0.1)
    found = compared("[1.0, 1.0]", "[1.05, 9.0]", near)

    assert [difference.new for difference in found.differences] == ["9.0"]
    assert excused(found) == ["tolerance $[*] num"]


def test_noise_excuses_a_value_and_nothing_else() -> None:
    """A noisy path may change its value; it must stay there, of one type and alike."""
    noisy = frozenset({"$.a"})

    assert excused(compared({"a": "abc123def"}, {"a": "fed321cba"}, noisy=noisy)) == ["noise $.a string"]
    assert differences({"a": "abc123def"}, {"a": "no thing like that"}, noisy=noisy) == ["$.a string medium"]
    assert differences({"a": 1}, {}, noisy=noisy) == ["$.a missing high"]
    assert differences({"a": 1}, {"a": "1"}, noisy=noisy) == ["$.a type high"]
    assert differences({"b": 1}, {"b": 2}, noisy=noisy) == ["$.b num medium"]


def test_differences_of_one_path_and_kind_are_told_once() -> None:
    """A hundred prices that differ are one difference, shown by the first."""
    found = compared([{"p": n} for n in range(100)], [{"p": n + 1} for n in range(100)])

    assert [(difference.path, difference.legacy, difference.new) for difference in found.differences] == [
        ("$[*].p", "0", "1")
    ]


def test_values_are_shown_as_json_and_fields_as_they_are() -> None:
    """Strings in quotes, numbers as written, what is not there as nothing, long ones where they begin to differ."""
    found = compared('{"a": "x", "b": 1.50, "c": {"d": [null]}}', '{"a": true, "b": 2}')

    assert [(difference.legacy, difference.new) for difference in found.differences] == [
        ('"x"', "true"),
        ("1.50", "2"),
        ('{"d":[null]}', ""),
    ]
    (long,) = compared(["x" * 500 + "1"], ["x" * 500 + "2"]).differences
    assert (long.legacy[-3:], long.new[-3:]) == ('x1"', 'x2"')
    assert len(compared(["a" * 999], [[1] * 999]).differences[0].new) == 200


def test_one_id_stands_for_one_id() -> None:
    """Aliases hold in both directions; what is no id is free."""
    aliases = Aliases()

    assert aliases.agree("ord-111111", "ord-aaa111")
    assert aliases.agree("ord-111111", "ord-aaa111")
    assert not aliases.agree("ord-111111", "ord-bbb222")
    assert not aliases.agree("ord-333333", "ord-aaa111")
    assert aliases.agree("paid", "ord-aaa111")
