"""What all blocks of routes.yaml share: unknown keys are refused, and every key has a description and examples."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Block(BaseModel):
    """What all blocks share."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


def needed(description: str, *examples: object) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A key that must be there."""
    return Field(description=description, examples=list(examples))


def optional(description: str, *examples: object) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A key that may be left out; None says that it was."""
    return Field(None, description=description, examples=list(examples))
