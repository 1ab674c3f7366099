from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy.config.blocks.base_block import Block, needed, optional


class Example(Block):
    must: int = needed("Must be there.", 1)
    may: int | None = optional("May be there.", 2, 3)


def test_a_key_that_is_needed_must_be_there_and_another_need_not() -> None:
    """What is left out is None; both keep their description and examples."""
    fields = Example.model_fields

    assert Example.model_validate({"must": 1}).may is None
    assert [(each.description, each.examples) for each in fields.values()] == [
        ("Must be there.", [1]),
        ("May be there.", [2, 3]),
    ]


@pytest.mark.parametrize("wrong", [{}, {"must": 1, "other": 2}, {"must": "1"}])
def test_a_block_takes_what_it_knows_and_nothing_else(wrong: dict[str, object]) -> None:
    """Missing keys, unknown ones and other types are refused."""
    with pytest.raises(ValidationError):
        Example.model_validate(wrong)
