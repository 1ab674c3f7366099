"""The way to a value within a body, as text: `$.items[*].price`, `$['content-type']`, `$.prices{*}`.

Rule 1: positions in lists are not told apart (`[*]`), nor are keys that are data (`{*}`): paths stay few, and one rule
        names one thing.
Rule 2: the keys of an object are data when there are more than 50, or one is longer than 100 characters, begins with a
        digit, or holds what no name holds. A key of letters, dashes, dots and colons is a name (`content-type`, `@id`).
Rule 3: a place is made once per path and comparison, and knows the rules for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from proxy.core.parity.rules.rules import BELOW, LISTS, Rule, Rules

ROOT = "$"
MOST_NAMES = 50
LONGEST_PATH = 300
_NAME = re.compile(r"[_A-Za-z][_A-Za-z0-9]{0,99}|[@$#]?[_A-Za-z][_A-Za-z:.\-]{0,98}")
_BARE = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")
_STEP = re.compile(r"\.(?P<bare>[_A-Za-z][_A-Za-z0-9]*)|\['(?P<quoted>(?:[^'\\]|\\['\\])+)'\]|\[\*\]|\{\*\}")
_FIELD = re.compile(r"header:[!#$%&'*+.^_`|~0-9A-Za-z-]+(?::[!#$%&'*+.^_`|~0-9A-Za-z-]+)?")


class BadPath(ValueError):  # noqa: N818 - a sentence about a path
    """A path that cannot be read; `at` counts characters from 0."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


class PathRules:
    """A path with the rules for it; its inner places are made when they are asked for."""

    __slots__ = ("_element", "_entry", "_inner", "_rules", "list_rule", "rules", "text")

    def __init__(self, text: str, rules: Rules) -> None:
        """`rules` are those in force, of the whole route."""
        self.text = text
        self.rules: tuple[Rule, ...] = rules.at(text) if rules.rules else ()
        self.list_rule = next((rule for rule in self.rules if rule.treatment in LISTS), None) if self.rules else None
        self._rules = rules
        self._inner: dict[str, PathRules] = {}
        self._element: PathRules | None = None
        self._entry: PathRules | None = None

    def member(self, name: str) -> PathRules:
        """The member of that name."""
        found = self._inner.get(name)
        if found is None:
            found = self._inner[name] = PathRules(member(self.text, name), self._rules)
        return found

    def element(self) -> PathRules:
        """The place of a list's elements, whatever their position."""
        if self._element is None:
            self._element = PathRules(_short(self.text + "[*]"), self._rules)
        return self._element

    def entry(self) -> PathRules:
        """Any entry of an object whose keys are data."""
        if self._entry is None:
            self._entry = PathRules(_short(self.text + "{*}"), self._rules)
        return self._entry


def member(path: str, name: str) -> str:
    """The path of a member."""
    return _short(path + _step(name))


@lru_cache(maxsize=4096)
def _step(name: str) -> str:
    if _BARE.fullmatch(name):
        return f".{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def _short(path: str) -> str:
    return path if len(path) <= LONGEST_PATH else path[: LONGEST_PATH - 1] + "…"


def keys_are_data(keys: Mapping[str, object], names: set[str]) -> bool:
    """Whether an object is a map; `names` collects the keys that were found to be names."""
    if len(keys) > MOST_NAMES:
        return True
    if names.issuperset(keys):
        return False
    if all(map(_is_name, keys)):
        names.update(keys)
        return False
    return True


@lru_cache(maxsize=4096)
def _is_name(key: str) -> bool:
    return _NAME.fullmatch(key) is not None


def read_path(text: str) -> str:
    """A path that an operator wrote, as differences print it: `status`, `header:NAME`, or JSONPath."""
    if text == "status" or _FIELD.fullmatch(text):
        return text if text == "status" else field_path(text)
    if not text.startswith(ROOT):
        raise BadPath(0, "begins with $ (a body), header:NAME or status")
    end = len(text) - len(BELOW) if text.endswith(BELOW) else len(text)
    path, at = ROOT, 1
    while at < end:
        step = _STEP.match(text, at, end)
        if step is None:
            raise BadPath(
                at, f"is not read beyond {text[:at]}: what follows is .name, ['name'], [*], {{*}}, or ..* at the end"
            )
        at, path = step.end(), path + _as_printed(step)
    return path + text[end:]


def _as_printed(step: re.Match[str]) -> str:
    name = step["bare"] or step["quoted"]
    return step[0] if name is None else member("", re.sub(r"\\(.)", r"\1", name))


def field_path(text: str) -> str:
    """`header:cache-control` as `header:Cache-Control`; what stands behind a second colon (a cookie's name) stays."""
    _, name, *rest = text.split(":", 2)
    return ":".join(("header", name.title(), *rest))
