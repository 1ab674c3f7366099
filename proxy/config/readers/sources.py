"""Readers of the places in a request that routes.yaml names: header fields, cookies, and where a cohort comes from.

Rule 1: which kinds of sources there are, and what holds of each, is `FACTS` of `proxy.core.routing.cohort`; the reader,
        the JSON Schema, the messages and the documentation are made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import matching
from proxy.core.http.headers import FieldKind, request_kind
from proxy.core.nearest import nearest
from proxy.core.routing.cohort import FACTS, FLOWS, CohortSource, SourceKind

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_READABLE = frozenset({FieldKind.WANTED, FieldKind.MANAGED, FieldKind.TRACEPARENT, FieldKind.TRACESTATE})


def read_field_name(value: str) -> str:
    """A header field's name that routing may ask about, in lower case."""
    if not TOKEN.fullmatch(value):
        raise fault("is not the name of a header field")
    name = value.lower().encode("ascii")
    if request_kind(name, frozenset({name})) not in _READABLE:
        cure = "ask by match.host" if name == b"host" else ""
        raise fault("is a field that belongs to one connection or to the proxy: routes cannot ask about it", cure=cure)
    return value.lower()


def read_cookie_name(value: object) -> str:
    """A cookie's name."""
    if isinstance(value, str) and TOKEN.fullmatch(value):
        return str(value)
    raise fault("is not the name of a cookie")


def written(kind: SourceKind) -> str:
    """`header:NAME`, or `client_ip`."""
    return f"{kind.value}:NAME" if FACTS[kind].named else kind.value


def either(forms: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = forms
    return f"{', '.join(most)} or {last}"


def forms_with_notes() -> str:
    """Every form of a source, for the documentation of a key."""
    return either(written(kind) + (f" ({facts.note})" if facts.note else "") for kind, facts in FACTS.items())


def read_source(value: object) -> CohortSource:
    """One of the forms; the place of `path:NAME` in the route's path is found by `proxy.config.blocks.match`."""
    word, colon, name = str(value).partition(":") if isinstance(value, str) else ("", "", "")
    if word not in list(FACTS):
        meant = nearest(word, FACTS)
        raise fault(f"must be {either(map(written, FACTS))}", cure=f"did you mean {meant}?" if meant else "")
    kind = SourceKind(word)
    if FACTS[kind].named:
        return CohortSource(kind, _source_name(kind, name))
    if colon:
        raise fault(f"{word} takes no name", cure=f"write {word}")
    return CohortSource(kind)


def _source_name(kind: SourceKind, name: str) -> str:
    if not name:
        raise fault(f"{kind.value}: needs a name after the colon", cure=f"write {kind.value}:NAME")
    if kind is SourceKind.HEADER:
        return read_field_name(name)
    return read_cookie_name(name) if kind is SourceKind.COOKIE else name


def read_cohort(value: object) -> object:
    """One source, or a list of which the first present one wins."""
    if isinstance(value, list):
        if not value:
            raise fault("must name at least one source", got="")
        return tuple(value)
    return (value,)


def read_flow(value: object) -> CohortSource:
    """What a flow is known by: a source that belongs to the flow and not to the client."""
    source = read_source(value)
    if source.kind not in FLOWS:
        raise fault(f"is no flow's own; write {either(f'{kind.value}:' for kind in FLOWS)} and a name")
    return source


def _form(kind: SourceKind) -> str:
    return f"{kind.value}:.+" if FACTS[kind].named else kind.value


Source = Annotated[CohortSource, BeforeValidator(read_source), matching(re.compile("|".join(map(_form, FACTS))))]
Cohort = Annotated[tuple[Source, ...], BeforeValidator(read_cohort, json_schema_input_type=Source | list[Source])]
Flow = Annotated[CohortSource, BeforeValidator(read_flow), matching(re.compile("|".join(map(_form, FLOWS))))]
