"""JSON → values that lose nothing: fractions keep their digits, whole numbers any size, repeated keys are seen.

Rule 1: the fast path reads what RFC 8259 allows. It keeps the last of repeated keys, so what it read is written again:
        a text that has more quotation marks than that held more strings, and is read again slowly.
Rule 2: the slow path also reads what lenient parsers read (NaN, half surrogates, a byte order mark, UTF-16).
Rule 3: JSON is UTF-8 (RFC 8259 section 8.1), whatever its charset says; what is no Unicode at all is read in the
        charset that was declared, as old servers write it.
Rule 4: what nobody reads is no JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

_MOST_DIGITS = 4000
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Repeated:
    """An object in which keys stand twice: `last` is what most readers see, `doubles` all values of such keys."""

    last: dict[str, object]
    doubles: dict[str, list[object]]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, object]]) -> Repeated:
        """`pairs` as written."""
        found: dict[str, list[object]] = {}
        for key, value in pairs:
            found.setdefault(key, []).append(value)
        return cls(dict(pairs), {key: values for key, values in found.items() if len(values) > 1})

    def plain(self) -> object:
        """Everything, in a form that no document has."""
        return {"": [self.last, self.doubles]}


_DECODER = msgspec.json.Decoder(float_hook=msgspec.Raw)
_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=Repeated.plain)


class JsonText(NamedTuple):
    """`tree`: dict, list, str, int, bool, None, or `msgspec.Raw` for any other number.

    `canonical` is the same text for the same tree, None where there is none; `marked`: it began with a byte order mark.
    """

    tree: object
    canonical: bytes | None
    marked: bool = False


def read_json(data: bytes, charset: str = "utf-8") -> JsonText | None:
    """The document, None when it is none; `charset` is the one declared, that Python knows."""
    try:
        tree = _DECODER.decode(data)
        canonical = _ENCODER.encode(tree)
    except (ValueError, RecursionError):
        return _read_slowly(data, charset)
    return _read_slowly(data, charset) if _lost_strings(data, canonical) else JsonText(tree, canonical)


def _lost_strings(data: bytes, canonical: bytes) -> bool:
    escaped = b"\\" in data
    if len(data) == len(canonical) and not escaped:
        return False
    return data.count(b'"') != canonical.count(b'"') or (escaped and b"\\u0022" in data)


def _read_slowly(data: bytes, charset: str) -> JsonText | None:
    try:
        text = _text(data, charset)
        marked = data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
        tree = json.loads(
            text.removeprefix(_BOM),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=msgspec.Raw,
            parse_constant=msgspec.Raw,
        )
    except (ValueError, RecursionError):
        return None
    return JsonText(tree, None, marked)


def _text(data: bytes, charset: str) -> str:
    """Rules 2 and 3."""
    try:
        return data.decode(json.detect_encoding(data), "surrogatepass")
    except UnicodeDecodeError:
        return data.decode(charset)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object] | Repeated:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated.of(pairs)


def _whole(text: str) -> int | msgspec.Raw:
    return int(text) if len(text) < _MOST_DIGITS else msgspec.Raw(text)


def canonical(tree: object) -> bytes:
    """The same bytes for the same tree, whatever the order of its keys."""
    try:
        return _ENCODER.encode(tree)
    except (UnicodeEncodeError, RecursionError):
        return json.dumps(_plain(tree), sort_keys=True).encode("ascii")


def canonical_each(values: Sequence[object]) -> list[bytes]:
    """`canonical` of every value, much faster than one by one."""
    try:
        return _ENCODER.encode_lines(values).split(b"\n")[:-1]
    except (UnicodeEncodeError, RecursionError):
        return [canonical(value) for value in values]


def _plain(tree: object) -> object:
    """Without what only the fast writer knows; a number's text cannot be taken for a string."""
    match tree:
        case dict():
            return {key: _plain(value) for key, value in tree.items()}
        case list():
            return [_plain(value) for value in tree]
        case Repeated():
            return _plain(tree.plain())
        case msgspec.Raw():
            return {"": bytes(tree).decode("ascii")}
        case _:
            return tree
