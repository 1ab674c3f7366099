"""Where state is kept: the value of `state:`.

Rule 1: an address may hold a password, so nothing of it is ever repeated, whatever is wrong with it.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from pydantic_core import PydanticCustomError

from proxy.config.readers.errors import fault

MEMORY = "memory"
EMBEDDED = "embedded"
_SCHEME = re.compile(r"postgres(?:ql)?://")
_ENDPOINT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def read_state(value: object) -> str:
    """`memory`, `embedded`, or the address of a PostgreSQL."""
    if isinstance(value, str) and value in {MEMORY, EMBEDDED}:
        return value
    if isinstance(value, str) and _SCHEME.match(value):
        return _address(value)
    raise fault("must be memory, embedded or an address such as postgresql://banyan@db/banyan", got=_harmless(value))


def _address(text: str) -> str:
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise _wrong("must hold no spaces")
    try:
        found = urlsplit(text)
    except ValueError:
        raise _wrong("must be an address such as postgresql://banyan@db/banyan") from None
    options = dict(parse_qsl(found.query, keep_blank_values=True))
    endpoints = found.netloc.rpartition("@")[2]
    if not endpoints and not options.get("host"):
        raise _wrong(
            "must name a host: postgresql://banyan@db/banyan, or a socket's folder: …/banyan?host=/run/postgresql"
        )
    if endpoints and not all(map(_is_endpoint, endpoints.split(","))):
        raise _wrong("must name a valid host, and a port between 1 and 65535")
    if options.get("sslmode", "prefer") not in _TLS_MODES:
        raise _wrong(f"sslmode must be one of {', '.join(_TLS_MODES)}")
    return text


def _is_endpoint(text: str) -> bool:
    found = _ENDPOINT.fullmatch(text)
    return found is not None and 1 <= int(found["port"] or 5432) <= 65535


def _wrong(message: str) -> PydanticCustomError:
    return fault(message, got="")


def _harmless(value: object) -> str | None:
    """Nothing of a text that may hold a password."""
    return "" if isinstance(value, str) and ("://" in value or "@" in value) else None
