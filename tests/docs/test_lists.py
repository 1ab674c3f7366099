"""What the code can find or read, its page describes: kinds of differences, sources of cohorts."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.core.parity.rules.difference import SEVERITY
from proxy.core.routing.cohort import SourceKind

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_kind_of_difference_has_its_row_with_its_severity() -> None:
    """docs/compare.md has a row for each kind, in the severity that it usually has."""
    rows = re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| (high|medium|low) \|$", page("compare.md"), re.MULTILINE)

    assert {kind: severity.value for kind, severity in SEVERITY.items()} == dict(rows)


def test_every_source_of_a_cohort_is_in_the_reference() -> None:
    """docs/routes.md says of each source that a cohort can come from how it is written."""
    written = set(re.findall(r"`([a-z_]+):?[A-Z]*`", page("routes.md")))

    assert set(SourceKind) - written == set()
