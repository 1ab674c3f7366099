"""Watches routes.yaml: a signature at each poll, the content's hash every two seconds."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic

from proxy.config.load import Loaded, load_file
from proxy.config.problem import Problem


class FileWatch:
    """`poll` says what a change of the file means."""

    def __init__(self, path: Path, env: Mapping[str, str], *, running: str) -> None:
        """`running` is the text that runs."""
        self._path = path
        self._env = env
        self._seen = sha256(running.encode()).hexdigest()
        self._signature: object = None
        self._hashed = 0.0

    def force(self) -> None:
        """Look at the content at the next poll whatever the signature says."""
        self._signature = None
        self._seen = ""

    def poll(self) -> list[Problem] | Loaded | None:
        """None when nothing has changed."""
        try:
            found = self._path.stat()
            signature = (found.st_mtime_ns, found.st_size, found.st_ino)
            if signature == self._signature and monotonic() - self._hashed < 2.0:
                return None
            self._signature, self._hashed = signature, monotonic()
            digest = sha256(self._path.read_bytes()).hexdigest()
        except OSError:
            digest = "unreadable"
        if digest == self._seen:
            return None
        self._seen = digest
        return load_file(self._path, self._env)
