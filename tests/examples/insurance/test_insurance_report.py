"""The verdict of the insurance story: each thing that has to be so is missed when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.insurance.story.report import Report
from examples.stage.notebook import Notebook

FIRST = Report(
    phases=1,
    local_answered=200,
    refused_off_loopback=True,
    would_refuse=3,
    accepted={"AKIDBANYAN": 7, "AKIDCONSUMERAPP": 7},
    went_back=["1"],
)
GOOD = replace(
    FIRST,
    phases=3,
    found_values="$.premium",
    moved_when_values_found=0,
    held_with_the_bug=True,
    echoes=9,
    reloads_of_two_files=(1, 0),
    found_effects=1,
    answered_by_new_when_found=0,
    differences=0,
    rows=20,
    keys_used=2,
    suspended_after=0.2,
    failed_while_moving=0,
    went_back=["1", "2", "3"],
)


@pytest.mark.parametrize("report", [FIRST, GOOD])
def test_a_story_that_held_has_nothing_wrong(report: Report) -> None:
    """All that has to be so is so; what belongs to later phases is not missed."""
    assert report.verdict(Notebook(planted=1), 0) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"local_answered": 502}, "the environment with one service answered 502"),
        ({"refused_off_loopback": False}, "auth off was not refused off loopback"),
        ({"would_refuse": 0}, "nobody was counted who would be refused"),
        ({"accepted": {"AKIDCONSUMERAPP": 7}}, "legacy took no request that Banyan had signed"),
        ({"accepted": {"AKIDBANYAN": 7}}, "legacy took no request that the app had signed"),
        ({"went_back": ["1", "3"]}, "went back in ['1', '3'] alone"),
        ({"found_values": ""}, "the planted bug in values was not found"),
        ({"moved_when_values_found": 2}, "new had given 2 answers before that"),
        ({"held_with_the_bug": False}, "the ramp did not name the bug as what holds it"),
        ({"echoes": 0}, "no side said whom it saw"),
        ({"reloads_of_two_files": (1, 1)}, "an edit of two files was taken 1 times, refused 1 times"),
        ({"found_effects": 0}, "the planted bug in effects was not found"),
        ({"answered_by_new_when_found": 1}, "new had answered for contracts before it was found"),
        ({"rows": 0}, "no row was compared"),
        ({"differences": 3}, "the stores differ in 3 rows"),
        ({"keys_used": 1}, "tokens of 1 keys were used"),
        ({"suspended_after": 1.5}, "a suspended partner was out after 1.50 s"),
        ({"failed_while_moving": 4}, "4 requests failed while a service moved"),
        ({"wrong": ["something else"]}, "something else"),
    ],
)
def test_what_was_not_so_is_said(changed: dict[str, object], said: str) -> None:
    """One sentence each."""
    report = replace(GOOD, **changed)  # type: ignore[arg-type] # by their names

    assert report.verdict(Notebook(planted=1), 0) == [said]


def test_clients_that_failed_are_said() -> None:
    """With what they got."""
    notebook = Notebook(planted=1)
    notebook.fail("2", "GET /plans: 502")

    assert GOOD.verdict(notebook, 1) == [
        "1 client errors that were not planted: GET /plans: 502",
        "1 good tokens got 401",
    ]
