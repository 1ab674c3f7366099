"""A block more at the end of a list in a file, without touching a byte of what stands there: comments and layout stay.

Rule 1: the file has been read without a problem, so that its size and depth are bounded.
Rule 2: between { } or [ ] the block goes behind what stands there; anywhere else it gets lines of its own, as deep as
        its neighbours.
Rule 3: nothing goes where an alias stands, since what it names is others', too; and what comes out is read again, and
        holds what was there and the block, or it is no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import yaml

from proxy.config.text.document import ListNode, MapNode, Node, parse
from proxy.config.text.problem import Path

Block = Mapping[str, str | Sequence[str]]
"""Keys with texts, or lists of words that need no quotes."""
_LINE_END = re.compile(r"\r\n?|\n")
_VARIABLE = re.compile(r"\$(?=[${])")


class Inserted(NamedTuple):
    """The whole text with the block, and the line (from 1) on which that begins."""

    text: str
    line: int


class _Part(NamedTuple):
    """A value: the places of its first character and behind its last, the column (from 0) of its keys or dashes.

    `inner` None: a single value, or an alias. `flow`: between { } or [ ].
    """

    start: int
    end: int
    column: int = 0
    flow: bool = False
    inner: dict[str | int, _Part] | None = None


def with_block(text: str, path: Path, block: Block) -> Inserted | None:
    """The text with `block` behind the last item of the list that `path` leads to; keys that are not there are made.

    None: there is an alias on the way, or the list is another's as well.
    """
    events = iter(list(yaml.parse(text, Loader=yaml.CSafeLoader))[2:])
    part = _part(next(events), events, text)
    depth = 0
    while depth < len(path) and part.inner is not None and path[depth] in part.inner:
        part = part.inner[path[depth]]
        depth += 1
    if part.inner is None:
        return None
    insert = _into_flow if part.flow else _below
    found = insert(text, part, [str(key) for key in path[depth:]], block)
    is_right = _plain(found.text) == _expected(_plain(text), path, block)
    return found if is_right else None


def yaml_text(value: str | Sequence[str]) -> str:
    """A text in quotes, in which nothing is a variable; or a list of words."""
    if isinstance(value, str):
        return json.dumps(_unread(value), ensure_ascii=False)
    return f"[{', '.join(value)}]"


def _unread(text: str) -> str:
    """`$` doubled where it would begin a variable."""
    return _VARIABLE.sub("$$", text)


def _part(event: yaml.Event, events: Iterator[yaml.Event], text: str) -> _Part:
    start, end = _places(event)
    if not isinstance(event, yaml.CollectionStartEvent):
        literal = isinstance(event, yaml.ScalarEvent) and event.style in ("|", ">")
        return _Part(start, len(text[:end].rstrip()) if literal else end)
    inner: dict[str | int, _Part] = {}
    column = 0
    while not isinstance(within := next(events), yaml.CollectionEndEvent):
        key: str | int = len(inner)
        if isinstance(event, yaml.MappingStartEvent):
            key = within.value  # type: ignore[attr-defined]  # a key is a single value
            column = column if inner else _column(text, _places(within)[0])
            inner[key] = _part(next(events), events, text)
        else:
            inner[key] = _part(within, events, text)
            column = _column(text, text.rfind("-", 0, inner[0].start))
    flow = bool(event.flow_style)
    end = _places(within)[1] if flow else list(inner.values())[-1].end
    return _Part(start, end, column, flow, inner)


def _places(event: yaml.Event) -> tuple[int, int]:
    """Of its first character, and behind its last."""
    start: yaml.Mark = event.start_mark  # type: ignore[assignment]  # events out of a text have both
    end: yaml.Mark = event.end_mark  # type: ignore[assignment]
    return start.index, end.index


def _column(text: str, at: int) -> int:
    return at - max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) - 1


def _into_flow(text: str, part: _Part, missing: Sequence[str], block: Block) -> Inserted:
    inner = list((part.inner or {}).values())
    piece = _flow(missing, block)
    at = inner[-1].end if inner else part.end - 1
    piece = f", {piece}" if inner else f" {piece} " if missing else piece
    return Inserted(text[:at] + piece + text[at:], _line(text, at))


def _flow(missing: Sequence[str], block: Block) -> str:
    if not missing:
        return f"{{ {', '.join(f'{key}: {yaml_text(value)}' for key, value in block.items())} }}"
    inner = _flow(missing[1:], block)
    return f"{missing[0]}: {f'{{ {inner} }}' if missing[1:] else f'[{inner}]'}"


def _below(text: str, part: _Part, missing: Sequence[str], block: Block) -> Inserted:
    """On lines of its own behind the last line of `part`, which ends like the others."""
    found = _LINE_END.search(text, part.end)
    first = _LINE_END.search(text)
    line_end = first[0] if first is not None else "\n"
    lines = line_end.join(" " * part.column + line for line in _lines(missing, block))
    if found is None:
        return Inserted(f"{text}{line_end}{lines}", _line(text, len(text)) + 1)
    at = found.end()
    return Inserted(f"{text[:at]}{lines}{line_end}{text[at:]}", _line(text, at))


def _lines(missing: Sequence[str], block: Block) -> Iterator[str]:
    if missing:
        yield f"{missing[0]}:"
        yield from (f"  {line}" for line in _lines(missing[1:], block))
        return
    for at, (key, value) in enumerate(block.items()):
        yield f"{'  ' if at else '- '}{key}: {yaml_text(value)}"


def _line(text: str, at: int) -> int:
    return len(_LINE_END.findall(text, 0, at)) + 1


Plain = str | list["Plain"] | dict[str, "Plain"]


def _plain(text: str) -> Plain:
    """What the text says; nothing where it cannot be read."""
    root = parse(text, "").root
    return "" if root is None else _plain_node(root)


def _plain_node(node: Node) -> Plain:
    match node:
        case MapNode():
            return {key: _plain_node(entry.value) for key, entry in node.entries.items()}
        case ListNode():
            return [_plain_node(item) for item in node.items]
        case _:
            return node.text


def _expected(before: Plain, path: Path, block: Block) -> Plain:
    """What was there, and the block at its place."""
    if not path:
        added: Plain = {key: _unread(value) if isinstance(value, str) else list(value) for key, value in block.items()}
        return [*(before if isinstance(before, list) else []), added]
    key, rest = path[0], path[1:]
    if isinstance(before, list):
        return [_expected(item, rest, block) if at == key else item for at, item in enumerate(before)]
    inner = before if isinstance(before, dict) else {}
    return inner | {str(key): _expected(inner.get(str(key), ""), rest, block)}
