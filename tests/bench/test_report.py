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


def test_bars_that_were_not_measured_stay() -> None:
    """A run of one suite judges its own bars; the page goes on saying what others had shown, in the order of bars."""
    both = judge((Measure(bar=BarId.RATE_NGINX, value=0.8), Measure(bar=BarId.CPU_NGINX, value=1.2)))
    page = fill(f"{PAGE}<!-- bench:bars --><!-- /bench:bars -->", Document(machine=MACHINE, reports=(), verdicts=both))
    alone = Document(machine=MACHINE, reports=(REPORT,), verdicts=judge(MEASURES, [each.bar for each in both[:1]]))
    page = fill(page, alone)
    lines = [line for line in page.splitlines() if "against nginx" in line][:2]
    assert lines == [
        "| requests per second, against nginx | missed | ≥ 0.65× | 0.50× |",
        "| CPU per request, against nginx | met | ≤ 1.6× | 1.20× |",
    ]


def test_a_run_of_one_suite_says_its_machine() -> None:
    """Beside its tables: what the page says of all others is of another."""
    alone = Document(machine=MACHINE, reports=(REPORT,), verdicts=())
    page = fill(f"{PAGE}<!-- bench:machine -->another<!-- /bench:machine -->", alone)
    assert "Measured on A Processor, 2 cores, Linux 6.1, Python 3.11." in page
    assert "another" in page


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
