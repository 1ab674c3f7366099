"""`compare:` blocks → the rules of a route: those of the top, and its own in place of equal ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from proxy.config.blocks.compare_blocks import CompareBlock, RuleBlock
from proxy.core.parity.rules.rules import NoiseWord, Rule, Rules, Treatment


class Placed(NamedTuple):
    """A rule's block with its treatment and its position in that list."""

    treatment: Treatment
    at: int
    block: RuleBlock


def placed(block: CompareBlock | None) -> Iterator[Placed]:
    """Every rule of a block."""
    for treatment in Treatment:
        for at, each in enumerate(getattr(block, treatment.value, None) or ()):
            yield Placed(treatment, at, each)


def build_rules(*blocks: CompareBlock | None, version_header: bytes = b"") -> Rules:
    """The rules of one route; a later block's rule replaces an earlier one of the same treatment and path."""
    rules = [_rule(each) for block in blocks for each in placed(block)]
    secrets = {name for block in blocks if block is not None for name in block.secrets or ()}
    words = {word.path: word for block in blocks for word in _words(block)}
    return Rules(
        rules=tuple({rule.id: rule for rule in rules}.values()),
        secrets=frozenset(secrets),
        words=tuple(words.values()),
        version_header=version_header,
    )


def _words(block: CompareBlock | None) -> Iterator[NoiseWord]:
    if block is None:
        return
    for noisy, said in ((True, block.noisy), (False, block.exact)):
        for each in said or ():
            yield NoiseWord(path=each.path, noisy=noisy, reason=each.reason, owner=each.owner, until=each.until or None)


def _rule(each: Placed) -> Rule:
    block = each.block
    said = {name: value for name in _MORE if (value := getattr(block, name, None)) is not None}
    return Rule(
        id=rule_id(each),
        path=block.path,
        treatment=each.treatment,
        reason=block.reason,
        owner=block.owner,
        until=block.until or None,
        kinds=frozenset(block.kinds or ()),
        **said,
    )


_MORE = ("key", "regex", "absolute", "relative", "within")


def rule_id(each: Placed) -> str:
    """What tells a rule from the others of its route: `ignore $.served_by`."""
    return f"{each.treatment.value} {each.block.path}"
