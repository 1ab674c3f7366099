"""`suspend:`: a file of subjects who may not call, however good their tokens are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.readers import scalars, suspended_file
from proxy.config.text.problem import FileProblem


class SuspendKeys(Block):
    """Who may not call."""

    suspend: scalars.FilePath | None = optional(
        "A file of subjects who may not call, one in each line, however good their tokens are; a change of it holds "
        "within a second. Relative paths count from the folder of this file. `banyan suspend` adds to it.",
        "suspended.txt",
    )


def list_can_be_read(draft: Draft) -> Iterator[FileProblem]:
    """With a list that nobody can read, everybody on it could call."""
    written = draft.top(SuspendKeys).suspend
    if written is None:
        return
    found = suspended_file.read(suspended_file.place(written, Path(draft.name)))
    if isinstance(found, str):
        message = f"lists nobody, as {found}; make the file, empty if nobody is suspended"
        yield draft.problem(("suspend",), message)


SUSPEND = Section(
    top=KeysAt(SuspendKeys, lambda keys, _: {"suspend": keys.suspend or ""}),
    checks=(list_can_be_read,),
)
