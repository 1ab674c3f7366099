"""Every block of routes.yaml, for what has to hold of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from proxy.config.block import Block
from proxy.config.schema import FileBlock


def all_blocks(within: type[Block] = FileBlock) -> list[type[Block]]:
    """Each model that a whole file, or one block, can hold, itself included."""
    return list(dict.fromkeys(_within(within)))


def _within(annotation: object) -> Iterator[type[Block]]:
    if isinstance(annotation, type) and issubclass(annotation, Block):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _within(field.annotation)
    for part in get_args(annotation):
        yield from _within(part)
