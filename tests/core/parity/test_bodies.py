from __future__ import annotations

import pytest

from tests.core.parity.pairs import answer, compared, in_fields, of_media, said

XML = "application/xml"
PART = "multipart/mixed; boundary={0}"


@pytest.mark.parametrize(
    ("media", "legacy", "new", "found"),
    [
        ("application/json", "{}", "", ["$ missing high"]),
        ("application/json", "", "{}", ["$ extra low"]),
        ("application/json", "{", "{}", ["$ unparsable high"]),
        ("application/json", "{", "[", ["$ unparsable high"]),
        ("application/x-ndjson", '{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":3}', ["$[*].a num medium"]),
        ("application/x-ndjson", "1\n", "{", ["$ unparsable high"]),
        (XML, "<a><b>1</b></a>", "<a>\n<b>1</b></a>", []),
        (XML, "<a><b>1</b></a>", "<a><b>2</b></a>", ["$.a.b[*] string medium"]),
        (XML, "<a><b/><c/></a>", "<a><c/><b/></a>", ["$ order medium"]),
        (XML, "<a>", "<a/>", ["$ unparsable high"]),
        ("text/html", "<p>a</p>", "<p >a</p>", []),
        ("text/html", "<p>a</p>", "<p>b</p>", ["$[*] string medium"]),
        ("text/plain", "a", "b", ["$ string medium"]),
        ("text/plain; charset=latin-1", b"\xe9", b"\xe8", ["$ string medium"]),
        ("text/plain", b"\xe9", b"e", ["$ unparsable high"]),
        ("text/csv", "id,n\n1,2\n", "id,n\r\n1,3\r\n", ["$[*].n string medium"]),
        ("text/csv", '"a" b', "a", ["$ unparsable high"]),
        ("text/event-stream", 'data: {"a": 1}\n\n', ': ping\n\ndata: {"a":1}\n\n', []),
        ("text/event-stream", "data: 1\n\n", "data: 2\n\n", ["$[*].data num medium"]),
        ("image/png", b"\x89PNG1", b"\x89PNG2", ["$ string medium"]),
        ("text/plain; charset=latin-1", "a", "a", []),
    ],
)
def test_each_media_type_in_its_own_way(media: str, legacy: str | bytes, new: str | bytes, found: list[str]) -> None:
    """What means the same is the same; what differs is told at its path; what cannot be read is told as such."""
    assert of_media(media, legacy, new) == found


def test_another_boundary_is_no_difference() -> None:
    """Parts are compared, not what separates them."""
    one, other = (f"--{mark}\r\n\r\na\r\n--{mark}--" for mark in ("x", "y"))

    assert of_media(PART.format("x"), one, other, PART.format("y")) == []
    assert of_media(PART.format("x"), one, one.replace("a", "b"), PART.format("x")) == ["$[*].body string medium"]


def test_another_charset_is_no_other_text() -> None:
    """Each side is read in its own charset; another kind of media is another type."""
    assert of_media("text/plain; charset=latin-1", "é".encode("latin-1"), "é", "text/plain; charset=utf-8") == []
    assert of_media("text/plain", "a", "<a/>", "application/xml") == ["$ type high"]


@pytest.mark.parametrize("media", ["application/json", "application/hal+json", "application/x-ndjson"])
def test_json_is_read_in_the_charset_that_it_declares(media: str) -> None:
    """Old servers write ISO-8859-1 and say so; what it says is compared, as it is with text."""
    latin, utf = f"{media}; charset=ISO-8859-1", f"{media}; charset=utf-8"

    assert of_media(latin, '{"a":"é"}'.encode("latin-1"), '{"a":"é"}', utf) == []
    assert of_media(latin, '{"a":"é"}'.encode("latin-1"), '{"a":"è"}', utf) != []
    assert of_media(latin, '{"a":"é"}', '{"a":"é"} ', utf) == []


def test_binary_bodies_are_told_by_their_hash() -> None:
    """No byte of them is repeated."""
    one, other = (answer(body, in_fields("Content-Type: image/png")) for body in (b"\x89one", b"\x89other"))
    (found,) = compared(one, other).differences

    assert found.legacy.startswith('"sha256:')
    assert found.legacy.endswith('(4 bytes)"')
    assert found.new.endswith('(6 bytes)"')


def test_a_bomb_makes_a_pair_incomparable() -> None:
    """Entities of a document are never expanded, wherever they stand."""
    one, other = (
        answer(f'<!DOCTYPE a [<!ENTITY b "{n}">]><a>&b;</a>', in_fields("Content-Type: text/xml")) for n in "12"
    )
    found = compared(one, other)

    assert (found.outcome, found.why, said(found)) == ("incomparable", "undecodable", [])
