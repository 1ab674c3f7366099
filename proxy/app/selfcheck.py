"""Looks at the machine before serving, and raises what it may raise."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from proxy.edge.head_parser import judge_request

ENOUGH_FILES = 4096
_HOSTILE = (
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
)


def prepare() -> Iterator[str]:
    """Complaints that forbid serving; each says what to change."""
    if judge_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") or not all(judge_request(each) for each in _HOSTILE):
        yield "the HTTP parser is not the strict llhttp that Banyan relies on: install httptools 0.8 or later"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < ENOUGH_FILES:
        yield f"only {hard} open files are allowed: raise the limit to {ENOUGH_FILES} or more (ulimit -n, LimitNOFILE=)"
