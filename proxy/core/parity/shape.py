"""What kind of request a pair is: coverage counts shapes, not requests."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from proxy.core.parity.fields import fields_of, first_value
from proxy.core.parity.formats.media import read_content_type
from proxy.core.parity.pair import Pair

_MOST_KEYS = 16
_LONGEST_KEY = 40
_CONTENT_TYPE = frozenset({b"content-type"})


def shape_of(pair: Pair) -> str:
    """`GET orders.show ?expand&page 2xx application/json`: method, route, query keys in order, class, media type.

    Bounded: 16 keys of 40 characters; keys that hold what no name holds are data and become `*`.
    """
    said = first_value(fields_of(pair.legacy.fields, _CONTENT_TYPE), b"content-type")
    media = read_content_type(said).name[:80] or "-"
    method = pair.request.method.decode("latin-1")[:20]
    return f"{method} {pair.route} ?{_keys(pair.request.target)} {pair.legacy.status // 100}xx {media}"


def _keys(target: bytes) -> str:
    query = target.partition(b"?")[2].partition(b"#")[0]
    names = sorted({_name(part.partition(b"=")[0]) for part in query.split(b"&") if part})
    rest = ["…"] if len(names) > _MOST_KEYS else []
    return "&".join(names[:_MOST_KEYS] + rest)


def _name(raw: bytes) -> str:
    name = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")
    plain = name.replace("[", "").replace("]", "").replace("-", "_").replace(".", "_").isidentifier()
    return name[:_LONGEST_KEY] if plain and name.isascii() else "*"
