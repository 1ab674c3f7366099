"""The authority of a request: `Host` and the absolute form must be one valid `uri-host [":" port]` (RFC 9110 7.2)."""

from __future__ import annotations

import re

_AUTHORITY = re.compile(
    rb"(?P<host>[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\]|\[v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+\])"
    rb"(?::(?P<port>[0-9]{0,5}))?"
)


def split_authority(value: bytes) -> tuple[bytes, bytes] | None:
    """`(host, port)` with the port empty when absent; None when the value is not a valid authority."""
    found = _AUTHORITY.fullmatch(value)
    if found is None:
        return None
    port = found["port"] or b""
    return None if port and int(port) > 65535 else (found["host"], port)


def normal_host(value: bytes) -> str | None:
    """The host alone, lower case, without port and trailing dot: what host predicates compare; None when invalid."""
    parts = split_authority(value)
    return None if parts is None else parts[0].decode("ascii").lower().rstrip(".")
