"""The code of an adapter: four functions in a file, and what one of them has made of a message.

Rule 1: a file has a function for each message that an adapter may meet, whichever side clients speak to: `speaks` says
        which two are used.
Rule 2: code sees the fields that steps may touch, without what callers prove themselves with.
Rule 3: what code says of a message is checked as what a step would do: fields, statuses, and what a head may hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proxy.core.outcome import Side
from proxy.core.translation.field_lines import is_free_for_steps, without
from proxy.core.translation.untranslatable import Untranslatable

FUNCTIONS: Final[Mapping[str, str]] = {
    "request_to_new": "request",
    "answer_from_new": "answer",
    "request_to_legacy": "request",
    "answer_from_legacy": "answer",
}
"""The functions of a file, and what each is called with."""
CREDENTIALS: Final = frozenset(
    {b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"www-authenticate"}
)
"""Nobody's adapter needs them, and no process holds what it does not need."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t -~\x80-\xff]{0,8000}")
_QUERY = re.compile(rb"[!$&-;=?-Z_a-z~%]*")
_MOST_SIGNS = 32 * 1024
"""Of all names and values that code makes: what comes of it is a head that others read."""
_STATUSES = range(200, 600)
_NO_STATUS = frozenset({206, 304})


@dataclass(frozen=True, slots=True)
class AdapterCode:
    """`file` as routes.yaml names it, `source` its text."""

    file: str
    source: str = field(repr=False)


class HeadChange(NamedTuple):
    """What code made of a head. `query` None: it stays; `fields` are by lower-case names the values that it has now.

    `status` 0: it stays.
    """

    status: int = 0
    query: bytes | None = None
    fields: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()


NO_CHANGE: Final = HeadChange()


class MadeElsewhere(NamedTuple):
    """What a message has become elsewhere: its body, None: it stays, and its head."""

    body: bytes | None
    change: HeadChange = NO_CHANGE


class ToMake(NamedTuple):
    """A message to be translated elsewhere; `status` 0: it is a request. `body` None: none is read.

    `method` and `target` are the request's; `may_keep`: a body that turns out to be no JSON stays as it is.
    """

    body: bytes | None
    status: int
    method: bytes
    target: bytes
    lines: list[bytes]
    may_keep: bool = False


def request_function(other: Side) -> str:
    """For requests to this side."""
    return f"request_to_{other.value}"


def answer_function(other: Side) -> str:
    """For answers of this side."""
    return f"answer_from_{other.value}"


def is_shown(name: str) -> bool:
    """Rule 2."""
    lower = name.lower().encode("ascii", "replace")
    return lower not in CREDENTIALS and is_free_for_steps(name)


def fields_shown(lines: list[bytes]) -> list[tuple[str, str]]:
    """Names and values that code sees of field lines."""
    pairs = [(line.partition(b":")[0].decode("latin-1"), line.partition(b":")[2]) for line in lines]
    return [(name, value.strip(b" \t").decode("latin-1")) for name, value in pairs if name.isascii() and is_shown(name)]


def check_change(change: HeadChange) -> None:
    """Rule 3; raises `Untranslatable`."""
    if change.status and (change.status not in _STATUSES or change.status in _NO_STATUS):
        raise Untranslatable("status", "it is made one that no translated answer can have", status=502)
    if change.query is not None and not _QUERY.fullmatch(change.query):
        raise Untranslatable("query", "it is made one that no request can have", status=502)
    if sum(len(name) + len(value) for name, values in change.fields for value in (b"", *values)) > _MOST_SIGNS:
        raise Untranslatable("a header field", f"code makes more than {_MOST_SIGNS} bytes of them", status=502)
    for name, values in change.fields:
        shown = name.decode("latin-1")
        if not _TOKEN.fullmatch(shown) or not is_shown(shown):
            raise Untranslatable("a header field", "code may not make it", status=502)
        if not all(_VALUE.fullmatch(value.decode("latin-1")) for value in values):
            raise Untranslatable(f"header:{shown}", "its value is none of a header field", status=502)


def changed_lines(lines: list[bytes], change: HeadChange) -> list[bytes]:
    """The field lines afterwards; those that code has not touched stay byte for byte."""
    if not change.fields:
        return lines
    kept = without(lines, {name.lower() for name, _ in change.fields})
    return [*kept, *(b"%b: %b" % (name, value) for name, values in change.fields for value in values)]


def changed_target(target: bytes, change: HeadChange) -> bytes:
    """The request's target afterwards."""
    if change.query is None:
        return target
    path = target.partition(b"?")[0]
    return path + b"?" + change.query if change.query else path


def fields_changed(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """The fields that are others afterwards, with all values that they have then."""
    old, new = _by_name(before), _by_name(after)
    names = {**dict.fromkeys(old), **dict.fromkeys(new)}
    return tuple(
        (_spelled(name, after), tuple(value.encode("latin-1", "replace") for value in new.get(name, ())))
        for name in names
        if old.get(name) != new.get(name)
    )


def _by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def _spelled(name: str, pairs: list[tuple[str, str]]) -> bytes:
    return next((key for key, _ in pairs if key.lower() == name), name).encode("latin-1", "replace")
