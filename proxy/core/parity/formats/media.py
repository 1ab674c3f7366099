"""What a Content-Type says about how to compare a body."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Media(StrEnum):
    """How a body is read."""

    JSON = "json"
    LINES = "json lines"
    FORM = "form"
    CSV = "csv"
    EVENTS = "events"
    MULTIPART = "multipart"
    XML = "xml"
    HTML = "html"
    TEXT = "text"
    BINARY = "binary"


class ContentType(NamedTuple):
    """`name` in lower case, without parameters; `charset` one that Python reads as text, utf-8 if none was said."""

    media: Media
    name: str
    charset: str
    boundary: str
    delimiter: str


_EXACT = {
    "application/json": Media.JSON,
    "text/json": Media.JSON,
    "application/x-ndjson": Media.LINES,
    "application/ndjson": Media.LINES,
    "application/jsonl": Media.LINES,
    "application/x-www-form-urlencoded": Media.FORM,
    "text/csv": Media.CSV,
    "text/tab-separated-values": Media.CSV,
    "text/event-stream": Media.EVENTS,
    "application/xml": Media.XML,
    "text/xml": Media.XML,
    "text/html": Media.HTML,
    "application/javascript": Media.TEXT,
    "application/graphql": Media.TEXT,
    "application/yaml": Media.TEXT,
}
_SUFFIXES = {"+json": Media.JSON, "+xml": Media.XML, "+yaml": Media.TEXT}
_FAMILIES = {"multipart/": Media.MULTIPART, "text/": Media.TEXT}
_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')
_CHARSET = re.compile(
    r"utf-?(8|16|32)(-?[lb]e)?|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-125\d|cp125\d|shift_jis|euc-\w\w|gb\w{1,5}|big5"
)
_JSON_STARTS = (b"{", b"[")


def read_content_type(value: str, body: bytes = b"") -> ContentType:
    """What the field says; where it says nothing, what the body looks like."""
    said = _declared(value)
    return said if said.name else said._replace(media=_guess(body))


@lru_cache(maxsize=256)
def _declared(value: str) -> ContentType:
    name = value.partition(";")[0].strip().lower()
    parameters = parameters_of(value)
    charset = parameters.get("charset", "utf-8").lower()
    return ContentType(
        media=_media(name),
        name=name,
        charset=charset if _CHARSET.fullmatch(charset) else "utf-8",
        boundary=parameters.get("boundary", ""),
        delimiter="\t" if name == "text/tab-separated-values" else ",",
    )


def parameters_of(value: str) -> dict[str, str]:
    """The parameters of a field's value by name in lower case; the first of two counts."""
    found: dict[str, str] = {}
    for hit in _PARAMETER.finditer(value):
        plain = hit[3] if hit[2] is None else re.sub(r"\\(.)", r"\1", hit[2])
        found.setdefault(hit[1].lower(), plain)
    return found


def _media(name: str) -> Media:
    if name in _EXACT:
        return _EXACT[name]
    for suffix, media in _SUFFIXES.items():
        if name.endswith(suffix):
            return media
    return next((media for family, media in _FAMILIES.items() if name.startswith(family)), Media.BINARY)


def _guess(body: bytes) -> Media:
    if body.lstrip()[:1] in _JSON_STARTS:
        return Media.JSON
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return Media.BINARY
    return Media.BINARY if b"\0" in body else Media.TEXT
