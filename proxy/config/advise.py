"""What is allowed and probably not meant: one function per warning, each yielding lines in the form of problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from proxy.config.problem import Problem
from proxy.config.read import Draft


def advise(draft: Draft) -> Iterator[Problem]:
    """Every warning, by rule."""
    for rule in RULES:
        yield from rule(draft)


def unused_upstreams(draft: Draft) -> Iterator[Problem]:
    """An upstream that plays no role on any route."""
    with_stage = [block for _, block in draft.routes if block.stage is not None]
    used = {name for block in with_stage for name in (block.legacy or "legacy", block.new or "new")}
    for name in draft.upstreams:
        if name not in used:
            message = f"no route uses it; name it on one (legacy: {name} or new: {name}), or take it out"
            yield draft.problem(("upstreams", name), message, at_key=True)


def one_upstream_twice(draft: Draft) -> Iterator[Problem]:
    """A route that moves from an upstream to itself."""
    for index, block in draft.routes:
        if block.stage is not None and (block.legacy or "legacy") == (block.new or "new"):
            yield draft.problem(("routes", index), "legacy and new are the same upstream, so the stage changes nothing")


def lonely_groups(draft: Draft) -> Iterator[Problem]:
    """A group of one shares its draw with nobody."""
    sizes = Counter(block.group for _, block in draft.routes)
    for index, block in draft.routes:
        if block.group is not None and sizes[block.group] == 1:
            yield draft.problem(("routes", index, "group"), f'no other route is in group "{block.group}"')


RULES = (unused_upstreams, one_upstream_twice, lonely_groups)
