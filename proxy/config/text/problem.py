"""One thing that is wrong in routes.yaml: where, what, and how to mend it.

Rule 1: every problem prints as `routes.yaml:42:9: routes[3].split: must be …`; editors and terminals open that form.
Rule 2: a value that came from the environment is never repeated, since it may be a secret; its `${NAME}` is.
"""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """`line` and `column` count from 1; `where` is empty when the whole file is meant.

    `lacks`: the variable that the environment has not; empty: something is wrong with the file itself.
    """

    file: str
    line: int
    column: int
    where: str
    message: str
    lacks: str = ""

    def __str__(self) -> str:
        """The one line that people and editors read."""
        place = f"{self.file}:{self.line}:{self.column}: "
        return f"{place}{self.where}: {self.message}" if self.where else place + self.message


class FromEnvironment(str):
    """A value that `${…}` had a part in; `raw` is how it stands in the file."""

    __slots__ = ("raw",)
    raw: str

    @classmethod
    def of(cls, text: str, raw: str) -> FromEnvironment:
        """`text` as it came out, `raw` as it was written."""
        made = cls(text)
        made.raw = raw
        return made


def like(value: str, part: str) -> str:
    """`part` of `value`, marked as coming from the environment if `value` does."""
    return FromEnvironment.of(part, value.raw) if isinstance(value, FromEnvironment) else part


def where(path: Path) -> str:
    """`("routes", 3, "split")` as `routes[3].split`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def show(value: object) -> str:
    """A value as a problem repeats it: short, on one line, and never out of the environment."""
    match value:
        case FromEnvironment():
            return f"the value of {value.raw}"
        case str():
            text = value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
            return '"' + "".join(sign if sign.isprintable() else "�" for sign in text) + '"'
        case bool():
            return "true" if value else "false"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return str(value)
