"""How far a suite has come: a bar on a terminal, a line per tenth elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Bar:
    """Moved by `to`; `say` writes a line beside it."""

    def __init__(self, title: str, total: float, drawn: Progress | None) -> None:
        self._title = title
        self._total = total
        self._drawn = drawn
        self._task = drawn.add_task(title, total=total) if drawn else None
        self._began = time.monotonic()
        self._done = 0.0
        self._tenths = 0

    def to(self, done: float, text: str = "") -> None:
        """So much of the total is done."""
        self._done = done
        if self._drawn is not None and self._task is not None:
            self._drawn.update(self._task, completed=done, description=f"{self._title} {text}".strip())
        elif (tenths := int(10 * done / self._total)) > self._tenths:
            self._tenths = tenths
            self.say(f"{self._title} {10 * tenths} % {text}".strip())

    def step(self, text: str = "", by: int = 1) -> None:
        """One more, or several."""
        self.to(self._done + by, text)

    def say(self, text: str) -> None:
        """A line with the seconds since the start."""
        line = f"[{time.monotonic() - self._began:6.1f} s] {text}"
        if self._drawn is not None:
            self._drawn.console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


@contextmanager
def bar(title: str, total: float) -> Iterator[Bar]:
    """A bar from 0 to `total`."""
    if not sys.stderr.isatty():
        yield Bar(title, total, None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as drawn:
        yield Bar(title, total, drawn)
