"""What is wrong, or probably not meant, in `compare:` blocks though every value in them is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from proxy.config.blocks.compare_blocks import CompareBlock, ToleranceBlock
from proxy.config.blocks.compare_build import placed, rule_id
from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem
from proxy.core.parity.rules.rules import LISTS, Treatment


class _Found(NamedTuple):
    where: Path
    block: CompareBlock


def _blocks(draft: Draft) -> Iterator[_Found]:
    """Every `compare:` of a file with the way to it."""
    if draft.settings.compare is not None:
        yield _Found(("compare",), draft.settings.compare)
    for index, route in draft.routes:
        if route.compare is not None:
            yield _Found(("routes", index, "compare"), route.compare)


def rules_stand_once(draft: Draft) -> Iterator[Problem]:
    """Two rules of one kind for one path would contradict each other, as would two ways to pair one list."""
    for found in _blocks(draft):
        seen: set[str] = set()
        for each in placed(found.block):
            name = "list " + each.block.path if each.treatment in LISTS else rule_id(each)
            if name in seen:
                path: Path = (*found.where, each.treatment.value, each.at, "path")
                yield draft.problem(path, f"another rule stands for {each.block.path} already; take one out")
            seen.add(name)


def tolerances_have_bounds(draft: Draft) -> Iterator[Problem]:
    """A tolerance without a bound tolerates nothing."""
    for found in _blocks(draft):
        for each in placed(found.block):
            block = each.block
            if isinstance(block, ToleranceBlock) and block.absolute is None and block.relative is None:
                path: Path = (*found.where, Treatment.TOLERANCE.value, each.at)
                yield draft.problem(path, "needs absolute or relative, such as absolute: 0.01")


def expired_rules(draft: Draft, now: float) -> Iterator[Problem]:
    """A rule past its last day excuses nothing any more; `now` in unix seconds, 0 if nobody knows."""
    for found in _blocks(draft):
        for each in placed(found.block):
            if each.block.until and now >= each.block.until:
                path: Path = (*found.where, each.treatment.value, each.at, "until")
                message = f"has expired, so its differences count again; {each.block.owner} renews it or takes it out"
                yield draft.problem(path, message)


def noise_is_said_once(draft: Draft) -> Iterator[Problem]:
    """A path cannot be noise and never noise."""
    for found in _blocks(draft):
        noisy = {each.path for each in found.block.noisy or ()}
        for at, each in enumerate(found.block.exact or ()):
            if each.path in noisy:
                yield draft.problem((*found.where, "exact", at, "path"), f"{each.path} is said to be noisy, too")


COMPARE_RULES = (rules_stand_once, tolerances_have_bounds, noise_is_said_once)
