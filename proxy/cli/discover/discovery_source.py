"""Where commands get a discovery from: an access log, or a running Banyan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import base_of
from proxy.cli.help_text import FOUND, UNUSABLE
from proxy.cli.terminal import complain, leave

if TYPE_CHECKING:
    from proxy.api.discovery import DiscoveryView

LOG = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="An access log: combined format or JSON lines; - for standard input."),
]


def found_or_leave(log: Path | None, admin: str, config: Path) -> DiscoveryView:
    """What is known; exit 1 where no Banyan answers, 2 where the log cannot be read at all."""
    if log is not None:
        return _of_log(log)
    from proxy.api.discovery import DiscoveryView
    from proxy.cli.admin_client import TIMEOUT, NoAnswerError, fetch, read

    base = base_of(admin, config)
    try:
        return read(base, fetch(base, "/api/discovery", timeout=10 * TIMEOUT), DiscoveryView)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)


def _of_log(log: Path) -> DiscoveryView:
    from proxy.cli.discover.read_log import read_log

    try:
        read = read_log(log)
    except OSError as error:
        complain(f"{log} cannot be read: {error.strerror or error}", "--log takes an access log, or - for its lines")
        leave(UNUSABLE)
    for problem in read.problems:
        complain(problem)
    if read.unread > len(read.problems):
        complain(f"{log}: {read.unread - len(read.problems)} more lines cannot be read")
    if read.broken:
        complain(read.broken)
    if not read.found.observed:
        complain(
            f"{log} has no line that can be read", "it takes the combined format and JSON lines (docs/discover.md)"
        )
        leave(UNUSABLE)
    return read.found
