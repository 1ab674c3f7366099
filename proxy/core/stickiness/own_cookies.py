"""Banyan's own cookies are taken out of a request: upstreams never see them, and every other byte stays as sent.

Rule 1: one name may come more than once, set for other paths or domains, and their order says nothing (RFC 6265 section
        4.2.2): all values are found, the first few of each, so that a request cannot have thousands verified.
"""

from __future__ import annotations

from collections.abc import Collection

from proxy.core.http.request import RequestHead

_FIELD = b"cookie"
_MOST_OF_A_NAME = 8


def take_own(head: RequestHead, names: Collection[bytes]) -> dict[bytes, list[bytes]]:
    """The values of each cookie with one of these names; the head is without them from now on.

    A head's lines and fields may be those of other requests too, so they are replaced and never changed.
    """
    found: dict[bytes, list[bytes]] = {}
    if not any(name in value for value in head.fields.get(_FIELD, ()) for name in names):
        return found
    lines: list[bytes] = []
    host = head.lines[head.host_at] if head.host_at >= 0 else None
    for line in head.lines:
        name, _, value = line.partition(b":")
        if name.lower() == _FIELD:
            kept = _without(value, names, found)
            line = name + b":" + kept if kept.strip(b" \t") else b""  # noqa: PLW2901
        if line:
            lines.append(line)
    if found:
        head.lines, head.joined = lines, None
        head.host_at = -1 if host is None else lines.index(host)
        left = [_without(value, names, {}).strip(b" \t") for value in head.fields[_FIELD]]
        head.fields = {**head.fields, _FIELD: [value for value in left if value]}
    return found


def _without(value: bytes, names: Collection[bytes], found: dict[bytes, list[bytes]]) -> bytes:
    kept: list[bytes] = []
    for pair in value.split(b";"):
        name, _, content = pair.partition(b"=")
        name = name.strip(b" \t")
        if name in names:
            values = found.setdefault(name, [])
            if len(values) < _MOST_OF_A_NAME:
                values.append(content.strip(b" \t"))
        else:
            kept.append(pair)
    return b";".join(kept)
