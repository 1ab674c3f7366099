"""`banyan init`: the first routes.yaml, out of traffic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.discover.discovery_source import LOG
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import ROUTES
from proxy.cli.terminal import complain, leave, say

LESSON = Lesson(
    purpose="Write the first routes.yaml, out of traffic.",
    more="A route for each endpoint, out of an access log, or with --admin out of what a running Banyan has found. "
    "All routes begin at stage `legacy`, so nothing changes for anybody. A file that is there is not overwritten.",
    example="banyan init --log access.log --legacy http://legacy:3000",
    exits={
        FINE: "written; banyan check takes it",
        FOUND: "nothing answers there",
        UNUSABLE: "wrong usage, the file is there, or the log cannot be read",
    },
)


def init(
    *,
    legacy: Annotated[str, typer.Option("--legacy", metavar="URL", help="Where the old system is.")],
    new: Annotated[str, typer.Option("--new", metavar="URL", help="Where the new system is; it may come later.")] = "",
    log: LOG = None,
    listen: Annotated[str, typer.Option("--listen", metavar="ADDRESS", help="Where clients come.")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(metavar="URL", help="The admin address of a running Banyan.")] = "",
    config: Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The routes.yaml to write.")] = ROUTES,
) -> None:
    """See LESSON."""
    from proxy.cli.discover.discovery_source import found_or_leave
    from proxy.cli.discover.first_file import first_file
    from proxy.config.load import load_text

    if log is None and not admin:
        complain("nothing to learn from", "give --log FILE, or --admin URL of a running Banyan")
        leave(UNUSABLE)
    if config.exists():
        _refuse(config)
    text = first_file(found_or_leave(log, admin, config), legacy=legacy, new=new, listen=listen)
    loaded = load_text(text, str(config), os.environ)
    if isinstance(loaded, list):
        for problem in loaded:
            complain(str(problem))
        leave(UNUSABLE)
    _write(config, text)
    say(f"{config}: {len(loaded.snapshot.routes)} routes, all at legacy; next: banyan check {config}")


def _write(config: Path, text: str) -> None:
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _refuse(config)
    except OSError as error:
        complain(f"{config} cannot be written: {error.strerror or error}")
        leave(UNUSABLE)


def _refuse(config: Path) -> None:
    complain(f"{config} is there, and is not overwritten", "name another file with --config, or move that one away")
    leave(UNUSABLE)
