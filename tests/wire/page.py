"""`python -m tests.wire.page` writes docs/wire-cases.md from case files and index; a test checks that it is current."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.wire.case import CASES
from tests.wire.published.index import INDEX
from tests.wire.vectors import VECTORS

PAGE = Path(__file__).parents[2] / "docs" / "wire-cases.md"
_INTRODUCTION = """# Wire cases

What Banyan does with hostile, odd and broken input, case by case. Every line of these tables is a test of the same id
in `tests/wire`; `./run test tests/wire -k FR01` runs one. This page is written by `python -m tests.wire.page`, and a
test checks that it is current.

A case of bytes is sent three times to a data plane of its own: whole, cut at random places, byte by byte. Two recording
upstreams stand behind it and read with a strict parser that shares no code with Banyan. Whatever the case itself
demands, it also fails when an upstream reads anything but HTTP, when what the upstreams read is not what the log says
was forwarded, when the connection hangs, or when fresh clients afterwards get an answer that is not theirs.

`tests/wire/test_fuzz.py` mutates the same bytes, and upstreams' answers, under the same rules: a few hundred times in
every run, and for as long as asked: `python -m holds fuzz --seconds 600`.
"""
_SCORE = """
## Beside other proxies

The same bytes against other proxies, hardened as their own guides say (`holds/fixtures.py`), judged by the published
rules alone. The rules are stricter than these proxies are on purpose: much of what they let pass is legal leniency, but
two systems with two parsers stand behind one address here.
`python -m holds cases --markdown docs/wire-cases.md` measures anew.

"""
MARKS = ("<!-- holds:cases -->", "<!-- /holds:cases -->")
"""Between them stands what was measured; writing the page keeps it."""
_PUBLISHED = """
## Published cases

A verdict of bytes reads: the statuses that the client got, whether the connection is closed then, and how many whole
requests reached an upstream.

| id | case | verdict |
|---|---|---|
"""
_INDEX = """
## Every case and where it is shown

All published cases by id: those of bytes (A), of scripted upstreams (B), of processes and the system (C), of load (D),
of the file (E). A test shows each in the time that a test has; where a suite shows more of it, its command stands
behind. What these suites found is in [holds.md](holds.md).

| id | rule | kind | case | where |
|---|---|---|---|---|
"""
_PROBE = """
## Http11Probe

The vectors with literal bytes of [Http11Probe](https://github.com/MDA2AV/Http11Probe) (MIT), which judges a server
alone. *forwarded*: an upstream read the request as a strict reader reads the vector; *waits*: for the rest of an
unfinished request, until a timeout or the client's end, which give 408 and 400. What an upstream decides (a method's
support, the fields of an answer) is not Banyan's to fulfil; where it differs from the expectation, the reason says so.

| id | level | expected | Banyan | why it differs |
|---|---|---|---|---|
"""


def render(page: str = "") -> str:
    """The whole page; what was measured is kept from `page`."""
    published = _rows((case.id, case.title, case.verdict) for case in CASES)
    probe = _rows((each.id, each.level, each.expect or "2xx", each.verdict, each.reason) for each in VECTORS)
    index = _rows((each.id, each.rule, each.kind, each.title, each.where) for each in INDEX)
    cases = _PUBLISHED + published + _INDEX + index
    return _INTRODUCTION + _SCORE + _measured(page) + cases + _PROBE + probe


def _measured(page: str) -> str:
    start, end = MARKS
    return f"{start}{page.partition(start)[2].partition(end)[0] or chr(10)}{end}\n"


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
