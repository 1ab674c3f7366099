"""`include`: from routes.yaml and the files that it names to one tree, in which every value knows its file.

Rule 1: a file says which files it includes by their path from where it lies itself. All lie in the folder of the main
        file or below it; that is asked of the path here, and of links by whoever reads (`included_files.py`).
Rule 2: a file is included once, and includes go one way: no file includes one that leads to it.
Rule 3: nothing is said twice. What a top-level key says stands in one file; of mappings of names (`upstreams`) each
        name does. Routes follow each other: a file's own first, then those of each file that it includes, in order.
Rule 4: a file that cannot be had or read ends the load: it is never taken for an empty one.
Rule 5: files, bytes and values are bounded, all files together.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from proxy.config.text.document import MAX_BYTES, Document, Entry, ListNode, MapNode, Node, ScalarNode, parse
from proxy.config.text.problem import FileProblem, Path, show, where
from proxy.config.text.source import ABSENT, decode
from proxy.config.text.written_texts import FilePlace, Texts

MAX_FILES = 100
"""Included files; a team's one each, in a large house."""
KEY = "include"
_ROUTES = "routes"
_PATTERN = frozenset("*?[")
_PLACE = "must be a list of paths, such as [orders.yaml, teams/search.yaml]"

Read = Callable[[str], bytes | str]
"""The bytes of a file by its path from the main file's folder, or the end of a sentence that says why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All files as one document. `files` are their names, in order, and the place of each one's first route in the list
    of all.
    """

    document: Document
    texts: Texts
    files: Mapping[str, int]


def gather(text: str, name: str, read: Read, named: frozenset[str]) -> Gathered:
    """The main file called `name` and all that it includes; `named` are the keys that hold a mapping of names."""
    gathering = _Gathering(name, read)
    gathering.take(text, "", None)
    merging = _Merging(named)
    for each in gathering.roots:
        merging.add(each)
    problems = gathering.problems + merging.problems
    root = merging.root if gathering.whole else None
    return Gathered(
        document=Document(name, root, problems, gathering.values),
        texts=Texts(text, gathering.texts),
        files=merging.files,
    )


class _Gathering:
    """Parses files in the order of inclusion; its state is what was included so far, and where."""

    def __init__(self, name: str, read: Read) -> None:
        self.roots: list[MapNode] = []
        self.problems: list[FileProblem] = []
        self.texts: dict[str, str] = {}
        self.values = 0
        self.whole = True
        self._name = name
        self._read = read
        self._bytes = 0
        self._main = PurePath(name).name
        self._folder = PurePath(name).parent
        self._said: dict[str, FilePlace] = {}
        self._open: list[str] = []

    def take(self, text: str, path: str, before: int | None) -> None:
        """One file and what it includes; `path` is its own from the main file's folder, empty for that one."""
        document = parse(text, str(self._folder / path) if path else self._name, before=before)
        self.problems += document.problems
        if document.root is None:
            self.whole = False
            return
        self.values = document.values
        self.roots.append(document.root)
        self._open.append(path)
        for item, at in self._items(document.root):
            self._include(item, at, posixpath.dirname(path))
        self._open.pop()

    def _items(self, root: MapNode) -> Iterator[tuple[ScalarNode, Path]]:
        entry = root.entries.get(KEY)
        if entry is None:
            return
        if not isinstance(entry.value, ListNode) or not entry.value.items:
            self._refuse(entry.value, (KEY,), _PLACE)
            return
        for at, item in enumerate(entry.value.items):
            if isinstance(item, ScalarNode) and item.text:
                yield item, (KEY, at)
            else:
                self._refuse(item, (KEY, at), "must be the path of a file")

    def _include(self, item: ScalarNode, at: Path, folder: str) -> None:
        path = posixpath.normpath(posixpath.join(folder, item.text))
        wrong = _wrong(item.text, path) or self._again(path)
        if not wrong and len(self._said) >= MAX_FILES:
            wrong = f"is one file more than the {MAX_FILES} that may be included"
        if wrong:
            self._refuse(item, at, f"{show(item.text)} {wrong}")
            return
        self._said[path] = FilePlace(item.file, item.line, item.column)
        text = self._text(item, at, path)
        if text is not None:
            self.texts[path] = text
            self.take(text, path, self.values)

    def _again(self, path: str) -> str:
        """Rule 2."""
        if path == self._main:
            return "is the file with which everything begins; includes go one way, take it out"
        if path in self._open:
            return f"leads here itself, from {self._said[path]}; includes go one way, take one out"
        if path in self._said:
            return f"is included already, at {self._said[path]}; take one out"
        return ""

    def _text(self, item: ScalarNode, at: Path, path: str) -> str | None:
        found = self._read(path)
        if isinstance(found, str):
            cure = "; put it there, or take it out" if found == ABSENT else ""
            self._refuse(item, at, f"{show(item.text)} {found}{cure}")
            return None
        self._bytes += len(found)
        if self._bytes > MAX_BYTES:
            self._refuse(item, at, f"with {show(item.text)} more than {MAX_BYTES} bytes are included")
            return None
        text = decode(found, str(self._folder / path))
        if isinstance(text, FileProblem):
            self.problems.append(text)
            self.whole = False
            return None
        return text

    def _refuse(self, node: Node, path: Path, message: str) -> None:
        self.whole = False
        self.problems.append(
            FileProblem(file=node.file, line=node.line, column=node.column, where=where(path), message=message)
        )


