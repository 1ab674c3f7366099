from __future__ import annotations

import yaml

from proxy.config.compare_blocks import CompareBlock
from proxy.core.noise.groups import SKELETON
from proxy.core.noise.words import choice, line, unknown

KEY = f"$.items[*]{{*}}['ä b']{SKELETON}took <n> ms"


def test_the_line_to_write_is_one_that_routes_yaml_takes() -> None:
    """Whatever the path holds; it names the path, not the skeleton."""
    said = yaml.safe_load(f"{{{line(KEY)}}}")

    assert said["noisy"][0]["path"] == "$.items[*]{*}['ä b']"
    assert CompareBlock.model_validate(said).noisy is not None


def test_a_key_that_nobody_knows_has_a_sentence() -> None:
    """It says both things that an operator can do."""
    assert unknown("$.id").endswith(choice("$.id"))
    assert (
        choice("$.id") == f"if $.id is generated, write `compare: {{{line('$.id')}}}`; if not, the same under `exact`"
    )
