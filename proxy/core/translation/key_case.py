"""The step that writes keys in another case: `firstName` as `first_name`, and back.

Rule 1: it takes the keys of every object at and below its path. Two keys that would become one cannot be translated.
Rule 2: it has an inverse for names that are written in one case throughout: a capital is an underscore and its small
        letter. Other characters stay, so `address2` and `address_2` stay apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from proxy.core.translation.body_path import BodyPath, values_at
from proxy.core.translation.json_document import Json, JsonObject
from proxy.core.translation.untranslatable import Untranslatable

_CAPITAL = re.compile(r"(?<!^)[A-Z]")
_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_([a-z])")


class KeyCase(StrEnum):
    """How keys are written."""

    CAMEL = "camel"
    SNAKE = "snake"


@dataclass(frozen=True, slots=True)
class ChangeCase:
    """All keys at and below `path`."""

    path: BodyPath
    to: KeyCase

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"case: {self.path.text}, to: {self.to.value}"


def change_case(value: Json, step: ChangeCase) -> None:
    """In place."""
    for root in values_at(value, step.path.parts):
        _change(root, step)


def _change(value: Json, step: ChangeCase) -> None:
    match value:
        case list():
            for each in value:
                _change(each, step)
        case JsonObject():
            _rename_all(value, step)
            for pair in value.pairs:
                _change(pair.value, step)
        case _:
            pass


def _rename_all(members: JsonObject, step: ChangeCase) -> None:
    before = {pair.key for pair in members.pairs}
    after = {key: written_in(key, step.to) for key in before}
    if len(set(after.values())) < len(before):
        raise Untranslatable(step.path.text, "two keys of one object would become one", step.text)
    for pair in members.pairs:
        pair.key = after[pair.key]


def written_in(key: str, case: KeyCase) -> str:
    """One key."""
    match case:
        case KeyCase.SNAKE:
            return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", key)
        case KeyCase.CAMEL:
            return _UNDERSCORE.sub(lambda found: found[1].upper(), key)
        case _:
            assert_never(case)
