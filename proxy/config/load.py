"""The whole way from text to snapshot: what `serve` and every reload run, and `check` too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from proxy.config.build import build_routes, build_snapshot
from proxy.config.checks.check import check
from proxy.config.checks.climb_check import ramps_that_stop, ramps_to_know
from proxy.config.checks.compare_check import expired_rules
from proxy.config.checks.shadow_advise import shadows_to_know, shadows_without_credentials
from proxy.config.checks.tls_files import BadFile, bad_files, ending_soon
from proxy.config.checks.wait_advise import waits_to_know
from proxy.config.checks.warnings import advise
from proxy.config.read import read
from proxy.config.text.document import parse
from proxy.config.text.problem import Problem
from proxy.config.text.source import ABSENT, decode, read_source
from proxy.core.routing.snapshot import Snapshot

_FIRST_FILE = "the README begins with one to copy, and `banyan demo` shows a running one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file without problems. `text` is as written, variables and all; `warnings` have the form of problems.

    `remarks`, too: what the file means and nobody may have thought of.
    `bad_files` are certificates and keys that it names and that cannot be used, or not any more.
    """

    snapshot: Snapshot
    warnings: tuple[str, ...]
    text: str
    remarks: tuple[str, ...] = ()
    bad_files: tuple[BadFile, ...] = ()


def load_text(text: str, name: str, env: Mapping[str, str]) -> Loaded | list[Problem]:
    """The snapshot of a file called `name`, or everything that is wrong with it, in the order of the file."""
    document = parse(text, name)
    if document.root is None:
        return document.problems
    draft = read(document, document.root, env)
    routes = build_routes(draft)
    draft.problems += check(draft, routes)
    if draft.problems:
        return _in_order(draft.problems)
    revision = sha256(text.encode("utf-8")).hexdigest()[:12]
    snapshot = build_snapshot(draft.settings, draft.upstreams, routes, revision, str(Path(name).parent))
    now = datetime.now(UTC).timestamp()
    found = [*advise(draft), *ending_soon(draft, snapshot, now), *expired_rules(draft, now)]
    warnings = _in_order([*found, *shadows_without_credentials(draft, routes), *ramps_that_stop(draft, routes)])
    remarks = _in_order([*shadows_to_know(draft, routes), *ramps_to_know(draft, routes), *waits_to_know(draft)])
    bad = tuple(bad_files(draft, snapshot, now))
    return Loaded(
        snapshot=snapshot,
        warnings=tuple(map(str, warnings)),
        text=text,
        remarks=tuple(map(str, remarks)),
        bad_files=bad,
    )


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda each: (each.line, each.column))


def load_file(path: Path, env: Mapping[str, str]) -> Loaded | list[Problem]:
    """The same for a file on the disk; the problems name it as `path` does."""
    found = read_source(path)
    if isinstance(found, str):
        return [unreadable(path, f"{found}; {_FIRST_FILE}" if found == ABSENT else found)]
    return load_bytes(found.data, str(path), env)


def load_bytes(data: bytes, name: str, env: Mapping[str, str]) -> Loaded | list[Problem]:
    """The same for what was read already."""
    text = decode(data, name)
    return [text] if isinstance(text, Problem) else load_text(text, name, env)


def unreadable(path: Path, sentence: str) -> Problem:
    """The problem of a file that cannot be read."""
    return Problem(file=str(path), line=1, column=1, where="", message=f"the file {sentence}")
