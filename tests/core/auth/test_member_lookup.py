from __future__ import annotations

import pytest

from proxy.core.auth import member_lookup
from proxy.core.auth.member_lookup import LARGEST, Member, MemberCache, MemberLookup, read_member

TEXT = MemberLookup(name="X-Number", url="http://members/{sub}", keep=300.0, keep_absent=10.0)
JSON = MemberLookup(name="X-Number", url="http://members/?of={sub}", member="number")


@pytest.mark.parametrize(
    ("subject", "url"),
    [
        ("ada", "http://members/ada"),
        ("a/../b?c#d&e", "http://members/a%2F..%2Fb%3Fc%23d%26e"),
        ("{sub}", "http://members/%7Bsub%7D"),
        ("Zoë\r\n", "http://members/Zo%C3%AB%0D%0A"),
        ("..", ""),
        (".", ""),
    ],
)
def test_a_subject_is_one_segment(subject: str, url: str) -> None:
    """Whatever it holds, nothing else is asked for; what would be a step up is not asked at all."""
    assert TEXT.url_of(subject) == url


@pytest.mark.parametrize(
    ("lookup", "body", "number"),
    [
        (TEXT, b"4711\n", b"4711"),
        (JSON, b'{"number": 4711}', b"4711"),
        (JSON, b'{"number": "A-4711"}', b"A-4711"),
    ],
)
def test_an_answer_has_the_number(lookup: MemberLookup, body: bytes, number: bytes) -> None:
    """As text, or as a member of a JSON object; it holds for `keep`."""
    assert read_member(lookup, 200, body, 1000.0) == Member(number, 1300.0)


def test_that_there_is_none_is_known_too() -> None:
    """By 404, for less long."""
    assert read_member(TEXT, 404, b"who?", 1000.0) == Member(b"", 1010.0)


@pytest.mark.parametrize(
    ("lookup", "status", "body", "why"),
    [
        (TEXT, 500, b"", "it answered 500"),
        (TEXT, 302, b"", "it answered 302"),
        (TEXT, 200, b"x" * (LARGEST + 1), "its answer is longer than 4096 bytes"),
        (TEXT, 200, b" \n", "its answer holds no number"),
        (TEXT, 200, b"4711\r\nX-Role: admin", "its answer holds no number"),
        (TEXT, 200, b"\xff", "its answer is not what was agreed"),
        (JSON, 200, b"4711", "its answer holds no number"),
        (JSON, 200, b"{", "its answer is not what was agreed"),
        (JSON, 200, b'{"number": true}', "its answer holds no number"),
        (JSON, 200, b'{"number": [1]}', "its answer holds no number"),
        (JSON, 200, b"[" * 4000, "its answer is not what was agreed"),
    ],
)
def test_any_other_answer_says_nothing(lookup: MemberLookup, status: int, body: bytes, why: str) -> None:
    """A fault of who answers is neither a number nor that there is none."""
    assert read_member(lookup, status, body, 1000.0) == why


def test_what_is_known_holds_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers are told apart by issuer and subject; beyond the bound who was not asked for longest goes first."""
    monkeypatch.setattr(member_lookup, "MOST_KEPT", 2)
    cache = MemberCache()
    for issuer, number in ((("a", "ada"), b"1"), (("b", "ada"), b"2")):
        cache.put(issuer, Member(number, 100.0))

    assert cache.get(("a", "ada"), 99.0) == Member(b"1", 100.0)
    assert cache.get(("a", "ada"), 100.0) is None

    cache.get(("a", "ada"), 0.0)
    cache.put(("c", "ada"), Member(b"3", 100.0))

    assert [cache.get((issuer, "ada"), 0.0) is None for issuer in "abc"] == [False, True, False]

    cache.forget()

    assert cache.get(("c", "ada"), 0.0) is None
