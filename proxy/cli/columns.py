"""Tables for people: nothing in them is cut. At a terminal columns are as wide as their widest cell; in a pipe cells
stand two blanks apart, nothing is padded, and an empty one is a dash, so that columns do not shift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from rich.cells import cell_len
from rich.text import Text

BETWEEN = "  "
NOTHING = "–"
"""What was not measured, or is not there."""
Cells = Mapping[str, str | Text]
"""One row's cells, by the head of their column."""


def table_lines(heads: Sequence[str], rows: Sequence[Cells], right: AbstractSet[str], *, padded: bool) -> list[Text]:
    """The heads and each row, a line each; `right` are the heads of columns that stand to the right."""
    widths = _widths(heads, rows) if padded else dict.fromkeys(heads, 0)
    titles = {head: Text(head, style="bold") for head in heads}
    cells = rows if padded else [{head: row[head] or NOTHING for head in heads} for row in rows]
    return [_line(heads, row, widths, right) for row in (titles, *cells)]


def fitting(
    heads: Sequence[str],
    rows: Sequence[Cells],
    dropped: Sequence[str],
    width: int | None,
    least: Mapping[str, int] | None = None,
) -> list[str]:
    """The heads for which there is room: those of `dropped` go one by one until there is. None: there always is.

    `least`: what a column is reckoned at, by its head, where its cells are narrower now: so the same ones go each time.
    """
    left = list(heads)
    if width is None:
        return left
    widths = {head: max(wide, (least or {}).get(head, 0)) for head, wide in _widths(heads, rows).items()}
    for head in dropped:
        if sum(widths[each] for each in left) + len(BETWEEN) * (len(left) - 1) <= width:
            break
        left = [each for each in left if each != head]
    return left


def _widths(heads: Sequence[str], rows: Sequence[Cells]) -> dict[str, int]:
    """Of each column's widest cell, in columns of the terminal."""
    return {head: max([cell_len(head), *(cell_len(str(row[head])) for row in rows)]) for head in heads}


def _line(heads: Sequence[str], row: Cells, widths: Mapping[str, int], right: AbstractSet[str]) -> Text:
    line = Text(no_wrap=True, overflow="ignore")
    for head in heads:
        cell = row[head]
        blanks = " " * (widths[head] - cell_len(str(cell)))
        line.append(BETWEEN if line else "")
        line.append(blanks if head in right else "")
        line.append(cell)
        line.append(blanks if head not in right and head != heads[-1] else "")
    return line
