from __future__ import annotations

import pytest

from proxy.core.parity.compare import compare
from proxy.core.parity.fields import FRAMING, PER_CALL, fields_of, first_value
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Rules, Treatment
from tests.core.parity.pairs import NOISELESS, NOW, answer, compared, excused, in_fields, of_fields, pair, rule


def test_fields_by_name() -> None:
    """Names in lower case, values in order; on demand of some names only."""
    said = in_fields("A: 1", "b:  2", "a: 3")

    assert fields_of(said) == {b"a": [b"1", b"3"], b"b": [b"2"]}
    assert fields_of(said, frozenset({b"b"})) == {b"b": [b"2"]}
    assert first_value(fields_of(said), b"a") == "1"
    assert first_value({}, b"a") == ""


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ("Content-Type: text/html; charset=UTF-8", "content-type: Text/HTML;charset=utf-8", []),
        (
            "Content-Type: application/json",
            "Content-Type: application/json; charset=utf-8",
            ["Content-Type header low"],
        ),
        ("Content-Type: a/b; v=1", "Content-Type: a/b; v=2", ["Content-Type header medium"]),
        ("Content-Type: multipart/mixed; boundary=a", "Content-Type: multipart/mixed; boundary=b", []),
        ("Expires: 0", "Expires: -1", ["Expires header medium"]),
        ("Allow: GET, HEAD", "Allow: HEAD, GET", []),
        ("Allow: GET", "Allow: get", ["Allow header medium"]),
        ("Content-Encoding: gzip", "Content-Encoding: br", ["Content-Encoding header low"]),
        ("X-Total: 7", "X-Total: 8", ["X-Total header medium"]),
        ("X-Total: 7", "X-Other: 7", ["X-Total missing high", "X-Other extra low"]),
        ("Connection: a", "Keep-Alive: b", []),
        ("X-Banyan-Saw: 5f1b", "x-banyan-saw: 5f1b", []),
        ("X-Banyan-Saw: 5f1b", "X-Banyan-Saw: 77aa", ["X-Banyan-Saw caller high"]),
        ("X-Banyan-Saw: 5f1b", "Date: now", ["Date extra low"]),
        ("X-Total: 7", "X-Banyan-Dry-Run: accepted", ["X-Total missing high"]),
        ("Location: next", "Location: /orders/next", []),
    ],
)
def test_each_field_by_its_policy(legacy: str, new: str, found: list[str]) -> None:
    """Types by name and parameters, lists as sets, dates as dates, the rest as text."""
    assert of_fields([legacy], [new]) == [f"header:{each}" for each in found]


def test_lists_of_names_are_exact_and_apart() -> None:
    """No field belongs to two lists; none is recognised by a part of its name."""
    assert not FRAMING & PER_CALL
    assert all(name == name.lower() for name in FRAMING | PER_CALL)
    assert of_fields(["X-Dated: 1"], ["X-Dated: 2"]) == ["header:X-Dated header medium"]


def test_a_cookie_that_only_new_sets() -> None:
    """Every cookie has its own path; a session cookie twice is not the same as once."""
    assert of_fields([], ["Set-Cookie: a=1"]) == ["header:Set-Cookie:a extra low"]
    assert of_fields(["Set-Cookie: a=1"], ["Set-Cookie: a=1", "Set-Cookie: a=2"]) == [
        "header:Set-Cookie:a header medium"
    ]


def test_rules_for_fields() -> None:
    """A rule excuses a field's value; its presence only by name of the kind."""
    one, other = (answer(fields=in_fields(line)) for line in ("X-Total: 7", "X-Total: 8"))
    value = rule(Treatment.IGNORE, "header:X-Total")

    assert excused(compared(one, other, value)) == ["ignore header:X-Total header"]
    assert compared(one, answer(fields=()), value).differences
    assert not compared(
        one, answer(fields=()), rule(Treatment.IGNORE, "header:X-Total", kinds=frozenset({DifferenceKind.MISSING}))
    ).differences


def test_a_location_without_a_host_to_compare_with() -> None:
    """Relative places are compared even when the client named no host (HTTP/1.0)."""
    assert of_fields(["Location: a"], ["Location: b"]) == ["header:Location header medium"]


@pytest.mark.parametrize(("legacy", "new"), [(["X-App: 1"], ["X-App: 2"]), (["X-App: 1"], []), ([], ["x-app: 2"])])
def test_the_version_header_is_no_part_of_an_answer(legacy: list[str], new: list[str]) -> None:
    """Whatever either side says in it, and whether it says anything, beside other fields or alone."""
    rules = Rules(version_header=b"x-app", rules=(rule(Treatment.IGNORE, "$.a", until=NOW - 1),))
    said = [
        compare(
            pair(answer(fields=in_fields(*legacy, *more)), answer(fields=in_fields(*new, *other))),
            rules,
            NOISELESS,
            NOW,
        )
        for more, other in (((), ()), (("A: 1",), ("A: 2",)))
    ]

    assert [len(each.differences) for each in said] == [0, 1]
    assert len(of_fields(legacy, new)) == 1
