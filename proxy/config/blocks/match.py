"""`match:`: which requests a route takes, read as a mapping or as `METHOD[,METHOD] /path`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, needed, optional
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, beginning
from proxy.config.readers.sources import TOKEN, read_field_name
from proxy.config.text.problem import like
from proxy.core.auth.auth_policy import ClaimIs
from proxy.core.http.first_line import UNNAMED_METHODS
from proxy.core.nearest import nearest
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.predicate import ClaimHolds, HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs

# RFC 9110 section 9, RFC 5789, WebDAV (RFC 4918, 3253, 3648, 3744, 5323, 5842, 4791, 2068) and what else llhttp reads.
METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    *("ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL"),
    *("MOVE", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE"),
    *("UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"),
    *sorted(method.decode("ascii") for method in UNNAMED_METHODS),
)
_REFUSED = {
    "CONNECT": "it asks for a tunnel to any address, which is a forward proxy's work",
    "TRACE": "it sends a request's credentials back to whoever asks",
}
_OWN_METHOD = "one of your own is matched by its path alone, and let in by leniency: [unknown_methods]"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}")
_HOST_SIX = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_MOST_VALUES = 64

Condition = bool | frozenset[str]
"""True: present; False: absent; otherwise one of the values."""


def read_match(value: object) -> object:
    """The short form `METHOD[,METHOD] /path` or `/path` as the mapping that it stands for."""
    if not isinstance(value, str):
        if isinstance(value, dict):
            return value
        raise fault('must be "GET /path", "/path", or a mapping with path')
    methods, blank, path = value.rpartition(" ")
    if not blank:
        return {"path": value}
    return {"methods": like(value, methods), "path": like(value, path)}


def read_methods(value: object) -> frozenset[bytes]:
    """`GET,POST` or a list of methods."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise fault("must be a method, or a list of methods")
    for at, word in enumerate(words):
        if word not in METHODS:
            raise _no_method(word)
        if word in words[:at]:
            raise fault(f"{word} stands twice")
    return frozenset(word.encode("ascii") for word in words)


def _no_method(word: str) -> Exception:
    method = word.strip().upper()
    if method in _REFUSED:
        return fault(f"{method} cannot be routed: {_REFUSED[method]}", got="")
    if method in METHODS:
        return fault("methods are in capitals, with a comma and no blank between them", cure=f"write {method}")
    meant = nearest(word, METHODS)
    cures = [f"did you mean {meant}?"] * bool(meant) + [_OWN_METHOD] * bool(TOKEN.fullmatch(word))
    return fault("is not a method that HTTP knows", got=f'"{word}"', cure=" ".join(cures))


def read_path(value: object) -> PathPattern:
    """A path pattern (`proxy.core.routing.path`)."""
    found = parse_pattern(str(value)) if isinstance(value, str) else "must be a path such as /orders/{id}"
    if isinstance(found, str):
        raise fault(found)
    return found


def read_host(value: object) -> HostIs:
    """`api.example.com` or `*.example.com`."""
    if isinstance(value, str) and (_HOST.fullmatch(value) or _HOST_SIX.fullmatch(value)):
        return HostIs(value.lower())
    cure = "leave out the port" if isinstance(value, str) and re.search(r":[0-9]+$", value) else ""
    raise fault('must be a host such as api.example.com or "*.example.com"', cure=cure)


def read_condition(value: object) -> Condition:
    """Text is the exact value, a list any of them, true present, false absent."""
    if isinstance(value, bool):
        return value
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) and text for text in values):
        number = isinstance(value, int | float)
        cure = "write the number in quotes" if number else ""
        raise fault("must be text, a list of texts, true (present) or false (absent)", cure=cure)
    if len(values) > _MOST_VALUES:
        raise fault(f"must be at most {_MOST_VALUES} values", got=f"{len(values)}")
    return frozenset(str(text) for text in values)


def read_claim(value: object) -> Condition:
    """Text is the exact value, a list any of them, true that it is there."""
    if value is False:
        raise fault("a claim cannot be asked to be absent", cure='for the value write "false" in quotes')
    return read_condition(value)


def read_field_condition(value: object) -> Condition:
    """The same for a header, whose values are what can stand in one."""
    found = read_condition(value)
    if not isinstance(found, bool) and not all(text == text.strip() and _is_field_value(text) for text in found):
        raise fault("must be visible ASCII characters without blanks around them")
    return found


def _is_field_value(text: str) -> bool:
    return text.isascii() and text.isprintable()


