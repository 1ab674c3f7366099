"""The key of the hashes that stand for what is secret in kept exchanges: made once, in the state directory.
Other keys that are kept there are made in the same way, under names of their own.

Rule 1: equal secrets have equal hashes for as long as the file lives; without the file nobody can look for one.
Rule 2: nobody but the user who runs Banyan can read it.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

import structlog

from proxy.whole_file import write_new

_log = structlog.get_logger()
NAME = "redaction.key"
_BYTES = 32


def read_key(directory: Path, name: str = NAME) -> bytes:
    """The key that there is; OSError when there is none, or not for this user."""
    key = (directory / name).read_bytes()
    if len(key) != _BYTES:
        raise OSError(f"{directory / name} has {len(key)} bytes and not {_BYTES}; remove it to have a new one made")
    return key


def key_of(directory: Path, name: str = NAME) -> bytes:
    """The key, made if there is none; OSError when it can neither be read nor made."""
    try:
        return read_key(directory, name)
    except FileNotFoundError:
        return _make(directory, name)


def key_for_now(directory: Path) -> bytes:
    """The key; where none can be kept, one that this process forgets, which the log says."""
    try:
        return key_of(directory)
    except OSError as error:
        _log.warning("redaction_key_not_kept", directory=str(directory), error=str(error))
        return secrets.token_bytes(_BYTES)


def _make(directory: Path, name: str) -> bytes:
    """Whoever links it first has made it, so two processes that start at once agree."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        write_new(directory / name, secrets.token_bytes(_BYTES))
    return read_key(directory, name)
