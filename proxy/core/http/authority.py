"""The authority of a request: `Host` and the absolute form must be one valid `uri-host [":" port]` (RFC 9110 7.2).

Rule 1: what an upstream could read as another host is refused: a list, user information, percent-encoding, no name.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_AUTHORITY = re.compile(rb"(?P<host>[A-Za-z0-9._~!$&'()*+;=-]+|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{0,5}))?")


def split_authority(value: bytes) -> tuple[bytes, bytes] | None:
    """`(host, port)` with the port empty when absent; None when the value is not a valid authority."""
    found = _AUTHORITY.fullmatch(value)
    if found is None or not _is_address(found["ipv6"]):
        return None
    port = found["port"] or b""
    return None if port and int(port) > 65535 else (found["host"], port)


def _is_address(literal: bytes | None) -> bool:
    if literal is None:
        return True
    try:
        IPv6Address(literal.decode("ascii"))
    except AddressValueError:
        return False
    return True


def normal_host(value: bytes) -> str | None:
    """The host alone, lower case, without port and trailing dot: what host predicates compare; None when invalid."""
    parts = split_authority(value)
    return None if parts is None else parts[0].decode("ascii").lower().removesuffix(".")
