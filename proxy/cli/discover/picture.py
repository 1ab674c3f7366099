"""The table of `banyan discover`.

Rule 1: no line is wider than the terminal, or than 100 columns in a pipe; a template that is longer than its column
        stands in a line of its own, and nothing is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxy.api.discovery import AlikeWordsView, DiscoveryView
from proxy.cli.discover.template_group import TemplateGroup, groups_of
from proxy.cli.folded import folded
from proxy.core.one_line import one_line

UNKNOWABLE = "traffic does not show which answer fields a client reads"
_HEADS = ("template", "methods", "calls", "callers", "first", "last", "claimed by")
_RIGHT = frozenset({"calls", "callers"})
_BETWEEN = "  "
_LEAST = 12
_MOST_NAMED = 3
"""Words, and matches of routes, that a remark names; --json has all."""


def picture(found: DiscoveryView, width: int, *, singles: bool = False) -> Iterator[str]:
    """Line by line."""
    rows = [_cells(group) for group in groups_of(found, singles=singles)]
    if rows:
        yield from _table([_HEADS, *rows], width)
        yield ""
    for each in found.alike:
        yield from folded(alike_sentence(each), width)
    yield from _apart(found, singles=singles)
    yield f"{UNKNOWABLE}."


def _cells(group: TemplateGroup) -> tuple[str, ...]:
    methods, callers = ",".join(group.methods), str(len(group.callers))
    cells = (group.template, methods, f"{group.calls:,}", callers, group.first, group.last, group.claim)
    return tuple(map(one_line, cells))


def _table(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rest = sum(widths[1:]) + len(_BETWEEN) * (len(widths) - 1)
    widths[0] = max(min(widths[0], width - rest), _LEAST)
    for row in rows:
        template, cells = row[0], row[1:]
        if len(template) > widths[0]:
            yield template
            template = ""
        padded = [_padded(cell, wide, head) for cell, wide, head in zip(cells, widths[1:], _HEADS[1:], strict=True)]
        line = _BETWEEN.join((template.ljust(widths[0]), *padded)).rstrip()
        if len(line) <= width:
            yield line
        else:
            yield _BETWEEN.join((template.ljust(widths[0]), *padded[:-1])).rstrip()
            yield f"    {cells[-1]}"


def _padded(cell: str, wide: int, head: str) -> str:
    return cell.rjust(wide) if head in _RIGHT else cell.ljust(wide)


def alike_sentence(found: AlikeWordsView) -> str:
    """How many, some of them, and what a route would say if they are values."""
    named = ", ".join(map(one_line, found.words[:_MOST_NAMED]))
    said = " and ".join(f'"{match}"' for match in found.matches[:_MOST_NAMED])
    more = " and so on" if found.matches[_MOST_NAMED:] else ""
    words = f"{found.parent}/: {len(found.words)} words are called alike ({named} …) and may be values; "
    return f"{words}if they are, write routes with match: {said}{more}."


def _apart(found: DiscoveryView, *, singles: bool) -> Iterator[str]:
    """What is not in the table, and why."""
    once = sum(each.is_single for each in found.endpoints)
    if once and not singles:
        yield f"{once} more seen once, from nobody verified: --all lists them."
    if found.missed:
        calls = f"{found.missed:,.0f} call{'s' * (found.missed != 1)}"
        yield f"held apart: {calls} of unknown paths that were not found or not let in."
    if found.dropped:
        yield f"{found.dropped:,} requests of the rarest paths were forgotten: memory is bounded."
