"""Which known word was meant, by one that is nearly it or by how it begins."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty string."""
    names = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else ""


def meant(begins: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known word itself, else all that begin so; none for nothing."""
    words = tuple(known)
    if begins in words:
        return (begins,)
    return tuple(word for word in words if begins and word.startswith(begins))
