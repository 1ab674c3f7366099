"""A rule put into the file that a person keeps: behind the others of its route, and nothing else of the file changes.

Rule 1: what is written passes `banyan check`; a file that has problems, before or after, is left alone.
Rule 2: it is written whole, with its mode; whoever saved the file in the meantime is not overwritten.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from proxy.config.load import Loaded, load_text, load_texts
from proxy.config.text.insertion import Block, Inserted, with_block
from proxy.config.text.problem import FileProblem
from proxy.config.text.source import FileBytes, decode, read_source, signature_of
from proxy.config.text.written_texts import Texts
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.whole_file import write_over

_BY_HAND = "Put it there by hand: without --write the rule is printed."


class NotWrittenError(Exception):
    """Nothing was written: why, and what to do."""

    def __init__(self, message: str, cure: str) -> None:
        """Two sentences."""
        super().__init__(message)
        self.message = message
        self.cure = cure


class WrittenRule(NamedTuple):
    """The file in which a rule stands now, and the line on which it begins."""

    file: Path
    line: int


def write_rule(config: Path, route: str, treatment: str, rule: Block) -> WrittenRule:
    """Put it into `compare:` of the route, in the file where that stands. NotWrittenError."""
    main = _read(config)
    loaded = _checked(load_text(_text(main, config), str(config), os.environ), config, "it has a problem")
    known = loaded.snapshot.named(route)
    if known is None:
        raise NotWrittenError(f"{config} has no route {route!r}.", "Name the file that runs there with --config.")
    included = known.file in loaded.texts.included
    file = config.parent / known.file if included else config
    found = _read(file) if included else main
    if included and _text(found, file) != loaded.texts.included[known.file]:
        raise _just_written(file)
    inserted = _inserted(_text(found, file), file, loaded.snapshot, known, treatment, rule)
    edited = _with_text(loaded.texts, known.file, inserted.text)
    _checked(load_texts(edited, config, os.environ), config, "with this rule it would have a problem")
    _replace(file, found, inserted)
    return WrittenRule(file, inserted.line)


def _read(file: Path) -> FileBytes:
    found = read_source(file.resolve())
    if isinstance(found, str):
        raise NotWrittenError(f"the file {file} {found}.", "Name the routes.yaml with --config.")
    return found


def _text(found: FileBytes, file: Path) -> str:
    text = decode(found.data, str(file))
    if isinstance(text, FileProblem):
        raise NotWrittenError(str(text), "See `banyan check`.")
    return text


def _inserted(text: str, file: Path, snapshot: Snapshot, route: Route, treatment: str, rule: Block) -> Inserted:
    index = sum(each.file == route.file for each in snapshot.routes[: route.index])
    inserted = with_block(text, ("routes", index, "compare", treatment), rule)
    if inserted is None:
        raise NotWrittenError(
            f"{file}:{route.line}: an alias (*) stands where the rule of {route.name} would go.", _BY_HAND
        )
    return inserted


def _with_text(texts: Texts, file: str, text: str) -> Texts:
    """With another text of that file: an included one, or else the main one."""
    if file in texts.included:
        return replace(texts, included={**texts.included, file: text})
    return replace(texts, main=text)


def _checked(found: Loaded | list[FileProblem], config: Path, what: str) -> Loaded:
    """Rule 1."""
    if not isinstance(found, Loaded):
        raise NotWrittenError(f"{config} is left as it is, since {what}: {found[0]}", "See `banyan check`.")
    return found


def _just_written(file: Path) -> NotWrittenError:
    return NotWrittenError(f"somebody has just written {file}; it is left as it is.", "Ask again.")


def _replace(file: Path, found: FileBytes, inserted: Inserted) -> None:
    """Rule 2."""
    place = file.resolve()  # a link stays one
    try:
        written = found.steady and write_over(
            place, inserted.text.encode("utf-8"), lambda: signature_of(place) == found.signature
        )
    except OSError as error:
        raise NotWrittenError(f"{file} cannot be written: {error.strerror or error}.", _BY_HAND) from None
    if not written:
        raise _just_written(file)
