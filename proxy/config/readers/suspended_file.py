"""The file that `suspend:` names: where it is, and whom it lists.

Rule 1: a file that is missing, or that cannot be read whole, is never an empty one.
"""

from __future__ import annotations

import os
from pathlib import Path

from proxy.core.auth.suspension import MOST_BYTES, read_subjects


def place(written: str, config: Path) -> Path:
    """Where it is: a relative path counts from the folder of routes.yaml."""
    return Path(os.path.abspath(config.parent / written))  # noqa: PTH100 -- `resolve` would ask the disk, which may hang


def read(path: Path) -> frozenset[str] | str:
    """Whom it lists, or why nobody can tell, in a clause."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return read_subjects(data)