def _wrong(written: str, path: str) -> str:
    """What is wrong with a path by itself."""
    if not written.isprintable():
        return "has a character that is in no name of a file"
    if "${" in written:
        return "has a variable; which files are read does not depend on the environment: write the path"
    if _PATTERN & {*written}:
        return "is a pattern; files are named one by one, so that a file which a tool leaves behind routes nothing"
    if written.startswith("/") or path == ".." or path.startswith("../"):
        return "leaves the folder of the main file; write a path in it, from the file that says it"
    return ""


class _Merging:
    """Puts roots together into one; its state is that one."""

    def __init__(self, named: frozenset[str]) -> None:
        self.problems: list[FileProblem] = []
        self.files: dict[str, int] = {}
        self.root = MapNode({}, 1, 1, "")
        self._named = named

    def add(self, root: MapNode) -> None:
        """The keys of one file more."""
        if not self.files:
            self.root = MapNode({}, root.line, root.column, root.file)
        self.files[root.file] = self._routes()
        for key, entry in root.entries.items():
            if key != KEY:
                self._put(key, entry)

    def _routes(self) -> int:
        entry = self.root.entries.get(_ROUTES)
        return len(entry.value.items) if entry is not None and isinstance(entry.value, ListNode) else 0

    def _put(self, key: str, entry: Entry) -> None:
        """Rule 3."""
        first = self.root.entries.get(key)
        if first is None:
            self.root.entries[key] = entry._replace(value=self._copy(key, entry.value))
            return
        match first.value, entry.value:
            case ListNode() as routes, ListNode() as more if key == _ROUTES:
                routes.items.extend(more.items)
            case MapNode() as names, MapNode() as more if key in self._named:
                for name, inner in more.entries.items():
                    if names.entries.setdefault(name, inner) is not inner:
                        self._twice((key, name), inner, names.entries[name])
            case _:
                self._twice((key,), entry, first)

    def _copy(self, key: str, node: Node) -> Node:
        """What others are added to is no node that an alias may stand for as well."""
        match node:
            case ListNode() if key == _ROUTES:
                return node._replace(items=[*node.items])
            case MapNode() if key in self._named:
                return node._replace(entries={**node.entries})
            case _:
                return node

    def _twice(self, path: Path, entry: Entry, first: Entry) -> None:
        message = f"is said in two files; the other is {FilePlace(first.file, first.line, first.column)}; take one out"
        self.problems.append(
            FileProblem(file=entry.file, line=entry.line, column=entry.column, where=where(path), message=message)
        )
