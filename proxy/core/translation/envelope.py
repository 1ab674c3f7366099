"""The steps that put a whole body into a member of an object, and take it out."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.translation.json_document import Json, JsonMember, JsonObject
from proxy.core.translation.untranslatable import Untranslatable


@dataclass(frozen=True, slots=True)
class Wrap:
    """The body becomes the member `name` of an object that holds nothing else."""

    name: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"wrap: {self.name}"


@dataclass(frozen=True, slots=True)
class Unwrap:
    """The member `name` becomes the body. `drops_others`: what stands beside it is left out; else it may not be."""

    name: str
    drops_others: bool = False

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"unwrap: {self.name}"


def wrap(value: Json, step: Wrap) -> Json:
    """The object."""
    return JsonObject([JsonMember(step.name, value)])


def unwrap(value: Json, step: Unwrap) -> Json:
    """What was in it."""
    found = value.named(step.name) if isinstance(value, JsonObject) else []
    if not isinstance(value, JsonObject) or not found:
        raise Untranslatable("$", f"it is no object with a member {step.name}", step.text)
    if len(found) > 1:
        raise Untranslatable(f"$.{step.name}", "it stands twice", step.text)
    if len(value.pairs) > 1 and not step.drops_others:
        why = "something stands beside it, which would be lost (others: drop leaves it out)"
        raise Untranslatable(f"$.{step.name}", why, step.text)
    return found[0].value
