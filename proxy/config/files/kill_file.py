r"""The kill file on the disk: where it is, what it says, how it is made and taken away.

Rule 1: that it is there is the whole order: an empty file made by `touch` counts; who, when and why may stand in it.
Rule 2: it appears whole or not at all; where there is no room for its text, it appears empty. No wait for the disk.
Rule 3: what it says is shown to operators, so that it is bounded, and holds nothing that a terminal would act on: line
        breaks are shown as `\n`.
Rule 4: who gives the order while it stands changes nothing of it: the first one's name, time and reason stay.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from proxy.config.files.lastgood import directory
from proxy.core.routing.kill_switch import KillSwitchOrder, StandingOrder
from proxy.whole_file import write_new, write_whole

NAME = "kill"
_MOST_BYTES = 4096
_READABLE_BY_WORKERS = 0o644
"""They may run as somebody else."""


def place(kill_file: str, config: Path, env: Mapping[str, str]) -> Path:
    """Where it is looked for: `kill_file` beside routes.yaml, or `kill` in the state directory when that is empty."""
    found = config.parent / kill_file if kill_file else directory(config, env) / NAME
    return Path(os.path.abspath(found))  # noqa: PTH100 -- `resolve` would ask the disk, which may hang


def give(path: Path, order: KillSwitchOrder) -> StandingOrder:
    """Make the file, unless one is there that says by whom or why; OSError when it cannot be made at all."""
    order = order.bounded()
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_first(path, order):
        return StandingOrder(order, stood=False)
    before = _known(path)
    if before is not None and (before.by or before.reason):
        return StandingOrder(before, stood=True)
    stands = order if before is None else replace(order, at=before.at)
    try:
        write_whole(path, text_of(stands).encode("utf-8"), _READABLE_BY_WORKERS, lasting=False)
    except OSError:
        path.touch()
    return StandingOrder(stands, stood=False)


def _is_first(path: Path, order: KillSwitchOrder) -> bool:
    """Whether it made the file, where there was none; of two at once one has. Not where files have one name alone."""
    with suppress(OSError):
        write_new(path, text_of(order).encode("utf-8"), _READABLE_BY_WORKERS, lasting=False)
        return True
    return False


def text_of(order: KillSwitchOrder) -> str:
    """The order as a line."""
    return json.dumps(asdict(order), ensure_ascii=False) + "\n"


def _known(path: Path) -> KillSwitchOrder | None:
    with suppress(OSError):
        return read(path)
    return None


def lift(path: Path) -> bool:
    """Take the file away; False when there was none, OSError when it cannot be taken away.

    What is in a directory is nobody's order, and may be somebody's: that one is left, and it is said what to do.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"it is a directory; see what is in it, then `rmdir {path}`")
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def read(path: Path) -> KillSwitchOrder | None:
    """The order, or None when there is no such file; OSError when nobody can tell."""
    try:
        found = os.stat(path)  # noqa: PTH116 -- called many times a second for ever
    except (FileNotFoundError, NotADirectoryError):
        return None
    order = understand(_text(path) if S_ISREG(found.st_mode) else "")  # a pipe would keep its reader waiting
    return order if order.at else KillSwitchOrder(by=order.by, at=_moment(found.st_mtime), reason=order.reason)


def _text(path: Path) -> str:
    with suppress(OSError), path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8", "replace")
    return ""


def understand(text: str) -> KillSwitchOrder:
    """What a text says: a JSON object with any of the three; anything else is a reason in somebody's own words."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):  # the latter: thousands of brackets
        return KillSwitchOrder(reason=text).bounded()
    if not isinstance(said, dict):
        return KillSwitchOrder(reason=text).bounded()
    return KillSwitchOrder(**{key: str(said.get(key) or "") for key in ("by", "at", "reason")}).bounded()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
