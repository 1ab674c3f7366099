"""What a suite found, as text, JSON or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from bench.bars import BARS, Bar, Measure, Verdict
from bench.errors import BenchError
from bench.machine import Machine
from bench.rounds import Series
from bench.table import Table, as_markdown, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One suite's outcome: tables for people, measures for the bars, and the rounds behind them."""

    suite: str
    tables: tuple[Table, ...]
    measures: tuple[Measure, ...] = ()
    series: tuple[Series, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole run, as `--json` prints it."""

    machine: Machine
    reports: tuple[Report, ...]
    verdicts: tuple[Verdict, ...]


def render_text(document: Document) -> str:
    """Every table, then the verdicts."""
    parts = [as_text(table) for report in document.reports for table in report.tables]
    if document.verdicts:
        parts.append(as_text(verdict_table(document.verdicts)))
    return "\n\n\n".join(parts)


def render_json(document: Document) -> str:
    """The document with every round."""
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def sections(document: Document, page: str) -> Iterable[tuple[str, str]]:
    """Name and Markdown of each section that the page can hold.

    A run of every bar is what the page says of its machine; tables of any other run say theirs, and bars that it did
    not measure stay as the page has them.
    """
    machine = document.machine
    on = f"{machine.processor}, {machine.cores} cores, Linux {machine.kernel}, Python {machine.python}."
    is_whole = len(document.verdicts) == len(BARS)
    if is_whole:
        yield "machine", on
    for report in document.reports:
        tables = "\n\n".join(as_markdown(table) for table in report.tables)
        yield report.suite, tables if is_whole else f"{tables}\n\nMeasured on {on}"
    if document.verdicts:
        yield "bars", as_markdown(replace(verdict_table(document.verdicts), rows=tuple(_bars(document, page))))


def _bars(document: Document, page: str) -> Iterator[tuple[str, ...]]:
    """A row for each bar: of this run, or as it stands on the page."""
    _, _, rest = page.partition("<!-- bench:bars -->")
    lines = [line for line in rest.partition("<!-- /bench:bars -->")[0].splitlines() if line.startswith("| ")]
    stand = {cells[0]: cells for cells in (tuple(line[2:-1].rstrip().split(" | ")) for line in lines)}
    said = dict(zip((each.bar for each in document.verdicts), verdict_table(document.verdicts).rows, strict=True))
    measured = {each.bar for each in document.verdicts if each.met is not None}
    for bar in BARS:
        row = said.get(bar) if bar in measured else stand.get(bar.sentence) or said.get(bar)
        if row is not None:
            yield row


def fill(page: str, document: Document) -> str:
    """The page with what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` replaced, where measured."""
    filled = 0
    for name, text in sections(document, page):
        start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
        before, found, rest = page.partition(start)
        _, closed, after = rest.partition(end)
        if found and closed:
            page = f"{before}{start}\n\n{text}\n\n{end}{after}"
            filled += 1
    if not filled:
        raise BenchError("the page has no pair of `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` for this run")
    return page


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """Met or missed, a line per bar."""
    return Table(
        title="Bars",
        columns=("bar", "verdict", "asked", "measured"),
        rows=tuple((verdict.bar.sentence, _word(verdict), asked(verdict.bar), _value(verdict)) for verdict in verdicts),
        words=2,
    )


def asked(bar: Bar) -> str:
    """The limit with its direction: `≥ 0.65×`."""
    return f"{'≥' if bar.at_least else '≤'} {bar.limit:g}{bar.unit}"


def _word(verdict: Verdict) -> str:
    if verdict.met is None:
        return "not measured"
    return "met" if verdict.met else "missed"


def _value(verdict: Verdict) -> str:
    return "" if verdict.value is None else f"{verdict.value:.2f}{verdict.bar.unit}"
