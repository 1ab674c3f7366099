"""`idempotency:` of a route: whether its requests carry a key, so that a retry is not executed twice."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.blocks.match import MatchBlock
from proxy.config.blocks.route import RouteKeys
from proxy.config.blocks.server import MEMORY, ServerKeys
from proxy.config.readers import scalars
from proxy.config.text.problem import FileProblem
from proxy.core.idempotency.key_policy import KeyPolicy
from proxy.core.routing.effects import Effects, effects_of


class KeyUse(StrEnum):
    """What a request without a key is."""

    REQUIRED = "required"
    OPTIONAL = "optional"


KeyUseWord = Annotated[KeyUse, BeforeValidator(scalars.Choice(KeyUse))]


class IdempotencyKeys(Block):
    """Whether its requests carry a key."""

    idempotency: KeyUseWord | None = optional(
        "Idempotency-Key on requests that do harm when repeated (POST, PATCH): one with a key is executed once, and a "
        "retry gets its answer, whichever side answers by then. required: one without a key gets 400.",
        "required",
        "optional",
    )


class _Route(RouteKeys, IdempotencyKeys):
    """What rules here ask of a route."""


def keys_have_a_database(draft: Draft) -> Iterator[FileProblem]:
    """What is in a process's memory is lost with it, and the retry after it would be executed again."""
    if draft.top(ServerKeys).state != MEMORY:
        return
    for index, block in draft.of_routes(IdempotencyKeys):
        if block.idempotency is not None:
            message = "needs a database: a key outlives a crash; write state: embedded, or state: postgresql://…"
            yield draft.problem(("routes", index, "idempotency"), message, at_key=True)


def idle_keys(draft: Draft) -> Iterator[FileProblem]:
    """A route none of whose requests does harm when it is repeated."""
    for index, block in draft.of_routes(_Route):
        if block.idempotency is not None and not _does_harm(block.match):
            message = "has no meaning here: what this route takes does no harm when it is repeated; take it out"
            yield draft.problem(("routes", index, "idempotency"), message, at_key=True)


def _does_harm(match: MatchBlock) -> bool:
    methods = match.methods
    return methods is None or any(effects_of(method, has_key=False) is Effects.UNSAFE for method in methods)


def _policy(keys: IdempotencyKeys, _: Draft) -> KeyPolicy | None:
    return None if keys.idempotency is None else KeyPolicy(required=keys.idempotency is KeyUse.REQUIRED)


IDEMPOTENCY = Section(
    route=KeysAt(IdempotencyKeys, lambda _, __: {}, step=_policy),
    checks=(keys_have_a_database,),
    warnings=(idle_keys,),
)
