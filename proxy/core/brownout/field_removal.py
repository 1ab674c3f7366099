"""An answer without one of its fields: as a client would get it if the field were no more.

Rule 1: what is no whole JSON in UTF-8, or cannot be decoded within `MAX_BODY`, goes on as it is (`UNFIT`).
Rule 2: validators and digests speak of another body, and a cache must not keep this one: they go, and it is not to be
        stored.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.core.brownout.brownout_policy import Browned
from proxy.core.parity.formats.decode import Bounds, Undecodable, decode
from proxy.core.parity.formats.media import Media, parameters_of, read_content_type
from proxy.core.translation.body_path import BodyPath, holders
from proxy.core.translation.field_lines import DIGESTS, FRAMING, VALIDATORS, codings_in, values_in, without
from proxy.core.translation.json_document import NotJson, read_json, write_json

MAX_BODY: Final = 64 * 1024
"""Bytes of the longest answer that is taken apart: a worker does nothing else meanwhile."""
NO_STORE: Final = b"Cache-Control: no-store"
_UTF_8: Final = frozenset({"", "utf-8", "utf8"})
_GONE: Final = VALIDATORS | DIGESTS | FRAMING | frozenset({b"content-encoding", b"trailer", b"cache-control"})
_FITS: Final = range(200, 300)
_PART: Final = 206


class LeanAnswer(NamedTuple):
    """What became of it; `lines` and `body` are as they came unless the field was there."""

    outcome: Browned
    lines: list[bytes]
    body: bytes


def may_be_lean(status: int, lines: list[bytes], length: int) -> bool:
    """By its head: whether an answer can be taken apart; `length` below 0: nobody knows it yet."""
    if status not in _FITS or status == _PART or not length or length > MAX_BODY:
        return False
    types = [value for value in values_in(lines, b"content-type") if value]
    return bool(types) and all(map(_is_json, types))


def _is_json(value: str) -> bool:
    return read_content_type(value).media is Media.JSON and parameters_of(value).get("charset", "").lower() in _UTF_8


def without_field(path: BodyPath, lines: list[bytes], body: bytes) -> LeanAnswer:
    """The answer without the member that the path names, as often as it stands there."""
    try:
        value = read_json(_decoded(body, codings_in(lines)))
    except (NotJson, Undecodable):
        return LeanAnswer(Browned.UNFIT, lines, body)
    found = [holder for holder in holders(value, path) if holder.named(path.name)]
    if not found:
        return LeanAnswer(Browned.ABSENT, lines, body)
    for holder in found:
        holder.drop(path.name)
    made = write_json(value)
    return LeanAnswer(Browned.BROWNED, [*without(lines, _GONE), NO_STORE, b"Content-Length: %d" % len(made)], made)


def _decoded(body: bytes, coding: str) -> bytes:
    return decode(body, coding, Bounds(size=MAX_BODY)) if coding else body
