"""Steps on the parameters of a request's query; what they do not name stays byte for byte.

Rule 1: a parameter is known by its name once percent-encoding and `+` are undone; its value stays as it was encoded.
Rule 2: a parameter is given no name that another one has: that cannot be translated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote, unquote_plus

from proxy.core.translation.untranslatable import Untranslatable


@dataclass(frozen=True, slots=True)
class RenameQuery:
    """The parameter `name` is called `to`."""

    name: str
    to: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"query: {self.name}, to: {self.to}"


@dataclass(frozen=True, slots=True)
class DropQuery:
    """The parameter is left out."""

    name: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"drop_query: {self.name}"


@dataclass(frozen=True, slots=True)
class SetQuery:
    """The parameter has this value alone."""

    name: str
    value: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"set_query: {self.name}"


QueryStep = RenameQuery | DropQuery | SetQuery


def change_target(target: bytes, step: QueryStep) -> bytes:
    """The request's target afterwards; raises `Untranslatable`."""
    path, mark, query = target.partition(b"?")
    pairs = query.split(b"&") if mark else []
    match step:
        case RenameQuery():
            _check_free(pairs, step)
            to = _encoded(step.to)
            changed = [to + pair[len(_key(pair)) :] if _name(pair) == step.name else pair for pair in pairs]
        case DropQuery():
            changed = [pair for pair in pairs if _name(pair) != step.name]
        case SetQuery():
            changed = [pair for pair in pairs if pair and _name(pair) != step.name]
            changed.append(b"%b=%b" % (_encoded(step.name), _encoded(step.value)))
        case _:
            assert_never(step)
    return path + (b"?" + b"&".join(changed) if changed else b"")


def _check_free(pairs: list[bytes], step: RenameQuery) -> None:
    """Rule 2."""
    if step.to != step.name and {step.name, step.to} <= {_name(pair) for pair in pairs}:
        raise Untranslatable(f"query:{step.to}", "it is there already", step.text)


def _key(pair: bytes) -> bytes:
    return pair.partition(b"=")[0]


def _name(pair: bytes) -> str:
    return unquote_plus(_key(pair).decode("ascii", "replace"), errors="replace")


def _encoded(text: str) -> bytes:
    return quote(text, safe="").encode("ascii")
