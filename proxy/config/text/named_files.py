"""Files that values of routes.yaml name and that are read with it, such as lists of keys: a change of one is a reload.

Rule 1: files that are named but read elsewhere (certificates, in workers) are none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from proxy.config.text.source import FileBytes, Signature, read_source, signature_of


class NamedFiles:
    """What one load has read of them: bytes, or why they cannot be had, by path."""

    __slots__ = ("_found", "_look", "_signatures")

    def __init__(
        self,
        look: Callable[[Path], FileBytes | str] = read_source,
        known: Mapping[Path, bytes] | None = None,
    ) -> None:
        """Nothing was read but `known`, which is compared with the files at the next look; `look` reads one."""
        self._look = look
        self._found: dict[Path, bytes | str] = {**(known or {})}
        self._signatures: dict[Path, Signature | str] = dict.fromkeys(self._found, "")

    def __bool__(self) -> bool:
        """Whether any file was read."""
        return bool(self._found)

    def read(self, path: Path) -> bytes | str:
        """The bytes of a file, or the end of a sentence that says why not; the same for the whole of a load."""
        if path not in self._found:
            self._signatures[path] = signature_of(path)  # first: what comes later is another look's
            found = self._look(path)
            self._found[path] = found.data if isinstance(found, FileBytes) else found
        return self._found[path]

    @property
    def found(self) -> Mapping[Path, bytes | str]:
        """What was read, by path."""
        return self._found

    @property
    def signature(self) -> bytes:
        """Stands for all contents, and is empty where no file was named."""
        if not self._found:
            return b""
        return sha256(b"".join(_parts(self._found))).digest()

    def are_touched(self) -> bool:
        """Whether a file may be another than the one that was read: a stat each."""
        return any(signature_of(path) != known for path, known in self._signatures.items())

    def changed(self) -> Mapping[Path, bytes | str]:
        """What is in the files now, of those that changed and that nobody writes to just now."""
        changed: dict[Path, bytes | str] = {}
        for path, known in self._found.items():
            found = self._look(path)
            now = found.data if isinstance(found, FileBytes) else found
            if now == known:
                self._signatures[path] = found.signature if isinstance(found, FileBytes) else signature_of(path)
            elif isinstance(found, str) or found.steady:
                changed[path] = now
        return changed


def _parts(found: Mapping[Path, bytes | str]) -> Iterator[bytes]:
    for path, each in sorted(found.items()):
        data = each if isinstance(each, bytes) else each.encode()
        yield b"%b\0%d\0%b" % (str(path).encode("utf-8", "surrogateescape"), len(data), data)
