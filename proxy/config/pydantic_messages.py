"""What pydantic found, in Banyan's words.

Rule 1: the words say what is right, then what was got, then the cure.
Rule 2: nothing is said about a value that an earlier step has refused already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from proxy.config.schema import NOT_LANDED, holds_names
from proxy.config.text.plain_values import Broken
from proxy.config.text.problem import FromEnvironment, Path, show
from proxy.core.nearest import nearest

_EXPECTED = {
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
}
_KEY = "[key]"
_OF_KEYS = ("extra_forbidden", "missing")


class Complaint(NamedTuple):
    """The way to what is wrong, the sentence, and whether a key is meant rather than its value."""

    path: Path
    message: str
    at_key: bool = False


def explain(error: ErrorDetails, model: type[BaseModel]) -> Complaint | None:
    """What to say of one error in a `model`'s block; None when enough has been said."""
    path = tuple(part for part in error["loc"] if part != _KEY)
    if _is_broken(error["input"]) and error["type"] not in _OF_KEYS:
        return None
    match error["type"]:
        case "extra_forbidden":
            inside = _blocks_with(str(path[-1]), _block_at(model, path[:-1]))
            return Complaint(path, unknown_key(str(path[-1]), known_keys(model, path[:-1]), inside), at_key=True)
        case "missing":
            return Complaint(path, "is missing")
        case "banyan":
            at = error["ctx"]["at"]
            item = () if at is None else (at,)
            return Complaint((*path, *item), _own_words(error), at_key=_KEY in error["loc"])
        case kind:
            return Complaint(path, f"{_EXPECTED.get(kind, error['msg'])}, got {show(error['input'])}")


def _is_broken(value: object) -> bool:
    """Whether a value, or one right within it, could not be had."""
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
    return any(isinstance(inner, Broken) for inner in within)


def _own_words(error: ErrorDetails) -> str:
    message, got, cure = (error["ctx"][name] for name in ("message", "got", "cure"))
    hidden = isinstance(error["input"], FromEnvironment)
    if got is None or (hidden and got):
        got = show(error["input"])
    cured = f" ({cure})" if cure and not hidden else ""
    joint = ";" if {",", ";"} & set(message) else ","
    return f"{message}{joint} got {got}{cured}" if got else f"{message}{cured}"


def unknown_key(key: str, known: Iterable[str], inside: Sequence[str] = ()) -> str:
    """The sentence for a key that a block does not know, or does not know yet; `inside`: the blocks in it that do."""
    names = list(known)
    if key in NOT_LANDED:
        return "has not landed in this version of Banyan; take it out until it has"
    if inside:
        ways = " or ".join(f"{block}: {{ {key}: … }}" for block in inside)
        return f"is not known here; write it inside {ways}"
    meant = nearest(key, names)
    return f"is not known here; did you mean {meant}?" if meant else f"is not known here; known are {', '.join(names)}"


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys of the block that `path` leads to from `model`."""
    return list(_block_at(model, path).model_fields)


def _block_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    is_name = False
    for part in path:
        if isinstance(part, int) or is_name:  # blocks of a list, or below names, are all of one kind
            is_name = False
            continue
        annotation = model.model_fields[part].annotation
        (model,) = _blocks(annotation)
        is_name = holds_names(annotation)
    return model


def _blocks_with(key: str, model: type[BaseModel]) -> list[str]:
    """The keys of a model whose value is one block that has this key; none where a block of many has it too."""
    fields = {name: field.annotation for name, field in model.model_fields.items()}
    found = [name for name, kind in fields.items() for block in _blocks(kind) if key in block.model_fields]
    return [] if any(_is_of_many(fields[name]) for name in found) else found


def _is_of_many(annotation: object) -> bool:
    """Whether a list or a mapping of names stands in it."""
    return get_origin(annotation) in (list, dict) or any(map(_is_of_many, get_args(annotation)))


def _blocks(annotation: object) -> list[type[BaseModel]]:
    """The models within an annotation such as `Annotated[HealthBlock, …] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [block for part in get_args(annotation) for block in _blocks(part)]
