"""Text → a tree of nodes that know where they stand: file, line and column.

Rule 1: the YAML that JSON could say: one document, keys that are text, no tags, no merge keys.
Rule 2: libyaml's events are taken one by one, so that a bomb is refused at its bound, before it fills the memory.
Rule 3: problems are collected; only a syntax error ends the reading, since what follows it cannot be trusted.
Rule 4: exceptions of the YAML library end here, in words that an operator can act on.
"""

from __future__ import annotations

import re
from typing import NamedTuple, cast

import yaml
from yaml import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from proxy.config.text.problem import FileProblem, Path, show, where
from proxy.config.text.scalar import MERGE, key_surprise

MAX_BYTES = 5 * 1024 * 1024
"""Precedents: 10,000 routes are 1 MB; Kubernetes bounds a ConfigMap to 1 MiB."""
MAX_DEPTH = 32
MAX_VALUES = 500_000
"""Values in the file, those behind an alias counted each time they stand."""


_FIRST_LINES = "begin with version: 1, then listen, upstreams and routes (the README has a file to copy)"
_FIRST_INCLUDED = "write routes or upstreams into it, or take it out of include"


class ScalarNode(NamedTuple):
    """Text as written; `plain` without quotes, so that it may mean a number or a truth value."""

    text: str
    plain: bool
    line: int
    column: int
    file: str


class ListNode(NamedTuple):
    """A sequence."""

    items: list[Node]
    line: int
    column: int
    file: str


class Entry(NamedTuple):
    """One key's place and its value."""

    value: Node
    line: int
    column: int
    file: str


class MapNode(NamedTuple):
    """A mapping, in the order of the file."""

    entries: dict[str, Entry]
    line: int
    column: int
    file: str


Node = ScalarNode | ListNode | MapNode


class Document(NamedTuple):
    """A file's nodes. `root` None means that it cannot be read at all. `values`: how many were counted."""

    name: str
    root: MapNode | None
    problems: list[FileProblem]
    values: int = 0


