from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from proxy.config.blocks import compare_blocks
from proxy.config.blocks.base_block import Block
from proxy.config.blocks.compare_blocks import CompareBlock, KeyedBlock, SaidBlock
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Treatment
from tests.config.given_files import problems, told

BLOCKS = [each for each in vars(compare_blocks).values() if isinstance(each, type) and issubclass(each, Block)]
RULE = {"path": "$.a", "reason": "r", "owner": "o", "until": "never"}
ROUTE = """\
version: 1
listen: :8080
upstreams: {legacy: {url: "http://a"}, new: {url: "http://b"}}
routes:
  - name: a
    match: /a
    stage: live
    compare:
"""


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_key_is_described_with_an_example_that_is_right(block: type[BaseModel]) -> None:
    """Whoever asks an editor about a key reads a sentence and sees an example."""
    for name, field in block.model_fields.items():
        assert (field.description or "").endswith("."), name
        assert field.examples, name
        for example in field.examples:
            usual = RULE if issubclass(block, SaidBlock) else {}
            block.model_validate({**usual, **({"key": "id"} if block is KeyedBlock else {}), name: example})


def test_every_treatment_has_a_key() -> None:
    """The block's keys are the treatments, what is said of noise, and the secrets."""
    assert CompareBlock.model_fields.keys() == {*Treatment, "noisy", "exact", "secrets"}


@pytest.mark.parametrize("key", sorted(RULE))
def test_a_rule_says_who_why_where_and_until_when(key: str) -> None:
    """Nothing is accepted without a name and an end."""
    with pytest.raises(ValidationError, match="Field required"):
        compare_blocks.IgnoreBlock.model_validate({name: value for name, value in RULE.items() if name != key})


def test_values_are_read() -> None:
    """Paths as differences print them, the last day to its end, kinds by name."""
    said = {**RULE, "path": "header:x-total", "until": "2026-12-31", "kinds": ["missing", "header"]}
    found = compare_blocks.IgnoreBlock.model_validate(said)

    assert (found.path, found.until) == ("header:X-Total", 1_798_761_600.0)
    assert found.kinds == [DifferenceKind.MISSING, DifferenceKind.HEADER]
    assert compare_blocks.IgnoreBlock.model_validate(RULE).until == 0.0
    assert compare_blocks.MaskBlock.model_validate({**RULE, "regex": "a+"}).regex == "a+"
    assert compare_blocks.ToleranceBlock.model_validate({**RULE, "absolute": 1, "relative": 1e-9}).absolute == 1.0


def test_wrong_values_are_told_at_their_place() -> None:
    """Each with what is right; a path with the character at which it makes no sense."""
    rules = """\
      ignore:
        - { path: ¦7, reason: ¦"", owner: ¦"a\\nb", until: ¦"2026-02-41", kinds: [¦gone] }
        - { path: ¦"$.a[0]", reason: a, owner: b, until: ¦soon, ¦treatment: ignore }
      mask: [{ path: $.a, reason: a, owner: b, until: never, regex: ¦"(" }]
      tolerance: [{ path: $.a, reason: a, owner: b, until: never, absolute: ¦0, relative: ¦"1%" }]
      ¦keyed: [{ path: $.a, reason: a, owner: b, until: never }]
"""
    found = told(ROUTE + rules.replace("¦keyed: [{", "keyed: [¦{"))

    where = "routes[0].compare."
    expression = "a regular expression as RE2 reads it (no look-around, no references back)"
    steps = "is not read beyond $.a: what follows is .name, ['name'], [*], {*}, or ..* at the end; got \"$.a[0]\""
    assert [each.removeprefix(where) for each in found] == [
        "ignore[0].path: must be a path such as $.items[*].price, header:Cache-Control or status; got 7",
        'ignore[0].reason: must be a text on one line, of 1 to 300 characters; got ""',
        'ignore[0].owner: must be a text on one line, of 1 to 300 characters; got "a�b"',
        'ignore[0].until: must be the last day, such as "2026-12-31" in quotes, or never; got "2026-02-41"',
        f'ignore[0].kinds[0]: must be one of {", ".join(DifferenceKind)}; got "gone"',
        f"ignore[1].path: must be a path such as $.items[*].price; character 4: {steps}",
        'ignore[1].until: must be the last day, such as "2026-12-31" in quotes, or never; got "soon"',
        "ignore[1].treatment: is not known here; known are path, reason, owner, until, kinds",
        f'mask[0].regex: must be {expression}; missing ): (; got "("',
        "tolerance[0].absolute: must be a number above 0, such as 0.01; got 0",
        'tolerance[0].relative: must be a number above 0, such as 0.01; got "1%"',
        "keyed[0].key: is missing",
    ]


def test_an_empty_pattern_is_none() -> None:
    """A pattern that says nothing is a mistake."""
    rules = '      mask: [{ path: $.a, reason: a, owner: b, until: never, regex: "" }]\n'

    (found,) = problems(ROUTE + rules)

    assert "mask[0].regex: must be a text on one line" in found


def test_what_is_said_of_noise_is_said_once() -> None:
    """A path that is noisy cannot be exact, too."""
    said = """\
      noisy: [{ path: $.a, reason: a, owner: b, until: never }]
      exact: [{ path: ¦$.a, reason: a, owner: b, until: never }]
"""
    assert told(ROUTE + said) == ["routes[0].compare.exact[0].path: $.a is said to be noisy, too"]
