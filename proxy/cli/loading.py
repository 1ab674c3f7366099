"""How every command comes to the routes.yaml it works on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from proxy.cli.lesson import UNUSABLE
from proxy.cli.problem_text import problem_lines
from proxy.cli.terminal import complain, leave
from proxy.config.load import Loaded, load_file


def load_or_leave(path: Path) -> Loaded:
    """The file as `serve` would load it; its problems on stderr and exit 2 when it has any."""
    found = load_file(path, os.environ)
    if not isinstance(found, Loaded):
        sys.stderr.writelines(f"{line}\n" for line in problem_lines(found, with_source=sys.stderr.isatty()))
        complain(f"{path} cannot be used.", "Mend what is listed above, or name another file with --config.")
        leave(UNUSABLE)
    return found
