"""How a reader of one value says no: a sentence, how the value is repeated, and the cure."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import PydanticCustomError

from proxy.core.nearest import nearest


def fault(message: str, *, got: str | None = None, cure: str = "") -> PydanticCustomError:
    """The error to raise. `got` replaces the value in `…, got …` (empty: it is not repeated at all)."""
    return PydanticCustomError("banyan", "{message}", {"message": message, "got": got, "cure": cure})


def one_of(value: object, known: Iterable[str]) -> PydanticCustomError:
    """The error for a word outside a closed list."""
    words = list(known)
    meant = nearest(value, words) if isinstance(value, str) else ""
    return fault(f"must be one of {', '.join(words)}", cure=f"did you mean {meant}?" if meant else "")
