"""Reads the steps of a ramp: the splits of canary, rising."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from proxy.config.readers import units
from proxy.config.readers.errors import fault, of_item
from proxy.config.readers.units import SHARE_SCHEMA

_MOST_STEPS = 20


def read_steps(value: object) -> tuple[float, ...]:
    """Rising shares, each above 0 % and below 100 %."""
    if not isinstance(value, list) or not value:
        raise fault("must be a list of rising shares such as [1%, 5%, 25%, 50%, 98%]", got="" if value == [] else None)
    if len(value) > _MOST_STEPS:
        raise fault(f"must be at most {_MOST_STEPS} steps", got=f"{len(value)}")
    steps = [_read_step(value, at) for at in range(len(value))]
    for at, step in enumerate(steps):
        if not 0.0 < step < 1.0:
            raise fault("a step lies above 0 % and below 100 %: legacy and live are stages of their own", got=value[at])
        if at and step <= steps[at - 1]:
            raise fault("each step must be greater than the one before", got=f"{value[at]} after {value[at - 1]}")
    return tuple(steps)


def _read_step(steps: list[object], at: int) -> float:
    try:
        return units.read_share(steps[at])
    except PydanticCustomError as error:
        raise of_item(error, at, steps[at], _steps_meant(steps)) from None


def _steps_meant(steps: list[object]) -> str:
    """The list of those who left out every sign."""
    are_percents = all(units.is_number(step) and 1 < step < 100 for step in steps)  # type: ignore[operator]
    return f"write [{', '.join(f'{step}%' for step in steps)}]" if are_percents else ""


Steps = Annotated[
    tuple[float, ...],
    BeforeValidator(read_steps),
    WithJsonSchema({"type": "array", "items": SHARE_SCHEMA, "minItems": 1, "maxItems": _MOST_STEPS}),
]
