"""A rule put into the file that a person keeps: behind the others of its route, and nothing else of the file changes.

Rule 1: what is written passes `banyan check`; a file that has problems, before or after, is left alone.
Rule 2: it is written whole, with its mode; whoever saved the file in the meantime is not overwritten.
"""

from __future__ import annotations

import os
from pathlib import Path

from proxy.config.load import Loaded, load_text
from proxy.config.text.insertion import Block, Inserted, with_block
from proxy.config.text.problem import FileProblem
from proxy.config.text.source import FileBytes, decode, read_source, signature_of
from proxy.whole_file import write_over

_BY_HAND = "Put it there by hand: without --write the rule is printed."


class NotWrittenError(Exception):
    """Nothing was written: why, and what to do."""

    def __init__(self, message: str, cure: str) -> None:
        """Two sentences."""
        super().__init__(message)
        self.message = message
        self.cure = cure


def write_rule(config: Path, route: str, treatment: str, rule: Block) -> int:
    """Put it into `compare:` of the route; the line on which it begins now. NotWrittenError."""
    place = config.resolve()  # a link stays one
    found = read_source(place)
    if isinstance(found, str):
        raise NotWrittenError(f"the file {config} {found}.", "Name the routes.yaml with --config.")
    text = _text(found, config)
    inserted = _inserted(text, config, route, treatment, rule)
    _loaded(inserted.text, config, "with this rule it would have a problem")
    _replace(place, found, inserted, config)
    return inserted.line


def _text(found: FileBytes, config: Path) -> str:
    text = decode(found.data, str(config))
    if isinstance(text, FileProblem):
        raise NotWrittenError(str(text), "See `banyan check`.")
    return text


def _inserted(text: str, config: Path, route: str, treatment: str, rule: Block) -> Inserted:
    snapshot = _loaded(text, config, "it has a problem").snapshot
    known = snapshot.named(route)
    if known is None:
        raise NotWrittenError(f"{config} has no route {route!r}.", "Name the file that runs there with --config.")
    inserted = with_block(text, ("routes", known.index, "compare", treatment), rule)
    if inserted is None:
        raise NotWrittenError(
            f"{config}:{known.line}: an alias (*) stands where the rule of {route} would go.", _BY_HAND
        )
    return inserted


def _loaded(text: str, config: Path, what: str) -> Loaded:
    """Rule 1."""
    loaded = load_text(text, str(config), os.environ)
    if not isinstance(loaded, Loaded):
        raise NotWrittenError(f"{config} is left as it is, since {what}: {loaded[0]}", "See `banyan check`.")
    return loaded


def _replace(place: Path, found: FileBytes, inserted: Inserted, config: Path) -> None:
    """Rule 2."""
    try:
        written = found.steady and write_over(
            place, inserted.text.encode("utf-8"), lambda: signature_of(place) == found.signature
        )
    except OSError as error:
        raise NotWrittenError(f"{config} cannot be written: {error.strerror or error}.", _BY_HAND) from None
    if not written:
        raise NotWrittenError(f"somebody has just written {config}; it is left as it is.", "Ask again.")
