"""routes.yaml as written, with the files that it includes: loaded together, kept together, of one revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Texts:
    """`main` is the text of routes.yaml; `included` are the others, by their path from its folder, as they follow."""

    main: str
    included: Mapping[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> bytes:
        """Stands for the included texts and their names; empty where there are none."""
        if not self.included:
            return b""
        parts = (f"{path}\0{len(text)}\0{text}" for path, text in self.included.items())
        return sha256("".join(parts).encode("utf-8")).digest()


class FilePlace(NamedTuple):
    """Where something stands: a file, its line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """As editors and terminals open it."""
        return f"{self.file}:{self.line}:{self.column}"
