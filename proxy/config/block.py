"""What a block of routes.yaml is made of: keys with their documentation, what the core has of them, and rules.

Rule 1: a class of keys knows single values only; what depends on two of them is a rule's.
Rule 2: None means that a key is not there; defaults stand in `proxy.core` and are filled in by a level's `build`.
Rule 3: a rule looks only at what is right by itself, and at every name that the file declares, so that one mistake
        makes one problem. A problem stands at the value that has to change, and says what to write there.
Rule 4: a block knows the file by the classes of keys that it asks for (`Draft.top`, `.of_upstreams`, `.of_routes`);
        the whole models are put together of all blocks' keys, in `proxy.config.schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from proxy.config.text.document import ListNode, MapNode, Node, ScalarNode
from proxy.config.text.named_files import NamedFiles
from proxy.config.text.problem import FileProblem, Path, where
from proxy.config.text.written_texts import FilePlace
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.steps.step_policy import StepPolicy

Shareable = TypeVar("Shareable")


class Block(BaseModel):
    """A mapping of routes.yaml, or some keys of one: unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # most are never asked by themselves: whoever holds them builds them within its own
    )


Keys = TypeVar("Keys", bound=Block)


def needed(description: str, *examples: object) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A key that must be there."""
    return Field(description=description, examples=list(examples))


def optional(description: str, *examples: object) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A key that may be left out; None says that it was."""
    return Field(None, description=description, examples=list(examples))


def defaulting(value: object, description: str, *examples: object) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A key that has a value, said or not."""
    return Field(value, description=description, examples=list(examples))


def said_by(block: Block | None) -> dict[str, Any]:
    """The keys that are there, with their values."""
    if block is None:
        return {}
    return {name: value for name in type(block).model_fields if (value := getattr(block, name)) is not None}


class NumberedRoute(NamedTuple):
    """One route of the file that is right by itself; `place` counts from 0."""

    place: int
    block: Block


@dataclass(slots=True, kw_only=True)
class Draft:
    """A file as far as it could be read, those that it includes among it. `declared` names every upstream, right or
    wrong; None: nobody can tell. `files` are their names in order, each with the place of its first route.

    `now` (unix seconds) and `built` (the routes that are right by themselves, in file order) are there before any rule
    is asked, `snapshot` before any warning or remark.
    """

    name: str
    root: MapNode
    env: Mapping[str, str]
    problems: list[FileProblem]
    settings: Block
    files: Mapping[str, int] = field(default_factory=dict)
    upstreams: dict[str, Block] = field(default_factory=dict)
    declared: frozenset[str] | None = None
    routes: list[NumberedRoute] = field(default_factory=list)
    now: float = 0.0
    built: Sequence[Route] = ()
    snapshot: Snapshot = field(init=False)
    named: NamedFiles = field(default_factory=NamedFiles)
    _equal: dict[tuple[type, object], object] = field(default_factory=dict)

    @property
    def directory(self) -> str:
        """Where relative paths begin, in included files too: a block means the same in whichever file it stands."""
        return str(FilePath(self.name).parent)

    @property
    def is_of_several(self) -> bool:
        """Whether the main file includes others."""
        return len(self.files) > 1

    def read_file(self, name: str) -> bytes | str:
        """A file that a value names: its bytes, or why they cannot be had. Its revision is the table's, too."""
        return self.named.read(FilePath(self.directory, name))

    def top(self, keys: type[Keys]) -> Keys:  # noqa: ARG002 - for the type checker
        """The top of the file, known by some of its keys."""
        return cast("Keys", self.settings)

    def of_upstreams(self, keys: type[Keys]) -> Mapping[str, Keys]:  # noqa: ARG002 - for the type checker
        """Every upstream that is right by itself, known by some of its keys."""
        return cast("Mapping[str, Keys]", self.upstreams)

    def of_routes(self, keys: type[Keys]) -> Sequence[tuple[int, Keys]]:  # noqa: ARG002 - for the type checker
        """Every route that is right by itself with its place in the file, known by some of its keys."""
        return cast("Sequence[tuple[int, Keys]]", self.routes)

    def shared(self, value: Shareable) -> Shareable:
        """The first value that was equal to this one, and of its type: ten thousand equal ones leave the cache."""
        return cast("Shareable", self._equal.setdefault((type(value), value), value))

    def line(self, path: Path) -> int:
        """The line on which the value at `path` begins."""
        return _locate(self.root, path).line

    def file(self, path: Path) -> str:
        """The file in which the value at `path` stands, from the main file's folder; empty where there is but one."""
        if len(self.files) < 2:
            return ""
        return _from_folder(_locate(self.root, path).file, self.name)

    def place(self, path: Path) -> str:
        """Where the value at `path` stands, for a sentence about another one: its line, or file, line and column."""
        found = _locate(self.root, path)
        if len(self.files) < 2:
            return f"line {found.line}"
        return str(FilePlace(found.file, found.line, found.column))

    def shown(self, path: Path) -> Path:
        """The path as its file has it: routes are counted in each file from 0."""
        match path:
            case ("routes", int() as index, *rest) if self.is_of_several:
                return ("routes", index - self.files[_locate(self.root, path[:2]).file], *rest)
            case _:
                return path

    def written(self, path: Path) -> str:
        """The text of the value at `path` before variables are replaced; empty where there is no text."""
        node: Node | None = self.root
        for part in path:
            match node:
                case MapNode():
                    entry = node.entries.get(str(part))
                    node = None if entry is None else entry.value
                case ListNode() if isinstance(part, int) and part < len(node.items):
                    node = node.items[part]
                case _:
                    return ""
        return node.text if isinstance(node, ScalarNode) else ""

    def problem(self, path: Path, message: str, *, at_key: bool = False) -> FileProblem:
        """A problem with the value at `path`, or with its key."""
        found = _locate(self.root, path, at_key=at_key)
        shown = where(self.shown(found.path))
        return FileProblem(file=found.file, line=found.line, column=found.column, where=shown, message=message)


