"""What a command's help teaches: its purpose in a sentence, an example that runs, and what its exit codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FINE, FOUND, UNUSABLE = 0, 1, 2
"""The exit codes of every command: done, or all is well; no: it found something, was refused, or knows no such thing;
usage, or a file that it was given, is wrong.
"""
UNANSWERED = 3
"""That of a command whose 1 says that the sides differ: nothing is known, as nothing answers or there is no such thing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One command's help: `exits` is what each exit code means here, `more` a paragraph for what options cannot say."""

    purpose: str
    example: str
    exits: Mapping[int, str]
    more: str = ""

    @property
    def text(self) -> str:
        r"""The help as typer prints it; `\b` keeps the lines of a paragraph as they are."""
        paragraphs = [self.purpose, *([self.more] if self.more else [])]
        codes = [f"  {code}  {meaning}" for code, meaning in self.exits.items()]
        paragraphs += [_kept("Example:", f"  {self.example}"), _kept("Exit codes:", *codes)]
        return "\n\n".join(paragraphs)


def _kept(*lines: str) -> str:
    return "\n".join(("\b", *lines))
