from __future__ import annotations

import pytest

from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.tie import Cookies, Tie, issued, text_of
from proxy.core.secret import Secret

STATE = CohortSource(SourceKind.QUERY, "state")
SID = CohortSource(SourceKind.COOKIE, "sid")
FIELD = CohortSource(SourceKind.HEADER, "x-session")
PATH = CohortSource(SourceKind.PATH, "id", 1)
ALL = (STATE, SID, FIELD, PATH)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"Location: https://a.example/cb?x=1&state=s%201#state=2", [(STATE, b"s 1")]),
        (b"content-location:/a?state=s", [(STATE, b"s")]),
        (
            b'Link: <?state=1>; rel=next, <b?state=2&state=3>; title="?state=4"',
            [(STATE, b"1"), (STATE, b"2"), (STATE, b"3")],
        ),
        (b"Set-Cookie: sid=abc; Path=/", [(SID, b"abc")]),
        (b"set-cookie:sid = abc", [(SID, b"abc")]),
        (b"X-Session:  7 ", [(FIELD, b"7")]),
        (b"Set-Cookie: sid=; Max-Age=0", []),
        (b"Set-Cookie: other=sid=1", []),
        (b"Location: /none", []),
        (b"X-Other: ?state=1", []),
        (b"Location: /?state=" + b"x" * 5000, []),
    ],
)
def test_values_are_found_in_the_heads_of_answers(line: bytes, found: list[tuple[CohortSource, bytes]]) -> None:
    """In URLs, cookies and fields; nothing that is empty, huge or in another place."""
    assert issued(ALL, [b"Date: now", line]) == found


def test_an_answer_issues_a_few_values_at_most() -> None:
    """However many it holds."""
    assert len(issued(ALL, [b"Location: /?state=%d" % each for each in range(20)])) == 8


def test_a_value_has_one_name_on_all_routes() -> None:
    """Whatever its place in a path is."""
    assert text_of(PATH) == text_of(CohortSource(SourceKind.PATH, "id", 3)) == b"path:id"


def test_a_tie_says_which_fields_it_reads() -> None:
    """So that the reader keeps them."""
    assert Tie(stay=ALL).fields == {b"cookie", b"x-session"}
    assert Tie().fields == frozenset()


def test_the_key_is_in_no_text() -> None:
    """Of a table that is logged."""
    assert "secret" not in repr(Cookies(key=Secret(b"secret")))
