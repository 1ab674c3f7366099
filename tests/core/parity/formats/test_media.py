from __future__ import annotations

import pytest

from proxy.core.parity.formats.media import Media, parameters_of, read_content_type


@pytest.mark.parametrize(
    ("value", "media"),
    [
        ("application/json; charset=utf-8", Media.JSON),
        ("Application/Problem+JSON", Media.JSON),
        ("application/x-ndjson", Media.LINES),
        ("application/x-www-form-urlencoded", Media.FORM),
        ("text/csv", Media.CSV),
        ("text/event-stream", Media.EVENTS),
        ("multipart/mixed; boundary=x", Media.MULTIPART),
        ("application/atom+xml", Media.XML),
        ("text/html", Media.HTML),
        ("text/markdown", Media.TEXT),
        ("image/png", Media.BINARY),
        ("application/octet-stream", Media.BINARY),
    ],
)
def test_a_type_says_how_to_read(value: str, media: Media) -> None:
    """By its whole name, its suffix or its family; what nobody knows is binary."""
    assert read_content_type(value).media is media


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b' {"a": 1}', Media.JSON),
        (b"[", Media.JSON),
        (b"hello", Media.TEXT),
        (b"\xff", Media.BINARY),
        (b"a\0", Media.BINARY),
    ],
)
def test_without_a_type_the_body_s_look_decides(body: bytes, media: Media) -> None:
    """Brackets are JSON, letters text, the rest binary."""
    assert read_content_type("", body).media is media


def test_parameters() -> None:
    """Quoted or not, in any case; the first of two counts; an unknown charset is UTF-8."""
    kind = read_content_type('multipart/mixed; Boundary="a;\\"b"; charset=ISO-8859-1; boundary=c')

    assert (kind.boundary, kind.charset) == ('a;"b', "iso-8859-1")
    assert read_content_type("text/plain; charset=rot13").charset == "utf-8"
    assert read_content_type("text/tab-separated-values").delimiter == "\t"
    assert parameters_of("text/plain") == {}
