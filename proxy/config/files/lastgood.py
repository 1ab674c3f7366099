"""The last good routes.yaml on the disk: what a start falls back to when the file has become bad meanwhile.

Rule 1: the text is kept as written, before `${NAME}` is replaced, so that no secret out of the environment is kept.
Rule 2: it is replaced in one step; a crash, or a full disk, leaves the old one or the new one.
Rule 3: nobody but the user who runs Banyan can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from proxy.whole_file import write_whole

NAME = "last-good.yaml"
VARIABLE = "BANYAN_STATE_DIR"


def directory(config: Path, env: Mapping[str, str]) -> Path:
    """`BANYAN_STATE_DIR`, or `.banyan` beside the file."""
    named = env.get(VARIABLE, "")
    return Path(named) if named else config.parent / ".banyan"


def save(place: Path, text: str) -> None:
    """Keep `text`; OSError when the directory cannot be written."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(place / NAME, text.encode("utf-8"))


def load(place: Path) -> str | None:
    """The kept text, or None when there is none that can be read."""
    try:
        return (place / NAME).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
