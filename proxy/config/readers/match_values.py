"""Readers of what a route asks about a request: methods, path, host, fields, query, and where its cohort comes from."""

from __future__ import annotations

import re

from proxy.config.readers.errors import fault, one_of
from proxy.config.text.problem import like
from proxy.core.http.first_line import UNNAMED_METHODS
from proxy.core.http.headers import FieldKind, request_kind
from proxy.core.nearest import nearest
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.predicate import HostIs

# RFC 9110 section 9, RFC 5789, WebDAV (RFC 4918, 3253, 3648, 3744, 5323, 5842, 4791, 2068) and what else llhttp reads.
METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    *("ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL"),
    *("MOVE", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE"),
    *("UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"),
    *sorted(each.decode("ascii") for each in UNNAMED_METHODS),
)
_REFUSED = {
    "CONNECT": "it asks for a tunnel to any address, which is a forward proxy's work",
    "TRACE": "it sends a request's credentials back to whoever asks",
}
_OWN_METHOD = "one of your own is matched by its path alone, and let in by leniency: [unknown_methods]"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}")
_HOST_SIX = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_READABLE = frozenset({FieldKind.WANTED, FieldKind.MANAGED, FieldKind.TRACEPARENT, FieldKind.TRACESTATE})
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
    cures = [f"did you mean {meant}?"] * bool(meant) + [_OWN_METHOD] * bool(_TOKEN.fullmatch(word))
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


def read_field_name(value: str) -> str:
    """A header field's name that routing may ask about, in lower case."""
    if not _TOKEN.fullmatch(value):
        raise fault("is not the name of a header field")
    name = value.lower().encode("ascii")
    if request_kind(name, frozenset({name})) not in _READABLE:
        cure = "ask by match.host" if name == b"host" else ""
        raise fault("is a field that belongs to one connection or to the proxy: routes cannot ask about it", cure=cure)
    return value.lower()


def read_condition(value: object) -> Condition:
    """Text is the exact value, a list any of them, true present, false absent."""
    if isinstance(value, bool):
        return value
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and each for each in values):
        number = isinstance(value, int | float)
        cure = "write the number in quotes" if number else ""
        raise fault("must be text, a list of texts, true (present) or false (absent)", cure=cure)
    if len(values) > _MOST_VALUES:
        raise fault(f"must be at most {_MOST_VALUES} values", got=f"{len(values)}")
    return frozenset(str(each) for each in values)


def read_field_condition(value: object) -> Condition:
    """The same for a header, whose values are what can stand in one."""
    found = read_condition(value)
    if not isinstance(found, bool) and not all(each == each.strip() and _is_field_value(each) for each in found):
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


def read_cohort(value: object) -> object:
    """One source, or a list of which the first present one wins."""
    if isinstance(value, list):
        if not value:
            raise fault("must name at least one source", got="")
        return tuple(value)
    return (value,)


def read_source(value: object) -> CohortSource:
    """`header:NAME`, `cookie:NAME`, `query:NAME`, `path:NAME`, `client_ip`, `anonymous`; a path is placed later."""
    kind, colon, name = str(value).partition(":") if isinstance(value, str) else ("", "", "")
    if kind == "jwt":
        raise fault("jwt: has not landed in this version; use header:, cookie:, query:, path:, client_ip or anonymous")
    if kind not in [each.value for each in SourceKind]:
        meant = nearest(kind, SourceKind)
        forms = "header:NAME, cookie:NAME, query:NAME, path:NAME, client_ip or anonymous"
        raise fault(f"must be {forms}", cure=f"did you mean {meant}?" if meant else "")
    source = SourceKind(kind)
    if source in (SourceKind.CLIENT_IP, SourceKind.ANONYMOUS):
        if colon:
            raise fault(f"{kind} takes no name", cure=f"write {kind}")
        return CohortSource(source)
    return CohortSource(source, _source_name(source, name))


def _source_name(kind: SourceKind, name: str) -> str:
    if not name:
        raise fault(f"{kind.value}: needs a name after the colon", cure=f"write {kind.value}:NAME")
    if kind is SourceKind.HEADER:
        return read_field_name(name)
    return read_cookie_name(name) if kind is SourceKind.COOKIE else name


def read_cookie_name(value: object) -> str:
    """A cookie's name."""
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return str(value)
    raise fault("is not the name of a cookie")


def read_upgrades(value: object) -> bool:
    """`[websocket]`, the one upgrade that is known."""
    if not isinstance(value, list):
        raise fault("must be a list such as [websocket]")
    for each in value:
        if each != "websocket":
            raise one_of(each, ("websocket",))
    return bool(value)
