"""The verdict of the payid story: each thing that has to be so is missed when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.payid.story.cart_times import Stormed
from examples.payid.story.report import DURING, FREED, Report
from examples.stage.notebook import Notebook

STORMED = Stormed(quiet=10.0, stormed=10.4, timed=600, failed=0, answered={"401": 80, "429": 60, "503": 40})
FIRST = Report(
    phases=1,
    nulls_found={"account.cart": 3, "account.shop": 3, "account.app": 4},
    dropped=8,
    found_values="$.address.zip",
    left_after_bridge=["$.address.zip"],
    moved_when_values_found=0,
    went_back=["1"],
)
GOOD = replace(
    FIRST,
    phases=3,
    found_cards="status",
    moved_when_cards_found=0,
    twice_at_processor=0,
    registered=dict.fromkeys(DURING, 6),
    again=6,
    replayed=6,
    mails=(40, 0),
    flows=({"legacy": 3}, {"new": 3}),
    office={"activities": ["registered"]},
    direct=replace(STORMED, stormed=200.0),
    behind=STORMED,
    freed=FREED,
    searched=dict.fromkeys(("files", "tables", "API", "console", "log"), 0),
    control=3,
    samples=90,
    differences=0,
    went_back=["1", "2", "3"],
)


@pytest.mark.parametrize("report", [FIRST, GOOD])
def test_a_story_that_held_has_nothing_wrong(report: Report) -> None:
    """All that has to be so is so; what belongs to later phases is not missed."""
    assert report.verdict(Notebook(planted=1), 0) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"nulls_found": {"account.cart": 3}}, "nulls were found on {'account.cart': 3} alone"),
        ({"nulls_found": {**FIRST.nulls_found, "account.app": 0}}, "nulls were found on"),
        ({"dropped": 0}, "nothing was excused as dropped on purpose"),
        ({"found_values": "", "left_after_bridge": [""]}, "the planted bug in values was not found"),
        ({"left_after_bridge": ["$.address.zip", "$.kana"]}, "behind the bridge differ ['$.address.zip', '$.kana']"),
        ({"moved_when_values_found": 2}, "new had given 2 answers before that"),
        ({"went_back": ["1", "3"]}, "went back in ['1', '3'] alone"),
        ({"found_cards": ""}, "the planted bug in cards was not found"),
        ({"moved_when_cards_found": 1}, "new had taken 1 cards before that"),
        ({"twice_at_processor": 4}, "by experiments the processor got 4 cards"),
        ({"registered": dict.fromkeys(DURING[:3], 6)}, "nobody registered during fallback, rollback"),
        ({"again": 0, "replayed": 0}, "no registration was sent twice"),
        ({"replayed": 5}, "6 were sent twice, 5 got the first answer"),
        ({"mails": (40, 1)}, "1 of 40 accounts got another number of mails than one"),
        ({"flows": ({"legacy": 2, "new": 1}, {"new": 3})}, "flows ended at"),
        ({"office": {}}, "the back office knew nothing of an account"),
        ({"freed": {**FREED, "cart": (["shop"], ["app", "cart"])}}, "clients were freed otherwise"),
        ({"behind": replace(STORMED, failed=1)}, "carts failed while logins were stormed"),
        ({"behind": replace(STORMED, answered={"401": 80})}, "nothing of the storm was kept off"),
        ({"searched": {**GOOD.searched, "log": 1}}, "secrets were found: {'files': 0, 'tables': 0"),
        ({"searched": {"files": 0}}, "secrets were found: {'files': 0}"),
        ({"control": 0}, "the search found nothing, not even what is there"),
        ({"samples": 0}, "no sample was kept"),
        ({"differences": 3}, "the stores differ in 3 rows"),
        ({"wrong": ["something else"]}, "something else"),
    ],
)
def test_what_was_not_so_is_said(changed: dict[str, object], said: str) -> None:
    """One sentence each."""
    report = replace(GOOD, **changed)  # type: ignore[arg-type] # by their names
    (found,) = report.verdict(Notebook(planted=1), 0)

    assert said in found


def test_clients_that_failed_are_said() -> None:
    """With what they got."""
    notebook = Notebook(planted=1)
    notebook.fail("2", "GET /account of cart: 502")

    assert GOOD.verdict(notebook, 1) == [
        "1 client errors that were not planted: GET /account of cart: 502",
        "1 good tokens got 401",
    ]


def test_a_storm_is_told_by_its_ratio() -> None:
    """Of both p99, whatever it is."""
    assert str(STORMED) == "p99 10.0 ms quiet, 10.4 ms stormed: ratio 1.04"
