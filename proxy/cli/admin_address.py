"""Where the admin API is that a command asks: as it was named, or as routes.yaml says; called on loopback."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from proxy.cli.help_text import UNUSABLE
from proxy.cli.terminal import complain, leave

ADMIN = Annotated[str, typer.Option(metavar="URL", help="The admin address; else the one in --config.")]
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what a server binds, a client cannot call
_ADDRESS = re.compile(r"https?://[^/?#@\s]+")
_ADMIN_LINE = re.compile(r"^admin:\s*['\"]?([^\s'\"#]+)", re.MULTILINE)


def base_of(admin: str, config: Path) -> str:
    """`http://127.0.0.1:9090`: from `admin` if it is said, else from the file."""
    return _base(admin) if admin else _base_of(config)


def _base(admin: str) -> str:
    base = (admin if "://" in admin else f"http://{admin}").rstrip("/")
    if not _is_address(base):
        complain("--admin takes HOST:PORT or http://HOST:PORT, and nothing beside it.", "--admin 127.0.0.1:9090")
        leave(UNUSABLE)
    return base


def _is_address(base: str) -> bool:
    """Whether it is a scheme, host and port alone: a password would stand in every message, and no path is asked."""
    try:
        parts = urlsplit(base)
        is_host = bool(parts.hostname and parts.hostname.encode("idna")) and parts.port != 0
    except ValueError:
        return False
    return is_host and base.isprintable() and _ADDRESS.fullmatch(base) is not None


def _base_of(config: Path) -> str:
    """From the file; where it cannot be used, from what ran by it last, and its first problem is said."""
    from proxy.cli.routes_file import problem_lines
    from proxy.config.load import Loaded, load_file

    found = load_file(config, os.environ)
    if isinstance(found, Loaded):
        return url_of(found.snapshot.admin)
    base = url_of(_last_known(config))
    first = next(problem_lines(found[:1], with_source=False))
    complain(f"{config} is broken; what runs is asked at {base}. The first problem:", first)
    return base


def _last_known(config: Path) -> tuple[str, int]:
    """The last good file's address; else what the `admin:` line of either says; else the default one."""
    from proxy.config.blocks.server import DEFAULT_ADMIN
    from proxy.config.files import lastgood
    from proxy.config.load import Loaded, load_texts

    kept = lastgood.load(lastgood.directory(config, os.environ))
    if kept is not None and isinstance(last := load_texts(kept, config, os.environ), Loaded):
        return last.snapshot.admin
    known = [kept.main, *kept.included.values()] if kept is not None else []
    texts = [text for text in (*known, _text(config, needed=kept is None)) if text is not None]
    return next((place for text in texts if (place := _said_in(text))), (DEFAULT_ADMIN.host, DEFAULT_ADMIN.port))


def _text(config: Path, *, needed: bool) -> str | None:
    from proxy.config.text.source import FileBytes, decode, read_source

    found = read_source(config)
    text = decode(found.data, str(config)) if isinstance(found, FileBytes) else None
    if needed and not isinstance(text, str):
        said = f"the file {config} {found}" if isinstance(found, str) else str(text)
        complain(f"{said}.", "Name the admin address with --admin, or the file with --config.")
        leave(UNUSABLE)
    return text if isinstance(text, str) else None


def _said_in(text: str) -> tuple[str, int] | None:
    """What the `admin:` line says, its variables replaced; None where there is none, or none that can be had here."""
    from pydantic_core import PydanticCustomError

    from proxy.config.readers.address import read_address
    from proxy.config.text.plain_values import substitute

    line = _ADMIN_LINE.search(text)
    said, wrong = substitute(line[1], os.environ) if line else ("", ["there is none"])
    try:
        found = None if wrong else read_address(said)
    except PydanticCustomError:
        return None
    return (found.host, found.port) if found else None


def url_of(address: tuple[str, int]) -> str:
    """`http://127.0.0.1:9090`; every address is called on loopback."""
    host, port = ANYWHERE.get(address[0], address[0]), address[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
