"""The files that make up the configuration, where it is more than one.

Rule 1: `proxy.config.text.inclusion` follows the key before any block is read; here it is described.
"""

from __future__ import annotations

from proxy.config.block import Block, KeysAt, Section, optional
from proxy.config.readers.scalars import FilePath


class IncludeAtTop(Block):
    """Which files are read with this one."""

    include: list[FilePath] | None = optional(
        "Files that are read with this one, by their path from where it lies, in the folder of the main file or below. "
        "docs/include.md says what may stand in them, and how an edit of several is taken.",
        ["orders.yaml", "teams/search.yaml"],
    )


INCLUDE = Section(top=KeysAt(IncludeAtTop, lambda _keys, _draft: {}))
