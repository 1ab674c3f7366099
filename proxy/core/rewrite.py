"""`Location`, `Content-Location` and cookie `Domain` that name the upstream, said in the public name instead.

Only for `host: upstream`: there the upstream speaks of itself by a name that the client must not see.
Lines are rewritten only when they name the upstream; every other byte stays as sent.
"""

from __future__ import annotations

import re

_LOCATION = re.compile(rb"(?i)(?:content-)?location[ \t]*:")
_SET_COOKIE = re.compile(rb"(?i)set-cookie[ \t]*:")
_DOMAIN = re.compile(rb"(?i);[ \t]*domain[ \t]*=[ \t]*\.?([^;]*)")


def rewrite_lines(lines: list[bytes], upstream: bytes, public: bytes, scheme: bytes) -> list[bytes]:
    """`upstream` and `public` are authorities (`host[:port]`), `scheme` the public one (`http` or `https`)."""
    return [_rewrite(line, upstream.lower(), public, scheme) for line in lines]


def _rewrite(line: bytes, upstream: bytes, public: bytes, scheme: bytes) -> bytes:
    if _LOCATION.match(line):
        return _location(line, upstream, public, scheme)
    if _SET_COOKIE.match(line):
        return _cookie(line, upstream.partition(b":")[0], public.partition(b":")[0])
    return line


def _location(line: bytes, upstream: bytes, public: bytes, scheme: bytes) -> bytes:
    name, _, value = line.partition(b":")
    url = value.strip(b" \t")
    found = re.match(rb"(?i)(?:https?:)?//([^/?#]*)", url)
    if found is None or found[1].lower() != upstream:
        return line
    prefix = b"//" if url.startswith(b"//") else scheme + b"://"
    return name + b": " + prefix + public + url[found.end() :]


def _cookie(line: bytes, upstream_host: bytes, public_host: bytes) -> bytes:
    found = _DOMAIN.search(line)
    if found is None or found[1].strip().lower() != upstream_host:
        return line
    return line[: found.start(1)] + public_host + line[found.end(1) :]
