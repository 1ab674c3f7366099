"""The verdict: each thing that has to be so is missed when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.accounts.story.evidence import Consents
from examples.accounts.story.report import Report
from examples.stage.notebook import Notebook

GOOD = Report(
    phases=3,
    upstream_calls=1,
    rush_tokens=1,
    found_values="$.expires_in",
    moved_when_values_found=0,
    found_effects=1,
    answered_by_new_when_found=0,
    differences=0,
    rows=20,
    went_back=["1", "2", "3"],
    card_calls=0,
    service_calls=40,
    etl=(0, 1),
)
NONE = Consents(0, 0, 0, 0)


def test_a_story_that_held_has_nothing_wrong() -> None:
    """All that has to be so is so."""
    assert GOOD.verdict(Notebook(planted=1), 10, NONE) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"upstream_calls": 2}, "200 uses of one token made 2 calls of the aggregator"),
        ({"rush_tokens": 2}, "200 uses of one token were answered by 2 tokens"),
        ({"found_values": ""}, "the planted bug in values was not found"),
        ({"moved_when_values_found": 1}, "1 tenants had moved before it was found"),
        ({"found_effects": 0}, "the planted bug in effects was not found"),
        ({"answered_by_new_when_found": 1}, "new had answered for accounts before it was found"),
        ({"differences": 3}, "the stores differ in 3 rows"),
        ({"rows": 0}, "no row was compared"),
        ({"went_back": ["1", "3"]}, "went back in ['1', '3'] alone"),
        ({"card_calls": 2}, "the card product still called the aggregator 2 times"),
        ({"service_calls": 0}, "nobody called the aggregator in the night"),
        ({"etl": (1, 1)}, "after the switch the ETL read the old store 1 times, the new 1"),
        ({"wrong": ["something else"]}, "something else"),
    ],
)
def test_what_was_not_so_is_said(changed: dict[str, object], said: str) -> None:
    """One sentence each."""
    report = replace(GOOD, **changed)  # type: ignore[arg-type] # by their names

    assert report.verdict(Notebook(planted=1), 10, NONE) == [said]


def test_a_client_that_failed_and_a_consent_are_said() -> None:
    """With what the client got."""
    notebook = Notebook(planted=1)
    notebook.fail("2", "GET /auth: 502")

    assert GOOD.verdict(notebook, 10, Consents(card=0, service=1, revoked=1, lost=1)) == [
        "1 client errors that were not planted: GET /auth: 502",
        "2 grants would need a new consent: Consents(card=0, service=1, revoked=1, lost=1)",
        "the aggregator revoked 1 grants",
    ]


def test_a_story_of_one_phase_is_judged_by_that_phase() -> None:
    """What belongs to later ones is not missed."""
    first = Report(
        phases=1,
        upstream_calls=1,
        rush_tokens=1,
        found_values="$.expires_in",
        moved_when_values_found=0,
        went_back=["1"],
    )

    assert first.verdict(Notebook(planted=1), 10, NONE) == []
