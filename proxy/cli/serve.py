"""`banyan serve`: the proxy itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, ROUTES
from proxy.cli.terminal import complain, leave
from proxy.core.build import BUILD, SLOW, Build

LESSON = Lesson(
    purpose="Run the proxy until SIGTERM.",
    more="A change of the file is taken as soon as it is saved; SIGHUP takes it at once. A file with problems never "
    "replaces a good one. SIGTERM drains: requests in flight finish, new ones are refused.",
    example="banyan serve --config routes.yaml",
    exits={
        FINE: "drained and ended as asked",
        FOUND: "it could not run, for example because an address is taken",
        UNUSABLE: "wrong usage, or the file has problems",
    },
)


def serve(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The routes.yaml, as --config names it.", show_default=False)
    ] = None,
    *,
    config: CONFIG = ROUTES,
) -> None:
    """See LESSON."""
    from proxy.app.supervisor import serve as run

    if file is not None and config not in (ROUTES, file):
        complain(f"{file} and --config {config} are two files.", "Name one of them.")
        leave(UNUSABLE)
    if BUILD is Build.INTERPRETED and sys.stderr.isatty() and not sys.stdout.isatty():  # else the log says so there
        complain(SLOW)
    leave(run(file or config))
