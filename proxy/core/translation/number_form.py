"""The step that writes a number as text, or a text as a number; its digits stay as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from proxy.core.translation.body_path import BodyPath, holders
from proxy.core.translation.json_document import Json, Number
from proxy.core.translation.untranslatable import Untranslatable

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class NumberForm(StrEnum):
    """How a number is written."""

    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class WriteNumber:
    """The number at `path`; null stays null, and what is written so already stays."""

    path: BodyPath
    to: NumberForm

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"number: {self.path.text}, to: {self.to.value}"


def write_number(value: Json, step: WriteNumber) -> None:
    """In place."""
    for members in holders(value, step.path):
        for pair in members.named(step.path.name):
            if pair.value is not None:
                pair.value = _written(pair.value, step)


def _written(value: Json, step: WriteNumber) -> Json:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise Untranslatable(step.path.text, "it is no number", step.text)
    return Number(value) if step.to is NumberForm.NUMBER else str(value)
