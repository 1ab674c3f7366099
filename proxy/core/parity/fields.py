"""Header fields side by side, each by its policy.

Rule 1: names are compared without case, the values of one name in order; what belongs to one connection or to the
        framing is no part of the answer, nor is that new has made it by a dry run.
Rule 2: a presence is always compared; of a field that changes with every call (exact names) only that. The field in
        which each side says its version is no part of the answer, on either side.
Rule 3: members of list fields (RFC 9110 section 5.6.1) are compared as a set.
Rule 4: whom each side saw counts where both say so; that one says nothing is no difference, and is counted elsewhere.
Rule 5: validators are compared by their form: each side has its own. Own locations are compared without origin.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from proxy.core.parity.cookies import Cookie, are_equivalent, read_cookie
from proxy.core.parity.finds import ABSENT
from proxy.core.parity.formats.media import parameters_of, read_content_type
from proxy.core.parity.formats.moments import read_http_date
from proxy.core.parity.pair import CapturedRequest, Fields
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.paths import PathRules
from proxy.core.parity.rules.rules import Rules
from proxy.core.parity.walk import Walk

FRAMING = frozenset(
    {
        b"connection",
        b"content-length",  # `proxy.core.parity.answers` compares it with the body
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
PER_CALL = frozenset(
    {
        b"age",
        b"b3",
        b"cf-ray",
        b"correlation-id",
        b"date",
        b"request-id",
        b"sentry-trace",
        b"server",
        b"server-timing",
        b"traceparent",
        b"tracestate",
        b"via",
        b"x-amzn-requestid",
        b"x-amzn-trace-id",
        b"x-b3-parentspanid",
        b"x-b3-sampled",
        b"x-b3-spanid",
        b"x-b3-traceid",
        b"x-banyan-via",
        b"x-cloud-trace-context",
        b"x-correlation-id",
        b"x-datadog-parent-id",
        b"x-datadog-trace-id",
        b"x-request-id",
        b"x-response-time",
        b"x-runtime",
        b"x-trace-id",
    }
)
"""Fields whose value says nothing about the system; the names are exact, so `X-Request-Id-Policy` is not among them."""

CONFIRMED = b"x-banyan-dry-run"
"""By which new says, to Banyan alone, that it did not do what it was asked; legacy never does."""
ECHO = b"x-banyan-saw"
"""Whom a side saw, as a hash that both sides make with the same key."""
_UNEVEN = FRAMING | PER_CALL
_NO_PART = FRAMING | {CONFIRMED}
Said = dict[bytes, list[bytes]]
_MEMBER = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_WEAK = re.compile(r"\s*W/")


def fields_of(fields: Fields, wanted: frozenset[bytes] = frozenset()) -> Said:
    """Values by name in lower case; of the `wanted` names only, if there are any."""
    found: Said = {}
    for name, value in fields:
        lower = name.lower()
        if not wanted or lower in wanted:
            found.setdefault(lower, []).append(value.strip())
    return found


def first_value(fields: Said, name: bytes) -> str:
    """The first value of a field, empty if it is not there; `name` in lower case."""
    values = fields.get(name)
    return values[0].decode("latin-1") if values else ""


def compare_fields(request: CapturedRequest, legacy: Fields, new: Fields, walk: Walk, rules: Rules) -> None:
    """Notes where the fields of two answers to one request differ."""
    if _differ_per_call_only(legacy, new, rules.version_header):
        return
    one, other = fields_of(legacy), fields_of(new)
    for name in one | other:
        first, second = one.get(name, []), other.get(name, [])
        if first == second or name in _NO_PART or name == rules.version_header:
            continue
        if name in PER_CALL and first and second:
            continue
        if name == ECHO:
            _compare_echoes(first, second, walk, rules)
            continue
        if name == b"set-cookie":
            _compare_cookies(_cookies(first, one), _cookies(second, other), walk, rules)
        else:
            _compare_values(request, name, (first, second), walk, rules)


def _differ_per_call_only(legacy: Fields, new: Fields, version: bytes) -> bool:
    """The usual case, seen at a glance: the same names in the same order, other values of those that always differ."""
    if len(legacy) != len(new):
        return False
    pairs = zip(legacy, new, strict=True)
    return all(one == other or (one[0] == other[0] and _is_uneven(one[0].lower(), version)) for one, other in pairs)


def _is_uneven(name: bytes, version: bytes) -> bool:
    return name in _UNEVEN or name == version


def place_of(name: bytes, rules: Rules) -> PathRules:
    """`header:Cache-Control`."""
    return PathRules("header:" + name.decode("latin-1").title()[:100], rules)


def _compare_echoes(legacy: list[bytes], new: list[bytes], walk: Walk, rules: Rules) -> None:
    """Rule 4."""
    if legacy and new:
        one, other = (b", ".join(each).decode("latin-1") for each in (legacy, new))
        walk.note(place_of(ECHO, rules), DifferenceKind.CALLER, one, other)


def _compare_values(
    request: CapturedRequest, name: bytes, values: tuple[list[bytes], list[bytes]], walk: Walk, rules: Rules
) -> None:
    legacy, new = (b", ".join(value).decode("latin-1") for value in values)
    if not values[0] or not values[1]:
        _note_presence(name, values, legacy or new, walk, rules)
        return
    one, other = (_normal(request, name, value) for value in values)
    if one != other:
        walk.note(place_of(name, rules), DifferenceKind.HEADER, legacy, new, _SEVERITIES.get(name))
    elif name == b"content-type" and _charset(legacy) != _charset(new):
        walk.note(place_of(name, rules), DifferenceKind.HEADER, legacy, new, Severity.LOW)


def _note_presence(name: bytes, values: tuple[list[bytes], list[bytes]], said: str, walk: Walk, rules: Rules) -> None:
    severity = Severity.LOW if name in PER_CALL or name == b"content-encoding" else None
    if values[0]:
        walk.note(place_of(name, rules), DifferenceKind.MISSING, said, ABSENT, severity)
    else:
        walk.note(place_of(name, rules), DifferenceKind.EXTRA, ABSENT, said, severity)


def _normal(request: CapturedRequest, name: bytes, values: list[bytes]) -> object:
    texts = [value.decode("latin-1") for value in values]
    policy = _POLICIES.get(name)
    return texts if policy is None else policy(request, texts)


def _members(_: CapturedRequest, texts: list[str]) -> object:
    found = (member.strip() for text in texts for member in _MEMBER.findall(text))
    return frozenset(member for member in found if member)


def _names(request: CapturedRequest, texts: list[str]) -> object:
    """Members that are names of something without case."""
    return _members(request, [text.lower() for text in texts])


def _validator(_: CapturedRequest, texts: list[str]) -> object:
    return [(bool(_WEAK.match(text)), text.endswith('"')) for text in texts]


def _date(_: CapturedRequest, texts: list[str]) -> object:
    """A date by being one; anything else, such as `0`, by its text."""
    return ["a date" if read_http_date(text) else text for text in texts]


def _location(request: CapturedRequest, texts: list[str]) -> object:
    """Without scheme and authority where these are the client's own, relative references resolved."""
    own = first_value(fields_of(request.fields), b"host").lower() or "banyan.invalid"
    base = f"http://{own}" + request.target.decode("latin-1")
    return [_without_origin(text, base, own) for text in texts]