Rule = Callable[[Draft], Iterable[FileProblem]]


def _no_step(_keys: Any, _draft: Draft) -> StepPolicy | None:  # noqa: ANN401 -- of any class of keys
    """Most blocks ask for none."""
    return None


@dataclass(frozen=True, slots=True)
class KeysAt:
    """Keys at one level of the file. `build`: what they give to the core's value of that level, by the names there.
    It is called with the whole block of that level, and may ask for other blocks' keys as well.

    `beside_respond`: those of a route's keys that may stand beside an answer of its own.
    `step`: what the keys ask for before the route's requests, called likewise; None: nothing.
    """

    keys: type[Block]
    build: Callable[[Any, Draft], Mapping[str, object]]
    beside_respond: frozenset[str] = frozenset()
    step: Callable[[Any, Draft], StepPolicy | None] = _no_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One block of the file: its keys at the top, at every upstream, at every route; and what is said about them.

    `checks` find problems, `warnings` what is allowed and probably not meant, `remarks` what nobody may have thought
    of; `secrets` lead to the values that must not stand in the file, `addresses` to those that may hold a password.
    """

    top: KeysAt | None = None
    upstream: KeysAt | None = None
    route: KeysAt | None = None
    checks: tuple[Rule, ...] = ()
    warnings: tuple[Rule, ...] = ()
    remarks: tuple[Rule, ...] = ()
    secrets: Callable[[Draft], Iterable[Path]] = lambda _: ()
    addresses: Callable[[Draft], Iterable[Path]] = lambda _: ()


@lru_cache(maxsize=128)
def _from_folder(file: str, main: str) -> str:
    """A name of a file as the main file's folder has it; asked of every route."""
    return str(FilePath(file).relative_to(FilePath(main).parent))


class _Located(NamedTuple):
    """Where a value stands, and by which path it is known."""

    file: str
    line: int
    column: int
    path: Path


def _locate(root: MapNode, path: Path, *, at_key: bool = False) -> _Located:
    """The place of the value (or key) at `path`, or of the short form that stands for it."""
    node: Node = root
    file, line, column = node.file, node.line, node.column
    for depth, part in enumerate(path):
        match node:
            case MapNode():
                entry = node.entries.get(str(part))
                if entry is None:
                    return _Located(file, line, column, path)
                node, line, column, file = entry
            case ListNode() if isinstance(part, int):
                node = node.items[part]
                file, line, column = node.file, node.line, node.column
            case _:
                return _Located(node.file, node.line, node.column, path[:depth])
    return _Located(file, line, column, path) if at_key else _Located(node.file, node.line, node.column, path)
