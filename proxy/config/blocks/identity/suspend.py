"""`suspend:`: a file of subjects who may not call, however good their tokens are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.readers import scalars, suspended_file
from proxy.config.text.problem import FileProblem
from proxy.core.auth.suspension import in_quotes


class SuspendKeys(Block):
    """Who may not call."""

    suspend: scalars.FilePath | None = optional(
        "A file of subjects who may not call, one in each line, however good their tokens are; a change of it holds "
        "within a second. Relative paths count from the folder of this file. `banyan suspend` adds to it.",
        "suspended.txt",
    )


def list_can_be_read(draft: Draft) -> Iterator[FileProblem]:
    """With a list that nobody can read, everybody on it could call."""
    found = _listed(draft)
    if isinstance(found, str):
        message = f"lists nobody, as {found}; make the file, empty if nobody is suspended"
        yield draft.problem(("suspend",), message)


def none_is_in_quotes(draft: Draft) -> Iterator[FileProblem]:
    """Quotes are part of a subject, and no token says them."""
    found = _listed(draft)
    quoted = [] if isinstance(found, str) else in_quotes(found)
    if quoted:
        more = f" and {len(quoted) - 1} more" if len(quoted) > 1 else ""
        message = f"lists {quoted[0]}{more} in quotes, which are taken for part of the subject; take them off"
        yield draft.problem(("suspend",), message)


def _listed(draft: Draft) -> frozenset[str] | str:
    """Whom the file lists, nobody without one; or why nobody can tell."""
    written = draft.top(SuspendKeys).suspend
    return frozenset() if written is None else suspended_file.read(suspended_file.place(written, Path(draft.name)))


SUSPEND = Section(
    top=KeysAt(SuspendKeys, lambda keys, _: {"suspend": keys.suspend or ""}),
    checks=(list_can_be_read,),
    warnings=(none_is_in_quotes,),
)
