"""A run as JSON and as sections of a page."""

from __future__ import annotations

import json

import pytest

from bench.bars import BarId, Measure, judge
from bench.errors import BenchError
from bench.machine import Machine
from bench.report import Document, Report, fill, render_json, render_text
from bench.table import Table

MACHINE = Machine(processor="A Processor", cores=2, kernel="6.1", python="3.11")
MEASURES = (Measure(bar=BarId.RATE_NGINX, value=0.5),)
REPORT = Report(suite="peers", tables=(Table(title="T", columns=("a",), rows=(("b",),)),), measures=MEASURES)
DOCUMENT = Document(machine=MACHINE, reports=(REPORT,), verdicts=judge(MEASURES))
PAGE = "# Page\n<!-- bench:peers -->\nold\n<!-- /bench:peers -->\nend <!-- bench:idle -->kept<!-- /bench:idle -->\n"


def test_a_page_gets_the_sections_that_were_measured() -> None:
    """What stood between the marks is replaced; sections that were not measured, and all other text, stay."""
    page = fill(PAGE, DOCUMENT)
    assert "old" not in page
    assert "| b |" in page
    assert page.startswith("# Page\n")
    assert "<!-- bench:idle -->kept<!-- /bench:idle -->" in page


def test_filling_twice_changes_nothing_more() -> None:
    """The marks stay, so the page can be filled again."""
    once = fill(PAGE, DOCUMENT)
    assert fill(once, DOCUMENT) == once


def test_a_page_without_marks_is_refused() -> None:
    """Nothing is written into a page that has no place for it."""
    with pytest.raises(BenchError, match="no pair"):
        fill("# Page\n", DOCUMENT)


def test_verdicts_are_words() -> None:
    """A missed bar says what was asked and what was measured; an unmeasured one says so."""
    text = render_text(DOCUMENT)
    assert "missed" in text
    assert "≥ 0.65×" in text
    assert "0.50×" in text
    assert "not measured" in text


def test_json_holds_measures_and_verdicts() -> None:
    """A program reads the same as a person."""
    found = json.loads(render_json(DOCUMENT))
    assert found["reports"][0]["measures"] == [{"bar": "rate_nginx", "value": 0.5}]
    assert found["verdicts"][0]["met"] is False
