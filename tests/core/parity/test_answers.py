from __future__ import annotations

import pytest

from proxy.core.parity.answers import Incomparable, find_differences
from proxy.core.parity.captured import CapturedAnswer
from proxy.core.parity.rules import Rules
from tests.core.parity.pairs import ASKED, answer, asking, in_fields


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (answer({"a": 1}, failure="timed_out"), Incomparable.TIMED_OUT),
        (answer({"a": 1}, failure="shed"), Incomparable.SHED),
        (answer({"a": 1}, failure="streaming"), Incomparable.STREAMING),
        (answer({"a": 1}, failure="connect: refused"), Incomparable.FAILED),
        (answer({"a": 1}, size=9_999_999), Incomparable.TRUNCATED),
        (answer(b"no gzip", in_fields("Content-Encoding: gzip")), Incomparable.UNDECODABLE),
        (answer("[" * 500 + "1" + "]" * 500), None),
    ],
)
def test_why_answers_cannot_be_compared(new: CapturedAnswer, why: Incomparable | None) -> None:
    """Each reason on either side."""
    legacy = answer({"a": 1})

    assert find_differences(ASKED, legacy, new, Rules())[1] is why
    assert find_differences(ASKED, new, legacy, Rules())[1] is why


def test_conditional_requests() -> None:
    """304 never compares with 200; 412 and 206 do not if the request had conditions."""
    ranged = asking(If_Range='"a"')
    whole, part = answer({}), answer({}, status=206)

    assert find_differences(ASKED, whole, answer(status=304), Rules())[1] is Incomparable.CONDITIONAL
    assert find_differences(ranged, whole, part, Rules())[1] is Incomparable.CONDITIONAL
    assert find_differences(ASKED, whole, part, Rules())[1] is None
    assert find_differences(ranged, whole, answer(status=500), Rules())[1] is None


def test_trees_that_are_too_deep_are_left_alone() -> None:
    """Two bodies nested beyond what can be walked cannot be compared, and nothing is raised."""
    one, other = (answer("[" * 900 + end + "]" * 900) for end in "12")

    found, why = find_differences(ASKED, one, other, Rules())

    assert found or why is Incomparable.UNDECODABLE


def test_lengths_that_both_sides_get_wrong_are_no_difference() -> None:
    """Only where one side lies is there something to tell."""
    lying = answer({}, in_fields("Content-Type: application/json", "Content-Length: 9"))

    assert find_differences(ASKED, lying, lying, Rules()) == ([], None)
