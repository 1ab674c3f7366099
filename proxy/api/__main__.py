"""`python -m proxy.api` prints docs/api.md: every path and every shape, from the structs and their docstrings."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Mapping, Sequence
from enum import EnumType
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from proxy.api.paths import PATHS, ApiPath
from proxy.api.problem import ProblemView
from proxy.api.standing import ToldView
from proxy.api.view import View, empty, null

_INTRODUCTION = """# The admin API

Printed by `python -m proxy.api` from the very structs that the server fills and `banyan` decodes; a test checks that
this page is current.

- Everything is JSON, and fields are only ever added: pass over what you do not know, and do without what an older
  Banyan does not say. A field whose type says *may be missing* may be missing in any version.
- The token goes into `Authorization: Bearer …` and is the value of `BANYAN_ADMIN_TOKEN` where Banyan runs; on loopback,
  where that is not set, what stands in `admin.token` of its state directory. What changes something needs it always,
  the rest only where `admin` is bound beyond loopback; the health paths never do.
- Whatever is not granted is answered with a [problem document](#problemview): 400 what was asked makes no sense, 401
  no token, 403 the `Host` is no name of this machine, 404 there is none of that name, 405 another method is needed,
  409 the order is refused, 412 it is not as it was when you looked (`If-Match`), 503 store or disk does not answer.
- Most answers to GET have an `ETag`, and `If-None-Match` with it is answered 304 while nothing has changed.
- Times are RFC 3339 in UTC unless a field says unix seconds.
"""
_PLAIN = {str: "text", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def page() -> str:
    """All of docs/api.md."""
    parts = [_INTRODUCTION, "## Paths\n", *map(_endpoint, PATHS), "## Shapes\n", *map(_shape, shapes())]
    parts += ["## Hooks\n", "To the addresses under `hooks:` in routes.yaml a [ToldView](#toldview) is posted.\n"]
    return "\n".join(parts)


def shapes() -> list[type[View]]:
    """Every shape that can be met, by name."""
    met: set[type[View]] = set()
    waiting: list[Any] = [ProblemView, ToldView]
    waiting += [kind for each in PATHS for kind in (each.answer, each.body) if kind is not None]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, View):
            if kind not in met:
                met.add(kind)
                waiting += get_type_hints(kind, include_extras=True).values()
        else:
            waiting += get_args(kind)
    return sorted(met, key=lambda each: each.__name__)


def _endpoint(endpoint: ApiPath) -> str:
    lines = [f"### `{endpoint.method} {endpoint.path}`", "", endpoint.sentence, "", f"- token: {endpoint.token}"]
    lines += [f"- `?{name}=`: {sentence}" for name, sentence in endpoint.query]
    if endpoint.body is not None:
        lines.append(f"- body: {_link(endpoint.body)}")
    lines.append(f"- answer: {'text' if endpoint.answer is None else _link(endpoint.answer)}")
    return "\n".join([*lines, ""])


def _shape(kind: type[View]) -> str:
    said, hints = sentences(kind), get_type_hints(kind, include_extras=True)
    lines = [f"### {kind.__name__}", "", _flat(kind.__doc__ or ""), "", "| field | type | |", "|---|---|---|"]
    for field in msgspec.structs.fields(kind):
        may = ", may be missing" if _may_be_missing(kind, field) else ""
        lines.append(f"| `{field.encode_name}` | {type_in_words(hints[field.name])}{may} | {said[field.name]} |")
    return "\n".join([*lines, ""])


def _may_be_missing(kind: type[View], field: msgspec.structs.FieldInfo) -> bool:
    """In what is sent a default stands for it; in an answer it is left out, unless its default is made (`null`)."""
    config = kind.__struct_config__
    return (config.forbid_unknown_fields and not field.required) or (config.omit_defaults and not _is_made(field))


def _is_made(field: msgspec.structs.FieldInfo) -> bool:
    return field.default_factory in {null, empty}


@cache
def sentences(kind: type[View]) -> Mapping[str, str]:
    """By field, its own and inherited ones: the docstring below it."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, View) and each is not View:
            found |= _own_sentences(each)
    return found


def _own_sentences(kind: type[View]) -> dict[str, str]:
    (tree,) = ast.parse(inspect.getsource(kind)).body
    inside = tree.body if isinstance(tree, ast.ClassDef) else []
    found = {}
    for field, below in pairwise(inside):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = _flat(text)
            case _:
                pass
    return found


def type_in_words(kind: Any) -> str:  # noqa: ANN401 -- whatever an annotation may be
    """`list of text`; a shape by a link."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, EnumType):
        return _one_of([each.value for each in kind])  # type: ignore[var-annotated]
    if isinstance(kind, type) and issubclass(kind, View):
        return _link(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        said = inner[1]
        return (
            _one_of(said.examples) if said.examples else f"{_PLAIN[inner[0]]}, {said.max_length:,} characters at most"
        )
    if origin in {Union, types.UnionType}:
        return " or ".join(map(type_in_words, inner))
    if origin is Mapping:
        return f"object of {type_in_words(inner[1])}"
    if origin is Sequence or inner[1:] == (...,):
        return f"list of {type_in_words(inner[0])}"
    return f"[{', '.join(map(type_in_words, inner))}]"


def _said_of(kind: type, said: msgspec.Meta) -> str:
    if said.examples:
        return _one_of(said.examples)
    return f"{_PLAIN[kind]}, {said.max_length:,} characters at most"


def _one_of(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _link(kind: type[View]) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _flat(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.stdout.write(page())
