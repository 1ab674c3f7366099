"""Clusters as a table, and one exchange with both sides beside each other.

Rule 1: what differs is marked by a sign, and by a colour only where a terminal shows it.
Rule 2: JSON is laid out alike on both sides, its keys in order, so that what differs stands in the same line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from proxy.cli.terminal import Ink

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from proxy.api.evidence import CapturedAnswerView, ClusterView, DifferenceView, ExchangeView, MessageView

_HEADS = ("cluster", "severity", "path", "kind", "count", "share", "first seen", "last seen", "accepted by")
_LEAST = 24
_MOST_LINES = 400
_INK = {"high": Ink.BAD, "medium": Ink.WARN, "low": Ink.FAINT}


def cluster_table(clusters: Sequence[ClusterView]) -> Table | Text:
    """The most frequent first."""
    from rich.table import Table
    from rich.text import Text

    from proxy.api.evidence import ClusterStanding

    if not clusters:
        return Text("no differences; `banyan status` says how much was compared")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in _HEADS:
        table.add_column(head, justify="right" if head in {"count", "share"} else "left", no_wrap=head == "cluster")
    styles = {"high": "bold red", "medium": "yellow", "low": "dim"}
    for cluster in clusters:
        table.add_row(
            cluster.id,
            Text(
                cluster.severity,
                style=styles.get(cluster.severity, "") if cluster.state is ClusterStanding.COUNTS else "dim",
            ),
            Text(cluster.path),
            cluster.kind,
            str(cluster.count),
            f"{cluster.share:.2%}",
            _when(cluster.first_seen),
            _when(cluster.last_seen),
            Text(cluster.accepted or ("undecided" if cluster.state is ClusterStanding.UNDECIDED else "–")),
        )
    return table


def reason_lines(clusters: Sequence[ClusterView]) -> Iterator[str]:
    """What is known of clusters that count or wait, one line each where there is something to be said."""
    told = [cluster for cluster in clusters if cluster.why and not cluster.accepted]
    if told:
        yield ""
    yield from (f"{cluster.id}  {cluster.path}: {cluster.why}" for cluster in told)


def exchange_lines(exchanges: Sequence[ExchangeView], number: int, width: int, *, coloured: bool) -> Iterator[str]:
    """The exchange with this number, from 1."""
    yield ""
    if number > len(exchanges):
        there = f"{len(exchanges)} kept" if exchanges else "none is kept"
        yield f"there is no exchange {number}: {there}"
        return
    shown = exchanges[number - 1]
    yield f"exchange {number} of {len(exchanges)}: {shown.request.method} {shown.request.target}"
    yield f"request id {shown.request_id}, {_when(shown.at)}"
    yield from (f"  {name}: {value}" for name, value in shown.request.fields)
    yield from (f"  {line}" for line in shown.request.body.splitlines()[:20])
    yield ""
    yield from _differences(shown.differences, coloured=coloured)
    yield ""
    yield from _beside(shown.legacy, shown.new, max(_LEAST, (width - 3) // 2), coloured=coloured)


def _when(moment: str) -> str:
    """RFC 3339 to the minute, as UTC."""
    return moment[:16].replace("T", " ")


def _differences(differences: Sequence[DifferenceView], *, coloured: bool) -> Iterator[str]:
    for difference in differences:
        yield _painted(
            f"{difference.severity:<6} {difference.path}  {difference.kind}",
            _INK.get(difference.severity, Ink.STRONG),
            coloured,
        )
        yield f"         legacy: {difference.legacy or '(nothing)'}"
        yield f"         new:    {difference.new or '(nothing)'}"


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
