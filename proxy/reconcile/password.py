"""A database's password, from where routes.yaml says that it is."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path

from proxy.core.reconcile.reconcile_check import Database
from proxy.reconcile.trouble import ReconcileTrouble

PATIENCE = 30.0
"""Seconds for the command that prints one."""


async def password_of(database: Database) -> str | None:
    """The password; None: the address has one, or none is needed. ReconcileTrouble."""
    said = database.password
    if said.file:
        return _in_file(database)
    if said.command:
        return await _printed(database)
    return said.text.reveal() or None


def _in_file(database: Database) -> str:
    path = Path(database.password.file)
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise _trouble(database, f"{path} cannot be read: {why}", "password_file") from error


async def _printed(database: Database) -> str:
    """The first line that the command prints; what it prints is never repeated."""
    command = database.password.command
    try:
        made = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE)
    except OSError as error:
        raise _trouble(database, f"{command[0]} cannot be run: {error.strerror}", "password_command") from error
    try:
        async with asyncio.timeout(PATIENCE):
            out, _ = await made.communicate()
    except TimeoutError as error:
        made.kill()
        await made.wait()
        raise _trouble(database, f"{command[0]} did not end within {PATIENCE:g} s", "password_command") from error
    if made.returncode or not out.strip():
        why = f"left with {made.returncode}" if made.returncode else "printed nothing"
        raise _trouble(database, f"{command[0]} {why}", "password_command")
    return out.decode("utf-8", "replace").splitlines()[0]


def _trouble(database: Database, what: str, key: str) -> ReconcileTrouble:
    return ReconcileTrouble(
        f"the password of the database {database.name} cannot be had: {what}",
        f"Mend databases.{database.name}.{key} in routes.yaml.",
    )
