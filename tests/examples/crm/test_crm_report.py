"""The verdict of the CRM story: each thing that has to be so is missed when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.crm.story.report import Report
from examples.stage.notebook import Notebook

ROWS = {("items", "only at legacy", ""): 3}
FIRST = Report(
    phases=1,
    rights_missing=7,
    rights_named=7,
    found_values="$.next_call_at",
    moved_when_values_found=0,
    held_with_values=True,
    went_back=["1"],
)
GOOD = replace(
    FIRST,
    phases=3,
    dry_runs=30,
    writes=200,
    answered_alike=200,
    expected_rows=ROWS,
    found_rows=ROWS,
    moved_when_rows_found=0,
    held_with_rows="reconciled 3 keys differ, needs 0 keys differ, at most 24h old",
    compared_rows=2400,
    differing_at_last=0,
    climbed_to="live",
    shares={"at first": 1.0, "all has moved": 0.0},
    asked_before_the_kill=(0, 0),
    valued_after_the_kill=2,
    went_back=["1", "2", "3"],
)


@pytest.mark.parametrize("report", [FIRST, GOOD])
def test_a_story_that_held_has_nothing_wrong(report: Report) -> None:
    """All that has to be so is so; what belongs to later phases is not missed."""
    assert report.verdict(Notebook(planted=1)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"differing": {"items": 2}}, "answers differ where no bug is planted: {'items': 2}"),
        ({"rights_named": 6}, "probe named 6 of 7 rights that were missing"),
        ({"rights_named": 0, "rights_missing": 0}, "probe named 0 of 0 rights that were missing"),
        ({"found_values": ""}, "the planted bug in values was not found"),
        ({"moved_when_values_found": 2}, "new had given 2 answers before that"),
        ({"held_with_values": False}, "the ramp did not name the bug in values as what holds it"),
        ({"went_back": ["1", "3"]}, "went back in ['1', '3'] alone"),
        ({"dry_runs": 0}, "no dry run was compared"),
        ({"answered_alike": 199}, "199 of 200 writes were answered alike"),
        ({"expected_rows": {}, "found_rows": {}}, "the planted bugs in rows were not found"),
        ({"expected_rows": {}}, f"rows differ as {ROWS}, and should as {{}}"),
        ({"moved_when_rows_found": 1}, "new had taken 1 changes before that"),
        ({"held_with_rows": ""}, "the ramp was not held by rows: it rose"),
        ({"held_with_rows": "reconciled no result"}, "the ramp was not held by rows: reconciled no result"),
        ({"differing_at_last": 1}, "1 rows differ with the last release"),
        ({"climbed_to": ""}, "the ramp has come to nothing alone"),
        ({"compared_rows": 0}, "no row was compared with the last release"),
        ({"shares": {"all has moved": 0.25}}, "when all had moved the customer service still answered 25%"),
        (
            {"asked_before_the_kill": (4, 0)},
            "before it was killed the customer service got 4 requests, and 0 to compare",
        ),
        (
            {"asked_before_the_kill": (0, 3)},
            "before it was killed the customer service got 0 requests, and 3 to compare",
        ),
        ({"valued_after_the_kill": 0}, "the valuation service has valued for nobody since it was killed"),
        ({"wrong": ["something else"]}, "something else"),
    ],
)
def test_what_was_not_so_is_said(changed: dict[str, object], said: str) -> None:
    """One sentence each."""
    report = replace(GOOD, **changed)  # type: ignore[arg-type] # by their names

    assert report.verdict(Notebook(planted=1)) == [said]


def test_clients_that_failed_are_said() -> None:
    """With what they got."""
    notebook = Notebook(planted=1)
    notebook.fail("2", "PATCH /customers/7: 502")

    assert GOOD.verdict(notebook) == ["1 client errors that were not planted: PATCH /customers/7: 502"]


def test_nobody_who_is_refused_is_said() -> None:
    """Planted errors have to come."""
    assert GOOD.verdict(Notebook()) == ["nobody asked for what is not there"]
