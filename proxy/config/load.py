"""The whole way from text to snapshot: what `serve` and every reload run, and `check` too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from proxy.config.block import Block, Draft
from proxy.config.check import check, remark, warn
from proxy.config.checks.tls_files import BadFile, bad_files
from proxy.config.read import read
from proxy.config.schema import NAMED, levels
from proxy.config.text.included_files import IncludedFiles
from proxy.config.text.inclusion import gather
from proxy.config.text.named_files import NamedFiles
from proxy.config.text.problem import FileProblem
from proxy.config.text.source import ABSENT, decode, read_source
from proxy.config.text.written_texts import Texts
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.table import RouteTable
from proxy.core.steps.step_policy import StepPolicy

_FIRST_FILE = "the README begins with one to copy, and `banyan demo` shows a running one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file without problems. `texts` are as written, variables and all; `warnings` have the form of problems.

    `remarks`, too: what the file means and nobody may have thought of.
    `bad_files` are certificates and keys that it names and that cannot be used, or not any more; `named` are the files
    that were read for it.
    """

    snapshot: Snapshot
    warnings: tuple[str, ...]
    texts: Texts
    remarks: tuple[str, ...] = ()
    bad_files: tuple[BadFile, ...] = ()
    named: NamedFiles = field(default_factory=NamedFiles)


def load_text(
    text: str,
    name: str,
    env: Mapping[str, str],
    named: NamedFiles | None = None,
    included: IncludedFiles | None = None,
) -> Loaded | list[FileProblem]:
    """The snapshot of a file called `name`, or everything that is wrong with it, in the order of the files.

    `named` remembers which files were read for it, `included` which it includes, in either case.
    """
    included = IncludedFiles(Path(name).parent) if included is None else included
    gathered = gather(text, name, included.read, NAMED)
    root = gathered.document.root
    if root is None:
        return gathered.document.problems
    draft = read(gathered.document, root, env, gathered.files)
    draft.now = datetime.now(UTC).timestamp()
    draft.named = named = NamedFiles() if named is None else named
    draft.built = build_routes(draft)
    draft.problems += check(draft)
    if draft.problems:
        return _in_order(draft, draft.problems)
    draft.snapshot = build_snapshot(draft, revision_of(gathered.texts, named))
    return Loaded(
        snapshot=draft.snapshot,
        warnings=tuple(map(str, _in_order(draft, warn(draft)))),
        texts=gathered.texts,
        remarks=tuple(map(str, _in_order(draft, remark(draft)))),
        bad_files=tuple(bad_files(draft)),
        named=named,
    )


def load_texts(texts: Texts, path: Path, env: Mapping[str, str]) -> Loaded | list[FileProblem]:
    """The same for texts that were kept, whatever the files say now."""
    return load_text(texts.main, str(path), env, included=IncludedFiles(path.parent, texts.included))


def revision_of(texts: Texts, named: NamedFiles) -> str:
    """Another one after each edit of a text, or of a file that is read for it."""
    return sha256(texts.main.encode("utf-8") + texts.signature + named.signature).hexdigest()[:12]


def build_routes(draft: Draft) -> list[Route]:
    """Every route that is right by itself; an upstream that is missing is reported elsewhere."""
    return [
        Route(
            index=route.place,
            line=draft.line(("routes", route.place)),
            file=draft.file(("routes", route.place)),
            steps=_steps(route.block, draft),
            **_built("route", route.block, draft),
        )
        for route in draft.routes
    ]


def build_snapshot(draft: Draft, revision: str) -> Snapshot:
    """The whole generation of a file without problems; its routes are those that were built."""
    return Snapshot(
        revision=revision,
        upstreams={
            name: Upstream(name=name, **_built("upstream", block, draft)) for name, block in draft.upstreams.items()
        },
        table=RouteTable(draft.built),
        **_built("top", draft.settings, draft),
    )


def _built(level: str, block: Block, draft: Draft) -> dict[str, Any]:
    """What all blocks give to one value of the core: defaults filled in, names resolved."""
    values: dict[str, Any] = {}
    for keys in levels(level):
        values.update(keys.build(block, draft))
    return values


def _steps(block: Block, draft: Draft) -> tuple[StepPolicy, ...]:
    """What all blocks ask for before the requests of one route."""
    return tuple(step for keys in levels("route") if (step := keys.step(block, draft)) is not None)


def _in_order(draft: Draft, problems: Iterable[FileProblem]) -> list[FileProblem]:
    """Those of a file together, files as they are included, and last those that are read for them."""
    order = {file: at for at, file in enumerate(draft.files)}
    return sorted(
        problems, key=lambda problem: (order.get(problem.file, len(order)), problem.file, problem.line, problem.column)
    )


def load_file(path: Path, env: Mapping[str, str]) -> Loaded | list[FileProblem]:
    """The same for a file on the disk; the problems name it as `path` does."""
    found = read_source(path)
    if isinstance(found, str):
        return [unreadable(path, f"{found}; {_FIRST_FILE}" if found == ABSENT else found)]
    return load_bytes(found.data, str(path), env)


def load_bytes(
    data: bytes,
    name: str,
    env: Mapping[str, str],
    named: NamedFiles | None = None,
    included: IncludedFiles | None = None,
) -> Loaded | list[FileProblem]:
    """The same for what was read already."""
    text = decode(data, name)
    return [text] if isinstance(text, FileProblem) else load_text(text, name, env, named, included)


def unreadable(path: Path, sentence: str) -> FileProblem:
    """The problem of a file that cannot be read."""
    return FileProblem(file=str(path), line=1, column=1, where="", message=f"the file {sentence}")
