"""The routes.yaml to compare with: another file, or the very text that runs.

Rule 1: what runs is known by its revision, which is a hash of its text: nothing else is taken for it.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from proxy.config.files import lastgood
from proxy.config.load import Loaded, load_text

RUNNING = "running"


def running_loaded(revision: str, config: Path) -> Loaded | None:
    """The table of this revision, from routes.yaml itself or the copy that a running Banyan keeps; None: not here."""
    texts = (_text(config), lastgood.load(lastgood.directory(config, os.environ)))
    for text in texts:
        if text is not None and sha256(text.encode("utf-8")).hexdigest()[:12] == revision:
            found = load_text(text, str(config), os.environ)
            return found if isinstance(found, Loaded) else None
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
