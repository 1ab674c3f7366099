from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from proxy.config.schema import LATER, FileBlock
from tests.config.every_block import all_blocks

BLOCKS = all_blocks()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_key_is_described_with_an_example(block: type[BaseModel]) -> None:
    """Whoever asks an editor about a key reads a sentence and sees an example."""
    for name, field in block.model_fields.items():
        assert (field.description or "").endswith("."), name
        assert field.examples, name


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_block_refuses_unknown_keys_and_other_types(block: type[BaseModel]) -> None:
    """No block passes over a key that it does not know, nor takes another type for one of its own."""
    with pytest.raises(ValidationError) as errors:
        block.model_validate({"no such key": 1})

    assert "extra_forbidden" in {error["type"] for error in errors.value.errors()}
    assert block.model_config.get("strict")


def test_what_has_not_landed_is_in_no_block() -> None:
    """Where it is promised, a name is either a key that works or one that is refused, never both."""
    assert not [name for block, names in LATER.items() for name in names if name in block.model_fields]


def test_examples_are_themselves_right() -> None:
    """Every example that a key shows is taken by that key."""
    for block in BLOCKS:
        for name, field in block.model_fields.items():
            for example in field.examples or ():
                assert name not in _wrong(block, {name: example}), (block.__name__, name, example)


def _wrong(block: type[BaseModel], values: dict[str, object]) -> set[object]:
    """The keys of a block that are wrong; those that are missing do not count."""
    try:
        block.model_validate(values)
    except ValidationError as errors:
        return {error["loc"][0] for error in errors.errors() if error["type"] != "missing" or len(error["loc"]) > 1}
    return set()


def test_a_whole_file_is_one_block() -> None:
    """The model that the JSON Schema is made from takes a whole file."""
    route = {"name": "rest", "match": "/**", "stage": "legacy"}
    file = {"version": 1, "listen": ":8080", "upstreams": {"legacy": {"url": "http://a"}}, "routes": [route]}

    found: Any = FileBlock.model_validate(file)

    assert found.routes[0].match.path.text == "/**"
