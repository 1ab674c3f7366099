"""The last good configuration on the disk: what a start falls back to when the file has become bad meanwhile.

Rule 1: the text is kept as written, before `${NAME}` is replaced, so that no secret out of the environment is kept.
Rule 2: it is replaced in one step; a crash, or a full disk, leaves the old one or the new one.
Rule 3: routes.yaml that includes no file is kept as it is. Otherwise all texts are in the one kept file, behind a line
        that says their names and lengths: they are good together or not at all.
Rule 4: nobody but the user who runs Banyan can read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from proxy.config.text.written_texts import Texts
from proxy.whole_file import read_regular, write_whole

NAME = "last-good.yaml"
VARIABLE = "BANYAN_STATE_DIR"
_SEVERAL = "# The last good files, by name and length: "


def directory(config: Path, env: Mapping[str, str]) -> Path:
    """`BANYAN_STATE_DIR`, or `.banyan` beside the file."""
    named = env.get(VARIABLE, "")
    return Path(named) if named else config.parent / ".banyan"


def save(place: Path, texts: Texts) -> None:
    """Keep `texts`; OSError when the directory cannot be written."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(place / NAME, _joined(texts).encode("utf-8"))


def load(place: Path) -> Texts | None:
    """The kept texts, or None when there are none that can be read."""
    try:
        return _parted(read_regular(place / NAME).decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _joined(texts: Texts) -> str:
    """Rule 3; a lone text that would be taken for several is written like several."""
    if not texts.included and not texts.main.startswith(_SEVERAL):
        return texts.main
    parts = [["", len(texts.main)], *([path, len(text)] for path, text in texts.included.items())]
    return f"{_SEVERAL}{json.dumps(parts)}\n{texts.main}{''.join(texts.included.values())}"


def _parted(kept: str) -> Texts | None:
    """The same back; None: something is missing, or too much."""
    if not kept.startswith(_SEVERAL):
        return Texts(kept)
    head, _, rest = kept.partition("\n")
    try:
        parts = msgspec.json.decode(head.removeprefix(_SEVERAL), type=list[tuple[str, int]])
    except msgspec.DecodeError:
        return None
    found: list[str] = []
    for _, length in parts:
        found.append(rest[:length])
        rest = rest[length:]
    is_whole = not rest and [len(text) for text in found] == [length for _, length in parts]
    if not is_whole or not found:
        return None
    return Texts(found[0], dict(zip((path for path, _ in parts[1:]), found[1:], strict=True)))
