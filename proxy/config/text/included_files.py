"""The folder of routes.yaml, as far as one load has read files of it: those that `include` names.

Rule 1: nothing outside of the folder is read, wherever a link leads. The folder is the one in which the name of the
        main file stands; where that is a link itself, as in a mounted ConfigMap, it does not matter where it leads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from proxy.config.text.named_files import NamedFiles
from proxy.config.text.source import FileBytes, read_source


class IncludedFiles:
    """Files by their path from the folder; what was read once is the same for the whole of a load."""

    __slots__ = ("_files", "_folder")

    def __init__(self, folder: Path, known: Mapping[str, str] | None = None) -> None:
        """`known` are texts that stand for what is on the disk: those of what runs, or of an edit not yet written."""
        self._folder = folder
        texts = {folder / path: text.encode("utf-8") for path, text in (known or {}).items()}
        self._files = NamedFiles(self._look, texts)

    def read(self, path: str) -> bytes | str:
        """The bytes of a file, or the end of a sentence that says why not."""
        return self._files.read(self._folder / path)

    def __bool__(self) -> bool:
        """Whether any file was asked for."""
        return bool(self._files)

    @property
    def found(self) -> Mapping[Path, bytes | str]:
        """What was read, by where it lies."""
        return self._files.found

    def are_touched(self) -> bool:
        """Whether a file may be another than the one that was read: a stat each."""
        return self._files.are_touched()

    def changed(self) -> Mapping[Path, bytes | str]:
        """What is in the files now, of those that changed."""
        return self._files.changed()

    def _look(self, path: Path) -> FileBytes | str:
        """Rule 1."""
        folder = os.path.realpath(self._folder)
        real = os.path.realpath(path)
        if os.path.commonpath((folder, real)) != folder:
            return f"is a link that leaves {self._folder}; include what lies in the folder of the main file"
        return read_source(path)
