"""The last good routes.yaml on disk: what a start falls back to when the file has become bad meanwhile.

Rule 1: the text is kept as written, before `${NAME}` is replaced, so that no secret reaches the disk.
Rule 2: it is replaced atomically; a crash leaves the old one or the new one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAME = "last-good.yaml"
VARIABLE = "BANYAN_STATE_DIR"


def directory(config: Path, env: Mapping[str, str]) -> Path:
    """`BANYAN_STATE_DIR`, or `.banyan` beside the file."""
    named = env.get(VARIABLE, "")
    return Path(named) if named else config.parent / ".banyan"


def save(place: Path, text: str) -> None:
    """Keep `text`; OSError when the directory cannot be written."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=place, prefix=NAME)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(place / NAME)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(place: Path) -> str | None:
    """The kept text, or None when there is none that can be read."""
    try:
        return (place / NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
