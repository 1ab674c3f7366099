from __future__ import annotations

import pytest

from proxy.core.parity.formats.patterns import LONGEST, matches, problem_of


@pytest.mark.parametrize(
    ("expression", "text", "whole"),
    [
        ("ord-[0-9]+", "ord-17", True),
        ("ord-[0-9]+", "ord-17 ", False),
        ("(?i)yes|no", "NO", True),
        ("gr[üu]n", "grün", True),
        ("a*", "a" * LONGEST, True),
        ("a*", "a" * (LONGEST + 1), False),
    ],
)
def test_the_whole_text_is_matched(expression: str, text: str, whole: bool) -> None:  # noqa: FBT001 - a column
    """As `re.fullmatch`, on texts of bounded length."""
    assert matches(expression, text) is whole


@pytest.mark.parametrize("expression", ["(a*)*b", "(a|a)*b", "a*a*a*a*a*a*b", "(.*)(.*)(.*)(.*)(.*)x", "(a|b|ab)*c"])
def test_an_expression_that_backtracks_ends_at_once(expression: str) -> None:
    """Those on which a backtracking matcher would not end within the age of the universe say no."""
    assert not matches(expression, "ab" * (LONGEST // 2))


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("(", "missing ): ("),
        ("(?=a)b", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a{1,2000}", "invalid repetition size: {1,2000}"),
    ],
)
def test_what_cannot_be_matched_in_linear_time_is_refused(expression: str, problem: str) -> None:
    """The part that is at fault is named, and such an expression matches nothing."""
    assert problem_of(expression) == problem
    assert not matches(expression, "a")


def test_an_expression_that_is_one_has_no_problem() -> None:
    """Nothing is said of it."""
    assert problem_of("[0-9]{4}") == ""
