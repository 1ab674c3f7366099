from __future__ import annotations

import re
from pathlib import Path

from proxy.core.parity.rules.difference import (
    LONGEST,
    SEVERITY,
    VALUE_KINDS,
    DifferenceKind,
    Severity,
    bounded,
    differ,
    excerpts,
)


def test_every_kind_has_a_severity() -> None:
    """What breaks clients is high, what they skip is low; presence and type are never mere values."""
    high = {kind for kind, severity in SEVERITY.items() if severity is Severity.HIGH}

    assert SEVERITY.keys() == set(DifferenceKind)
    breaking = {DifferenceKind.STATUS, DifferenceKind.MISSING, DifferenceKind.TYPE, DifferenceKind.UNPARSABLE}
    assert high == breaking | {DifferenceKind.CALLER}
    assert not VALUE_KINDS & (
        high
        | {
            DifferenceKind.EXTRA,
            DifferenceKind.NULL_ABSENT,
            DifferenceKind.LENGTH,
            DifferenceKind.ELEMENT,
            DifferenceKind.ORDER,
        }
    )


def test_the_page_has_every_kind_with_its_usual_severity() -> None:
    """The table of kinds in docs/compare.md is the enum: a kind that is added there or here alone fails."""
    page = (Path(__file__).parents[4] / "docs/compare.md").read_text(encoding="utf-8")
    table = page.partition("| kind | what differs | severity |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\w+) \|$", table, re.MULTILINE))

    assert rows == {kind.value: severity.value for kind, severity in SEVERITY.items()}


def test_a_difference_takes_its_kind_s_severity_or_another() -> None:
    """The finder may know better."""
    assert differ("$", DifferenceKind.NUM, "1", "2").severity is Severity.MEDIUM
    assert differ("$", DifferenceKind.NUM, "1", "2", Severity.LOW).severity is Severity.LOW


def test_values_are_bounded_and_printable() -> None:
    """A long value is cut, a control character replaced."""
    assert bounded("a" * 1000) == "a" * (LONGEST - 1) + "…"
    assert bounded("a\0\ud800b") == "a��b"


def test_long_texts_are_shown_where_they_begin_to_differ() -> None:
    """Two long texts with a common beginning show what follows it; short ones stay whole."""
    one, other = excerpts("x" * 900 + "left", "x" * 900 + "right")

    assert one == "…" + "x" * 50 + "left"
    assert other == "…" + "x" * 50 + "right"
    assert excerpts("a", "b") == ("a", "b")
    assert excerpts("a" * 300, "b") == ("a" * 300, "b")
