"""The admin token where nobody has set one: made once in the state directory, for commands on the same machine.

Rule 1: BANYAN_ADMIN_TOKEN comes first, and an admin port off loopback takes nothing else.
Rule 2: the file is for the user who runs Banyan alone; one that everybody can read is not used.
Rule 3: Banyan takes none that somebody else has laid there: he would know it. Root's, and its own user's, alone.
Rule 4: it is made once: of two starts at the same time one has made it, and both use it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Container, Mapping
from pathlib import Path

from proxy.config.files.lastgood import directory
from proxy.whole_file import open_regular, write_new

NAME = "admin.token"
VARIABLE = "BANYAN_ADMIN_TOKEN"
_RIGHT = re.compile(r"[!-~]{16,}")
_BYTES = 32
_MOST = 4096
"""Bytes that are read of it."""


def token_set(env: Mapping[str, str]) -> str:
    """The token that somebody has set; empty when nobody has."""
    return env.get(VARIABLE, "").strip()


def place(config: Path, env: Mapping[str, str]) -> Path:
    """Where the token of this routes.yaml's Banyan stands, if it was made."""
    return (directory(config, env) / NAME).absolute()


def read(path: Path, owners: Container[int] | None = None) -> str:
    """The token; OSError when there is none, or none for this user, or none that is secret.

    `owners`: whose file it may be, by number; None: whoever may read it may send it.
    """
    with open_regular(path) as file:
        known = os.fstat(file.fileno())
        if owners is not None and known.st_uid not in owners:
            raise OSError(f"{path} is another user's ({known.st_uid}), who knows it; remove it to have a new one made")
        mode = stat.S_IMODE(known.st_mode)
        if mode & stat.S_IRWXO:
            raise OSError(f"{path} is open to everybody ({mode:o}); remove it to have a new one made")
        token = file.read(_MOST).decode("utf-8", "replace").strip()
    if not _RIGHT.fullmatch(token):
        raise OSError(f"{path} holds no token; remove it to have a new one made")
    return token


def read_or_make(path: Path) -> str:
    """The token, made if there is none; OSError when it can neither be read nor made."""
    owners = {0, os.geteuid()}
    try:
        return read(path, owners)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        write_new(path, f"{secrets.token_urlsafe(_BYTES)}\n".encode())
    return read(path, owners)
