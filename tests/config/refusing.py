"""What a reader of one value says when it refuses one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError


def refusal(reader: Callable[[object], object], value: object) -> str:
    """`message | got | cure`, where `got` is what is shown instead of the value; what is not said is left out."""
    with pytest.raises(PydanticCustomError) as error:
        reader(value)
    context = error.value.context or {}
    said = [context["message"], *(["got " + context["got"]] if context["got"] is not None else []), context["cure"]]
    return " | ".join(part for part in said if part)