def _without_origin(text: str, base: str, own: str) -> str:
    try:
        parts, home = urlsplit(urljoin(base, text)), urlsplit(f"//{own}")
        at_home = parts.hostname == home.hostname and parts.port in {home.port, None, 80, 443}
    except ValueError:
        return text
    if not at_home or parts.scheme not in {"http", "https"}:
        return text
    return parts._replace(scheme="", netloc="", path=parts.path or "/").geturl()


def _type(_: CapturedRequest, texts: list[str]) -> object:
    """Media type and parameters without the boundary; the charset is compared apart."""
    kind = read_content_type(texts[0])
    others = {key: value for key, value in parameters_of(texts[0]).items() if key not in {"boundary", "charset"}}
    return kind.name, others


def _charset(text: str) -> str:
    return parameters_of(text).get("charset", "").lower()


_POLICIES: dict[bytes, Callable[[CapturedRequest, list[str]], object]] = {
    **dict.fromkeys((b"allow", b"access-control-allow-methods", b"link", b"www-authenticate"), _members),
    **dict.fromkeys((b"accept-ranges", b"access-control-allow-headers", b"access-control-expose-headers"), _names),
    **dict.fromkeys((b"cache-control", b"content-language", b"pragma", b"vary"), _names),
    **dict.fromkeys((b"location", b"content-location"), _location),
    **dict.fromkeys((b"last-modified", b"expires"), _date),
    b"content-encoding": _names,
    b"content-type": _type,
    b"etag": _validator,
}
_SEVERITIES = {b"content-encoding": Severity.LOW}


def _cookies(values: list[bytes], fields: Said) -> dict[str, list[Cookie]]:
    date = fields.get(b"date", [b""])[0].decode("latin-1")
    found: dict[str, list[Cookie]] = {}
    for value in values:
        cookie = read_cookie(value.decode("latin-1"), date)
        found.setdefault(cookie.name, []).append(cookie)
    return found


def _compare_cookies(legacy: dict[str, list[Cookie]], new: dict[str, list[Cookie]], walk: Walk, rules: Rules) -> None:
    for name in legacy | new:
        first, second = legacy.get(name, []), new.get(name, [])
        place = PathRules(f"header:Set-Cookie:{name[:100]}", rules)
        one, other = (" | ".join(map(str, side)) for side in (first, second))
        if not second:
            walk.note(place, DifferenceKind.MISSING, one, ABSENT)
        elif not first:
            walk.note(place, DifferenceKind.EXTRA, ABSENT, other)
        elif len(first) != len(second) or not all(map(are_equivalent, first, second)):
            walk.note(place, DifferenceKind.HEADER, one, other)
