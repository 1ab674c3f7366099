"""`banyan status --watch`: the same picture as without it, drawn again and again on the terminal.

Rule 1: what does not fit the terminal's rows goes from the end, and is counted; the table stands first then, and before
        it only that the kill switch is on.
Rule 2: a Banyan that does not answer for a while is shown as such, and asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from rich.console import Group
from rich.live import Live
from rich.text import Text

from proxy.api.routes import RoutesView
from proxy.cli.admin_client import NoAnswerError, get_route, get_routes
from proxy.cli.folded import folded, folded_text
from proxy.cli.status.picture import absent, sentences, table
from proxy.cli.status.route import BESIDE, route_lines
from proxy.cli.terminal import console

_INTERVAL = 1.0
_LEAST_COLUMNS, _LEAST_ROWS = 20, 4


def watch(drawn: Callable[[int, int], Iterable[Text]]) -> None:
    """Draw until Ctrl-C; `drawn` is asked for so many columns and rows, and has no line that is wider."""
    with suppress(KeyboardInterrupt), Live(console=console(), auto_refresh=False, vertical_overflow="crop") as screen:
        while True:
            columns, rows = max(screen.console.width, _LEAST_COLUMNS), max(screen.console.height, _LEAST_ROWS)
            try:
                lines = drawn(columns, rows)
            except NoAnswerError as error:
                lines = _laid_out(absent(error), columns)
            screen.update(Group(*_fitting(list(lines), rows)), refresh=True)
            time.sleep(_INTERVAL)


def all_routes(base: str, metrics: Callable[[], str], columns: int, rows: int) -> list[Text]:
    """The picture of all routes; NoAnswerError."""
    found = get_routes(base)
    above = _laid_out(sentences(base, found, metrics(), columns), columns)
    routes = _laid_out(table(found, columns), columns)
    if len(above) + 1 + len(routes) <= rows:
        return [*above, Text(), *routes]
    return [*_loudest(found, columns), *routes, Text(), *above]


def one_route(base: str, name: str, columns: int) -> list[Text]:
    """The picture of one; NoAnswerError."""
    lines = route_lines(get_route(base, name)[0], columns)
    parts = (Text.from_ansi(each, no_wrap=True) for line in lines for each in folded(line, columns, hang=BESIDE))
    return _laid_out(parts, columns)


def _loudest(found: RoutesView, columns: int) -> Iterator[Text]:
    if found.killed is not None:
        yield Text("KILLED: `banyan kill --off` ends it"[:columns], style="bold white on red")


def _laid_out(lines: Iterable[Text], columns: int) -> list[Text]:
    """As they stand without --watch; what is wider than the terminal still, as a name is, goes on in the next line."""
    parts = (each for line in lines for each in ([line] if line.no_wrap else folded_text(line, columns)))
    return [each for part in parts for each in (part.divide(range(columns, len(part), columns)) if part else [part])]


def _fitting(lines: Sequence[Text], rows: int) -> Sequence[Text]:
    if len(lines) <= rows:
        return lines
    left = len(lines) - rows + 1
    return [*lines[: rows - 1], Text(f"… and {left} more lines: `banyan status`")]
