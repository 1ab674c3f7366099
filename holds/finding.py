"""What a suite found: tables for people, and sentences that held or did not."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from bench.errors import BenchError
from bench.machine import Machine
from bench.table import Table, as_markdown, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One sentence that must hold, and what was seen."""

    sentence: str
    holds: bool
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One suite's outcome. `notes` are lines for whoever looks for a cause; they stand in text and JSON only."""

    suite: str
    tables: tuple[Table, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every sentence does."""
        return all(check.holds for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A run, as `--json` prints it."""

    machine: Machine
    finding: Finding


def verdicts(finding: Finding) -> Table:
    """Held or broken, a line per sentence."""
    rows = tuple((check.sentence, "holds" if check.holds else "BROKEN", check.seen) for check in finding.checks)
    return Table(title="What must hold", columns=("", "", "seen"), rows=rows, words=3)


def as_plain(finding: Finding) -> str:
    """For a terminal."""
    return "\n\n".join([as_text(table) for table in (*finding.tables, verdicts(finding))] + list(finding.notes))


def as_json(document: Document) -> str:
    """Everything."""
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def fill(page: str, finding: Finding) -> str:
    """The page with what stands between `<!-- holds:SUITE -->` and `<!-- /holds:SUITE -->` replaced."""
    start, end = f"<!-- holds:{finding.suite} -->", f"<!-- /holds:{finding.suite} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise BenchError(f"the page has no pair of {start} and {end}; put them where the tables are to stand")
    tables = (*finding.tables, verdicts(finding)) if finding.checks else finding.tables
    text = "\n\n".join(as_markdown(table) for table in tables)
    return f"{before}{start}\n\n{text}\n\n{end}{after}"
