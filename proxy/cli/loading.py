"""How every command comes to the routes.yaml it works on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from proxy.cli.help_text import UNUSABLE
from proxy.cli.problem_text import problem_lines
from proxy.cli.terminal import complain, leave
from proxy.config.load import Loaded, load_file
from proxy.core.nearest import nearest


def load_or_leave(path: Path) -> Loaded:
    """The file as `serve` would load it; its problems on stderr and exit 2 when it has any."""
    found = load_file(path, os.environ)
    if not isinstance(found, Loaded):
        sys.stderr.writelines(f"{line}\n" for line in problem_lines(found, with_source=sys.stderr.isatty()))
        complain(f"{path} cannot be used.", "Mend what is listed above, or name another file with --config.")
        leave(UNUSABLE)
    return found


def no_such_route(config: Path, name: str, known: Iterable[str]) -> NoReturn:
    """Leave, as the file has no route of that name that asks two systems; `known` are those that it has."""
    meant = nearest(name, known)
    asked = f"Did you mean {meant}? " if meant else ""
    complain(f"{config} has no route {name!r} with two sides.", f"{asked}`banyan status` lists the routes.")
    leave(UNUSABLE)
