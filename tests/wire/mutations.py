"""Bytes near those of a case, and how they are cut.

Hypothesis draws one number an example and the rest follows from it: drawn choice by choice, most examples would be the
first seeds with nothing changed. A failing example is printed as bytes, so that it can be kept as a case.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from random import Random

from hypothesis import strategies as st

LONGEST = 8192
BYTEWISE = (-1,)
"""A cut at every place."""
# fmt: off
WORDS = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b";", b",", b'"', b"\\", b"\x7f", b"\x80", b"\xff",
    b"\x0b", b"0", b"5", b"a", b"XX", b"0\r\n\r\n", b"5\r\nhello\r\n", b"1\r\nx\r\n", b"ffffffffffffffff\r\n",
    b"5;x=y\r\nhello\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"content-length:\t05\r\n",
    b"Content-Length: 5, 5\r\n", b"Transfer-Encoding: chunked\r\n", b"transfer-encoding:chunked \r\n",
    b"Transfer-Encoding: gzip\r\n", b"chunked", b"Host: a\r\n", b"Host: b:80\r\n", b"Connection: close\r\n",
    b"Connection: keep-alive, Host\r\n", b"Connection: TE\r\n", b"Expect: 100-continue\r\n", b"TE: trailers\r\n",
    b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"Trailer: X\r\n", b"X_Forwarded_For: 6.6.6.6\r\n",
    b"HTTP/1.0", b"HTTP/1.1", b"HTTP/1.", b"GET ", b"HEAD ", b"POST ", b"OPTIONS * HTTP/1.1\r\n", b"http://a", b"/",
    b"//", b"/..", b"%2e%2e/", b"%2f", b"/admin/", b"/api/v2/", b"?", b"#", b"%00", b"X-Forwarded-For: 6.6.6.6\r\n",
)
# fmt: on
"""What parsers stumble over, and whole lines that change a message's meaning."""
_MARKS = re.compile(rb"\r\n|[:;, =]|[0-9]+|(?<=\n)[A-Za-z-]+(?=:)")
"""What gives a message its structure."""
Seeds = Sequence[bytes]


def _insert(random: Random, data: bytes, _: Seeds) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(WORDS) + data[at:]


def _insert_line(random: Random, data: bytes, _: Seeds) -> bytes:
    lines = data.split(b"\r\n")
    lines.insert(random.randint(0, len(lines)), random.choice(WORDS).removesuffix(b"\r\n"))
    return b"\r\n".join(lines)


def _mark(random: Random, data: bytes, _: Seeds) -> bytes:
    start, stop = random.choice([each.span() for each in _MARKS.finditer(data)] or [(0, 0)])
    return data[:start] + random.choice((b"", b"XX", b"\r\n", b"\n", *WORDS)) + data[stop:]


def _byte(random: Random, data: bytes, _: Seeds) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.randbytes(1) + data[at + 1 :]


def _drop(random: Random, data: bytes, _: Seeds) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[at + random.choice((1, 1, 2, 7)) :]


def _twice(random: Random, data: bytes, _: Seeds) -> bytes:
    start, stop = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
    return data[:stop] + data[start:]


def _splice(random: Random, data: bytes, seeds: Seeds) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(seeds)[at:]


def _behind(random: Random, data: bytes, seeds: Seeds) -> bytes:
    return data + random.choice(seeds)


_WAYS: tuple[Callable[[Random, bytes, Seeds], bytes], ...] = (
    *(_insert, _insert_line, _insert_line, _mark, _mark, _byte, _drop, _twice, _splice, _behind, _behind),
)


def _places(random: Random) -> tuple[int, ...]:
    if random.random() < 0.1:
        return BYTEWISE
    return tuple(sorted(random.randint(1, 400) for _ in range(random.randint(0, 4))))


def near(seeds: Seeds) -> st.SearchStrategy[tuple[bytes, tuple[int, ...]]]:
    """Bytes a few mutations away from one of the seeds, and where to cut them."""

    def made_from(number: int) -> tuple[bytes, tuple[int, ...]]:
        random = Random(number)
        data = random.choice(seeds)
        for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            data = random.choice(_WAYS)(random, data, seeds)
        return data[:LONGEST], _places(random)

    return st.integers(0, 2**64 - 1).map(made_from)


def pieces(data: bytes, where: tuple[int, ...]) -> list[bytes]:
    """`data` cut there."""
    edges = [0, *(range(1, len(data)) if where == BYTEWISE else where), max(len(data), 401)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if data[start:end]]
