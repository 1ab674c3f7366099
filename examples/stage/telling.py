"""How the story speaks: a line each, what happens and why; of its figures and its end it keeps a record."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Sequence

from examples.stage.record import Chapter, Figure, Verdict, record

WIDTH = 100
_NAMES = 24


class Telling:
    """Lines on standard output; a chapter has a number, a title, and the article's words."""

    def __init__(self) -> None:
        """The clock runs."""
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        """One line, as it is."""
        sys.stdout.write(line.rstrip() + "\n")
        sys.stdout.flush()

    def chapter(self, title: str) -> None:
        """What begins."""
        record(Chapter(title))
        self(f"\n{title}  ({time.monotonic() - self._began:.0f} s)")

    def why(self, text: str) -> None:
        """A paragraph."""
        for line in textwrap.wrap(text, WIDTH - 2):
            self(f"  {line}")

    def figure(self, name: str, value: str) -> None:
        """What the story came to, of the chapter `Figures`."""
        record(Figure(name, value))
        self(f"  {name:<{_NAMES}} {value}")

    def verdict(self, wrong: Sequence[str], held: str) -> None:
        """What was not as it had to be; or that all of it was, in the story's words."""
        record(Verdict(held, tuple(wrong)))
        self("")
        for line in wrong:
            self(f"WRONG  {line}")
        self("The story failed." if wrong else f"All of it held: {held}")
