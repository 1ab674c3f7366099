"""Where a step works: `$.address.zip`, `$.items[*].price`, `$['content-type']`.

Rule 1: what is not there, or is none of the kind that the path asks for, is passed over: a step finds nothing there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from proxy.core.translation.json_document import Json, JsonObject

EACH: Final = "[*]"
"""All elements of a list."""
ROOT: Final = "$"
_STEP = re.compile(r"\.(?P<bare>[_A-Za-z][_A-Za-z0-9-]*)|\['(?P<quoted>[^'\\\x00-\x1f]+)'\]|\[\*\]")
_BARE = re.compile(r"[_A-Za-z][_A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class BodyPath:
    """`parts` are names, each with a dot before it, or `EACH`: no name is taken for the other."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """As it is written."""
        return ROOT + "".join(map(written_part, self.parts))

    @property
    def names_member(self) -> bool:
        """Whether it leads to a member, and not to elements or to the whole."""
        return bool(self.parts) and self.parts[-1] != EACH

    @property
    def name(self) -> str:
        """The name of that member."""
        return self.parts[-1][1:]

    @property
    def above(self) -> BodyPath:
        """The way to what holds it."""
        return BodyPath(self.parts[:-1])

    def beside(self, name: str) -> BodyPath:
        """The way to another member of what holds it."""
        return BodyPath((*self.parts[:-1], f".{name}"))


def parse_body_path(text: str) -> BodyPath | None:
    """The path, or None where the text is none."""
    if not text.startswith(ROOT):
        return None
    parts, at = [], 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        name = step["bare"] or step["quoted"]
        parts.append(EACH if name is None else f".{name}")
        at = step.end()
    return BodyPath(tuple(parts))


def values_at(value: Json, parts: tuple[str, ...]) -> list[Json]:
    """Every value to which these parts lead, in the order of the document."""
    found = [value]
    for part in parts:
        found = [inner for each in found for inner in _inner(each, part)]
    return found


def holders(value: Json, path: BodyPath) -> list[JsonObject]:
    """Every object that may hold the member that the path names."""
    return [each for each in values_at(value, path.parts[:-1]) if isinstance(each, JsonObject)]


def _inner(value: Json, part: str) -> list[Json]:
    if part == EACH:
        return value if isinstance(value, list) else []
    return [pair.value for pair in value.named(part[1:])] if isinstance(value, JsonObject) else []


def written_part(part: str) -> str:
    """As it stands in a path; `part` is a name with a dot before it, or `EACH`."""
    if part == EACH or _BARE.fullmatch(part[1:]):
        return part
    return f"['{part[1:]}']"
