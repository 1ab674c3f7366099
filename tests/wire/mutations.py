"""Hypothesis strategies: bytes near those of a case, and how they are cut."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from hypothesis import strategies as st

LONGEST = 8192
WORDS = (
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\0",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b'"',
        b"\\",
        b"\x7f",
        b"\x80",
        b"\xff",
        b"\x0b",
    ),
    *(b"0", b"5", b"a", b"0\r\n\r\n", b"5\r\nhello\r\n", b"1\r\nx\r\n", b"ffffffffffffffff\r\n", b"5;x=y\r\nhello\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"content-length:\t05\r\n", b"Content-Length: 5, 5\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"transfer-encoding:chunked \r\n", b"Transfer-Encoding: gzip\r\n", b"chunked"),
    *(
        b"Host: a\r\n",
        b"Host: b:80\r\n",
        b"Connection: close\r\n",
        b"Connection: keep-alive, Host\r\n",
        b"Connection: TE\r\n",
    ),
    *(
        b"Expect: 100-continue\r\n",
        b"TE: trailers\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
        b"Trailer: X\r\n",
    ),
    *(b"HTTP/1.0", b"HTTP/1.1", b"HTTP/1.", b"GET ", b"HEAD ", b"POST ", b"OPTIONS * HTTP/1.1\r\n", b"http://a"),
    *(
        b"/",
        b"//",
        b"/..",
        b"%2e%2e/",
        b"%2f",
        b"/admin/",
        b"/api/v2/",
        b"?",
        b"#",
        b"%00",
        b"\\",
        b"X-Forwarded-For: 6.6.6.6\r\n",
    ),
)
"""What parsers stumble over, and whole lines that change a message's meaning."""
_MARKS = re.compile(rb"\r\n|[:;, =]|[0-9]+|(?<=\n)[A-Za-z-]+(?=:)")
"""What gives a message its structure."""


def _at(draw: st.DrawFn, data: bytes) -> int:
    return draw(st.integers(0, len(data)))


@st.composite
def _mutated(draw: st.DrawFn, seed: bytes, others: Sequence[bytes]) -> bytes:
    data = seed
    for _ in range(draw(st.integers(0, 4))):
        at, to = sorted((_at(draw, data), _at(draw, data)))
        match draw(
            st.sampled_from(("insert", "mark", "mark", "byte", "drop", "short", "twice", "splice", "end", "line"))
        ):
            case "insert":
                data = data[:at] + draw(st.sampled_from(WORDS)) + data[at:]
            case "mark":
                marks = [each.span() for each in _MARKS.finditer(data)] or [(0, 0)]
                start, stop = draw(st.sampled_from(marks))
                data = data[:start] + draw(st.sampled_from((b"", b"XX", b"\r\n", *WORDS))) + data[stop:]
            case "byte":
                data = data[:at] + draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
            case "drop":
                data = data[:at] + data[at + 1 :]
            case "short":
                data = data[:at] + data[min(to, at + 20) :]
            case "twice":
                data = data[:to] + data[at:]
            case "splice":
                data = data[:at] + draw(st.sampled_from(others))[at:]
            case "end":
                data += draw(st.sampled_from(others))
            case _:
                lines = data.split(b"\r\n")
                lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(WORDS)).removesuffix(b"\r\n"))
                data = b"\r\n".join(lines)
    return data[:LONGEST]


def near(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes a few mutations away from one of the seeds."""
    return st.sampled_from(seeds).flatmap(lambda seed: _mutated(seed, seeds))


BYTEWISE = (-1,)
"""Stands for every place."""


@st.composite
def places(draw: st.DrawFn) -> tuple[int, ...]:
    """Where input is cut: up to four places, or everywhere."""
    if draw(st.integers(0, 9)) == 0:
        return BYTEWISE
    return tuple(sorted(draw(st.lists(st.integers(1, 400), max_size=4))))


def pieces(data: bytes, where: tuple[int, ...]) -> list[bytes]:
    """`data` cut there."""
    edges = [0, *(range(1, len(data)) if where == BYTEWISE else where), max(len(data), 401)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if data[start:end]]
