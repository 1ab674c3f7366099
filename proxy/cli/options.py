"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ROUTES = Path("routes.yaml")

CONFIG = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The routes.yaml to read.")]
JSON = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]
