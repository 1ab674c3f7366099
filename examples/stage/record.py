"""A story's record: chapters, figures and how it ended, a line of JSON each, for whoever plays several of them.

Rule: it is written where the environment names a file (`VARIABLE`), and nowhere else.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

VARIABLE = "BANYAN_STORY_RECORD"


class Chapter(msgspec.Struct, frozen=True, tag="chapter"):
    """What begins."""

    title: str


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """What it came to."""

    name: str
    value: str


class Verdict(msgspec.Struct, frozen=True, tag="verdict"):
    """`wrong`: what was not as it had to be; `held`: what it means that nothing was."""

    held: str
    wrong: tuple[str, ...]


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """A part that is not on this machine; `cure`: the command that brings it."""

    message: str
    cure: str


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """It could not go on."""

    message: str


Entry = Chapter | Figure | Verdict | Missing | Stopped
_DECODER = msgspec.json.Decoder(Entry)


def record(entry: Entry) -> None:
    """Add a line to it."""
    if path := os.environ.get(VARIABLE):
        with Path(path).open("ab") as written:
            written.write(msgspec.json.encode(entry) + b"\n")


def read_record(path: Path) -> list[Entry]:
    """What stands in it by now."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [_DECODER.decode(line) for line in whole.splitlines()]
