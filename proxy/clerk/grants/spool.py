"""Answers with new tokens on disk before anything else is done with them.

Rule 1: a record is on the disk (fdatasync) when `write` returns; those that come together share one.
Rule 2: a file is locked for as long as its clerk lives: who gets the lock knows that it is dead.
Rule 3: a file that is full is begun anew once all of its records are committed; kept for `KEPT` seconds.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from proxy.store.grant_records import APPLIED, FOLDER, OPEN, GrantRecord, framed, host_of, spool_files

KEPT = 7 * 86400.0
FULL = 64 * 1024 * 1024


class Spool:
    """The file of this clerk; its name is what the clerk is called in intents."""

    def __init__(self, directory: Path, full: int = FULL) -> None:
        """`directory` is the state directory; OSError where it cannot be written."""
        self._directory = directory
        (directory / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name = secrets.token_hex(8)
        self.host = host_of(directory)
        self._full = full
        self._begin(0)
        self._waiting: list[tuple[GrantRecord, asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()
        self._uncommitted: set[bytes] = set()

    def _begin(self, part: int) -> None:
        self._part = part
        self._path = self._directory / FOLDER / f"{self.name}.{part}{OPEN}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._size = 0
        _sync_folder(self._path.parent)

    async def write(self, record: GrantRecord) -> None:
        """Rule 1; OSError where the disk does not take it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, done))
        async with self._writing:
            if not done.done():
                await self._write_waiting()
        await done

    async def _write_waiting(self) -> None:
        batch, self._waiting = self._waiting, []
        data = b"".join(framed(record) for record, _ in batch)
        try:
            await asyncio.to_thread(_write, self._file, data)
        except OSError as error:
            for _, done in batch:
                done.set_exception(error)
            return
        self._size += len(data)
        self._uncommitted |= {record.token_hash for record, _ in batch}
        for _, done in batch:
            done.set_result(None)

    def committed(self, record: GrantRecord) -> None:
        """It stands here alone no more. Rule 3."""
        self._uncommitted.discard(record.token_hash)
        if not self._uncommitted and self._size >= self._full and not self._waiting and not self._writing.locked():
            self.close()
            self._begin(self._part + 1)

    def close(self) -> None:
        """Nothing is written any more; what is committed needs no reader."""
        if not self._uncommitted:
            _set_aside(self._path)
        os.close(self._file)

    def abandoned(self) -> Iterator[Path]:
        """Files of clerks that are dead, locked while the caller reads them."""
        for path in spool_files(self._directory, OPEN):
            if path == self._path:
                continue
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                yield path

    def applied(self, path: Path) -> None:
        """All records of this file are committed."""
        _set_aside(path)

    def prune(self) -> None:
        """Remove what is too old to be of use. Rule 3."""
        for path in spool_files(self._directory, APPLIED):
            if path.stat().st_mtime < time.time() - KEPT:
                path.unlink(missing_ok=True)


def clerk_of(path: Path) -> str:
    """Whose file it is."""
    return path.name.partition(".")[0]


def _set_aside(path: Path) -> None:
    if path.exists() and path.stat().st_size:
        path.rename(path.with_suffix(APPLIED))
    else:
        path.unlink(missing_ok=True)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    os.fdatasync(file)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
