"""Where the admin API is that a command asks: as it was named, or as routes.yaml says; called on loopback."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.help_text import UNUSABLE
from proxy.cli.terminal import complain, leave

ADMIN = Annotated[str, typer.Option(metavar="URL", help="The admin address; else the one in --config.")]
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what a server binds, a client cannot call
_ADMIN_LINE = re.compile(r"^admin:\s*['\"]?([^\s'\"#]+)", re.MULTILINE)


def base_of(admin: str, config: Path) -> str:
    """`http://127.0.0.1:9090`: from `admin` if it is said, else from the file."""
    return _base(admin) if admin else _base_of(config)


def _base(admin: str) -> str:
    return (admin if "://" in admin else f"http://{admin}").rstrip("/")


def _base_of(config: Path) -> str:
    """From the file; one with problems still says where its last good revision runs."""
    from proxy.config.load import Loaded, load_file

    found = load_file(config, os.environ)
    if isinstance(found, Loaded):
        return url_of(found.snapshot.admin)
    try:
        line = _ADMIN_LINE.search(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        complain(f"{config} cannot be read: {error}", "Name the admin address with --admin, or the file with --config.")
        leave(UNUSABLE)
    return _base(line[1] if line else "127.0.0.1:9090")


def url_of(address: tuple[str, int]) -> str:
    """`http://127.0.0.1:9090`; every address is called on loopback."""
    host, port = ANYWHERE.get(address[0], address[0]), address[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
