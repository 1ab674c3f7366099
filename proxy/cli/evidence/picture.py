"""Clusters as tables, and one exchange with both sides beside each other.

Rule 1: what differs is marked by a sign, and by a colour only where a terminal shows it.
Rule 2: JSON is laid out alike on both sides, its keys in order, so that what differs stands in the same line.
Rule 3: what counts, what is undecided and what is excused stand apart, each with its number.
Rule 4: paths, ids and names are never cut: a path stands last in its row, and a narrow terminal gets fewer columns. A
        path that is longer than what is left goes on in the next line of the terminal.
Rule 5: what clients and sides have sent is shown without what a terminal would act on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from proxy.cli.columns import NOTHING, Cells, fitting, table_lines
from proxy.cli.folded import folded
from proxy.cli.terminal import Ink
from proxy.core.one_line import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from proxy.api.evidence import CapturedAnswerView, ClusterView, DifferenceView, ExchangeView, MessageView

_EXCUSED_BY = "excused by"
_HEADS = ("cluster", "severity", "kind", "count", "share", "first seen", "last seen", "path")
_RIGHT = frozenset({"count", "share"})
_NOISE = "noise"
"""What `accepted` says where no rule excuses."""
_DROPPED = ("first seen", "last seen", "share", "severity", "count", "kind")
"""In which order columns go, where all of them are too wide."""
_SEVERITIES = {"high": "bold red", "medium": "yellow", "low": "dim"}
_LEAST = 24
_MOST_LINES = 400
_INK = {"high": Ink.BAD, "medium": Ink.WARN, "low": Ink.FAINT}


def cluster_lines(clusters: Sequence[ClusterView], width: int | None) -> Iterator[Text]:
    """A table for what counts, for what is undecided, for what a rule and for what noise excuses, the most frequent
    first; `width` in columns, None: a pipe.
    """
    from rich.text import Text

    if not clusters:
        yield Text("no differences; `banyan status` says how much was compared")
        return
    counts, undecided, by_rule, noise, earlier = _apart(clusters)
    heads = fitting(_HEADS, [_row(cluster) for cluster in clusters], _DROPPED, width)
    yield Text(f"{_counted(len(counts))} that {'counts' if len(counts) == 1 else 'count'}", style="bold")
    yield from _table(counts, heads, width)
    for title, found in (
        ("undecided: nobody knows yet whether legacy would repeat the value", undecided),
        ("excused by a rule", by_rule),
        ("excused as noise", noise),
        ("not seen since compare: was edited, so that it counts no more", earlier),
    ):
        if found:
            yield Text()
            yield Text(f"{_counted(len(found))} {title}", style="bold")
            yield from _table(found, heads, width)


def _counted(count: int) -> str:
    return f"{count or 'no'} difference{'s' * (count != 1)}"


def _apart(clusters: Sequence[ClusterView]) -> tuple[list[ClusterView], ...]:
    """What counts, what is undecided, what a rule excuses, what noise does, and what is of before an edit."""
    from proxy.api.evidence import ClusterStanding

    apart: tuple[list[ClusterView], ...] = ([], [], [], [], [])
    for cluster in clusters:
        match cluster.state:
            case ClusterStanding.COUNTS:
                apart[0].append(cluster)
            case ClusterStanding.UNDECIDED:
                apart[1].append(cluster)
            case ClusterStanding.ACCEPTED:
                apart[3 if cluster.accepted == _NOISE else 2].append(cluster)
            case ClusterStanding.EARLIER:
                apart[4].append(cluster)
    return apart


def _table(clusters: Sequence[ClusterView], heads: Sequence[str], width: int | None) -> list[Text]:
    """Its lines, of the columns for which all tables have room; what excuses has one where a rule does."""
    if not clusters:
        return []
    rows = [_row(cluster) for cluster in clusters]
    if any(cluster.accepted not in {None, _NOISE} for cluster in clusters):
        heads = fitting([*heads[:-1], _EXCUSED_BY, heads[-1]], rows, _DROPPED, width)
    return table_lines(heads, rows, _RIGHT, padded=width is not None)


def _row(cluster: ClusterView) -> Cells:
    return {**dict(zip(_HEADS, _cells(cluster), strict=True)), _EXCUSED_BY: cluster.accepted or NOTHING}


def _cells(cluster: ClusterView) -> Iterator[str | Text]:
    from rich.text import Text

    yield cluster.id
    yield Text(cluster.severity, style="dim" if cluster.accepted else _SEVERITIES.get(cluster.severity, ""))
    yield cluster.kind
    yield str(cluster.count)
    yield f"{cluster.share:.2%}"
    yield _when(cluster.first_seen)
    yield _when(cluster.last_seen)
    yield one_line(cluster.path)


def reason_lines(clusters: Sequence[ClusterView]) -> Iterator[str]:
    """What is known of clusters that count or wait, one line each where there is something to be said."""
    told = [cluster for cluster in clusters if cluster.why and not cluster.accepted]
    if told:
        yield ""
    yield from (one_line(f"{cluster.id}  {cluster.path}: {cluster.why}") for cluster in told)


def exchange_lines(exchanges: Sequence[ExchangeView], number: int, width: int, *, coloured: bool) -> Iterator[str]:
    """The exchange with this number, from 1."""
    yield ""
    if number > len(exchanges):
        there = f"{len(exchanges)} kept" if exchanges else "none is kept"
        yield f"there is no exchange {number}: {there}"
        return
    shown = exchanges[number - 1]
    for line in _head(shown, f"exchange {number} of {len(exchanges)}", coloured=coloured):
        yield from folded(line, width)
    yield from _beside(shown.legacy, shown.new, max(_LEAST, (width - 3) // 2), coloured=coloured)


def _head(shown: ExchangeView, which: str, *, coloured: bool) -> Iterator[str]:
    """What stands above the two answers."""
    yield one_line(f"{which}: {shown.request.method} {shown.request.target}")
    yield one_line(f"request id {shown.request_id}, {_when(shown.at)}")
    yield from (one_line(f"  {name}: {value}") for name, value in shown.request.fields)
    yield from (one_line(f"  {line}") for line in shown.request.body.splitlines()[:20])
    yield ""
    yield from _differences(shown.differences, coloured=coloured)
    yield ""


def _when(moment: str) -> str:
    """RFC 3339 to the minute, as UTC."""
    return moment[:16].replace("T", " ")


def _differences(differences: Sequence[DifferenceView], *, coloured: bool) -> Iterator[str]:
    for difference in differences:
        yield _painted(
            one_line(f"{difference.severity:<6} {difference.path}  {difference.kind}"),
            _INK.get(difference.severity, Ink.STRONG),
            coloured,
        )
        yield one_line(f"         legacy: {difference.legacy or '(nothing)'}")
        yield one_line(f"         new:    {difference.new or '(nothing)'}")


def _beside(legacy: CapturedAnswerView, new: CapturedAnswerView, column: int, *, coloured: bool) -> Iterator[str]:
    yield _painted(f"{'legacy':<{column}}   new", Ink.STRONG, coloured)
    left, right = list(_lines(legacy)), list(_lines(new))
    count = 0
    for one, other, same in _paired(left, right):
        for first, second in zip_longest(_cut(one, column), _cut(other, column), fillvalue=""):
            count += 1
            if count > _MOST_LINES:
                yield "…"
                return
            mark = " " if same else "|" if one and other else "<" if one else ">"
            line = f"{first:<{column}} {mark} {second}".rstrip()
            yield line if same else _painted(line, Ink.WARN, coloured)


def _paired(left: list[str], right: list[str]) -> Iterator[tuple[str, str, bool]]:
    for tag, begin, end, start, stop in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for one, other in zip_longest(left[begin:end], right[start:stop], fillvalue=""):
            yield one, other, tag == "equal"


def _lines(answer: CapturedAnswerView) -> Iterator[str]:
    """An answer laid out: status, fields by name, body."""
    yield f"{answer.status}" + (f" ({answer.failure})" if answer.failure else "")
    yield from sorted(f"{name.title()}: {value}" for name, value in answer.fields)
    yield ""
    yield from laid_out(answer).splitlines()
    if answer.cut:
        yield "… (cut)"


def laid_out(message: MessageView) -> str:
    """The body for people."""
    if message.base64:
        return f"(not text; base64) {message.body}"
    try:
        return json.dumps(json.loads(message.body), indent=2, sort_keys=True, ensure_ascii=False)
    except ValueError:
        return message.body


def _cut(line: str, column: int) -> list[str]:
    plain = "".join(each if each.isprintable() else "�" for each in line.expandtabs(2))
    return [plain[at : at + column] for at in range(0, len(plain), column)] or [""]


def _painted(text: str, ink: Ink, coloured: bool) -> str:  # noqa: FBT001 -- asked of each line
    return f"\x1b[{ink}m{text}\x1b[0m" if coloured else text