class _Refusal(Exception):  # noqa: N818 - it never leaves this file
    """What ends the reading."""

    def __init__(self, line: int, column: int, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.place = (line, column)
        self.message = message
        self.path = path


def parse(text: str, name: str, *, before: int | None = None) -> Document:
    """The nodes of a file called `name`, with everything that YAML alone can find wrong.

    `before`: so many values stand in the files that include this one, or before it; None: it is the first.
    """
    composer = _Composer(name, before)
    try:
        root = composer.compose(text)
        return Document(name, root, composer.problems, composer.values)
    except _Refusal as refusal:
        composer.report(*refusal.place, refusal.path, refusal.message)
    except yaml.YAMLError as error:
        line, column, message = explain_syntax(error, text)
        composer.report(line, column, (), message)
    return Document(name, None, composer.problems)


class _Composer:
    """Builds nodes from events; its state is where it is, and what anchors have named so far."""

    def __init__(self, name: str, before: int | None) -> None:
        self.name = name
        self.problems: list[FileProblem] = []
        self.values = before or 0
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._first_lines = _FIRST_LINES if before is None else _FIRST_INCLUDED
        self._counted = "the file holds" if before is None else "this file and those before it hold"
        self._begins = " that begins with version: 1" if before is None else ""

    def report(self, line: int, column: int, path: Path, message: str) -> None:
        self.problems.append(FileProblem(file=self.name, line=line, column=column, where=where(path), message=message))

    def compose(self, text: str) -> MapNode:
        _check_text(text)
        self._loader = yaml.CSafeLoader(text)
        self._take()
        if isinstance(self._take(), yaml.StreamEndEvent):
            raise _Refusal(
                1, 1, f"the file {'holds comments alone' if text.strip() else 'is empty'}; {self._first_lines}"
            )
        event = self._take()
        root = self._node(event, ())
        self._take()
        after = self._take()
        if not isinstance(after, yaml.StreamEndEvent):
            raise _Refusal(*_place(after), "a second document begins here; drop the ---")
        if isinstance(root, ScalarNode) and not root.text:
            raise _Refusal(*_place(event), f"the file is empty; {self._first_lines}")
        if not isinstance(root, MapNode):
            kind = "a list" if isinstance(root, ListNode) else show(root.text)
            raise _Refusal(*_place(event), f"the file must be a mapping{self._begins}, got {kind}")
        return root

    def _take(self) -> yaml.Event:
        return self._loader.get_event()  # type: ignore[return-value]  # None comes after the end of the stream only

    def _node(self, event: yaml.Event, path: Path) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        begun = cast("yaml.ScalarEvent | yaml.CollectionStartEvent", event)
        before = self.values
        self._count(1, event, path)
        if begun.tag is not None:
            self.report(*_place(event), path, f"tags such as {begun.tag} have no meaning here; write the value alone")
        node: Node
        match begun:
            case yaml.ScalarEvent():
                node = ScalarNode(begun.value, begun.implicit[0], *_place(event), self.name)
            case yaml.MappingStartEvent():
                node = self._map(event, path)
            case _:
                node = self._list(event, path)
        if begun.anchor is not None:
            self._anchors[begun.anchor] = (node, self.values - before)
        return node

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Node:
        found = self._anchors.get(event.anchor or "")
        if found is None:
            message = f"*{event.anchor} stands for nothing that ended above; put &{event.anchor} before it"
            raise _Refusal(*_place(event), message, path)
        self._count(found[1], event, path)
        return found[0]

    def _count(self, values: int, event: yaml.Event, path: Path) -> None:
        self.values += values
        if self.values > MAX_VALUES:
            raise _Refusal(*_place(event), f"{self._counted} more than {MAX_VALUES} values, aliases counted", path)
        if len(path) > MAX_DEPTH:
            raise _Refusal(*_place(event), f"values are nested more than {MAX_DEPTH} deep", path[:3])

    def _list(self, start: yaml.Event, path: Path) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := self._take(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return ListNode(items, *_place(start), self.name)

    def _map(self, start: yaml.Event, path: Path) -> MapNode:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._take(), yaml.MappingEndEvent):
            key = self._key(event, path)
            entry = Entry(self._node(self._take(), (*path, key)), *_place(event), self.name)
            if key == MERGE and event.implicit[0]:  # type: ignore[attr-defined]  # told by `_key`
                continue
            if key in entries:
                first = entries[key].line
                self.report(entry.line, entry.column, (*path, key), f"stands twice; the first is in line {first}")
            else:
                entries[key] = entry
        return MapNode(entries, *_place(start), self.name)

    def _key(self, event: yaml.Event, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Refusal(*_place(event), "a key must be text", path)
        text: str = event.value
        surprise = key_surprise(text) if event.implicit[0] else None
        if surprise is not None:
            self.report(*_place(event), (*path, text), surprise)
        return text


def _check_text(text: str) -> None:
    """What the YAML library would say less clearly, or not at all."""
    if text.startswith("\ufeff"):
        raise _Refusal(1, 1, "the file begins with a byte order mark; save it as UTF-8 without one")
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise _Refusal(line, 1, "half a surrogate pair is not text; save the file as UTF-8") from None
    if size > MAX_BYTES:
        raise _Refusal(1, 1, f"the file has {size} bytes, more than the {MAX_BYTES} that are read")


def _place(event: yaml.Event) -> tuple[int, int]:
    mark: yaml.Mark = event.start_mark  # type: ignore[assignment]  # events out of a text have one
    return mark.line + 1, mark.column + 1


_TAB = "tabs do not indent in YAML; use spaces"
_WORDS = (
    ("tab character", _TAB),
    ("cannot start any token", "a value cannot begin with this character; put it in quotes"),
    ("mapping values are not allowed", "a colon with a blank after it begins a mapping; indent it, or quote the value"),
    ("alphabetic or numeric character", "what begins with * or & is an alias or an anchor; to mean text, quote it"),
    ("unknown escape", "in double quotes a backslash begins an escape; use single quotes, or two backslashes"),
    ("unexpected end of stream", "the quote that opens here is never closed"),
    ("did not find expected ','", "what opens in line {context} is not closed, or a comma is missing"),
    ("expected node content", "a value is missing here, or begins with a bracket, brace or comma: then quote it"),
    ("could not find expected ':'", "a key without its colon, or a value that should be in quotes"),
    ("did not find expected", "the indentation fits nothing above"),
)
_AT_CONTEXT = "unexpected end of stream"
_UNCLOSED = "did not find expected ','"
_SEPARATOR = re.compile(r"(?:: |[,\[{]) *")
_PARAMETERS = re.compile(r"(?:\{[A-Za-z_][A-Za-z0-9_]*\}[^\s,\[\]{}]*)+")
"""What follows the path that a `{name}` breaks off."""


def explain_syntax(error: YAMLError, text: str) -> tuple[int, int, str]:
    """Line and column, both from 1, and the sentence."""
    match error:
        case ReaderError():
            before = text.encode()[: error.position].decode(errors="ignore")
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            return line, column, f"the character U+{error.character:04X} may not stand in YAML"
        case MarkedYAMLError():
            return _explain_marked(error, text)
        case _:
            return 1, 1, str(error)


def _explain_marked(error: MarkedYAMLError, text: str) -> tuple[int, int, str]:
    found = error.problem or "this is not YAML"
    mark = error.context_mark if _AT_CONTEXT in found else error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    written = "".join((text.splitlines() or [""])[line - 1 : line])
    start = written[column - 1 :]
    if start.startswith("\t"):
        return line, column, _TAB
    if start.startswith("{") and written[: column - 1].endswith("$"):
        return line, column, 'between { } or [ ] a variable must stand in quotes: "${NAME}"'
    path = _path_before(written, column) if _UNCLOSED in found else None
    if path is not None:
        return (
            line,
            column - path.begun,
            f'between {{ }} or [ ] a path with {path.parameter} needs quotes: write "{path.text}"',
        )
    opened = line if error.context_mark is None else error.context_mark.line + 1
    words = next((words for needle, words in _WORDS if needle in found), found)
    return line, column, words.replace("{context}", str(opened))


class _BrokenPath(NamedTuple):
    """A path that stands without quotes: all of it, its first `{name}`, and how many characters stand before that."""

    text: str
    parameter: str
    begun: int


def _path_before(line: str, column: int) -> _BrokenPath | None:
    """The path that breaks off where a brace stands at `column` (from 1); None: it is none."""
    begun = _SEPARATOR.split(line[: column - 1])[-1]
    found = _PARAMETERS.match(line, column - 1)
    if found is None or "/" not in begun:
        return None
    return _BrokenPath(begun + found[0], found[0].partition("}")[0] + "}", len(begun))
