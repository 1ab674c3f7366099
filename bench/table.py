"""Tables, for a terminal and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Words in the first column, figures in the others; `notes` are sentences that stand below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    words: int = 1  # columns of words, from the left


def as_text(table: Table) -> str:
    """Columns lined up with spaces."""
    widths = [max(len(row[n]) for row in (table.columns, *table.rows)) for n in range(len(table.columns))]
    lines = [
        "  ".join(_pad(cell, widths[n], left=n < table.words) for n, cell in enumerate(row)).rstrip()
        for row in (table.columns, *table.rows)
    ]
    return "\n".join((table.title, "", *lines, *_spaced(table.notes)))


def as_markdown(table: Table) -> str:
    """A Markdown table, figures to the right, its title in bold above."""
    marks = ["---" if n < table.words else "---:" for n in range(len(table.columns))]
    lines = [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in (table.columns, marks, *table.rows)]
    return "\n".join((f"**{table.title}**", "", *lines, *_spaced(tuple(_escaped(note) for note in table.notes))))


def _pad(cell: str, width: int, *, left: bool) -> str:
    return cell.ljust(width) if left else cell.rjust(width)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _spaced(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for note in notes for part in ("", note))
