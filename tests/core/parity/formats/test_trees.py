from __future__ import annotations

import csv

import pytest

from proxy.core.parity.formats.trees import csv_tree, events_tree, form_tree, lines_tree, multipart_tree, read_text

PARTS = (
    b"before\r\n--x\r\nContent-Type: application/json\r\nX-Odd\r\n\r\n"
    b'{"a": 1}\r\n--x \r\nContent-Disposition: form-data; name="b"\r\n\r\nhello\r\n--x--\r\nafter'
)


def test_text() -> None:
    """In its charset, without a byte order mark."""
    assert read_text(b"\xef\xbb\xbfa", "utf-8") == "a"
    assert read_text(b"\xe9", "latin-1") == "é"
    with pytest.raises(ValueError, match="utf-8"):
        read_text(b"\xe9", "utf-8")


def test_forms() -> None:
    """One value is a text, several are a list, none is empty."""
    assert form_tree("a=1&b=2&b=3&c=") == {"a": "1", "b": ["2", "3"], "c": ""}


def test_csv() -> None:
    """By the names in the first line where these are names for all columns, else by position."""
    assert csv_tree('a,b\r\n1,"x\r\ny"\r\n', ",") == [{"a": "1", "b": "x\ny"}]
    assert csv_tree("a\ta\n1\t2", "\t") == [["a", "a"], ["1", "2"]]
    assert csv_tree("a,b\n1", ",") == [["a", "b"], ["1"]]
    assert csv_tree("a,b\n", ",") == [["a", "b"]]
    assert csv_tree("", ",") == [[]]
    with pytest.raises(csv.Error):
        csv_tree('"a" b', ",")


def test_lines() -> None:
    """A document per line, empty lines left out."""
    assert lines_tree(b'{"a": 1}\n\n[2]\n') == [{"a": 1}, [2]]
    with pytest.raises(ValueError, match="no JSON"):
        lines_tree(b"1\n{")


def test_events() -> None:
    """Comments and the kind of line end do not count; data in lines is joined, and read if it is JSON."""
    text = ': ping\n\nevent: a\r\ndata: {"b":\r\ndata: 1}\r\n\r\n\r\nid: 7\rdata: plain\n'

    assert events_tree(text) == [{"event": "a", "data": {"b": 1}}, {"id": "7", "data": "plain"}]


def test_parts() -> None:
    """What each part says of itself and holds; neither boundary nor what stands around counts."""
    assert multipart_tree(PARTS, "x") == [
        {"headers": {"content-type": "application/json"}, "body": {"a": 1}},
        {"headers": {"content-disposition": 'form-data; name="b"'}, "body": "hello"},
    ]
    assert multipart_tree(PARTS.replace(b'{"a": 1}', b"{"), "x")[0] == {
        "headers": {"content-type": "application/json"},
        "body": "{",
    }


@pytest.mark.parametrize("data", [b"", b"--x", b"--x\r\n\r\na", PARTS.replace(b"--x--", b"--y--")])
def test_parts_that_do_not_end_are_none(data: bytes) -> None:
    """Half of a multipart body is no such body; without a boundary there is none at all."""
    with pytest.raises(ValueError, match="do not end"):
        multipart_tree(data, "x")
    with pytest.raises(ValueError, match="do not end"):
        multipart_tree(PARTS, "")
