from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy.config.blocks.base_block import Block
from proxy.config.blocks.judgement_blocks import FleetGuardBlock, GuardBlock, NeedsBlock, RampBlock, WindowBlock
from proxy.core.judge.policy import GuardPolicy, Needs, Ramp

BLOCKS = (FleetGuardBlock, GuardBlock, NeedsBlock, RampBlock, WindowBlock)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_key_has_a_sentence_and_examples_that_it_takes(block: type[Block]) -> None:
    """What an editor shows of a key is right."""
    for name, field in block.model_fields.items():
        assert (field.description or "").endswith("."), name
        assert field.examples, name
        for example in field.examples:
            assert name not in wrong(block, {name: example}), (name, example)


def wrong(block: type[Block], values: dict[str, object]) -> set[object]:
    try:
        block.model_validate(values)
    except ValidationError as errors:
        return {each["loc"][0] for each in errors.errors() if each["type"] != "missing"}
    return set()


def test_the_defaults_in_the_sentences_are_those_of_the_core() -> None:
    """A default that a description names is the one that acts."""
    told = {
        name: (field.description or "").rpartition("Default ")[2].rstrip(".")
        for block in (GuardBlock, NeedsBlock, RampBlock)
        for name, field in block.model_fields.items()
    }
    needs, ramp, guard = Needs(), Ramp(), GuardPolicy()

    assert told["compared"] == str(needs.compared)
    assert told["requests"] == str(needs.requests)
    assert told["mismatch_rate"] == told["incomparable"] == f"{needs.mismatch_rate:.0%}" == f"{needs.incomparable:.0%}"
    assert told["coverage"] == f"{needs.coverage:.1%}"
    assert told["steps"] == "[" + ", ".join(f"{step:.0%}" for step in ramp.steps) + "]"
    assert (told["hold"], told["soak"]) == (f"{ramp.hold / 60:g}m", f"{ramp.soak / 3600:g}h")
    assert told["budget"] == f"{guard.budget / 86_400:g}d"
    assert told["latency"] == f"{guard.latency:.0%}"
    assert told["one_way_door"] == guard.door


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "10"])
def test_a_count_that_counts_nothing_is_refused(count: object) -> None:
    """Comparisons are whole; none at all is a word of its own; no route in motion would be none at all."""
    assert wrong(NeedsBlock, {"compared": count}) == ({"compared"} if count else set())
    assert wrong(FleetGuardBlock, {"in_motion": count}) == {"in_motion"}
