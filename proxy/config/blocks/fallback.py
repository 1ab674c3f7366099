"""`fallback:` of a route: the side that is asked when the other one fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.route import RouteWithSides, needed_upstreams
from proxy.config.readers import scalars
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import words
from proxy.config.text.problem import FileProblem
from proxy.core.outcome import Side
from proxy.core.routing.route import Fallback, Route, Trigger

_EITHER = "other"
_SIDES = (Side.LEGACY.value, Side.NEW.value, _EITHER)


def read_side(value: object) -> str:
    """The side that steps in."""
    if value in _SIDES:
        return str(value)
    raise fault("must be legacy, new or other")


def read_fallback(value: object) -> object:
    """The short form, a side alone, as the mapping that it stands for."""
    return value if isinstance(value, dict) else {"to": value}


SideWord = Annotated[str, BeforeValidator(read_side), words(_SIDES)]
TriggerWord = Annotated[Trigger, BeforeValidator(scalars.Choice(Trigger))]


class FallbackBlock(Block):
    """When the other side is asked instead."""

    to: SideWord = needed("The side that steps in: legacy, new, or other for either.", "legacy")
    after: list[TriggerWord] | None = optional(
        "connect: there is no connection (whatever the method: nothing was sent). What follows is for requests that "
        "may be repeated: failure: it broke off before its answer, or that cannot be translated; timeout: it did not "
        "answer; 5xx: 502, 503 or 504. Default connect and failure.",
        ["connect", "failure", "timeout"],
    )


AnyFallback = Annotated[FallbackBlock, BeforeValidator(read_fallback, json_schema_input_type=SideWord | FallbackBlock)]
"""The mapping, or the side alone."""


class FallbackKeys(Block):
    """When the other side is asked instead."""

    fallback: AnyFallback | None = optional(
        "The side that is asked when the other one fails; without it none is.", "legacy", {"to": "legacy"}
    )


class _Route(RouteWithSides, FallbackKeys):
    """What the rule asks of a route."""


def fallbacks_exist(draft: Draft) -> Iterator[FileProblem]:
    """The side that steps in is an upstream, and another one than it steps in for."""
    for index, block in draft.of_routes(_Route):
        if block.fallback is None or draft.declared is None:
            continue
        for role in ("legacy", "new"):
            name = getattr(block, role) or role
            if name not in draft.declared and not getattr(block, role) and name not in needed_upstreams(block):
                message = f'needs both sides, and there is no upstream "{name}"; add it, or name another: {role}: NAME'
                yield draft.problem(("routes", index, "fallback"), message)


def fallbacks_to_have(draft: Draft) -> Iterator[FileProblem]:
    """One remark for all routes that new answers and legacy could: what a new that dies costs their clients."""
    bare = [
        route
        for route in draft.built
        if route.respond is None and route.stage.facts.guarded and route.stage.facts.has_legacy and not route.fallback
    ]
    if bare:
        sentence = (
            f"new answers {_named(bare)}: while it is down, clients get errors until the judge has gone back; "
            "with fallback: legacy they get legacy's answers"
        )
        yield draft.problem(("routes", bare[0].index, "stage"), sentence)


def fallbacks_that_stay(draft: Draft) -> Iterator[FileProblem]:
    """A remark for all routes that legacy has ended for, and that ask it still: who ends it learns of them too late."""
    late = [
        route
        for route in draft.built
        if route.stage.facts.serves is Side.NEW
        and not route.stage.facts.has_legacy
        and route.fallback
        and route.fallback.to is not Side.NEW
    ]
    if late:
        sentence = (
            f"new alone answers {_named(late)}, but where it fails legacy is asked: take fallback out before "
            "legacy ends"
        )
        yield draft.problem(("routes", late[0].index, "fallback"), sentence)


def _named(routes: Sequence[Route]) -> str:
    return f"{routes[0].name}, and {len(routes) - 1} more" if routes[1:] else routes[0].name


def fallback_of(block: FallbackBlock | None) -> Fallback | None:
    """The value of the block."""
    if block is None:
        return None
    plain = Fallback(to=None if block.to == _EITHER else Side(block.to))
    return plain if block.after is None else replace(plain, after=frozenset(block.after))


FALLBACK = Section(
    route=KeysAt(FallbackKeys, lambda keys, _: {"fallback": fallback_of(keys.fallback)}),
    checks=(fallbacks_exist,),
    remarks=(fallbacks_to_have, fallbacks_that_stay),
)
