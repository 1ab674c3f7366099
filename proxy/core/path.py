"""Path patterns: literal segments, `{name}`, `*` and a final `**`.

Rule 1: `{name}` and `*` take exactly one segment, which may not be empty; `**` takes the rest, also none:
        `/a/**` fits `/a`, `/a/` and `/a/b/c`.
Rule 2: literals compare raw bytes; no decoding (what other readings would pick is `core.target`'s question).
Rule 3: two patterns of the same shape are the same place in the table, whatever their parameters are called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ANY = b"*"
REST = b"**"
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()+,;=:@]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """`shape`: one entry per segment, a literal, `ANY`, or `REST` at the end; `parameters`: name by segment position (from 1)."""

    text: str
    shape: tuple[bytes, ...]
    parameters: tuple[tuple[str, int], ...] = ()

    @property
    def takes_rest(self) -> bool:
        """Whether it ends in `**`."""
        return self.shape[-1:] == (REST,)

    @property
    def is_literal(self) -> bool:
        """Whether it fits one path only."""
        return ANY not in self.shape and REST not in self.shape

    def position(self, name: str) -> int:
        """The segment (from 1) that `{name}` takes, or -1."""
        return dict(self.parameters).get(name, -1)


def parse_pattern(text: str) -> PathPattern | str:
    """The pattern, or what is wrong with it."""
    if not text.startswith("/"):
        return "a path begins with a slash"
    shape: list[bytes] = []
    parameters: list[tuple[str, int]] = []
    segments = text.split("/")[1:]
    for position, segment in enumerate(segments, start=1):
        parameter = _PARAMETER.fullmatch(segment)
        if parameter is not None:
            parameters.append((parameter[1], position))
            shape.append(ANY)
        elif segment == "**":
            if position != len(segments):
                return "** takes the rest of the path, so it must be the last segment"
            shape.append(REST)
        elif segment == "*":
            shape.append(ANY)
        elif _LITERAL.fullmatch(segment):
            shape.append(segment.encode("ascii"))
        else:
            return f"segment {segment!r} is neither a literal, {{name}}, * nor **"
    names = [name for name, _ in parameters]
    if len(names) != len(set(names)):
        return "a parameter name stands twice in one path"
    return PathPattern(text, tuple(shape), tuple(parameters))
