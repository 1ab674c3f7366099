from __future__ import annotations

from proxy.config.blocks.include import IncludeAtTop
from proxy.config.schema import FileBlock
from tests.config.given_files import problems, with_routes


def test_the_key_is_described_and_followed_before_blocks_are_read() -> None:
    """The reference and the JSON Schema have it; what is wrong with it is told by whoever follows it."""
    text = with_routes("name: rest, match: /**, stage: legacy") + "include: {}\n"

    assert "include" in FileBlock.model_fields
    assert IncludeAtTop.model_validate({"include": ["a.yaml"]}).include == ["a.yaml"]
    assert problems(text) == [
        "routes.yaml:8:10: include: must be a list of paths, such as [orders.yaml, teams/search.yaml]"
    ]
