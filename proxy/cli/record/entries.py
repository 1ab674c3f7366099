"""How entries of a list are written: a head of columns, and below it what people wrote, folded at the terminal's width.

Rule 1: nothing is cut (`proxy.cli.folded`).
Rule 2: no line has blanks at its end, none is begun by what somebody wrote, and nothing in it steers a terminal.
Rule 3: in a pipe an entry is one line, for `grep` and `awk`: its cells two blanks apart, each of them there, and behind
        them what stands below at a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, TypeVar

import msgspec
from rich.cells import cell_len

from proxy.cli.columns import BETWEEN, NOTHING
from proxy.cli.folded import folded, list_width
from proxy.cli.help_text import FINE, FOUND
from proxy.cli.terminal import complain, leave, say
from proxy.core.one_line import one_line

Shape = TypeVar("Shape", bound=msgspec.Struct)
_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """`cells` are the columns of the head, `below` what stands under it."""

    cells: Sequence[str]
    below: Sequence[str] = ()


def entry_lines(entries: Iterable[ListEntry], width: int | None) -> Iterator[str]:
    """Line by line; of each head as many columns are aligned, from the left, as fit into a line; else it is folded.

    `width` None: rule 3.
    """
    listed = [replace(each, cells=tuple(map(one_line, each.cells))) for each in entries]
    if width is None:
        yield from (_whole(each) for each in listed)
        return
    widths = [max(map(cell_len, column)) for column in zip(*(each.cells for each in listed), strict=True)]
    for each in listed:
        heads = [_head(each.cells, widths[:aligned]) for aligned in range(len(widths), -1, -1)]
        fitting = next((head for head in heads if cell_len(head) <= width), None)
        yield from folded(heads[-1], width) if fitting is None else [fitting]
        for text in filter(None, each.below):
            yield from folded(_INDENT + one_line(text), width)


def _whole(entry: ListEntry) -> str:
    return BETWEEN.join((*(cell or NOTHING for cell in entry.cells), *map(one_line, filter(None, entry.below))))


def _head(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first columns as wide as these, the others as wide as they are; what is empty in all entries is left out."""
    padded = [cell + " " * (wide - cell_len(cell)) for cell, wide in zip(cells, widths, strict=False)]
    return BETWEEN.join(filter(None, (*padded, *cells[len(widths) :]))).rstrip()


def read_or_leave(base: str, path: str, kind: type[Shape], *, json: bool) -> Shape:
    """What the admin port says there; as it was sent, and exit 0, with `json`; exit 1 where there is no answer."""
    from proxy.cli.admin_client import NoAnswerError, fetch, read

    try:
        body = fetch(base, path)
        found = read(base, body, kind)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say(body.decode().rstrip())
        leave(FINE)
    return found


def say_entries(entries: Iterable[ListEntry], nothing: str) -> NoReturn:
    """Print them, or `nothing`; exit 0."""
    lines = list(entry_lines(entries, list_width()))
    for line in lines or [nothing]:
        say(line)
    leave(FINE)


def moment(stamped: str) -> str:
    """`2026-03-01T12:00:00.000Z` as people read it: `2026-03-01 12:00:00Z`."""
    return f"{stamped[:19].replace('T', ' ')}Z" if stamped else ""


def place(stage: str, split: float) -> str:
    """`canary 5%`."""
    return f"{stage} {split * 100:g}%" if stage in {"canary", "retired"} else stage