def read_fields(value: object) -> object:
    """The mapping of header conditions; one field may stand in it once, whatever its case."""
    names = [key.lower() for key in _conditions(value)]
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    if twice:
        raise fault(f"{twice[0]} stands twice; the case of a field's name does not matter", got="")
    return value


def read_query(value: object) -> object:
    """The mapping of query conditions."""
    if "" in _conditions(value):
        raise fault("a parameter without a name cannot be asked for", got="")
    return value


def _conditions(value: object) -> dict[str, object]:
    if isinstance(value, dict) and value:
        return value
    raise fault("must be a mapping of at least one name", got="" if value == {} else None)


_METHOD = {"type": "string", "enum": list(METHODS)}
_SHORT_FORM = re.compile(r"(?:[A-Z-]+(?:,[A-Z-]+)* )?/")
CONDITION = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "description": "exactly this value"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "any of these values"},
            {"type": "boolean", "description": "true: present; false: absent"},
        ]
    }
)

MatchText = Annotated[str, beginning(_SHORT_FORM)]
"""The short form of a match; how it is read stands at the model, which needs it whole."""
Methods = Annotated[
    frozenset[bytes],
    BeforeValidator(read_methods),
    WithJsonSchema({"anyOf": [{"type": "array", "items": _METHOD, "minItems": 1}, {"type": "string"}]}),
]
Pattern = Annotated[PathPattern, BeforeValidator(read_path), beginning(re.compile("/"))]
HostText = Annotated[HostIs, BeforeValidator(read_host), TEXT]
FieldName = Annotated[str, BeforeValidator(read_field_name), TEXT]
FieldCondition = Annotated[Condition, BeforeValidator(read_field_condition), CONDITION]
QueryCondition = Annotated[Condition, BeforeValidator(read_condition), CONDITION]
ClaimCondition = Annotated[Condition, BeforeValidator(read_claim), CONDITION]
Claims = dict[str, ClaimCondition]
Fields = Annotated[dict[FieldName, FieldCondition], BeforeValidator(read_fields)]
Query = Annotated[dict[str, QueryCondition], BeforeValidator(read_query)]


class MatchBlock(Block):
    """Which requests a route takes: everything said here must hold."""

    methods: Methods | None = optional("A method, or a list. Without it every method fits.", ["GET", "HEAD"])
    path: Pattern = needed("Segments: literal, {name} or *; a final ** takes the rest.", "/orders/{id}", "/**")
    host: HostText | None = optional(
        'The host that the client asked for: exact, or "*.example.com" for every name below it.', "api.example.com"
    )
    headers: Fields | None = optional(
        "By name of the field: text, a list of texts, true (present) or false (absent).", {"X-Client": "app"}
    )
    query: Query | None = optional(
        "By name of the parameter: text, a list of texts, true (present) or false (absent).", {"version": "2"}
    )
    jwt: Claims | None = optional(
        "By name of a claim: text, a list of texts, or true (present), of a token that a policy in auth has verified.",
        {"tenant": ["acme", "globex"]},
    )


AnyMatch = Annotated[MatchBlock, BeforeValidator(read_match, json_schema_input_type=MatchText | MatchBlock)]
"""The mapping, or the short form."""


def predicates_of(block: MatchBlock) -> Iterator[Predicate]:
    """What a route asks beside method and path."""
    if block.host is not None:
        yield block.host
    for name, asked in (block.headers or {}).items():
        yield _header(name.encode("ascii"), asked)
    for name, asked in (block.query or {}).items():
        yield _query(name, asked)
    for claim in claims_of(block.jwt):
        yield ClaimHolds(claim)


def claims_of(said: Mapping[str, Condition] | None) -> tuple[ClaimIs, ...]:
    """What is asked of claims."""
    return tuple(
        ClaimIs(name, frozenset() if isinstance(values, bool) else values) for name, values in (said or {}).items()
    )


def _header(name: bytes, asked: Condition) -> Predicate:
    if asked is False:
        return HeaderAbsent(name)
    return HeaderIs(name, frozenset() if asked is True else frozenset(value.encode("ascii") for value in asked))


def _query(name: str, asked: Condition) -> Predicate:
    if asked is False:
        return QueryAbsent(name)
    return QueryIs(name, frozenset() if asked is True else asked)


def placed(source: CohortSource, pattern: PathPattern) -> CohortSource:
    """A source that knows at which place of the path its parameter stands; -1 where the path has none."""
    is_path = source.kind is SourceKind.PATH
    return replace(source, position=pattern.position(source.name)) if is_path else source
