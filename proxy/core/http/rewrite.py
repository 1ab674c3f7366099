"""`Location`, `Content-Location` and cookie `Domain` that name the upstream, said in the public name instead.

Only for `host: upstream`: there the upstream speaks of itself by a name that the client must not see.
Lines are rewritten only when they name the upstream; every other byte stays as sent.
"""

from __future__ import annotations

import re

_LOCATION = re.compile(rb"(?i)(?:content-)?location:")
_SET_COOKIE = re.compile(rb"(?i)set-cookie:")
_URL = re.compile(rb"(?i)(https?:)?//([^/?#]*)")
_DOMAIN = re.compile(rb"(?i)(;[ \t]*domain[ \t]*=[ \t]*\.?)([^;]*)")
_OWN_PORTS = {b"http:": b":80", b"https:": b":443"}


def rewrite_lines(lines: list[bytes], upstream: bytes, public: bytes, scheme: bytes) -> list[bytes]:
    """`upstream` and `public` are authorities (`host[:port]`), `scheme` the public one (`http` or `https`).

    A client that named no host (HTTP/1.0) gets the lines as they are, since there is no public name to say.
    """
    return [_rewrite(line, upstream.lower(), public, scheme) for line in lines] if public else lines


def _rewrite(line: bytes, upstream: bytes, public: bytes, scheme: bytes) -> bytes:
    if _LOCATION.match(line):
        return _location(line, upstream, public, scheme)
    if _SET_COOKIE.match(line):
        return _cookie(line, _host(upstream), _host(public))
    return line


def _location(line: bytes, upstream: bytes, public: bytes, scheme: bytes) -> bytes:
    name, _, value = line.partition(b":")
    url = value.strip(b" \t")
    found = _URL.match(url)
    if found is None:
        return line
    own_port = _OWN_PORTS.get((found[1] or b"").lower(), b"")
    if found[2].lower().removesuffix(own_port) != upstream:
        return line
    prefix = scheme + b"://" if found[1] else b"//"
    return name + b": " + prefix + public + url[found.end() :]


def _cookie(line: bytes, upstream: bytes, public: bytes) -> bytes:
    """Every `Domain` of a cookie, since browsers take the last of several (RFC 6265 section 5.3)."""
    return _DOMAIN.sub(lambda hit: hit[1] + public if hit[2].strip(b" \t").lower() == upstream else hit[0], line)


def _host(authority: bytes) -> bytes:
    """Without port; an IPv6 address keeps its brackets."""
    end = authority.rfind(b"]")
    return authority[: end + 1] if end >= 0 else authority.partition(b":")[0]
