"""What the workers of this machine share to keep flows on their sides: memory that is inherited, and a key.

Rule 1: the memory is there before the first worker, so that each of them, born early or late, has the same.
Rule 2: the key is made when a table first needs it, in the state directory; where it cannot be kept, the workers agree
        on one that ends with this process, which the log says.
"""

from __future__ import annotations

import secrets
from functools import partial
from mmap import mmap
from pathlib import Path

import structlog

from proxy.comparer.redaction_key import key_of
from proxy.core.stickiness.marks import SIZE
from proxy.edge.routing.stickiness import TieMemory

NAME = "cookie.key"


class SharedTies:
    """The supervisor's; children inherit it by fork."""

    def __init__(self) -> None:
        """Pages that nobody writes to take no room."""
        self._words = mmap(-1, SIZE)
        self._otherwise = secrets.token_bytes(32)

    def memory(self, directory: Path) -> TieMemory:
        """As one worker sees it; `directory` is the state directory."""
        return TieMemory(self._words, partial(self._key, directory))

    def _key(self, directory: Path) -> bytes:
        try:
            return key_of(directory, NAME)
        except OSError as error:
            hint = "cookies end with this process; make the directory writable, or give cookies: {key: ${NAME}}"
            structlog.get_logger().warning("cookie_key_not_kept", directory=str(directory), error=str(error), hint=hint)
            return self._otherwise
