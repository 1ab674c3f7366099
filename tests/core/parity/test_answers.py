from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.outcome import Side
from proxy.core.parity.answers import IncomparableReason, find_differences
from proxy.core.parity.compare import compare
from proxy.core.parity.pair import CapturedAnswer
from proxy.core.parity.rules.rules import Rules
from tests.core.parity.pairs import ASKED, NOISELESS, NOW, answer, asking, in_fields, pair


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (answer({"a": 1}, failure="timed_out"), IncomparableReason.TIMED_OUT),
        (answer({"a": 1}, failure="shed"), IncomparableReason.SHED),
        (answer({"a": 1}, failure="breaker_open"), IncomparableReason.BREAKER_OPEN),
        (answer({"a": 1}, failure="streaming"), IncomparableReason.STREAMING),
        (answer({"a": 1}, failure="untranslatable"), IncomparableReason.UNTRANSLATABLE),
        (answer({"a": 1}, failure="connect: refused"), IncomparableReason.FAILED),
        (answer({"a": 1}, size=9_999_999), IncomparableReason.TRUNCATED),
        (answer(b"no gzip", in_fields("Content-Encoding: gzip")), IncomparableReason.UNDECODABLE),
        (answer("[" * 500 + "1" + "]" * 500), None),
    ],
)
def test_why_answers_cannot_be_compared(new: CapturedAnswer, why: IncomparableReason | None) -> None:
    """Each reason on either side; where it was asked in vain, legacy has one of its own."""
    legacy = answer({"a": 1})
    in_vain = {IncomparableReason.TIMED_OUT, IncomparableReason.FAILED, IncomparableReason.BREAKER_OPEN}
    of_legacy = IncomparableReason.LEGACY_FAILED if why in in_vain else why

    assert find_differences(ASKED, legacy, new, Rules())[1] is why
    assert find_differences(ASKED, new, legacy, Rules())[1] is of_legacy


ERROR = answer({"error": 1}, status=500)


@pytest.mark.parametrize(
    ("legacy", "new", "why"),
    [
        (ERROR, ERROR, IncomparableReason.BOTH_FAILED),
        (ERROR, answer({"error": 1}, status=503), IncomparableReason.BOTH_FAILED),
        (ERROR, answer(failure="timed_out"), IncomparableReason.BOTH_FAILED),
        (answer(failure="connect: refused"), answer(failure="timed_out"), IncomparableReason.BOTH_FAILED),
        (answer(failure="breaker_open"), answer(failure="breaker_open"), IncomparableReason.BOTH_FAILED),
        (answer(failure="not_asked"), answer(failure="fell_back"), IncomparableReason.FAILED),
        (answer(failure="not_asked"), answer(failure="shed"), IncomparableReason.SHED),
        (answer(failure="not_asked"), answer({"a": 1}), IncomparableReason.FAILED),
        (answer(failure="streaming"), ERROR, IncomparableReason.STREAMING),
        (answer({"error": 1}, status=404), answer({"error": 1}, status=404), None),
        (answer({"error": 1}), ERROR, None),
    ],
)
def test_two_failures_are_no_agreement(
    legacy: CapturedAnswer, new: CapturedAnswer, why: IncomparableReason | None
) -> None:
    """Of whatever kind; a client's own error is an answer, and what was never asked has not failed."""
    assert find_differences(ASKED, legacy, new, Rules())[1] is why


@pytest.mark.parametrize(
    "legacy",
    [
        ERROR,
        answer(status=501),
        answer({"a": 1}, status=503, size=99),
        answer(failure="x"),
        answer(failure="breaker_open"),
    ],
)
@pytest.mark.parametrize(
    "new",
    [
        answer({"a": 1}),
        answer({"a": 1}, status=404),
        answer({"a": 1}, size=99),
        answer(failure="not_asked"),
        answer(failure="shed"),
    ],
)
def test_a_failure_of_legacy_alone_is_no_difference_of_new(legacy: CapturedAnswer, new: CapturedAnswer) -> None:
    """Whatever new says instead, or where it was not asked, and however legacy failed; new failing is never that."""
    assert find_differences(ASKED, legacy, new, Rules()) == ([], IncomparableReason.LEGACY_FAILED)
    assert find_differences(ASKED, new, legacy, Rules())[1] is not IncomparableReason.LEGACY_FAILED


@pytest.mark.parametrize("status", [400, 404, 409, 429])
def test_an_error_of_the_client_that_only_legacy_sees_differs(status: int) -> None:
    """A 4xx is an answer: new has to give it as well."""
    found, why = find_differences(ASKED, answer({"a": 1}, status=status), answer({"a": 1}), Rules())

    assert ([each.kind.value for each in found], why) == (["status"], None)


def test_conditional_requests() -> None:
    """304 never compares with 200; 412 and 206 do not if the request had conditions."""
    ranged = asking(If_Range='"a"')
    whole, part = answer({}), answer({}, status=206)

    assert find_differences(ASKED, whole, answer(status=304), Rules())[1] is IncomparableReason.CONDITIONAL
    assert find_differences(ranged, whole, part, Rules())[1] is IncomparableReason.CONDITIONAL
    assert find_differences(ASKED, whole, part, Rules())[1] is None
    assert find_differences(ranged, whole, answer(status=500), Rules())[1] is None


def test_trees_that_are_too_deep_are_left_alone() -> None:
    """Two bodies nested beyond what can be walked cannot be compared, and nothing is raised."""
    one, other = (answer("[" * 900 + end + "]" * 900) for end in "12")

    found, why = find_differences(ASKED, one, other, Rules())

    assert found or why is IncomparableReason.UNDECODABLE


def test_lengths_that_both_sides_get_wrong_are_no_difference() -> None:
    """Only where one side lies is there something to tell."""
    lying = answer({}, in_fields("Content-Type: application/json", "Content-Length: 9"))

    assert find_differences(ASKED, lying, lying, Rules()) == ([], None)


AWAY = in_fields("Location: https://shop.test/account/sign-in?next=/me")
ELSEWHERE = in_fields("Location: /blogin/oauthor/7")
WHOLE = answer(b"ann")


@pytest.mark.parametrize(
    ("asked", "bare", "turned"),
    [
        (WHOLE, answer(status=401), True),
        (WHOLE, answer(status=403), True),
        (answer(status=404), answer(status=401), True),
        (WHOLE, answer(fields=AWAY, status=302), True),
        (WHOLE, answer(fields=ELSEWHERE, status=302), False),
        (WHOLE, answer(status=303, fields=()), False),
        (WHOLE, answer(b"bob"), False),
        (WHOLE, answer(status=500), False),
        (WHOLE, answer(status=401, failure="failed"), False),
        (answer(status=401), answer(status=401), False),
        (answer(fields=AWAY, status=302), answer(status=401), False),
        (answer(status=401), WHOLE, False),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_without_credentials_a_refusal_says_nothing(
    asked: CapturedAnswer, bare: CapturedAnswer, side: Side, *, turned: bool
) -> None:
    """A side that was not given them and asks for them cannot be compared; whatever else it says is, and counts."""
    both = pair(asked, bare) if side is Side.LEGACY else pair(bare, asked)
    found = compare(replace(both, bare=True, authoritative=side), Rules(), NOISELESS, NOW)

    assert (found.why is IncomparableReason.CREDENTIALS) is turned
    assert compare(replace(both, authoritative=side), Rules(), NOISELESS, NOW).why is not IncomparableReason.CREDENTIALS
