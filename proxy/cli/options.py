"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.terminal import answer_script

ROUTES = Path("routes.yaml")

CONFIG = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The routes.yaml to read.")]
ROUTE = Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)]
REASON = Annotated[str, typer.Option(metavar="TEXT", help="Why; recorded with the move, shown by status.")]


def _answer_script(command: typer.Context, wanted: bool) -> bool:  # noqa: FBT001  typer gives it so
    if wanted:
        answer_script(command)
    return wanted


JSON = Annotated[bool, typer.Option("--json", callback=_answer_script, help="Answer in JSON, for scripts.")]
