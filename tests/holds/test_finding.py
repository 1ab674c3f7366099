from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bench.errors import BenchError
from bench.machine import describe_machine
from bench.table import Table
from holds.finding import Check, Document, Finding, as_json, as_plain, fill
from holds.fixtures import CONTENDERS
from holds.wire.cases import choose
from holds.wire.websocket import WITH, WITHOUT, Verdict, compare, gather

ROOT = Path(__file__).parents[2]
TABLE = Table(title="Soak", columns=("outcome", "requests"), rows=(("answered", "7"),))
FOUND = Finding(suite="soak", tables=(TABLE,), checks=(Check(sentence="nothing fails", holds=True, seen="0"),))
PAGE = "before\n<!-- holds:soak -->\nstale\n<!-- /holds:soak -->\nafter\n"


def test_the_tables_stand_between_the_marks() -> None:
    """What was there is replaced, with the verdicts; what stands around stays, however often it is written."""
    page = fill(PAGE, FOUND)

    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "stale" not in page
    assert "| answered | 7 |" in page
    assert "| nothing fails | holds | 0 |" in page
    assert fill(page, FOUND) == page


def test_a_page_without_marks_is_an_error_that_names_them() -> None:
    """The reader hears which marks to put in."""
    with pytest.raises(BenchError, match="holds:soak"):
        fill("nothing here", FOUND)


def test_one_broken_sentence_breaks_the_finding_and_shows() -> None:
    """A suite holds when all its sentences do; a broken one cannot be overlooked."""
    broken = replace(FOUND, checks=(*FOUND.checks, Check(sentence="memory is flat", holds=False, seen="+9 MiB")))

    assert FOUND.holds
    assert not broken.holds
    assert "BROKEN" in as_plain(broken)


def test_the_json_has_everything() -> None:
    """Machine, tables, verdicts and notes."""
    document = Document(machine=describe_machine(), finding=replace(FOUND, notes=("a note",)))

    assert msgspec.json.decode(as_json(document), type=Document) == document


def test_proxies_are_chosen_by_name() -> None:
    """In the suite's own order; a name that is none is answered with the list."""
    assert [each.name for each in choose("NGINX, banyan", CONTENDERS)] == ["Banyan", "nginx"]
    with pytest.raises(BenchError, match="haproxy"):
        choose("apache", CONTENDERS)


OK, LOOSE, BAD = Verdict("OK", "OK"), Verdict("NON-STRICT", "OK"), Verdict("OK", "FAILED")


@pytest.mark.parametrize(
    ("without", "through", "holds"),
    [
        ([{"1": OK, "2": LOOSE}], [{"1": OK, "2": LOOSE}], True),
        ([{"1": OK, "2": OK}], [{"1": OK, "2": LOOSE}], False),
        ([{"1": OK}, {"1": LOOSE}], [{"1": LOOSE}, {"1": OK}], True),
        ([{"1": OK}, {"1": OK}], [{"1": LOOSE}, {"1": OK}], True),
        ([{"1": OK}, {"1": OK}], [{"1": LOOSE}, {"1": LOOSE}], False),
        ([{"1": OK}, {"1": LOOSE}], [{"1": LOOSE}, {"1": BAD}], False),
        ([{"1": BAD}], [{"1": BAD}], True),
        ([{"1": OK, "2": OK}], [{"1": OK}], False),
        ([{"1": OK}], [{"1": OK, "2": OK}], False),
        ([{}], [{}], False),
    ],
)
def test_verdicts_are_compared_case_by_case(
    without: list[dict[str, Verdict]], through: list[dict[str, Verdict]], *, holds: bool
) -> None:
    """Never the same, failed through Banyan alone, or played by one only breaks the sentence; so does nothing."""
    rounds = [{WITHOUT: before, WITH: after} for before, after in zip(without, through, strict=True)]
    finding = compare(rounds[0], gather(rounds), ("1.*",))

    assert finding.holds is holds


def test_help_names_every_suite() -> None:
    """`python -m holds --help` teaches what can be shown."""
    done = subprocess.run(
        [sys.executable, "-m", "holds", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        check=True,
    )
    suites = ("cases", "websocket", "slow", "restarts", "soak", "fuzz")
    assert [word for word in suites if word not in done.stdout] == []
