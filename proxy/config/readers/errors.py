"""How a reader of one value says no: a sentence, how the value is repeated, and the cure."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import PydanticCustomError

from proxy.config.text.problem import FromEnvironment, show
from proxy.core.nearest import nearest


def fault(message: str, *, got: str | None = None, cure: str = "", at: int | None = None) -> PydanticCustomError:
    """The error to raise. `got` replaces the value in `…, got …` (empty: it is not repeated at all).

    `at`: it is that item of a list.
    """
    return PydanticCustomError("banyan", "{message}", {"message": message, "got": got, "cure": cure, "at": at})


def of_item(error: PydanticCustomError, at: int, item: object, cure: str = "") -> PydanticCustomError:
    """An item's error as that of its list, whose reader stops there; `cure` is added where the item may be repeated."""
    said = error.context or {}
    if isinstance(item, FromEnvironment):
        return fault(said["message"], got=show(item), at=at)
    got = show(item) if said["got"] is None else said["got"]
    return fault(said["message"], got=got, cure="; ".join(filter(None, (said["cure"], cure))), at=at)


def one_of(value: object, known: Iterable[str]) -> PydanticCustomError:
    """The error for a word outside a closed list."""
    words = list(known)
    meant = nearest(value, words) if isinstance(value, str) else ""
    return fault(f"must be one of {', '.join(words)}", cure=f"did you mean {meant}?" if meant else "")
